//! What becomes of the rows of a list whose mail servers are asked, and how those are treated.

use std::fmt::Write as _;

use super::mail_list_env::{MailListEnv, objects, verdicts};
use crate::support::run::run;

const DELIVERABLE: &str = "deliverable mailbox_accepted";
const NOT_FOUND: &str = "undeliverable mailbox_not_found";

/// Three domains at the first server, and others at servers of their own.
const ZONE: &str = "one.test MX 10 mx.shared.test
    two.test MX 10 mx.shared.test
    three.test MX 10 mx.shared.test
    mx.shared.test A 127.0.1.1
    all.test MX 10 mx.all.test
    mx.all.test A 127.0.2.1
    no.test MX 10 mx.no.test
    mx.no.test A 127.0.3.1
    grey.test MX 10 mx.grey.test
    mx.grey.test A 127.0.4.1
    secretive.test MX 10 mta5.am0.yahoodns.net
    mta5.am0.yahoodns.net A 127.0.1.1
    nowhere.test NXDOMAIN";

fn env(shared: &str) -> MailListEnv {
    let block = "554 5.7.1 Service unavailable; Client host [127.0.0.1] blocked using bl.example";
    let refuses = format!("BANNER {block}");
    let defers = "RCPT * 450 4.2.0 Greylisted, come back later";
    MailListEnv::new(&[shared, "RCPT * 250 2.1.5 Ok", &refuses, defers], ZONE)
}

#[test]
fn each_row_has_its_verdict_in_the_order_of_the_list() {
    let shared = "RCPT joe@one.test 250 Ok\nRCPT JOE@one.test 250 Ok\nRCPT joe@two.test 250 Ok\nRCPT joe@three.test 250 Ok\n\
                  RCPT full@two.test 552 5.2.2 Mailbox full";
    let env = env(shared);
    // The address; what is said of it.
    let cases = [
        ("joe@one.test", DELIVERABLE),
        ("joe@grey.test", "unknown greylisted"),
        ("joe@all.test", "risky catch_all"),
        ("missing@two.test", NOT_FOUND),
        ("joe@no.test", "unknown probe_refused"),
        ("joe@two.test", DELIVERABLE),
        ("joe@secretive.test", "plausible domain_accepts_mail,provider_not_probed"),
        ("joe@nowhere.test", "undeliverable domain_not_found"),
        ("sue@all.test", "risky catch_all"),
        ("full@two.test", "risky mailbox_full"),
        ("no address", "undeliverable syntax_no_at"),
        ("joe@three.test", DELIVERABLE),
        ("missing@one.test", NOT_FOUND),
        ("JOE@one.test", DELIVERABLE),
    ];
    let list: String = cases.iter().map(|(address, _)| format!("{address}\n")).collect();
    env.write("list.txt", &list);
    env.cleaned(&["list.txt", "-o", "out.jsonl"]);
    let rows = objects(&env.read("out.jsonl"));
    assert_eq!(rows.len(), cases.len());
    for ((address, expected), (row, said)) in cases.iter().zip(rows.iter().zip(verdicts(&rows))) {
        assert_eq!(row["email"], *address, "{row}");
        assert_eq!(said, *expected, "{address}: {row}");
        let is_deferred = said.ends_with("greylisted");
        assert_eq!(row["mailvet_retry_at"].is_string(), is_deferred, "{address}: {row}");
    }
    assert_eq!(rows[13]["mailvet_duplicate_of"], 1, "{}", rows[13]);
    let is_joe = |address: &&String| address.eq_ignore_ascii_case("joe@one.test");
    let joe = env.asked(1).iter().filter(is_joe).count();
    assert_eq!(joe, 1, "one mailbox in two spellings is asked about once");
    assert_eq!(env.asked(4), ["joe@grey.test"], "without --wait it is not asked again");
    for number in 1..=4 {
        for visit in env.mail(number).visits() {
            assert!(!visit.commands.iter().any(|said| said.starts_with("DATA")), "server {number}");
        }
    }
    assert!(!env.path("out.jsonl.mailvet-journal").exists(), "the journal goes with the end");
}

#[test]
fn addresses_of_one_destination_share_connections_across_the_list() {
    // It takes a moment to greet, in which the others come.
    let mut script = "BANNER AFTER 100 220 mx.shared.test ESMTP\n".to_owned();
    let mut list = String::new();
    let mut expected = Vec::new();
    for number in 0..30 {
        // Interleaved with each other, and with those of another server.
        for domain in ["one.test", "two.test", "three.test"] {
            let is_there = number % 3 != 2;
            if is_there {
                writeln!(script, "RCPT p{number}@{domain} 250 2.1.5 Ok").unwrap();
            }
            writeln!(list, "p{number}@{domain}").unwrap();
            expected.push(if is_there { DELIVERABLE } else { NOT_FOUND });
        }
        writeln!(list, "p{number}@all.test").unwrap();
        expected.push("risky catch_all");
    }
    let env = env(&script);
    env.write("list.txt", &list);
    env.cleaned(&["list.txt", "-o", "out.jsonl"]);
    assert_eq!(verdicts(&objects(&env.read("out.jsonl"))), expected);
    // Ninety, and a made-up one for each domain; the first one may be asked about alone.
    let connections = env.mail(1).visits().len();
    assert!(connections <= 93_usize.div_ceil(10) + 2, "{connections} connections");
    assert_eq!(env.asked(1).len(), 93);
    for visit in env.mail(1).visits() {
        let recipients = visit.commands.iter().filter(|said| said.starts_with("RCPT")).count();
        assert!(recipients <= 10, "{recipients} recipients on a connection");
        assert_eq!(visit.commands.last().map(String::as_str), Some("QUIT"));
    }
    assert!(env.asked(2).len() <= 11, "once all are accepted no other is asked about");
}

#[test]
fn a_full_day_leaves_the_rest_unasked() {
    let env = env("RCPT joe@one.test 250 Ok");
    let list: String = (0..40).map(|number| format!("p{number}@one.test\n")).collect();
    env.write("list.txt", &list);
    let mut program = env.clean(&["list.txt", "-o", "out.jsonl"], "state");
    let ran = run(program.env("MAILVET_PROBE__MAX_RECIPIENTS_PER_DAY", "15"), b"");
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let rows = objects(&env.read("out.jsonl"));
    let (mut asked, mut paused) = (0, 0);
    for (said, row) in verdicts(&rows).iter().zip(&rows) {
        match said.as_str() {
            NOT_FOUND => asked += 1,
            "plausible domain_accepts_mail,probe_paused" => {
                paused += 1;
                assert!(row["mailvet_retry_at"].is_string(), "{row}");
            }
            _ => panic!("{row}"),
        }
    }
    // And postmaster, as no recipient was accepted.
    assert_eq!((asked, paused), (14, 26), "{:?}", env.mail(1).visits());
    assert_eq!(env.asked(1).len(), 15);
}

#[test]
fn who_is_suppressed_or_still_known_is_not_asked_about() {
    let env = env("RCPT joe@one.test 250 Ok\nRCPT old@one.test 250 Ok");
    let list = "email,mailvet_verdict,mailvet_reasons,mailvet_normalized,mailvet_checked_at\n\
                joe@one.test,,,,\n\
                gone@one.test,,,,\n\
                known@one.test,deliverable,mailbox_accepted,known@one.test,2999-01-01T00:00:00Z\n\
                anybody@two.test,,,,\n\
                old@one.test,deliverable,mailbox_accepted,old@one.test,2020-01-01T00:00:00Z\n\
                unknown@one.test,unknown,greylisted,unknown@one.test,2999-01-01T00:00:00Z\n";
    env.write("list.csv", list);
    env.write("gone.txt", "GONE@one.test\n@two.test\n");
    env.cleaned(&[
        "list.csv",
        "-o",
        "out.jsonl",
        "--suppress",
        "gone.txt",
        "--recheck-after",
        "90d",
        "--fields",
        "verdict,reasons,normalized",
    ]);
    let rows = objects(&env.read("out.jsonl"));
    assert_eq!(verdicts(&rows), [DELIVERABLE, DELIVERABLE, DELIVERABLE, NOT_FOUND]);
    let mut asked = env.asked(1);
    asked.sort();
    assert_eq!(asked, ["joe@one.test", "made-up@one.test", "old@one.test", "unknown@one.test"]);
}

#[test]
fn a_list_from_standard_input_is_asked_about_too() {
    let env = env("RCPT joe@one.test 250 Ok");
    let mut program = env.clean(&["--to", "jsonl", "--quiet"], "state");
    let temporary = env.path("temporary");
    std::fs::create_dir(&temporary).unwrap();
    let ran = run(program.env("TMPDIR", &temporary), b"joe@one.test\nmissing@one.test\n");
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""));
    assert_eq!(verdicts(&ran.json()), [DELIVERABLE, NOT_FOUND]);
    let left = std::fs::read_dir(&temporary).unwrap().count();
    assert_eq!(left, 0, "what was set down has no name");
}

#[test]
fn where_mail_servers_are_not_asked_it_is_said_once() {
    // The setting; whether it is said, and what of the row.
    let off = "plausible domain_accepts_mail,probe_off";
    let cases =
        [(Some(("MAILVET_PROBE__ENABLED", "false")), true, off), (None, false, DELIVERABLE)];
    for (setting, is_said, expected) in cases {
        let env = env("RCPT joe@one.test 250 Ok");
        env.write("list.txt", "joe@one.test\njoe@one.test\n");
        let mut program = env.clean(&["list.txt", "-o", "out.jsonl"], "state");
        let ran = run(program.envs(setting), b"");
        assert_eq!(ran.status, 0, "{setting:?}: {}", ran.stderr);
        let times = ran.stderr.matches("mail servers are not asked").count();
        assert_eq!(times, usize::from(is_said), "{setting:?}: {}", ran.stderr);
        let said = verdicts(&objects(&env.read("out.jsonl")));
        assert_eq!(said, [expected; 2], "{setting:?}");
        assert_eq!(env.asked(1).is_empty(), is_said, "{setting:?}");
    }
}

#[test]
fn a_domain_is_looked_up_once_however_often_the_list_is_read() {
    let env = env("RCPT joe@one.test 250 Ok");
    env.write("list.txt", "joe@one.test\nsue@one.test\njoe@nowhere.test\n");
    env.cleaned(&["list.txt", "-o", "out.jsonl"]);
    for domain in ["one.test", "nowhere.test"] {
        assert_eq!(env.dns().mx_questions(domain), 1, "{domain}");
    }
}
