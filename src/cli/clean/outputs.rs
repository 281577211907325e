//! Creates the outputs of `mailvet clean`, after checking that none replaces a list or another output.

use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};

use super::arguments::{CleanArgs, WritingArgs};
use super::console::Console;
use super::journal::ListJournal;
use super::paths::{self, folder_of, is_ordinary, is_same, output};
use crate::batch::{Output, Outputs};
use crate::files::{OutputFile, meant_by, partial_path};
use crate::roster::{OutputFormat, Plan};
use crate::store::Journal;

/// Creates all outputs, or none.
pub(super) fn create(
    arguments: &CleanArgs,
    plan: &Plan,
    format: Option<OutputFormat>,
) -> anyhow::Result<Outputs> {
    let mut outputs = Outputs::default();
    match begin(&mut outputs, &arguments.writing, Outputs::extension(plan, format)) {
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
        // A split replaces standard output, unless `-o -` is given.
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

/// Creates the folder of a split. It will hold files with addresses, so only its owner may access it.
pub(super) fn make_folder(writing: &WritingArgs) -> anyhow::Result<()> {
    let Some(folder) = &writing.split else { return Ok(()) };
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.with_context(|| format!("cannot make {}", folder.display()))
}

/// Prints which existing files will be replaced; with `--no-clobber` that is an error.
pub(super) fn check_replaced(
    arguments: &CleanArgs,
    plan: &Plan,
    format: Option<OutputFormat>,
    console: Console,
) -> anyhow::Result<()> {
    let written = written(arguments, Outputs::extension(plan, format));
    // Outputs of a run that is resumed exist if only its reports are missing.
    let is_resumed = arguments.writing.resume
        && ListJournal::path(arguments).is_some_and(|path| Journal::exists(&path));
    for path in written.into_iter().filter(|path| path.is_file()) {
        let shown = path.display();
        ensure!(
            is_resumed || !arguments.writing.no_clobber,
            "{shown} is there already, and --no-clobber keeps it; name another file"
        );
        console.note(format_args!(
            "{shown} is there already; it is replaced when the new one is complete"
        ));
    }
    Ok(())
}

/// Checks that no output replaces a list that is read (rows may be left out, so it would be lost), that no two
/// outputs are the same file, and that their folders exist: at the end of a long run it would be too late.
pub(super) fn check(
    arguments: &CleanArgs,
    plan: &Plan,
    format: Option<OutputFormat>,
) -> anyhow::Result<()> {
    let split = arguments.writing.split.as_deref();
    let read = paths::input(arguments)
        .into_iter()
        .chain(arguments.checking.suppress.iter().map(|path| &**path));
    let read: Vec<&Path> = read.collect();
    let is_read = |path: &Path| read.iter().any(|list| is_same(list, path));
    if let Some(journal) = ListJournal::path(arguments) {
        ensure!(!is_read(&journal), "{} is a journal and no list", journal.display());
    }
    let mut identities: Vec<PathBuf> = Vec::new();
    for path in written(arguments, Outputs::extension(plan, format)) {
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
            "a list that is read is where {shown} is written until it is complete; name another file for \
             what is written"
        );
        // The target of a link.
        let meant = meant_by(&path);
        let folder = folder_of(&meant);
        ensure!(
            folder.is_dir()
                || split.is_some_and(|split| paths::absolute(split) == paths::absolute(folder)),
            "cannot write {shown}: there is no folder {}",
            folder.display()
        );
        let identity = paths::identity(&path);
        ensure!(
            !identities.contains(&identity),
            "{shown} would be written twice; name another file"
        );
        identities.push(identity);
    }
    Ok(())
}

/// All files to write.
fn written(arguments: &CleanArgs, extension: &str) -> Vec<PathBuf> {
    let writing = &arguments.writing;
    let split = writing.split.as_ref().map(|folder| {
        Outputs::names_of_split().map(move |name| folder.join(name).with_extension(extension))
    });
    let named = output(writing).into_iter().chain(writing.rejects.as_deref());
    let named = named.chain(arguments.reporting.report.iter().map(PathBuf::as_path));
    split.into_iter().flatten().chain(named.map(Path::to_owned)).collect()
}
