//! A page of the manual: its fenced blocks, its tables, its headings.

use std::fs;
use std::path::{Path, PathBuf};

/// A Markdown file of the repository.
pub(super) struct Page {
    /// From the root of the repository, such as `docs/api.md`.
    pub(super) name: String,
    pub(super) text: String,
}

/// A fenced block.
pub(super) struct Block<'a> {
    pub(super) language: &'a str,
    /// The name in the comment `<!-- file: NAME -->` before it.
    pub(super) file: Option<&'a str>,
    pub(super) text: &'a str,
    /// Where `text` is in the page.
    pub(super) start: usize,
}

pub(super) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The README and every page in docs/.
pub(super) fn pages() -> Vec<Page> {
    let docs = fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<PathBuf> =
        docs.filter(|path| path.extension().is_some_and(|e| e == "md")).collect();
    paths.push(root().join("README.md"));
    paths.sort();
    paths
        .iter()
        .map(|path| Page::read(path.strip_prefix(root()).unwrap().to_str().unwrap()))
        .collect()
}

impl Page {
    pub(super) fn read(name: &str) -> Self {
        let text = fs::read_to_string(root().join(name)).unwrap();
        Self { name: name.to_owned(), text }
    }

    /// The fenced blocks, in order.
    pub(super) fn blocks(&self) -> Vec<Block<'_>> {
        let mut blocks = Vec::new();
        let (mut open, mut file, mut at) = (None, None, 0);
        for line in self.text.split_inclusive('\n') {
            let end = at + line.len();
            match (open, line.trim_end().strip_prefix("```")) {
                (None, Some(language)) => open = Some((language, end)),
                (Some((language, start)), Some("")) => {
                    blocks.push(Block {
                        language,
                        file: file.take(),
                        text: &self.text[start..at],
                        start,
                    });
                    open = None;
                }
                (None, None) => {
                    let named = comment(line, "file");
                    file = if line.trim().is_empty() { file } else { named };
                }
                _ => {}
            }
            at = end;
        }
        assert!(open.is_none(), "{}: a block that does not end", self.name);
        blocks
    }

    /// The environment that the comments `<!-- env: NAME=VALUE -->` ask for.
    pub(super) fn environment(&self) -> impl Iterator<Item = (&str, &str)> {
        self.text.lines().filter_map(|line| comment(line, "env")?.split_once('='))
    }

    /// The page without its fenced blocks.
    pub(super) fn prose(&self) -> String {
        let (mut prose, mut is_fenced) = (String::new(), false);
        for line in self.text.lines() {
            let is_fence = line.starts_with("```");
            is_fenced ^= is_fence;
            if !is_fence && !is_fenced {
                prose.extend([line, "\n"]);
            }
        }
        prose
    }

    /// The rows of the table whose head begins with these cells; the cells of each, without the head.
    pub(super) fn table(&self, head: &[&str]) -> Vec<Vec<String>> {
        let mut rows = Vec::new();
        let prose = self.prose();
        let mut lines = prose.lines();
        while let Some(line) = lines.next() {
            if cells(line).iter().map(String::as_str).take(head.len()).eq(head.iter().copied()) {
                rows.extend(
                    lines.by_ref().skip(1).take_while(|line| line.starts_with('|')).map(cells),
                );
            }
        }
        assert!(!rows.is_empty(), "{}: no table {head:?}", self.name);
        rows
    }
}

fn comment<'a>(line: &'a str, kind: &str) -> Option<&'a str> {
    let inner = line.trim().strip_prefix("<!--")?.strip_suffix("-->")?;
    inner.trim().strip_prefix(kind)?.strip_prefix(':').map(str::trim)
}

/// The cells of a row; none where the line is no row.
fn cells(line: &str) -> Vec<String> {
    let Some(inner) = line.strip_prefix('|').and_then(|rest| rest.strip_suffix('|')) else {
        return Vec::new();
    };
    // A vertical bar in a cell is escaped.
    let inner = inner.replace("\\|", "\0");
    inner.split('|').map(|cell| cell.trim().replace('\0', "|")).collect()
}

/// The texts between single backticks.
pub(super) fn code_spans(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}
