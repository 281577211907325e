//! The command line of `mailvet reply`: help, and what is said to who gets it wrong.

use crate::support::program::offline;
use crate::support::run::run;

#[test]
fn mistakes() {
    let cases: [(&[&str], &[&str]); 9] = [
        (&[], &["<TEXT>"]),
        (&[""], &["there is no text", "550 5.1.1 User unknown"]),
        (&["User unknown"], &["no reply code", "550 5.1.1 User unknown"]),
        (&["--stage", "rctp", "550 x"], &["--stage", "`rcpt`", "mail_from"]),
        (&["--stage", "lunch", "550 x"], &["--stage", "rcpt_to"]),
        (&["--provider", "gmial", "550 x"], &["no provider `gmial`", "`gmail`"]),
        (&["--provider", "Nobody Inc.", "550 x"], &["no provider `Nobody Inc.`"]),
        (&["--jsn", "550 x"], &["'--jsn'", "'--json'"]),
        (&["--stage"], &["--stage"]),
    ];
    for (arguments, words) in cases {
        let ran = run(offline().arg("reply").args(arguments), b"");
        let name = format!("{arguments:?}: {}", ran.stderr);
        assert_eq!((ran.status, ran.stdout.as_str()), (2, ""), "{name}");
        for word in words {
            assert!(ran.stderr.contains(word), "{word} in {name}");
        }
    }
}

#[test]
fn help() {
    let ran = run(offline().args(["reply", "--help"]), b"");
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""));
    for word in ["Examples:", "mailvet reply", "--stage", "--provider", "--json", "standard input"]
    {
        assert!(ran.stdout.contains(word), "{word} in {}", ran.stdout);
    }
}
