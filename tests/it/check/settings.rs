//! The settings of `check`: by flags, the environment, a file, in this order.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::dns::DnsServer;
use crate::support::program::{asking, offline};
use crate::support::run::{Ran, run};

const ZONE: &str = "good.test MX 10 mx.test\nmx.test A 192.0.2.1";

fn file(text: &str) -> (TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mailvet.toml");
    fs::write(&path, text).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (folder, path)
}

#[test]
fn depth() {
    let cases = [
        (&[][..], "plausible", json!(["domain_accepts_mail"]), "domain"),
        (&["--depth", "domain"], "plausible", json!(["domain_accepts_mail"]), "domain"),
        (
            &["--depth", "mailbox"],
            "plausible",
            json!(["domain_accepts_mail", "probe_off"]),
            "domain",
        ),
        (&["--depth", "syntax"], "unknown", json!(["not_checked"]), "syntax"),
        (&["--offline"], "unknown", json!(["not_checked"]), "syntax"),
    ];
    for (arguments, verdict, reasons, depth) in cases {
        let dns = DnsServer::start(ZONE);
        let ran = run(asking(&dns).args(["check", "--json", "joe@good.test"]).args(arguments), b"");
        let report = &ran.json()[0];
        assert_eq!(report["verdict"], verdict, "{arguments:?}: {report}");
        assert_eq!(report["reasons"], reasons, "{arguments:?}");
        assert_eq!(report["depth"], depth, "{arguments:?}");
        assert_eq!(dns.questions().is_empty(), depth == "syntax", "{arguments:?}");
        assert_eq!(ran.status, 0, "{arguments:?}");
    }
}

#[test]
fn real_domains_are_not_corrected() {
    let cases = [
        ("", json!("joe@gmail.com")),
        ("real = { extend = [\"real.txt\"] }", json!(null)),
        ("real = { replace = [\"real.txt\"] }", json!(null)),
        // Even where another list has it: a disposable domain may be a typo.
        (
            "real = { extend = [\"real.txt\"] }\ndisposable = { extend = [\"real.txt\"] }",
            json!("joe@gmail.com"),
        ),
    ];
    for (files, suggested) in cases {
        let (folder, config) = file(&format!("[catalog.files]\n{files}"));
        fs::write(folder.path().join("real.txt"), "gmal.com\n").unwrap();
        let arguments = ["check", "--json", "--config", &config, "joe@gmal.com"];
        let report = run(offline().args(arguments), b"").json()[0].clone();
        assert_eq!(report["suggestion"]["email"], suggested, "{files}");
    }
}

#[test]
fn strict() {
    let cases = [
        (" joe@gmail.com", &[][..], json!(null)),
        (" joe@gmail.com", &["--strict"], json!("syntax_not_clean")),
        ("joe@gmail.com", &["--strict"], json!(null)),
    ];
    for (address, arguments, code) in cases {
        let ran = run(offline().args(["check", "--json", address]).args(arguments), b"");
        let report = &ran.json()[0];
        assert_eq!(
            report.pointer("/syntax_error/code").unwrap_or(&Value::Null),
            &code,
            "{address}"
        );
        assert_eq!(ran.status, i32::from(!code.is_null()), "{address} {arguments:?}");
    }
}

#[test]
fn the_operators_advice() {
    let (_folder, path) =
        file("[policy.advice]\ndisposable = \"reject\"\ndomain_typo = \"accept\"");
    // Address, advice without and with the file, and with the environment over it.
    let cases = [
        ("joe@mailinator.com", "confirm", "reject", "accept"),
        ("joe@gmal.com", "confirm", "accept", "accept"),
        ("joe@example.com", "reject", "reject", "reject"),
    ];
    for (address, usual, configured, overridden) in cases {
        let with_file = || {
            let mut command = offline();
            command.args(["check", "--json", "--config", &path, address]);
            command
        };
        let seen = [
            run(offline().args(["check", "--json", address]), b""),
            run(&mut with_file(), b""),
            run(with_file().env("MAILVET_POLICY__ADVICE__DISPOSABLE", "accept"), b""),
        ];
        let seen = seen.map(|ran| ran.json()[0]["advice"].clone());
        assert_eq!(seen, [usual, configured, overridden], "{address}");
    }
}

#[test]
fn flags_lie_over_the_environment_over_the_file() {
    let [of_file, of_environment, of_flag] = [ZONE; 3].map(DnsServer::start);
    let (_folder, path) = file(&format!(
        "[dns]\nservers = [\"{}\"]\ncanaries = []\n[catalog]\nallow_reserved = [\"test\"]\n\
         [network]\nallow = [\"192.0.2.0/24\"]\n",
        of_file.address()
    ));
    let asked = || [&of_file, &of_environment, &of_flag].map(|dns| dns.mx_questions("good.test"));
    let check = |variable: Option<String>, flag: Option<String>| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mailvet"));
        command.env_clear().env("MAILVET_CONFIG", "").args([
            "check",
            "--json",
            "--config",
            &path,
            "joe@good.test",
        ]);
        command.envs(variable.map(|server| ("MAILVET_DNS__SERVERS", server)));
        command.args(flag.iter().flat_map(|server| ["--dns", server]));
        let ran = run(&mut command, b"");
        assert_eq!(ran.json()[0]["verdict"], "plausible", "{} {}", ran.stdout, ran.stderr);
    };
    let [variable, flag] = [&of_environment, &of_flag].map(|dns| Some(dns.address().to_string()));
    check(None, None);
    assert_eq!(asked(), [1, 0, 0], "the file");
    check(variable.clone(), None);
    assert_eq!(asked(), [1, 1, 0], "the environment");
    check(variable, flag);
    assert_eq!(asked(), [1, 1, 1], "the flag");
}

#[test]
fn mistakes_in_the_configuration() {
    // The file, the environment, what standard error says.
    let cases: [(_, Option<(_, _)>, &[&str]); 18] = [
        ("[dns", None, &["mailvet.toml", "line 1"]),
        ("nonsense", None, &["mailvet.toml", "line 1"]),
        ("[dns]\nserver = []", None, &["`dns.server`", "did you mean `dns.servers`?"]),
        ("[htpp]", None, &["`htpp`", "did you mean `http`?"]),
        ("listen = \"127.0.0.1:1\"", None, &["`listen`", "did you mean `http.listen`?"]),
        ("[http]\nlisten = \"nowhere\"", None, &["`http.listen`"]),
        ("[http]\nlisten = 80", None, &["`http.listen`"]),
        ("[dns]\nservers = [\"dns.test\"]", None, &["`dns.servers`", "192.0.2.1:53"]),
        ("[typo]\nrisky_at = 7", None, &["`typo.risky_at`", "from 0 to 1"]),
        (
            "[policy.advice]\ndisposible = \"reject\"",
            None,
            &["mailvet.toml: ", "`disposible`", "did you mean `disposable`?"],
        ),
        (
            "[policy.advice]\ndisposable = \"refuse\"",
            None,
            &["mailvet.toml: ", "policy.advice.disposable", "`refuse`", "accept, confirm, reject"],
        ),
        (
            "[catalog]\nallow_reserved = [\"te st\"]",
            None,
            &["mailvet.toml: ", "catalog.allow_reserved", "entry 1"],
        ),
        (
            "[typo]\ndomains = [\"my.org\", \"corp\"]",
            None,
            &["mailvet.toml: ", "typo.domains", "entry 2"],
        ),
        (
            "[probe]\nmail_from = \"joe@[192.0.2.1]\"",
            None,
            &["mailvet.toml: ", "`probe.mail_from`", "not at an IP address"],
        ),
        (
            "[policy.advice]\ndisposable = \"reject\"",
            Some(("MAILVET_POLICY__ADVICE__DISPOSIBLE", "reject")),
            &["MAILVET_POLICY__ADVICE__DISPOSIBLE: ", "did you mean `disposable`?"],
        ),
        ("", Some(("MAILVET_DNS__CANARIES", "a..b")), &["MAILVET_DNS__CANARIES: ", "entry 1"]),
        (
            "",
            Some(("MAILVET_DNS__SERVER", "127.0.0.1")),
            &["MAILVET_DNS__SERVER", "did you mean `dns.servers`?"],
        ),
        ("", Some(("MAILVET_DNS__TRIES", "many")), &["`dns.tries`"]),
    ];
    for (text, variable, words) in cases {
        let (_folder, path) = file(text);
        let mut command = offline();
        command.args(["check", "--config", &path, "joe@gmail.com"]).envs(variable);
        let ran = run(&mut command, b"");
        let name = format!("{text:?} {variable:?}: {}", ran.stderr);
        assert_eq!(ran.status, 2, "{name}");
        assert_eq!(ran.stdout, "", "{name}");
        assert!(ran.stderr.starts_with("mailvet: "), "{name}");
        for word in words {
            assert!(ran.stderr.contains(word), "{word} in {name}");
        }
    }
}

#[test]
fn a_configuration_that_cannot_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let not_text = folder.path().join("not-text.toml");
    fs::write(&not_text, b"\xff\xfe").unwrap();
    for path in [&folder.path().join("missing.toml"), folder.path(), &not_text] {
        let ran = run(offline().arg("--config").arg(path).args(["check", "joe@gmail.com"]), b"");
        let name = format!("{}: {}", path.display(), ran.stderr);
        assert_eq!((ran.status, ran.stdout.as_str()), (2, ""), "{name}");
        assert!(ran.stderr.contains(path.to_str().unwrap()), "{name}");
        assert_eq!(ran.stderr.lines().count(), 1, "{name}");
    }
}

#[test]
fn mail_servers_cannot_be_asked_offline() {
    for command in [&["check", "joe@b.io"][..], &["clean"]] {
        let ran = run(offline().args(command).args(["--depth", "mailbox"]), b"joe@b.io\n");
        assert_eq!((ran.status, ran.stdout.as_str()), (2, ""), "{command:?}");
        for word in ["--depth mailbox", "--offline"] {
            assert!(ran.stderr.contains(word), "{command:?}: {}", ran.stderr);
        }
        let ran = run(offline().args(command).args(["--depth", "domain"]), b"joe@b.io\n");
        assert_eq!(ran.status, 0, "{command:?}: {}", ran.stderr);
    }
}

#[test]
fn how_to_switch_the_probe_on_is_said() {
    let dns = DnsServer::start(ZONE);
    let ran = run(asking(&dns).args(["check", "--depth", "mailbox", "joe@good.test"]), b"");
    for word in ["the probe is off", "`enabled = true`", "`helo`", "`mail_from`", "`[probe]`"] {
        assert!(ran.stdout.contains(word), "{word}: {}", ran.stdout);
    }
    let cases = [
        ("it was not asked for", &["check", "joe@good.test"][..]),
        ("no mail server is known", &["check", "--depth", "mailbox", "joe@missing.test"]),
    ];
    for (name, arguments) in cases {
        let ran = run(asking(&dns).args(arguments), b"");
        assert!(!ran.stdout.contains("probe"), "{name}: {}", ran.stdout);
    }
}

/// Words of Rust and its libraries, of which no message may consist.
const FOREIGN_WORDS: [&str; 17] = [
    "invalid type",
    "invalid value:",
    "invalid digit",
    "invalid length",
    "expected struct",
    "expected a ",
    "expected u",
    "expected i",
    "expected f",
    "any valid TOML value",
    "non-zero",
    "too large to fit",
    "cannot parse integer",
    "in string",
    "IP address syntax",
    "valid UTF-8",
    "::",
];

/// A kind of value, and what is wrong for it.
const WRONG: [(&str, &[&str]); 20] = [
    ("dns.tries", &["0", "-1", "1.5", "true", "[1]", "{}", "99999999999999999999", "\"x\"", "nan"]),
    ("dns.max_names_per_zone", &["0", "-1", "4294967296", "\"x\"", "1979-05-27"]),
    ("budget.timeout_ms", &["0", "-1", "9223372036854775807", "\"x\"", "[]"]),
    ("probe.port", &["0", "-1", "65536", "\"x\"", "25.0"]),
    ("probe.enabled", &["1", "\"yes\"", "[]", "{}"]),
    ("probe.helo", &["1", "\"a b\"", "[]", "{ a = 1 }"]),
    ("probe.mail_from", &["1", "\"a b\"", "[\"a@b.io\"]"]),
    ("probe.proxy", &["1", "\"http://x\"", "[]"]),
    ("probe.source", &["1", "\"x\"", "[1]", "[\"x\"]", "[[\"192.0.2.1\"]]", "{ a = 1 }"]),
    ("probe.never", &["1", "\"a b\"", "[1]", "[\"a b\"]"]),
    ("http.listen", &["80", "\"x\"", "\"127.0.0.1\"", "\"127.0.0.1:99999\"", "[]", "true"]),
    ("http.admin_listen", &["80", "\"x\"", "[]"]),
    ("http.trusted_proxies", &["1", "\"x\"", "[\"x\"]", "[1]", "{ a = 1 }"]),
    ("network.allow", &["1", "\"10.0.0.0/99\"", "[\"x\"]", "[{}]"]),
    ("dns.servers", &["1", "\"x\"", "[\"x:53\"]", "[53]"]),
    ("typo.risky_at", &["2", "-0.1", "nan", "inf", "\"x\"", "[]", "true"]),
    ("log.level", &["1", "\"loud\"", "[\"info\"]", "{ info = 1 }"]),
    ("state.dir", &["1", "[]", "true"]),
    ("catalog.files.roles", &["1", "\"x\"", "[\"x\"]", "{ extend = 1 }", "{ extend = [1] }"]),
    ("policy.advice", &["1", "\"x\"", "[]", "{ relay = 1 }", "{ x = \"reject\" }"]),
];

#[test]
fn wrong_values_are_told_in_our_own_words() {
    for (key, values) in WRONG {
        for value in values {
            let name = format!("{key} = {value}");
            let (_folder, path) = file(&name);
            let ran = run(offline().args(["config", "--check", &path]), b"");
            assert_named(&name, key, &ran, "mailvet.toml");
        }
    }
}

#[test]
fn wrong_variables_are_told_in_our_own_words() {
    for (key, values) in WRONG {
        let variable = format!("MAILVET_{}", key.to_uppercase().replace('.', "__"));
        for value in values.iter().filter(|value| !value.contains(['{', '"'])) {
            // A text is none where a text is wanted.
            let is_text = matches!(key, "state.dir");
            let ran = run(offline().arg("config").env(&variable, value), b"");
            if !is_text {
                assert_named(&format!("{variable}={value}"), key, &ran, &variable);
            }
        }
    }
}

/// The key and where it comes from are named, in words of ours.
fn assert_named(name: &str, key: &str, ran: &Ran, origin: &str) {
    assert_eq!((ran.status, ran.stdout.as_str()), (2, ""), "{name}: {}", ran.stderr);
    assert_eq!(ran.stderr.lines().count(), 1, "{name}: {}", ran.stderr);
    assert!(ran.stderr.contains(origin), "{name}: {}", ran.stderr);
    let is_no_toml = ran.stderr.contains(", line 1: a number is too large");
    assert!(is_no_toml || ran.stderr.contains(key), "{name}: {}", ran.stderr);
    let shown = ran.stderr.replace("2001:db8::1", "");
    for word in FOREIGN_WORDS {
        assert!(!shown.contains(word), "{name}: {word:?} in {}", ran.stderr);
    }
}
