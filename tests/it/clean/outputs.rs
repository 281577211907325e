//! Where the output goes: links, names, files that are there already.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::support::program::offline;
use crate::support::run::{Ran, run};

/// A folder with a list in it.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        fs::write(folder.path("list.csv"), "email,name\na@b.io,Ann\n").unwrap();
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn clean(&self, arguments: &[&str]) -> Ran {
        let mut program: Command = offline();
        program.args(["clean", "list.csv", "--fields", "verdict"]).args(arguments);
        run(program.current_dir(self.0.path()), b"")
    }

    /// Every file, link and folder, by name.
    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.0.path()).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

/// Symbolic links: the name of each, and what it leads to.
type Links = &'static [(&'static str, &'static str)];

const CLEANED: &str = "email,name,mailvet_verdict\na@b.io,Ann,unknown\n";

#[test]
fn links_stay_and_their_target_is_made() {
    // Links as name and target; the option; the file that has what was written.
    let cases: [(&str, Links, &[&str], &str); 5] = [
        ("output", &[("link.csv", "there.csv")], &["-o", "link.csv"], "there.csv"),
        (
            "two links",
            &[("link.csv", "two.csv"), ("two.csv", "there.csv")],
            &["-o", "link.csv"],
            "there.csv",
        ),
        (
            "into a folder",
            &[("link.csv", "folder/there.csv")],
            &["-o", "link.csv"],
            "folder/there.csv",
        ),
        ("report", &[("link.json", "there.json")], &["--report", "link.json"], "there.json"),
        ("rejects", &[("link.csv", "there.csv")], &["--rejects", "link.csv"], "there.csv"),
    ];
    for (name, links, arguments, target) in cases {
        let folder = Folder::new();
        fs::create_dir(folder.path("folder")).unwrap();
        for (link, target) in links {
            symlink(target, folder.path(link)).unwrap();
        }
        let ran = folder.clean(arguments);
        assert_eq!(ran.status, 0, "{name}: {}", ran.stderr);
        for (link, target) in links {
            assert_eq!(fs::read_link(folder.path(link)).unwrap(), Path::new(target), "{name}");
        }
        assert!(fs::symlink_metadata(folder.path(target)).unwrap().is_file(), "{name}");
        if name == "output" {
            assert_eq!(fs::read_to_string(folder.path(target)).unwrap(), CLEANED);
        }
    }
}

#[test]
fn links_that_lead_nowhere() {
    // Links, what is said.
    let cases: [(Links, &str); 2] = [
        (&[("link.csv", "other.csv"), ("other.csv", "link.csv")], "symbolic links"),
        (&[("link.csv", "no-folder/there.csv")], "there is no folder no-folder"),
    ];
    for (links, said) in cases {
        let folder = Folder::new();
        for (link, target) in links {
            symlink(target, folder.path(link)).unwrap();
        }
        let before = folder.names();
        let ran = folder.clean(&["-o", "link.csv"]);
        assert_eq!(ran.status, 2, "{links:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(said), "{links:?}: {}", ran.stderr);
        assert_eq!(folder.names(), before, "{links:?}");
    }
}

#[test]
fn names_say_the_format_in_capitals_too() {
    for name in ["X.CSV.GZ", "x.csv.Gz", "x.gz"] {
        let folder = Folder::new();
        assert_eq!(folder.clean(&["-o", name]).status, 0, "{name}");
        let packed = fs::read(folder.path(name)).unwrap();
        assert_eq!(packed[..2], [0x1f, 0x8b], "{name}");
    }
    let folder = Folder::new();
    assert_eq!(folder.clean(&["-o", "X.TSV"]).status, 0);
    assert!(fs::read_to_string(folder.path("X.TSV")).unwrap().starts_with("email\tname\t"));
}

#[test]
fn formats_that_cannot_be_written_are_refused() {
    let endings = [
        "pdf", "PDF", "doc", "docx", "ods", "odt", "xls", "XLSX", "xlsm", "zip", "csv.zip",
        "csv.bz2", "csv.zst", "7z", "tar", "tgz", "html", "xml", "sqlite", "parquet", "rtf",
        "pdf.gz",
    ];
    for ending in endings {
        let name = format!("x.{ending}");
        for arguments in [
            &["-o", &name][..],
            &["-o", &name, "--to", "csv"],
            &["-o", "x.csv", "--rejects", &name],
        ] {
            let folder = Folder::new();
            let ran = folder.clean(arguments);
            assert_eq!(ran.status, 2, "{arguments:?}: {}", ran.stderr);
            for word in [".csv", ".tsv", ".jsonl", ".gz", &name] {
                assert!(ran.stderr.contains(word), "{arguments:?}: {word} in {}", ran.stderr);
            }
            assert_eq!(folder.names(), ["list.csv"], "{arguments:?}");
        }
    }
    // What says nothing of a format may be anything.
    for name in ["x", "x.out", "x.2026-11", "x.txt", "x.csv.bak"] {
        let folder = Folder::new();
        assert_eq!(folder.clean(&["-o", name]).status, 0, "{name}");
    }
}

#[test]
fn what_is_there_is_replaced_with_a_word_or_kept() {
    // The file that is there; the arguments that name it.
    let cases: [(&str, &[&str]); 5] = [
        ("out.csv", &["-o", "out.csv"]),
        ("rejects.csv", &["-o", "out.csv", "--rejects", "rejects.csv"]),
        ("report.html", &["-o", "out.csv", "--report", "report.html"]),
        ("report.json", &["--report", "report.json"]),
        ("split/unknown.csv", &["--split", "split"]),
    ];
    for (there, arguments) in cases {
        let folder = Folder::new();
        fs::create_dir(folder.path("split")).unwrap();
        fs::write(folder.path(there), "precious").unwrap();
        let before = folder.names();
        let ran = folder.clean(&[arguments, &["--no-clobber"]].concat());
        assert_eq!((ran.status, ran.stdout.as_str()), (2, ""), "{there}: {}", ran.stderr);
        assert!(ran.stderr.contains(there), "{there}: {}", ran.stderr);
        assert_eq!(ran.stderr.lines().count(), 1, "{there}: {}", ran.stderr);
        assert_eq!(folder.names(), before, "{there}");
        assert_eq!(fs::read_to_string(folder.path(there)).unwrap(), "precious", "{there}");
        let ran = folder.clean(arguments);
        assert_eq!(ran.status, 0, "{there}: {}", ran.stderr);
        assert!(ran.stderr.contains(&format!("{there} is there already")), "{}", ran.stderr);
        assert_ne!(fs::read_to_string(folder.path(there)).unwrap(), "precious", "{there}");
    }
    let folder = Folder::new();
    let ran = folder.clean(&["-o", "out.csv", "--no-clobber"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(!ran.stderr.contains("already"), "{}", ran.stderr);
    let ran = folder.clean(&["-o", "/dev/null", "--no-clobber"]);
    assert_eq!(ran.status, 0, "a device holds nothing: {}", ran.stderr);
}
