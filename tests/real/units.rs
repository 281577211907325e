//! The units of docs/operating.md, as systemd reads them.

use std::process::Command;

const MANUAL: &str = include_str!("../../docs/operating.md");

#[test]
fn systemd_can_use_the_units_and_finds_them_safe() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    for name in ["mailvet.service", "mailvet.socket"] {
        let (_, rest) = MANUAL.split_once(&format!("<!-- file: {name} -->\n```ini\n")).expect(name);
        let unit = rest.split("```").next().unwrap_or_default();
        let unit = unit.replace("/usr/local/bin/mailvet", env!("CARGO_BIN_EXE_mailvet"));
        std::fs::write(dir.path().join(name), unit).expect(name);
    }
    for arguments in [
        &["verify", "mailvet.service", "mailvet.socket"][..],
        // The exposure level in tenths: what the page says.
        &["security", "--offline=true", "--threshold=15", "mailvet.service"][..],
    ] {
        let mut command = Command::new("systemd-analyze");
        let output = command.args(arguments).current_dir(dir.path()).output().expect("systemd");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {said}");
        assert!(!said.contains("mailvet."), "{arguments:?}: {said}");
    }
}
