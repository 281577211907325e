//! Where the outputs of `mailvet clean` go, and its journal.

use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};

use super::arguments::{CleanArgs, WritingArgs};
use super::console::Console;
use super::journal::JournalPlace;
use crate::batch::{Output, Outputs};
use crate::files::{OutputFile, meant_by, partial_path};
use crate::roster::{OutputFormat, Plan};
use crate::store::Journal;

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

/// What the name of a file says about its format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NamedFormat {
    /// One of ours.
    Ours(OutputFormat),
    /// A JSON document.
    Json,
    /// One that cannot be written.
    Foreign,
    /// Nothing that we know: it may be anything.
    None,
}

/// Endings of names that stand for formats in which no list is written.
const FOREIGN: [&str; 46] = [
    "7z", "accdb", "avro", "bz2", "db", "dbf", "doc", "docm", "docx", "eml", "eps", "feather",
    "gif", "htm", "html", "jpeg", "jpg", "lz4", "mbox", "mdb", "numbers", "odb", "odp", "ods",
    "odt", "pages", "parquet", "pdf", "png", "ppt", "pptx", "ps", "rar", "rtf", "sql", "sqlite",
    "tar", "tgz", "vcf", "xls", "xlsb", "xlsm", "xlsx", "xml", "xz", "zip",
];

/// What a name says, in capitals or not, packed or not.
fn named_format(path: &Path) -> NamedFormat {
    let name = path.file_name().map(|name| name.to_string_lossy().to_lowercase());
    let name = name.unwrap_or_default();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    match name.rsplit_once('.').map(|(_, ending)| ending) {
        Some("csv") => NamedFormat::Ours(OutputFormat::Csv),
        Some("tsv" | "tab") => NamedFormat::Ours(OutputFormat::Tsv),
        Some("jsonl" | "ndjson") => NamedFormat::Ours(OutputFormat::JsonLines),
        Some("json") => NamedFormat::Json,
        Some("zst") => NamedFormat::Foreign,
        Some(ending) if FOREIGN.contains(&ending) => NamedFormat::Foreign,
        Some(_) | None => NamedFormat::None,
    }
}

/// The format of the output: as it is said, or as its name says.
pub(super) fn target(writing: &WritingArgs) -> anyhow::Result<Option<OutputFormat>> {
    if let Some(path) = &writing.rejects {
        ensure!(named_format(path) != NamedFormat::Foreign, foreign(path, "--rejects"));
    }
    let Some(path) = output(writing) else { return Ok(writing.to) };
    match (named_format(path), writing.to) {
        (NamedFormat::Foreign, _) => bail!(foreign(path, "-o")),
        (_, Some(target)) | (NamedFormat::Ours(target), None) => Ok(Some(target)),
        (NamedFormat::None, None) => Ok(None),
        (NamedFormat::Json, None) => bail!(
            "a JSON document cannot be written; name the output .jsonl for a JSON object a line, or say \
             --to"
        ),
    }
}

fn foreign(path: &Path, option: &str) -> String {
    format!(
        "{option} {}: no such format can be written; name the file .csv (which Excel and others open), \
         .tsv, .jsonl or .txt, or any of these with .gz behind it",
        path.display()
    )
}

/// Begins all outputs, or none.
pub(super) fn outputs(
    arguments: &CleanArgs,
    plan: &Plan,
    target: Option<OutputFormat>,
) -> anyhow::Result<Outputs> {
    let mut outputs = Outputs::default();
    match begin(&mut outputs, &arguments.writing, Outputs::extension(plan, target)) {
        Ok(()) => Ok(outputs),
        Err(error) => {
            outputs.discard();
            Err(error)
        }
    }
}

fn begin(outputs: &mut Outputs, writing: &WritingArgs, extension: &str) -> anyhow::Result<()> {
    if let Some(folder) = &writing.split {
        for name in Outputs::names_of_split() {
            let path = folder.join(name).with_extension(extension);
            outputs.split.insert(name, file(&path)?);
        }
    }
    outputs.main = match output(writing) {
        Some(path) => Some(file(path)?),
        // The files of a split are output enough, unless `-o -` says so.
        None if writing.split.is_some() && writing.output.is_none() => None,
        None => Some(Output::Pipe(Box::new(io::stdout()))),
    };
    if let Some(path) = &writing.rejects {
        outputs.rejects = Some(file(path)?);
    }
    Ok(())
}

fn file(path: &Path) -> anyhow::Result<Output> {
    let file =
        OutputFile::create(path).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(Output::File(path.to_owned(), file))
}

/// Makes the folder of a split where there is none. It will have files with addresses, so it is for its
/// owner alone.
pub(super) fn make_folder(writing: &WritingArgs) -> anyhow::Result<()> {
    let Some(folder) = &writing.split else { return Ok(()) };
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.with_context(|| format!("cannot make {}", folder.display()))
}

/// Files that are there already are replaced, which is said, unless that was forbidden.
pub(super) fn check_replaced(
    arguments: &CleanArgs,
    plan: &Plan,
    target: Option<OutputFormat>,
    voice: Console,
) -> anyhow::Result<()> {
    let written = written(arguments, Outputs::extension(plan, target));
    // Outputs of a run that goes on are there where all but its reports was done.
    let goes_on = arguments.writing.resume
        && JournalPlace::path(arguments).is_some_and(|path| Journal::exists(&path));
    for path in written.into_iter().filter(|path| path.is_file()) {
        let shown = path.display();
        ensure!(
            goes_on || !arguments.writing.no_clobber,
            "{shown} is there already, and --no-clobber keeps it; name another file"
        );
        voice.say(format_args!(
            "{shown} is there already; it is replaced when the new one is complete"
        ));
    }
    Ok(())
}

/// What is read is not written over: with rows left out there would be no way back. Nor do two outputs
/// go to one file, nor is it found out at the end of a long run that there is no folder for one.
pub(super) fn check(
    arguments: &CleanArgs,
    plan: &Plan,
    target: Option<OutputFormat>,
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
    for path in written(arguments, Outputs::extension(plan, target)) {
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
        // Where it is a link, that of the file that it leads to.
        let meant = meant_by(&path);
        let folder = folder_of(&meant);
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
        Outputs::names_of_split().map(move |name| folder.join(name).with_extension(extension))
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
