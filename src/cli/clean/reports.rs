//! The reports of `mailvet clean`: an HTML page, or JSON.

use std::io::{self, Write};
use std::path::Path;

use anyhow::{Context, bail};
use jiff::Timestamp;

use super::arguments::CleanArgs;
use super::paths;
use crate::batch::summary::{PageFacts, Summary};
use crate::files::OutputFile;
use crate::report::visible_json;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ReportKind {
    Page,
    Json,
}

fn kind(path: &Path) -> Option<ReportKind> {
    let extension = path.extension()?.to_str()?.to_ascii_lowercase();
    match extension.as_str() {
        "html" | "htm" => Some(ReportKind::Page),
        "json" => Some(ReportKind::Json),
        _ => None,
    }
}

/// Checks the names of the reports before the run.
pub(super) fn check(arguments: &CleanArgs) -> anyhow::Result<()> {
    for path in &arguments.reporting.report {
        if kind(path).is_none() {
            bail!("the name of a report ends with .html or .json; {} does not", path.display());
        }
    }
    Ok(())
}

/// Writes all reports.
pub(super) fn write(
    arguments: &CleanArgs,
    summary: &Summary,
    made_at: Timestamp,
) -> anyhow::Result<()> {
    let title = paths::input(arguments).and_then(Path::file_name);
    let title = title.map_or_else(|| "standard input".into(), |name| name.to_string_lossy());
    for path in &arguments.reporting.report {
        let facts = PageFacts { title: &title, made_at };
        write_file(path, summary, facts).with_context(|| {
            format!(
                "the list is done, and --resume makes its reports again; cannot write {}",
                path.display()
            )
        })?;
    }
    Ok(())
}

fn write_file(path: &Path, summary: &Summary, facts: PageFacts<'_>) -> io::Result<()> {
    let mut file = OutputFile::create(path)?;
    let written = match kind(path) {
        Some(ReportKind::Page) => file.write_all(summary.page(facts).as_bytes()),
        Some(ReportKind::Json) | None => {
            let json = visible_json(&summary.json())?;
            file.write_all(&json).and_then(|()| file.write_all(b"\n"))
        }
    };
    match written {
        Ok(()) => file.finish(),
        Err(error) => {
            file.discard();
            Err(error)
        }
    }
}
