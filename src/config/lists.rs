//! Reading the operator's list files.

use std::borrow::Cow;
use std::io;
use std::path::{Path, PathBuf};

use super::{CatalogConfig, ListFiles, ListFilesConfig};
use crate::catalog::{ListKind, Lists, SourceText};
use crate::reply::ReplyRules;

/// A list file cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ListFileError {
    #[error("cannot read the list of {list} {}: {error}", .path.display())]
    Unreadable { list: &'static str, path: PathBuf, error: io::Error },
    #[error("{}, line {line}: not UTF-8", .path.display())]
    NotUtf8 {
        path: PathBuf,
        /// Counted from 1.
        line: usize,
    },
}

impl ListFilesConfig {
    fn of(&self, kind: ListKind) -> &ListFiles {
        match kind {
            ListKind::Providers => &self.providers,
            ListKind::LocalParts => &self.local_parts,
            ListKind::ProviderDomains => &self.provider_domains,
            ListKind::Disposable => &self.disposable,
            ListKind::Relays => &self.relays,
            ListKind::Free => &self.free,
            ListKind::Real => &self.real,
            ListKind::Roles => &self.roles,
            ListKind::SpecialUse => &self.special_use,
            ListKind::Probing => &self.probing,
            ListKind::Allow => &self.allow,
            ListKind::Deny => &self.deny,
        }
    }

    /// Makes every path relative to `folder`, unless it is absolute.
    pub fn resolve_in(&mut self, folder: &Path) {
        let Self {
            providers,
            local_parts,
            provider_domains,
            disposable,
            relays,
            free,
            real,
            roles,
            special_use,
            probing,
            allow,
            deny,
            replies,
        } = self;
        for files in [
            providers,
            local_parts,
            provider_domains,
            disposable,
            relays,
            free,
            real,
            roles,
            special_use,
            probing,
            allow,
            deny,
            replies,
        ] {
            for path in files.replace.iter_mut().chain(&mut files.extend) {
                *path = folder.join(&path);
            }
        }
    }
}

impl CatalogConfig {
    /// Every file that the lists are read from.
    pub fn list_files(&self) -> impl Iterator<Item = &Path> {
        let lists = ListKind::ALL.into_iter().map(|kind| self.files.of(kind));
        lists.chain([&self.files.replies]).flat_map(ListFiles::paths)
    }

    /// The lists compiled in, and the operator's over them.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn lists(&self) -> Result<Lists<'static>, ListFileError> {
        let mut lists = Lists::builtin();
        for kind in ListKind::ALL {
            let files = self.files.of(kind);
            if !files.replace.is_empty() {
                lists.clear(kind);
                if kind == ListKind::Providers {
                    // The one compiled in may name providers that are no longer there.
                    lists.clear(ListKind::LocalParts);
                }
            }
            let inline = match kind {
                ListKind::Allow => self.allow.as_slice(),
                ListKind::Deny => self.deny.as_slice(),
                _ => &[],
            };
            if !inline.is_empty() {
                let name = Cow::Owned(format!("catalog.{}", kind.code()));
                lists.extend(kind, SourceText { name, text: Cow::Owned(inline.join("\n")) });
            }
            for path in files.paths() {
                lists.extend(kind, read(kind.code(), path)?);
            }
        }
        Ok(lists)
    }

    /// The rules of what replies mean: those compiled in, and the operator's over them.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn replies(&self) -> Result<Vec<SourceText<'static>>, ListFileError> {
        let files = &self.files.replies;
        let builtin = files.replace.is_empty().then(ReplyRules::builtin_source);
        let own = files.paths().map(|path| read("replies", path));
        builtin.into_iter().map(Ok).chain(own).collect()
    }
}

impl ListFiles {
    /// The files, in the order in which they are read.
    fn paths(&self) -> impl Iterator<Item = &Path> {
        self.replace.iter().chain(&self.extend).map(PathBuf::as_path)
    }
}

fn read(list: &'static str, path: &Path) -> Result<SourceText<'static>, ListFileError> {
    let bytes = std::fs::read(path).map_err(|error| ListFileError::Unreadable {
        list,
        path: path.to_owned(),
        error,
    })?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let (good, _) = error.as_bytes().split_at(error.utf8_error().valid_up_to());
        let line = 1 + good.iter().filter(|byte| **byte == b'\n').count();
        ListFileError::NotUtf8 { path: path.to_owned(), line }
    })?;
    Ok(SourceText { name: Cow::Owned(path.display().to_string()), text: Cow::Owned(text) })
}
