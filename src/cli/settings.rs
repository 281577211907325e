//! Where a command's configuration comes from. It can be read again while the command runs.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::Context;

use super::Global;
use crate::config::{Config, Layers, LogLevel, Origins};

/// The file, the environment and the flags that make a configuration.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    global: Global,
    /// The environment at the start; what is not Unicode is not ours.
    environment: Vec<(String, String)>,
}

/// What tells whether files have changed: of each when it was last written, and its length.
pub(super) type Fingerprint = Vec<Option<(SystemTime, u64)>>;

impl Settings {
    pub(super) fn new(
        global: Global,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Self {
        let unicode = |(name, value): (OsString, OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        Self { global, environment: environment.into_iter().filter_map(unicode).collect() }
    }

    /// File, then environment, then the flags that every command has.
    pub(super) fn read(&self) -> anyhow::Result<(Config, Origins)> {
        let mut layers = Layers::default();
        if let Some(path) = &self.global.config {
            let text = std::fs::read_to_string(path)
                .with_context(|| format!("cannot read the configuration {}", path.display()))?;
            layers = layers.file(&path.display().to_string(), &text)?;
        }
        let (mut config, mut origins) =
            layers.environment(self.environment.iter().cloned())?.resolve()?;
        if let Some(folder) = self.global.config.as_deref().and_then(Path::parent) {
            config.catalog.files.resolve_in(folder);
            config.state.resolve_in(folder);
        }
        if !self.global.dns.is_empty() {
            config.dns.servers.clone_from(&self.global.dns);
            origins.set("dns.servers", "--dns");
        }
        if self.global.verbose {
            config.log.level = LogLevel::Debug;
            origins.set("log.level", "-v");
        }
        if let Some(format) = self.global.log_format {
            config.log.format = format.into();
            origins.set("log.format", "--log-format");
        }
        Ok((config, origins))
    }

    /// A variable of the environment.
    pub(super) fn variable(&self, name: &str) -> Option<&str> {
        let (_, value) = self.environment.iter().find(|(known, _)| known == name)?;
        Some(value)
    }

    /// The same settings with this configuration file.
    pub(super) fn with_file(mut self, file: PathBuf) -> Self {
        self.global.config = Some(file);
        self
    }

    /// Where a command keeps what outlives it: as configured, or else in the user's own folder for state
    /// (XDG base directories). None where nobody tells where that is.
    pub(super) fn state_folder(&self, config: &Config) -> Option<PathBuf> {
        let variable = |name: &str| {
            let value = self.variable(name)?;
            // What is not absolute is to be ignored, by the same specification.
            Some(PathBuf::from(value)).filter(|path| path.is_absolute())
        };
        let own = || {
            let state = variable("XDG_STATE_HOME");
            let state = state.or_else(|| Some(variable("HOME")?.join(".local/state")))?;
            Some(state.join("mailvet"))
        };
        config.state.folder().map(Path::to_owned).or_else(own)
    }

    /// The state of the configuration file and of the list files that it names.
    pub(super) fn fingerprint(&self, config: &Config) -> Fingerprint {
        let configuration = self.global.config.iter().map(PathBuf::as_path);
        let state = |path: &Path| {
            let metadata = std::fs::metadata(path).ok()?;
            Some((metadata.modified().ok()?, metadata.len()))
        };
        configuration.chain(config.catalog.list_files()).map(state).collect()
    }
}
