//! Rules of the operator's own: beside ours, in the place of ours, and wrong ones.

use std::fs;

use serde_json::json;
use tempfile::TempDir;

use crate::support::program::offline;
use crate::support::run::{Ran, run};

const OWN: &str = r#"# Date: 2026-11-22
[terms]
clerk = "clerk|registrar"

[[rule]]
id = "our-partner"
means = "no_such_mailbox"
words = ["the <clerk> has no entry", "<who> is not one of ours"]
examples = ["550 The registrar has no entry"]

[[rule]]
id = "relay"
means = "policy"
words = ["relay access denied"]
"#;

/// A folder with a file of rules and a configuration that uses it so.
fn folder(rules: &str, usage: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("rules.toml"), rules).unwrap();
    let config = format!("[catalog.files.replies]\n{usage} = [\"rules.toml\"]\n");
    fs::write(folder.path().join("mailvet.toml"), config).unwrap();
    folder
}

/// The same rules without the term that our file has.
fn without_our_terms() -> String {
    OWN.replace("<who>", "somebody")
}

fn explained(folder: &TempDir, arguments: &[&str]) -> Ran {
    let config = folder.path().join("mailvet.toml");
    run(offline().arg("--config").arg(config).args(arguments), b"")
}

#[test]
fn they_come_first() {
    let extended = folder(OWN, "extend");
    let replaced = folder(&without_our_terms(), "replace");
    let cases = [
        ("550 The registrar has no entry for you", ["our-partner", "our-partner"]),
        ("550 This user is not one of ours", ["our-partner", "general-permanent"]),
        ("554 Relay access denied", ["relay", "relay"]),
        ("550 Relaying denied", ["policy", "general-permanent"]),
        ("550 User unknown", ["no-such-mailbox", "general-permanent"]),
    ];
    for (text, rules) in cases {
        for (folder, rule) in [&extended, &replaced].into_iter().zip(rules) {
            let ran = explained(folder, &["reply", "--json", text]);
            assert_eq!((ran.status, ran.stderr.as_str()), (0, ""), "{text}");
            assert_eq!(ran.json()[0]["rule"], json!(rule), "{text}");
        }
    }
}

#[test]
fn terms_of_ours_are_not_there_without_our_file() {
    let ran = explained(&folder(OWN, "replace"), &["reply", "550 x"]);
    assert_eq!((ran.status, ran.stdout.as_str()), (2, ""));
    assert!(ran.stderr.contains("no term `<who>` is defined"), "{}", ran.stderr);
}

#[test]
fn wrong_rules_are_named() {
    let rule = |lines: &str| format!("\n\n[[rule]]\nid = \"x\"\nmeans = \"policy\"\n{lines}\n");
    let cases = [
        ("no TOML", "[[rule]\n".to_owned(), 1, "rules.toml"),
        ("an unknown key", rule("wrods = [\"a\"]"), 6, "wrods"),
        (
            "an unknown meaning",
            "[[rule]]\nid = \"x\"\nmeans = \"nonsense\"\ncode = [\"550\"]".to_owned(),
            1,
            "`nonsense` is no meaning of a refusal",
        ),
        (
            "an unknown stage",
            rule("stage = [\"lunch\"]\nwords = [\"a\"]"),
            3,
            "`lunch` is no stage",
        ),
        ("an unknown code", rule("code = [\"5\"]"), 3, "`5` is no reply code"),
        (
            "an unknown enhanced code",
            rule("enhanced = [\"5.1\"]"),
            3,
            "`5.1` is no enhanced status code",
        ),
        ("no regular expression", rule("words = [\"(\"]"), 3, "rule `x`"),
        ("one that is far too large", rule("words = [\"(a{1000}){1000}\"]"), 3, "rule `x`"),
        ("no condition", rule(""), 3, "asks for nothing"),
        ("an unknown term", rule("words = [\"<nothing>\"]"), 3, "`<nothing>`"),
        ("the same id twice", rule("code = [\"550\"]").repeat(2), 9, "a second rule `x`"),
        (
            "a mailbox before the recipient",
            "[[rule]]\nid = \"x\"\nmeans = \"mailbox_full\"\nstage = [\"helo\"]\ncode = [\"550\"]"
                .to_owned(),
            1,
            "a reply to helo says nothing of the mailbox",
        ),
        (
            "terms without end",
            "[terms]\na = \"<a>\"\n[[rule]]\nid = \"x\"\nmeans = \"policy\"\nwords = [\"<a>\"]"
                .to_owned(),
            3,
            "`<a>`",
        ),
    ];
    for (name, rules, line, words) in cases {
        let ran = explained(&folder(&rules, "extend"), &["reply", "550 x"]);
        assert_eq!((ran.status, ran.stdout.as_str()), (2, ""), "{name}: {}", ran.stderr);
        let place = format!("rules.toml, line {line}: ");
        assert!(ran.stderr.contains(&place), "{name}: {place} in {}", ran.stderr);
        assert!(ran.stderr.contains(words), "{name}: {words} in {}", ran.stderr);
    }
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let folder = folder("", "extend");
    fs::remove_file(folder.path().join("rules.toml")).unwrap();
    let ran = explained(&folder, &["reply", "550 x"]);
    assert_eq!(ran.status, 2);
    assert!(ran.stderr.contains("cannot read the list of replies"), "{}", ran.stderr);
}

#[test]
fn the_configuration_shows_the_files() {
    let ran = explained(&folder(OWN, "extend"), &["config"]);
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""));
    let lists: Vec<&str> =
        ran.stdout.lines().filter(|line| line.starts_with("# replies")).collect();
    assert_eq!(lists.len(), 2, "{}", ran.stdout);
    assert!(lists[0].ends_with("data/replies.toml"), "{lists:?}");
    assert!(lists[1].contains(" 2  2026-11-22 ") && lists[1].ends_with("rules.toml"), "{lists:?}");
}
