//! The commands about mailvet itself: its configuration, its manual, help for shells.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::process::{Command, Output, Stdio};

use crate::support::program::offline;

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
        let lines = text(shown).lines().filter(|line| !line.starts_with("# Configuration file: "));
        let lines = lines.map(|line| line.split("  # ").next().unwrap().to_owned());
        lines.collect::<Vec<_>>()
    };
    assert_eq!(without_origins(&shown.stdout), without_origins(&again.stdout));
    assert_eq!(again.status.code(), Some(0), "{}", text(&again.stderr));
}

#[test]
fn flags_are_origins_too() {
    let shown = run(&["config", "-v", "--log-format", "text"]);
    let shown = text(&shown.stdout);
    for line in ["level = \"info\"  # default", "format = \"text\"  # --log-format"] {
        assert!(shown.contains(line), "{line}: {shown}");
    }
}

#[test]
fn the_configuration_file_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, tries: u8| {
        let path = folder.path().join(name).join("mailvet/mailvet.toml");
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, format!("[dns]\ntries = {tries}\n[state]\ndir = \"kept\"\n")).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (own, xdg, named) = (write("home/.config", 11), write("xdg", 12), write("named", 13));
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (home, config_home) = (path("home"), path("xdg"));
    // Variables, what is said of the file, how often the DNS is tried.
    type Variables<'a> = &'a [(&'a str, &'a str)];
    let cases: [(&str, Variables<'_>, &str, &str); 4] = [
        ("own", &[("HOME", &home)], &own, "tries = 11"),
        ("XDG", &[("HOME", &home), ("XDG_CONFIG_HOME", &config_home)], &xdg, "tries = 12"),
        ("named", &[("HOME", &home), ("MAILVET_CONFIG", &named)], &named, "tries = 13"),
        ("none", &[("HOME", &home), ("MAILVET_CONFIG", "")], "none", "tries = 9"),
    ];
    for (name, variables, file, tries) in cases {
        let mut program = offline();
        program.env_remove("MAILVET_CONFIG").env_remove("XDG_CONFIG_HOME");
        program.arg("config").envs(variables.iter().copied());
        let output = program.output().unwrap();
        let shown = text(&output.stdout);
        assert_eq!(output.status.code(), Some(0), "{name}: {}", text(&output.stderr));
        assert!(shown.starts_with(&format!("# Configuration file: {file}")), "{name}: {shown}");
        assert!(shown.contains(tries), "{name}: {shown}");
        let kept = file.replace("mailvet.toml", "kept");
        assert_eq!(shown.contains(&format!("dir = \"{kept}\"")), name != "none", "{name}: {shown}");
    }
    // The flag is over all of them, and what the variable names has to be there.
    let mut program = offline();
    program.args(["config", "--config", &own]).env("MAILVET_CONFIG", &named);
    assert!(text(&program.output().unwrap().stdout).contains("tries = 11"), "the flag");
    let output = offline().arg("config").env("MAILVET_CONFIG", path("missing")).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("missing"), "{}", text(&output.stderr));
}

#[test]
fn variables_of_ours_are_text() {
    let not_text = OsStr::from_bytes(b"\xff");
    let output = offline().arg("config").env("MAILVET_DNS__TRIES", not_text).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(text(&output.stderr), "mailvet: MAILVET_DNS__TRIES is not UTF-8\n");
}

#[test]
fn values_are_completed_rather_than_files() {
    let script = run(&["completions", "bash"]).stdout;
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("mailvet"), script).unwrap();
    fs::write(folder.path().join("a-file.csv"), "").unwrap();
    // The words so far; what is proposed for an empty one behind them.
    let cases = [
        ("clean --to", "csv tsv jsonl lines"),
        ("clean --from", "csv tsv jsonl json lines mailman"),
        ("clean --encoding", "utf-8 utf-8-bom utf-16le utf-16be windows-1252"),
        ("clean --only", "deliverable plausible risky undeliverable unknown duplicates"),
        ("clean --drop", "deliverable plausible risky undeliverable unknown duplicates"),
        ("clean --dedupe", "exact canonical off"),
        ("clean --header", "yes no"),
        ("clean --depth", "syntax domain mailbox"),
        ("reply --stage", "connect helo starttls mail_from rcpt_to data quit"),
        ("check --log-format", "text json"),
        ("clean --concurrency", ""),
        ("clean --column", ""),
        ("clean --fields", ""),
        ("check --locale", ""),
        ("serve --listen", ""),
        ("clean --suppress", "a-file.csv mailvet"),
    ];
    for (words, proposed) in cases {
        let (command, option) = words.split_once(' ').unwrap();
        let ask = format!(
            "source ./mailvet; COMP_WORDS=(mailvet {words} ''); COMP_CWORD=3; COMP_TYPE=9
             compopt() {{ :; }}; _mailvet mailvet '' {option}; echo \"${{COMPREPLY[@]}}\""
        );
        let output =
            Command::new("bash").args(["-c", &ask]).current_dir(folder.path()).output().unwrap();
        let mut found: Vec<&str> = text(&output.stdout).split_whitespace().collect();
        let mut expected: Vec<&str> = proposed.split_whitespace().collect();
        found.sort_unstable();
        expected.sort_unstable();
        assert_eq!(found, expected, "{command} {option}: {}", text(&output.stderr));
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
fn no_reader_is_no_error() {
    for arguments in [&["man"][..], &["completions", "zsh"], &["config"]] {
        let mut child = offline().args(arguments).stdout(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        assert_eq!(child.wait().unwrap().code(), Some(0), "{arguments:?}");
    }
}
