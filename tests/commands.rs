//! The commands about mailvet itself: its configuration, its manual, help for shells.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support {
    pub(crate) mod dns;
    pub(crate) mod poll;
    pub(crate) mod program;
}

use std::fs;
use std::process::{Command, Output, Stdio};

use support::program::offline;

const COMMANDS: [&str; 7] = ["check", "serve", "reply", "config", "forget", "completions", "man"];

fn run(arguments: &[&str]) -> Output {
    offline().args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn a_file_can_be_checked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mailvet.toml");
    // The file, the exit status, what is said on standard error, besides the name of the file.
    let cases = [
        ("", 0, ""),
        ("[http]\nlisten = \"127.0.0.1:9\"\n[http.limits]\nmax_batches = 3", 0, ""),
        ("[http.limits]\nmax_batch = 3", 2, "did you mean `http.limits.max_batches`?"),
        ("[http.limits]\nmax_requests = 0", 2, "`http.limits.max_requests` is 0"),
        ("[http]\nadmin_listen = \"here\"", 2, "http.admin_listen"),
        ("[http]\nadmin_listen = \"127.0.0.1:8080\"", 2, "another port"),
        ("[http]\nlisten = \"localhost:8081\"", 0, ""),
        ("[http]\nlisten = 8080", 2, "mailvet.toml: `http.listen` has to be a text"),
        ("[log]\nlevel = \"loud\"", 2, "`error`, `warn`, `info`, `debug`"),
        ("[http", 2, "line 1"),
        ("[dns]\nprivate_zones = [\"a b\"]", 2, "dns.private_zones"),
        ("[dns]\ncanaries = [\"a..b\"]", 2, "dns.canaries"),
        ("[catalog.files]\nroles = { extend = [\"missing.txt\"] }", 2, "missing.txt"),
        ("[policy.advice]\ndisposible = \"reject\"", 2, "did you mean `disposable`?"),
    ];
    for (file, status, said) in cases {
        fs::write(&path, file).unwrap();
        let output = run(&["config", "--check", path.to_str().unwrap()]);
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        assert_eq!(output.status.code(), Some(status), "{file}: {err}");
        assert!(err.contains(said), "{file}: {err}");
        if status == 0 {
            assert_eq!(out, format!("{}: the configuration can be used\n", path.display()));
            assert_eq!(err, "", "{file}");
        } else {
            assert_eq!((out, err.lines().count()), ("", 1), "{file}: {err}");
        }
    }
    fs::write(&path, "[http]\nlisten = \"0.0.0.0:8080\"\nadmin_listen = \"[::]:9090\"").unwrap();
    let output = run(&["config", "--check", path.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    for line in ["`http.listen` 0.0.0.0:8080", "`http.admin_listen` [::]:9090"] {
        let lines = text(&output.stdout).lines();
        assert!(
            lines.clone().any(|said| said.starts_with(line) && said.ends_with("--open")),
            "{line}"
        );
    }
    let missing = run(&["config", "--check", folder.path().join("none").to_str().unwrap()]);
    assert_eq!(missing.status.code(), Some(2));
}

#[test]
fn what_is_in_force_can_be_used_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mailvet.toml");
    let shown = run(&["config"]);
    assert_eq!(shown.status.code(), Some(0), "{}", text(&shown.stderr));
    fs::write(&path, &shown.stdout).unwrap();
    let again = run(&["config", "--config", path.to_str().unwrap()]);
    let without_origins = |shown: &[u8]| {
        let lines = text(shown).lines().map(|line| line.split("  # ").next().unwrap().to_owned());
        lines.collect::<Vec<_>>()
    };
    assert_eq!(without_origins(&shown.stdout), without_origins(&again.stdout));
    assert_eq!(again.status.code(), Some(0), "{}", text(&again.stderr));
}

#[test]
fn flags_are_origins_too() {
    let shown = run(&["config", "-v", "--log-format", "text"]);
    let shown = text(&shown.stdout);
    for line in ["level = \"debug\"  # -v", "format = \"text\"  # --log-format"] {
        assert!(shown.contains(line), "{line}: {shown}");
    }
}

#[test]
fn shells_complete_every_command() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = run(&["completions", shell]);
        assert_eq!(output.status.code(), Some(0), "{shell}");
        let script = text(&output.stdout);
        for word in COMMANDS.into_iter().chain(["depth", "listen", "open", "locale"]) {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
    let unknown = run(&["completions", "bosh"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(text(&unknown.stderr).contains("bash"), "{}", text(&unknown.stderr));
}

#[test]
fn bash_can_run_its_script() {
    let script = run(&["completions", "bash"]).stdout;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mailvet");
    fs::write(&path, script).unwrap();
    let ask = "source \"$1\"; COMP_WORDS=(mailvet se); COMP_CWORD=1; \
               _mailvet mailvet se mailvet; echo \"${COMPREPLY[@]}\"";
    let output = Command::new("bash").args(["-c", ask, "bash"]).arg(&path).output().unwrap();
    assert_eq!(text(&output.stdout), "serve\n", "{}", text(&output.stderr));
}

#[test]
fn there_is_a_manual() {
    let page = run(&["man"]);
    assert_eq!(page.status.code(), Some(0));
    let page = text(&page.stdout);
    assert!(page.contains(".TH mailvet 1"), "{page}");
    for command in COMMANDS {
        // How roff writes the name of the command's own page.
        assert!(page.contains(&format!("mailvet\\-{command}(1)")), "{command}: {page}");
    }
    let folder = tempfile::tempdir().unwrap();
    let output = run(&["man", "--dir", folder.path().to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let options = [
        "\\-\\-depth",
        "\\-\\-listen",
        "\\-\\-stage",
        "\\-\\-check",
        "<\\fIADDRESS\\fR>",
        "<\\fISHELL\\fR>",
        "\\-\\-dir",
    ];
    for (command, option) in COMMANDS.into_iter().zip(options) {
        let page = folder.path().join(format!("mailvet-{command}.1"));
        let page = fs::read_to_string(&page).unwrap_or_else(|_| panic!("{}", page.display()));
        for words in [option, "\\-\\-offline", "\\-\\-config"] {
            assert!(page.contains(words), "{command} {words}: {page}");
        }
    }
    let nowhere = run(&["man", "--dir", "/nonexistent/folder"]);
    assert_eq!(nowhere.status.code(), Some(4));
    assert!(text(&nowhere.stderr).contains("/nonexistent/folder"));
}

#[test]
fn nobody_reading_is_no_error() {
    for arguments in [&["man"][..], &["completions", "zsh"], &["config"]] {
        let mut child = offline().args(arguments).stdout(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        assert_eq!(child.wait().unwrap().code(), Some(0), "{arguments:?}");
    }
}
