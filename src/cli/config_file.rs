//! Where the configuration file is.

use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};

use crate::config::CONFIG_FILE_VARIABLE;
use crate::report::visible;

/// Below a folder for configuration.
const FILE: &str = "mailvet/mailvet.toml";
/// For the whole machine.
const SYSTEM_FOLDER: &str = "/etc";

/// The configuration file, and how it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ConfigFile {
    /// `--config` names it.
    Flag(PathBuf),
    /// The environment names it.
    Variable(PathBuf),
    /// It is in one of the usual places.
    Found(PathBuf),
    /// The variable is empty: no file.
    SwitchedOff,
    /// There is none in these usual places.
    Missing(Vec<PathBuf>),
}

/// The variables that decide where the file is.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ConfigVariables<'a> {
    /// `MAILVET_CONFIG`
    pub(super) config_file: Option<&'a OsStr>,
    /// `XDG_CONFIG_HOME`
    pub(super) config_home: Option<&'a OsStr>,
    /// `HOME`
    pub(super) home: Option<&'a OsStr>,
}

impl ConfigFile {
    /// Looks for the file in the order of the manual.
    pub(super) fn search(
        flag: Option<&Path>,
        variables: ConfigVariables<'_>,
        is_there: impl Fn(&Path) -> bool,
    ) -> Self {
        match (flag, variables.config_file) {
            (Some(path), _) => return Self::Flag(path.to_owned()),
            (None, Some(path)) if path.is_empty() => return Self::SwitchedOff,
            (None, Some(path)) => return Self::Variable(path.into()),
            (None, None) => {}
        }
        // A relative path is to be ignored (XDG base directories).
        let absolute = |path: Option<&OsStr>| path.map(PathBuf::from).filter(|p| p.is_absolute());
        let own = absolute(variables.config_home)
            .or_else(|| Some(absolute(variables.home)?.join(".config")));
        let folders = own.into_iter().chain([PathBuf::from(SYSTEM_FOLDER)]);
        let places: Vec<PathBuf> = folders.map(|folder| folder.join(FILE)).collect();
        match places.iter().find(|path| is_there(path)) {
            Some(path) => Self::Found(path.clone()),
            None => Self::Missing(places),
        }
    }

    /// The file, if there is to be one.
    pub(super) fn path(&self) -> Option<&Path> {
        match self {
            Self::Flag(path) | Self::Variable(path) | Self::Found(path) => Some(path),
            Self::SwitchedOff | Self::Missing(_) => None,
        }
    }
}

/// For `mailvet config`.
impl fmt::Display for ConfigFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |path: &PathBuf| visible(&path.to_string_lossy()).into_owned();
        match self {
            Self::Flag(path) => write!(f, "{} (--config)", shown(path)),
            Self::Variable(path) => write!(f, "{} ({CONFIG_FILE_VARIABLE})", shown(path)),
            Self::Found(path) => f.write_str(&shown(path)),
            Self::SwitchedOff => write!(f, "none ({CONFIG_FILE_VARIABLE} is empty)"),
            Self::Missing(places) => {
                let places: Vec<String> = places.iter().map(shown).collect();
                write!(f, "none; looked for {}", places.join(", "))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_searched_in_order() {
        const OWN: &str = "/home/joe/.config/mailvet/mailvet.toml";
        const XDG: &str = "/xdg/mailvet/mailvet.toml";
        const SYSTEM: &str = "/etc/mailvet/mailvet.toml";
        let found = |path: &str| ConfigFile::Found(path.into());
        let missing = |paths: &[&str]| ConfigFile::Missing(paths.iter().map(Into::into).collect());
        // Flag, variable, XDG_CONFIG_HOME, HOME, files that are there.
        type Given<'a> = (Option<&'a str>, Option<&'a str>, Option<&'a str>, Option<&'a str>);
        let cases: [(&str, Given<'_>, &[&str], ConfigFile); 12] = [
            (
                "the flag",
                (Some("a.toml"), Some("b.toml"), None, None),
                &[SYSTEM],
                ConfigFile::Flag("a.toml".into()),
            ),
            (
                "the variable",
                (None, Some("b.toml"), None, Some("/home/joe")),
                &[OWN, SYSTEM],
                ConfigFile::Variable("b.toml".into()),
            ),
            ("empty", (None, Some(""), None, None), &[SYSTEM], ConfigFile::SwitchedOff),
            (
                "flag over empty",
                (Some("a.toml"), Some(""), None, None),
                &[],
                ConfigFile::Flag("a.toml".into()),
            ),
            ("own", (None, None, None, Some("/home/joe")), &[OWN, SYSTEM], found(OWN)),
            ("XDG", (None, None, Some("/xdg"), Some("/home/joe")), &[XDG, OWN], found(XDG)),
            (
                "XDG alone counts where it is set",
                (None, None, Some("/xdg"), Some("/home/joe")),
                &[OWN],
                missing(&[XDG, SYSTEM]),
            ),
            ("XDG empty", (None, None, Some(""), Some("/home/joe")), &[OWN], found(OWN)),
            ("XDG relative", (None, None, Some("xdg"), Some("/home/joe")), &[OWN], found(OWN)),
            ("the system's", (None, None, None, Some("/home/joe")), &[SYSTEM], found(SYSTEM)),
            ("no home", (None, None, None, None), &[SYSTEM], found(SYSTEM)),
            ("none", (None, None, None, Some("/home/joe")), &[], missing(&[OWN, SYSTEM])),
        ];
        for (name, (flag, variable, config_home, home), there, expected) in cases {
            let variables = ConfigVariables {
                config_file: variable.map(OsStr::new),
                config_home: config_home.map(OsStr::new),
                home: home.map(OsStr::new),
            };
            let is_there = |path: &Path| there.iter().any(|file| Path::new(file) == path);
            let file = ConfigFile::search(flag.map(Path::new), variables, is_there);
            assert_eq!(file, expected, "{name}");
        }
    }
}
