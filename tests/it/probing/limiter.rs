//! How mail servers are treated.

use std::time::Duration;

use tokio::time::Instant;

use super::probe_env::{KNOWS_JOE, ProbeEnv, reasons};

#[test]
fn those_who_wait_for_one_server_share_its_connections() {
    let script = "OFFERS PIPELINING\nRCPT #1 250 Ok\nRCPT #2 250 Ok\nRCPT #3 250 Ok\nRCPT #4 250 Ok\n\
                  RCPT #5 250 Ok\nRCPT #6 250 Ok\nRCPT #7 250 Ok\nRCPT #8 250 Ok";
    let env = ProbeEnv::new(script);
    let addresses: Vec<String> = (0..80).map(|n| format!("joe{n}@good.test")).collect();
    let addresses: Vec<&str> = addresses.iter().map(String::as_str).collect();
    // The first one is asked about alone, to find out whether all are accepted.
    let reports = env.check_with(&[("MAILVET_PROBE__HARVEST_PERCENT", "100")], &addresses);
    for report in &reports {
        assert!(["accepted", "not_found"].contains(&report["mailbox"]["status"].as_str().unwrap()));
    }
    assert!(env.connections() <= 1 + 80 / 8, "{} connections", env.connections());
    for visit in env.mail.visits() {
        let recipients =
            visit.commands.iter().filter(|command| command.starts_with("RCPT")).count();
        assert!(recipients <= 10, "{recipients} recipients on a connection");
        assert_eq!(visit.commands.last().map(String::as_str), Some("QUIT"));
        assert!(!visit.commands.iter().any(|command| command.starts_with("DATA")));
    }
}

#[test]
fn a_server_that_refuses_us_is_left_alone() {
    let block = "554 5.7.1 Service unavailable; Client host [127.0.0.1] blocked using bl.example";
    for script in [
        format!("RCPT * {block}"),
        format!("MAIL {block}"),
        format!("BANNER {block}"),
        format!("OFFERS PIPELINING\nRCPT * {block}"),
    ] {
        let env = ProbeEnv::new(&script);
        let report = &env.check(&["joe@good.test"])[0];
        assert_eq!(reasons(report), ["probe_refused"], "{script}: {report}");
        // Another process, another address.
        let report = &env.check(&["nobody@good.test"])[0];
        assert_eq!(
            reasons(report)[..2],
            ["domain_accepts_mail", "probe_paused"],
            "{script}: {report}"
        );
        assert!(report["mailbox"]["retry_at"].is_string(), "{script}: {report}");
        assert_eq!(report["mailbox"]["detail"], "refused", "{script}: {report}");
        assert_eq!(env.connections(), 1, "{script}");
    }
}

#[test]
fn harvesting_is_stopped() {
    let env = ProbeEnv::new(KNOWS_JOE);
    let addresses: Vec<String> = (0..40).map(|n| format!("made.up.{n}@good.test")).collect();
    let addresses: Vec<&str> = addresses.iter().map(String::as_str).collect();
    let reports = env.check(&addresses);
    let paused = |report: &&serde_json::Value| report["mailbox"]["status"] == "paused";
    let count = reports.iter().filter(paused).count();
    assert!((10..=20).contains(&count), "{count} of 40 paused");
    // And postmaster, as no recipient was accepted.
    assert_eq!(env.asked().len(), 40 - count + 1);
    let detail = &reports.iter().find(paused).unwrap()["mailbox"]["detail"];
    assert_eq!(detail, "harvest");
}

#[test]
fn a_day_has_its_end() {
    let env = ProbeEnv::new("RCPT * 250 Ok");
    let addresses = ["a@good.test", "b@good.test"];
    let limits = [("MAILVET_PROBE__MAX_RECIPIENTS_PER_DAY", "2")];
    // One, and a made-up one.
    let report = &env.check_with(&limits, &addresses[..1])[0];
    assert_eq!(reasons(report), ["catch_all"], "{report}");
    // That every mailbox is accepted is known: no server has to be asked.
    let report = &env.check_with(&limits, &addresses[1..])[0];
    assert_eq!(reasons(report), ["catch_all"], "{report}");
    let zone =
        "good.test MX 10 mx.good.test\nother.test MX 10 mx.good.test\nmx.good.test A 127.0.0.1";
    let env = ProbeEnv::with_zone(KNOWS_JOE, zone);
    env.check_with(&limits, &["joe@good.test"]);
    let report = &env.check_with(&limits, &["sue@other.test"])[0];
    assert_eq!(report["mailbox"]["detail"], "day_full", "{report}");
    assert_eq!(env.asked(), ["joe@good.test", "made-up@good.test"]);
}

#[test]
fn a_domain_of_another_server_closes_no_other() {
    let zone =
        "evil.test MX 10 mx.good.test\ngood.test MX 10 mx.good.test\nmx.good.test A 127.0.0.1";
    let script = "RCPT joe@good.test 250 Ok\nRCPT a@evil.test 554 5.7.1 Relay access denied\n\
                  RCPT b@evil.test 554 5.7.1 Relay access denied\n\
                  RCPT c@evil.test 554 5.7.1 Relay access denied\n\
                  RCPT d@evil.test 554 5.7.1 Relay access denied";
    let env = ProbeEnv::with_zone(script, zone);
    let reports = env.check(&["a@evil.test", "b@evil.test", "c@evil.test", "d@evil.test"]);
    assert!(reports.iter().all(|report| reasons(report) == ["probe_refused"]));
    assert_eq!(env.check(&["joe@good.test"])[0]["verdict"], "deliverable");
}

#[test]
fn too_many_connections_are_not_made_again() {
    let env = ProbeEnv::new("BANNER 421 4.7.0 Too many connections from your address");
    let addresses: Vec<String> = (0..40).map(|n| format!("joe{n}@good.test")).collect();
    let addresses: Vec<&str> = addresses.iter().map(String::as_str).collect();
    env.check(&addresses);
    assert!(env.connections() <= 2, "{} connections", env.connections());
}

#[test]
fn a_block_list_is_named_whatever_servers_there_are() {
    let zone = "good.test MX 10 one.good.test\ngood.test MX 20 two.good.test\n\
                one.good.test A 127.0.0.1\ntwo.good.test A 127.0.0.1";
    let banner = "BANNER 421 4.7.1 Service unavailable; client blocked using zen.spamhaus.org";
    let env = ProbeEnv::with_zone(banner, zone);
    let report = &env.check(&["joe@good.test"])[0];
    assert_eq!(reasons(report), ["probe_refused"], "{report}");
    assert_eq!(env.connections(), 1);
}

#[test]
fn once_all_are_known_to_be_accepted_nobody_else_is_asked_about() {
    let env = ProbeEnv::new("RCPT * 250 Ok");
    let addresses: Vec<String> = (0..60).map(|n| format!("joe{n}@good.test")).collect();
    let addresses: Vec<&str> = addresses.iter().map(String::as_str).collect();
    let reports = env.check(&addresses);
    assert!(reports.iter().all(|report| reasons(report) == ["catch_all"]));
    assert!(env.asked().len() <= 20, "{} were asked about", env.asked().len());
}

#[test]
fn clear_text_after_a_broken_handshake_keeps_the_gap() {
    let env = ProbeEnv::new(&format!("OFFERS STARTTLS\nTLS DROP\n{KNOWS_JOE}"));
    let began = Instant::now();
    let report = &env.check_with(&[("MAILVET_PROBE__GAP_MS", "1500")], &["joe@good.test"])[0];
    assert_eq!(report["verdict"], "deliverable", "{report}");
    assert!(began.elapsed() >= Duration::from_millis(1500), "{:?}", began.elapsed());
    let [broken, clear] = &env.mail.visits()[..] else { panic!("two connections") };
    assert_eq!(broken.commands.last().map(String::as_str), Some("STARTTLS"));
    assert_eq!(clear.commands.last().map(String::as_str), Some("QUIT"));
    assert!(!clear.commands.iter().any(|command| command == "STARTTLS"));
}

#[test]
fn a_server_that_lost_count_tells_nothing() {
    // One reply too many at the sender, in each of its conversations.
    let script = format!("OFFERS PIPELINING\nMAIL TWICE 250 Ok\n{KNOWS_JOE}");
    let env = ProbeEnv::new(&script);
    let addresses = ["joe@good.test", "a@good.test", "b@good.test", "c@good.test"];
    for report in env.check(&addresses) {
        assert_eq!(reasons(&report), ["probe_protocol_error"], "{report}");
    }
    // That is no answer to be kept for days.
    let report = &env.check(&["joe@good.test"])[0];
    assert_eq!(report["verdict"], "unknown", "{report}");
}
