//! Where the outputs of `mailvet clean` go, and its journal.

use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};

use super::arguments::{CleanArgs, WritingArgs};
use super::journal::JournalPlace;
use crate::batch::{Outlet, Outlets};
use crate::files::{OutputFile, meant_by, partial_path};
use crate::roster::{Plan, Target};

/// The file that the list is read from; none for standard input.
pub(super) fn input(arguments: &CleanArgs) -> Option<&Path> {
    arguments.input.as_deref().filter(|path| *path != Path::new("-"))
}

/// The file that is written; none for standard output.
pub(super) fn output(writing: &WritingArgs) -> Option<&Path> {
    writing.output.as_deref().filter(|path| *path != Path::new("-"))
}

/// Whether a file can be written aside and renamed.
pub(super) fn is_ordinary(path: &Path) -> bool {
    std::fs::metadata(path).map_or(true, |there| there.is_file())
}

/// The format of the output: as it is said, or as its name says.
pub(super) fn target(writing: &WritingArgs) -> anyhow::Result<Option<Target>> {
    if writing.to.is_some() {
        return Ok(writing.to);
    }
    let Some(path) = output(writing) else { return Ok(None) };
    let name = path.file_name().map(|name| name.to_string_lossy().to_lowercase());
    let name = name.unwrap_or_default();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    Ok(match name.rsplit_once('.').map(|(_, ending)| ending) {
        Some("csv") => Some(Target::Csv),
        Some("tsv" | "tab") => Some(Target::Tsv),
        Some("jsonl" | "ndjson") => Some(Target::JsonLines),
        Some("json") => bail!(
            "a JSON document cannot be written; name the output .jsonl for a JSON object a line, or say \
             --to"
        ),
        Some("xlsx" | "xls" | "ods") => {
            bail!("a workbook cannot be written; name the output .csv, which Excel and others open")
        }
        _ => None,
    })
}

/// Begins all outputs, or none.
pub(super) fn outlets(
    arguments: &CleanArgs,
    plan: &Plan,
    target: Option<Target>,
) -> anyhow::Result<Outlets> {
    let mut outlets = Outlets::default();
    match begin(&mut outlets, &arguments.writing, Outlets::extension(plan, target)) {
        Ok(()) => Ok(outlets),
        Err(error) => {
            outlets.discard();
            Err(error)
        }
    }
}

fn begin(outlets: &mut Outlets, writing: &WritingArgs, extension: &str) -> anyhow::Result<()> {
    if let Some(folder) = &writing.split {
        for name in Outlets::names_of_split() {
            let path = folder.join(name).with_extension(extension);
            outlets.split.insert(name, file(&path)?);
        }
    }
    outlets.main = match output(writing) {
        Some(path) => Some(file(path)?),
        // The files of a split are output enough, unless `-o -` says so.
        None if writing.split.is_some() && writing.output.is_none() => None,
        None => Some(Outlet::Pipe(Box::new(io::stdout()))),
    };
    if let Some(path) = &writing.rejects {
        outlets.rejects = Some(file(path)?);
    }
    Ok(())
}

fn file(path: &Path) -> anyhow::Result<Outlet> {
    let file =
        OutputFile::create(path).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(Outlet::File(path.to_owned(), file))
}

/// Makes the folder of a split where there is none. It will have files with addresses, so it is for its
/// owner alone.
pub(super) fn make_folder(writing: &WritingArgs) -> anyhow::Result<()> {
    let Some(folder) = &writing.split else { return Ok(()) };
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.with_context(|| format!("cannot make {}", folder.display()))
}

/// What is read is not written over: with rows left out there would be no way back. Nor do two outputs
/// go to one file, nor is it found out at the end of a long run that there is no folder for one.
pub(super) fn check(
    arguments: &CleanArgs,
    plan: &Plan,
    target: Option<Target>,
) -> anyhow::Result<()> {
    let split = arguments.writing.split.as_deref();
    let read =
        input(arguments).into_iter().chain(arguments.looking.suppress.iter().map(|path| &**path));
    let read: Vec<&Path> = read.collect();
    let is_read = |path: &Path| read.iter().any(|list| is_same(list, path));
    if let Some(journal) = JournalPlace::path(arguments) {
        ensure!(!is_read(&journal), "{} is a journal and no list", journal.display());
    }
    let mut places: Vec<PathBuf> = Vec::new();
    for path in written(arguments, Outlets::extension(plan, target)) {
        if !is_ordinary(&path) {
            continue;
        }
        let shown = path.display();
        ensure!(
            !is_read(&path),
            "{shown} is a list that is read; name another file for what is written"
        );
        ensure!(
            !is_read(&partial_path(&meant_by(&path))),
            "a list that is read is where {shown} stands until it is complete; name another file for \
             what is written"
        );
        let folder = folder_of(&path);
        ensure!(
            folder.is_dir() || split.is_some_and(|split| plain(split) == plain(folder)),
            "cannot write {shown}: there is no folder {}",
            folder.display()
        );
        let place = place_of(&path);
        ensure!(!places.contains(&place), "{shown} would be written twice; name another file");
        places.push(place);
    }
    Ok(())
}

/// All files that are written.
fn written(arguments: &CleanArgs, extension: &str) -> Vec<PathBuf> {
    let writing = &arguments.writing;
    let split = writing.split.as_ref().map(|folder| {
        Outlets::names_of_split().map(move |name| folder.join(name).with_extension(extension))
    });
    let named = output(writing).into_iter().chain(writing.rejects.as_deref());
    let named = named.chain(arguments.telling.report.iter().map(PathBuf::as_path));
    split.into_iter().flatten().chain(named.map(Path::to_owned)).collect()
}

/// Where a file is, or will be, however its path is written.
fn place_of(path: &Path) -> PathBuf {
    match path.file_name() {
        Some(name) if !path.exists() => meant_by(&plain(folder_of(path))).join(name),
        _ => meant_by(path),
    }
}

/// A path from the root on, without what means nothing in it.
fn plain(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

fn is_same(one: &Path, other: &Path) -> bool {
    let identity = |path: &Path| {
        let metadata = std::fs::metadata(path).ok()?;
        Some((metadata.dev(), metadata.ino()))
    };
    identity(one).is_some() && identity(one) == identity(other)
}
