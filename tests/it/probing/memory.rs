//! What was found out is kept, and no server is asked again.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::probe_env::{KNOWS_JOE, ProbeEnv, reasons};
use crate::support::run::run;

#[test]
fn a_second_run_asks_no_server() {
    for (script, verdict) in [
        (KNOWS_JOE, "deliverable"),
        ("", "undeliverable"),
        ("RCPT * 250 Ok", "risky"),
        ("RCPT * 450 4.2.0 Greylisted", "unknown"),
    ] {
        let env = ProbeEnv::new(script);
        let first = &env.check(&["joe@good.test"])[0];
        let asked = env.asked();
        let second = &env.check(&["joe@good.test", "JOE@good.test"])[0];
        assert_eq!(first["verdict"], verdict, "{script}: {first}");
        assert_eq!(second["verdict"], verdict, "{script}: {second}");
        assert_eq!(first["reasons"], second["reasons"], "{script}");
        assert_eq!(first["mailbox"]["catch_all"], second["mailbox"]["catch_all"], "{script}");
        assert_eq!(env.asked(), asked, "{script}");
        // Forgotten, it is asked about again.
        let ran = run(env.program().args(["forget", "joe@good.test"]), b"");
        assert_eq!(ran.status, 0, "{script}: {}", ran.stderr);
        env.check(&["joe@good.test"]);
        assert!(env.asked().len() > asked.len(), "{script}");
    }
}

#[test]
fn the_same_mailbox_is_asked_about_once() {
    let env = ProbeEnv::new(KNOWS_JOE);
    let reports = env.check(&["joe@good.test"; 30]);
    assert!(reports.iter().all(|report| report["verdict"] == "deliverable"));
    assert_eq!(env.asked(), ["joe@good.test", "made-up@good.test"]);
}

#[test]
fn nothing_that_is_kept_names_anybody() {
    let env = ProbeEnv::new(KNOWS_JOE);
    let state = tempfile::tempdir().unwrap();
    let folder = state.path().join("mailvet");
    env.check_with(
        &[("MAILVET_STATE__DIR", folder.to_str().unwrap())],
        &["joe@good.test", "zqx7@good.test"],
    );
    let mut files = 0;
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{}", path.display());
        let bytes = fs::read(&path).unwrap();
        for name in ["zqx7", "good.test", "joe@"] {
            let is_named = bytes.windows(name.len()).any(|window| window == name.as_bytes());
            assert!(!is_named, "{}: {name}", path.display());
        }
        files += 1;
    }
    assert!(files > 0);
}

#[test]
fn a_store_that_cannot_be_used_costs_nobody_their_run() {
    let env = ProbeEnv::new(KNOWS_JOE);
    let state = tempfile::tempdir().unwrap();
    let path = state.path().join("mailvet.db");
    fs::write(&path, "this is no database, and long enough to tell").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    let mut program = env.program();
    program.env("MAILVET_STATE__DIR", state.path()).args([
        "check",
        "--json",
        "--depth",
        "mailbox",
        "joe@good.test",
    ]);
    let ran = run(&mut program, b"");
    assert_eq!(reasons(&ran.json()[0]), ["mailbox_accepted"], "{}", ran.stderr);
    assert!(ran.stderr.contains("not kept"), "{}", ran.stderr);
    assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
}
