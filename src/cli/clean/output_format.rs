//! The format of the output: as `--to` says, or as the name of the file says.

use std::path::Path;

use anyhow::{bail, ensure};

use super::arguments::WritingArgs;
use super::paths;
use crate::roster::OutputFormat;

/// The format that the name of a file stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NamedFormat {
    Writable(OutputFormat),
    /// A JSON document.
    Json,
    /// One that cannot be written.
    Foreign,
    Unknown,
}

/// Extensions of formats that cannot be written.
const FOREIGN: [&str; 46] = [
    "7z", "accdb", "avro", "bz2", "db", "dbf", "doc", "docm", "docx", "eml", "eps", "feather",
    "gif", "htm", "html", "jpeg", "jpg", "lz4", "mbox", "mdb", "numbers", "odb", "odp", "ods",
    "odt", "pages", "parquet", "pdf", "png", "ppt", "pptx", "ps", "rar", "rtf", "sql", "sqlite",
    "tar", "tgz", "vcf", "xls", "xlsb", "xlsm", "xlsx", "xml", "xz", "zip",
];

/// Ignores case and `.gz`.
fn named_format(path: &Path) -> NamedFormat {
    let name = path.file_name().map(|name| name.to_string_lossy().to_lowercase());
    let name = name.unwrap_or_default();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    match name.rsplit_once('.').map(|(_, extension)| extension) {
        Some("csv") => NamedFormat::Writable(OutputFormat::Csv),
        Some("tsv" | "tab") => NamedFormat::Writable(OutputFormat::Tsv),
        Some("jsonl" | "ndjson") => NamedFormat::Writable(OutputFormat::JsonLines),
        Some("json") => NamedFormat::Json,
        Some("zst") => NamedFormat::Foreign,
        Some(extension) if FOREIGN.contains(&extension) => NamedFormat::Foreign,
        Some(_) | None => NamedFormat::Unknown,
    }
}

/// The format of the output; none: that of the list.
pub(super) fn chosen(writing: &WritingArgs) -> anyhow::Result<Option<OutputFormat>> {
    if let Some(path) = &writing.rejects {
        ensure!(named_format(path) != NamedFormat::Foreign, foreign(path, "--rejects"));
    }
    let Some(path) = paths::output(writing) else { return Ok(writing.to) };
    match (named_format(path), writing.to) {
        (NamedFormat::Foreign, _) => bail!(foreign(path, "-o")),
        (_, Some(format)) | (NamedFormat::Writable(format), None) => Ok(Some(format)),
        (NamedFormat::Unknown, None) => Ok(None),
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
