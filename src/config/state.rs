//! `[state]`: what outlives the process.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// `[state]`
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct StateConfig {
    /// Relative to the configuration file. Empty: none for the service, the user's own for commands.
    pub dir: PathBuf,
    pub max_mib: u64,
}

impl StateConfig {
    /// The folder, if one is configured.
    pub fn folder(&self) -> Option<&Path> {
        (!self.dir.as_os_str().is_empty()).then_some(&*self.dir)
    }

    /// Makes the path relative to `folder`, unless it is absolute.
    pub fn resolve_in(&mut self, folder: &Path) {
        if let Some(dir) = self.folder() {
            self.dir = folder.join(dir);
        }
    }
}

impl Default for StateConfig {
    fn default() -> Self {
        Self { dir: PathBuf::new(), max_mib: 256 }
    }
}
