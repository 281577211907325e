//! Reading a command's configuration, at its start and again while it runs.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, anyhow, bail};

use super::Global;
use super::config_file::{ConfigFile, ConfigVariables};
use crate::config::{CONFIG_FILE_VARIABLE, Config, Layers, Origins, VARIABLE_PREFIX};
use crate::validator::check_names;

/// The file, the environment and the flags that make a configuration.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    global: Global,
    /// The environment at the start.
    environment: Vec<(OsString, OsString)>,
}

/// Of each file, when it was last written, and its length: they differ if a file has changed.
pub(super) type Fingerprint = Vec<Option<(SystemTime, u64)>>;

impl Settings {
    pub(super) fn new(
        global: Global,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Self {
        Self { global, environment: environment.into_iter().collect() }
    }

    /// The file that is read.
    pub(super) fn file(&self) -> ConfigFile {
        let variables = ConfigVariables {
            config_file: self.variable(CONFIG_FILE_VARIABLE),
            config_home: self.variable("XDG_CONFIG_HOME"),
            home: self.variable("HOME"),
        };
        ConfigFile::search(self.global.config.as_deref(), variables, Path::is_file)
    }

    /// File, then environment, then the flags that every command has.
    pub(super) fn read(&self) -> anyhow::Result<(Config, Origins)> {
        let mut layers = Layers::default();
        let file = self.file();
        if let Some(path) = file.path() {
            layers = layers.file(&path.display().to_string(), &text_of(&file, path)?)?;
        }
        let (mut config, mut origins) = layers.environment(self.our_variables()?)?.resolve()?;
        check_names(&config).map_err(|error| match error.key() {
            Some(key) => anyhow!("{}: {error}", origins.source(key)),
            None => error.into(),
        })?;
        if let Some(folder) = file.path().and_then(Path::parent) {
            config.catalog.files.resolve_in(folder);
            config.state.resolve_in(folder);
        }
        if !self.global.dns.is_empty() {
            config.dns.servers.clone_from(&self.global.dns);
            origins.set("dns.servers", "--dns");
        }
        if let Some(format) = self.global.log_format {
            config.log.format = format.into();
            origins.set("log.format", "--log-format");
        }
        Ok((config, origins))
    }

    /// The same settings with this configuration file.
    pub(super) fn with_file(mut self, file: PathBuf) -> Self {
        self.global.config = Some(file);
        self
    }

    /// The folder of the store: as configured, or else in the user's own folder for state (XDG base directories);
    /// none where the environment names neither.
    pub(super) fn state_folder(&self, config: &Config) -> Option<PathBuf> {
        // A relative path is to be ignored, by the same specification.
        let variable = |name| self.variable(name).map(PathBuf::from).filter(|p| p.is_absolute());
        let own = || {
            let state = variable("XDG_STATE_HOME");
            let state = state.or_else(|| Some(variable("HOME")?.join(".local/state")))?;
            Some(state.join("mailvet"))
        };
        config.state.folder().map(Path::to_owned).or_else(own)
    }

    /// The fingerprint of the configuration file and of the list files that it names.
    pub(super) fn fingerprint(&self, config: &Config) -> Fingerprint {
        let file = self.file();
        let fingerprint = |path: &Path| {
            let metadata = std::fs::metadata(path).ok()?;
            Some((metadata.modified().ok()?, metadata.len()))
        };
        file.path().into_iter().chain(config.catalog.list_files()).map(fingerprint).collect()
    }

    pub(super) fn variable(&self, name: &str) -> Option<&OsStr> {
        let (_, value) = self.environment.iter().find(|(known, _)| known == name)?;
        Some(value)
    }

    /// The variables that may be settings. One that is not Unicode is no setting, and an error if it has our prefix.
    fn our_variables(&self) -> anyhow::Result<Vec<(String, String)>> {
        let mut variables = Vec::new();
        for (name, value) in &self.environment {
            let Some(name) = name.to_str() else { continue };
            match value.to_str() {
                Some(value) => variables.push((name.to_owned(), value.to_owned())),
                // A path may be of any bytes.
                None if name == CONFIG_FILE_VARIABLE => {}
                None if name.starts_with(VARIABLE_PREFIX) => bail!("{name} is not UTF-8"),
                None => {}
            }
        }
        Ok(variables)
    }
}

/// The text of the configuration file.
fn text_of(file: &ConfigFile, path: &Path) -> anyhow::Result<String> {
    let shown = path.display();
    let bytes = std::fs::read(path).with_context(|| match file {
        ConfigFile::Found(_) => format!(
            "cannot read the configuration {shown}, which is read unless --config or \
             {CONFIG_FILE_VARIABLE} names another (an empty {CONFIG_FILE_VARIABLE}: none)"
        ),
        _ => format!("cannot read the configuration {shown}"),
    })?;
    String::from_utf8(bytes).map_err(|_| anyhow!("the configuration {shown} is not UTF-8"))
}
