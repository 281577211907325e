//! What is counted, whatever a mail server does about it.

use super::probe_env::{KNOWS_JOE, ProbeEnv, reasons};
use crate::support::run::run;

fn addresses(run: usize, count: usize) -> Vec<String> {
    (0..count).map(|n| format!("p{n}.{run}@good.test")).collect()
}

/// Checks so many addresses, of which each run has its own.
fn check(
    env: &ProbeEnv,
    variables: &[(&str, &str)],
    run: usize,
    count: usize,
) -> Vec<serde_json::Value> {
    let addresses = addresses(run, count);
    let addresses: Vec<&str> = addresses.iter().map(String::as_str).collect();
    env.check_with(variables, &addresses)
}

/// RCPT commands that the server saw.
fn recipients(env: &ProbeEnv) -> usize {
    env.mail.commands().iter().filter(|command| command.starts_with("RCPT")).count()
}

#[test]
fn every_recipient_that_was_sent_counts() {
    const CAP: usize = 2;
    for action in ["DROP", "GARBAGE", "STALL", "421 4.7.0 No", "421 4.3.2 shutting down"] {
        for offers in ["", "OFFERS PIPELINING\n"] {
            let env = ProbeEnv::new(&format!("{offers}RCPT * {action}"));
            let limits = [("MAILVET_PROBE__MAX_RECIPIENTS_PER_DAY", "2")];
            for run in 0..3 {
                check(&env, &limits, run, 12);
            }
            assert!(recipients(&env) <= CAP, "{offers}{action}: {}", recipients(&env));
        }
    }
}

#[test]
fn a_server_without_an_answer_is_left_alone() {
    // The script, the reasons that those may get who were asked about.
    let cases = [
        ("RCPT * DROP", "probe_protocol_error"),
        ("OFFERS PIPELINING\nRCPT * DROP", "probe_protocol_error"),
        ("RCPT * GARBAGE", "probe_protocol_error"),
        ("RCPT * STALL", "probe_timeout"),
        ("MAIL DROP", "probe_protocol_error"),
        ("BANNER DROP", "probe_unreachable"),
        ("BANNER GARBAGE", "probe_protocol_error"),
        ("EHLO DROP", "probe_protocol_error"),
    ];
    for (script, expected) in cases {
        let env = ProbeEnv::new(script);
        let mut paused = 0;
        // Several runs: the store shares what they saw.
        for run in 0..4 {
            for report in check(&env, &[], run, 20) {
                let reasons = reasons(&report);
                if reasons.contains(&"probe_paused") {
                    assert_eq!(report["mailbox"]["detail"], "no_answer", "{script}: {report}");
                    paused += 1;
                } else {
                    assert_eq!(reasons, [expected], "{script}, run {run}: {report}");
                }
            }
        }
        assert!(paused > 0, "{script}");
        assert_eq!(env.connections(), 3, "{script}");
        assert!(recipients(&env) <= 30, "{script}: {}", recipients(&env));
    }
}

#[test]
fn a_421_at_a_recipient_closes_the_breaker() {
    for offers in ["", "OFFERS PIPELINING\n"] {
        let env = ProbeEnv::new(&format!("{offers}RCPT * 421 4.7.0 Try again later, closing"));
        check(&env, &[], 0, 20);
        assert_eq!(env.connections(), 1, "{offers}");
        let report = &env.check(&["other@good.test"])[0];
        assert_eq!(report["mailbox"]["detail"], "refused", "{offers}: {report}");
        assert_eq!(env.connections(), 1, "{offers}");
    }
}

#[test]
fn a_server_that_shuts_down_is_not_asked_again_in_this_run_and_does_not_refuse_us() {
    let env = ProbeEnv::new("RCPT * 421 4.3.2 shutting down");
    let report = &env.check(&["joe@good.test"])[0];
    assert_eq!(reasons(report), ["probe_deferred"], "{report}");
    assert_eq!((env.connections(), recipients(&env)), (1, 1));
    // No breaker.
    let report = &env.check(&["sue@good.test"])[0];
    assert_eq!(reasons(report), ["probe_deferred"], "{report}");
    assert_eq!((env.connections(), recipients(&env)), (2, 2));
}

#[test]
fn policy_refusals_are_counted_over_conversations() {
    let env = ProbeEnv::new("RCPT * 550 5.7.1 Rejected for policy reasons");
    let addresses = addresses(0, 6);
    let checked = addresses.iter().map(|address| env.check(&[address]).remove(0));
    let reasons: Vec<String> = checked.map(|report| reasons(&report).join(" ")).collect();
    assert_eq!(reasons[..3], ["probe_refused"; 3]);
    assert_eq!(reasons[3..], ["domain_accepts_mail probe_paused"; 3]);
    assert_eq!(env.connections(), 3);
    // An answer about a mailbox in between starts the count anew.
    let script = "RCPT joe@good.test 250 Ok\nRCPT p9@good.test 550 5.1.1 User unknown\n\
                  RCPT * 550 5.7.1 Rejected for policy reasons";
    let env = ProbeEnv::new(script);
    for address in ["p1", "p2", "joe", "p3", "p4", "p9", "p5", "p6"] {
        env.check(&[&format!("{address}@good.test")]);
    }
    assert_eq!(env.connections(), 8);
}

#[test]
fn each_mail_server_of_a_domain_that_is_tried_counts() {
    let zone = "good.test MX 10 one.good.test\ngood.test MX 20 two.good.test\n\
                good.test MX 30 three.good.test\ngood.test MX 40 four.good.test\n\
                one.good.test A 127.0.0.1\ntwo.good.test A 127.0.0.1\n\
                three.good.test A 127.0.0.1\nfour.good.test A 127.0.0.1";
    let env = ProbeEnv::with_zone("BANNER DROP", zone);
    let report = &env.check(&["joe@good.test"])[0];
    assert_eq!(reasons(report), ["probe_unreachable"], "{report}");
    let report = &env.check(&["sue@good.test"])[0];
    assert_eq!(report["mailbox"]["detail"], "no_answer", "{report}");
    assert_eq!(env.connections(), 3);
}

/// Refuses every recipient but joe.
const REFUSES_EVERYBODY: &str = "RCPT joe@good.test 250 Ok\nRCPT * 550 5.1.1 User unknown";

/// Postmasters that the server was asked about.
fn postmasters(env: &ProbeEnv) -> usize {
    env.asked().iter().filter(|address| address.starts_with("postmaster@")).count()
}

#[test]
fn a_server_that_refuses_everybody_is_not_believed() {
    let env = ProbeEnv::new(REFUSES_EVERYBODY);
    let one = |name: &str| env.check(&[&format!("{name}@good.test")]).remove(0);
    for name in ["a", "b"] {
        assert_eq!(reasons(&one(name)), ["mailbox_not_found"], "{name}");
    }
    assert_eq!(postmasters(&env), 0);
    let third = one("c");
    assert_eq!(reasons(&third), ["probe_refused"], "{third}");
    assert_eq!(third["mailbox"]["detail"], "refuses_everybody", "{third}");
    assert_eq!(third["verdict"], "unknown", "{third}");
    // What was said before is withdrawn; postmaster is asked once a day.
    for name in ["a", "b", "c", "d", "e"] {
        let report = one(name);
        assert_eq!(reasons(&report), ["probe_refused"], "{name}: {report}");
        assert_eq!(report["mailbox"]["detail"], "refuses_everybody", "{name}: {report}");
    }
    assert_eq!(env.asked().len(), 6);
    assert_eq!(postmasters(&env), 1);
    // Until one is accepted.
    assert_eq!(reasons(&one("joe")), ["mailbox_accepted"]);
    assert_eq!(reasons(&one("f")), ["mailbox_not_found"]);
    assert_eq!(postmasters(&env), 1);
}

#[test]
fn refusals_of_one_conversation_wait_for_postmaster() {
    for offers in ["", "OFFERS PIPELINING\n"] {
        let env = ProbeEnv::new(&format!("{offers}{REFUSES_EVERYBODY}"));
        // The first one may be asked about alone.
        env.check(&["first@good.test"]);
        let reports = check(&env, &[], 0, 8);
        let believed = reports.iter().filter(|report| reasons(report) == ["mailbox_not_found"]);
        assert!(believed.count() <= 1, "{offers}: the second one of all may be asked about alone");
        for report in check(&env, &[], 0, 8) {
            assert_eq!(reasons(&report), ["probe_refused"], "{offers}: {report}");
        }
        assert_eq!(postmasters(&env), 1, "{offers}");
        for visit in env.mail.visits() {
            let sent = visit.commands.iter().filter(|c| c.starts_with("RCPT")).count();
            assert!(sent <= 9, "{offers}: {sent} refused on a connection");
        }
    }
}

#[test]
fn a_server_that_knows_postmaster_is_believed() {
    // What postmaster is answered; whether the others are believed.
    let cases = [
        ("250 2.1.5 Ok", true),
        ("550 5.1.1 User unknown", false),
        ("550 5.1.1 No postmaster here", true),
        ("550 5.7.1 Not from you", true),
        ("450 4.2.0 Greylisted", true),
    ];
    for (answer, is_believed) in cases {
        let script = format!("RCPT postmaster@good.test {answer}\nRCPT * 550 5.1.1 User unknown");
        let env = ProbeEnv::new(&script);
        let names = ["a@good.test", "b@good.test", "c@good.test", "d@good.test"];
        let reports = names.map(|name| env.check(&[name]).remove(0));
        let last = reports.last().unwrap();
        let expected = if is_believed { "mailbox_not_found" } else { "probe_refused" };
        assert_eq!(reasons(last), [expected], "{answer}: {last}");
        assert_eq!(postmasters(&env), 1, "{answer}");
    }
}

#[test]
fn what_is_known_of_refusals_is_forgotten_with_the_domain() {
    let env = ProbeEnv::new(REFUSES_EVERYBODY);
    for name in ["a@good.test", "b@good.test", "c@good.test"] {
        env.check(&[name]);
    }
    let ran = run(env.program().args(["forget", "c@good.test"]), b"");
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert_eq!(reasons(&env.check(&["c@good.test"])[0]), ["mailbox_not_found"]);
    // Where a recipient was accepted first, refusals are believed.
    let env = ProbeEnv::new(KNOWS_JOE);
    for name in ["joe@good.test", "a@good.test", "b@good.test", "c@good.test"] {
        env.check(&[name]);
    }
    assert_eq!(postmasters(&env), 0);
}
