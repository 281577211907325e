//! A resolver that lies, or says nothing: the run stops, and what cannot be believed is not kept.

use rustix::process::Signal;

use super::clean_env::{A_RUN, CleanEnv, CleanRun, SOUND};
use super::lists::{mx_questions, one_each};
use crate::support::dns::{DnsServer, Protocol};
use crate::support::poll::until_within;

tests![
    canaries_are_asked_first_then_every_thousand_domains_and_last,
    without_anything_to_ask_no_canary_is_asked,
    a_resolver_that_lies_from_the_start_is_asked_nothing_else,
    a_resolver_that_says_nothing_ends_the_run,
    what_a_resolver_said_since_it_was_last_found_honest_is_forgotten,
    who_stops_a_run_that_is_lied_to_keeps_no_lie,
    who_kills_a_run_that_is_lied_to_is_told_when_it_goes_on,
    without_canaries_the_resolver_is_believed,
    a_resolver_that_was_named_is_tested_like_any_other,
    a_server_that_lies_is_not_asked_about_a_list,
    a_server_that_begins_to_lie_ends_the_run_while_another_passes,
    one_canary_that_changes_its_dns_stops_no_run,
    a_provider_that_is_denied_counts_with_the_canaries,
];

/// So many that the resolver is tested twice on the way.
const DOMAINS: usize = 2_100;
const FEW: usize = 100;
const CONCURRENCY: usize = 16;

fn honest() -> String {
    format!("{SOUND}\n*.test MX 10 mx.test")
}

fn list(domains: usize) -> String {
    let domains: Vec<String> = (0..domains).map(|domain| format!("d{domain}.test")).collect();
    one_each(domains.iter().map(String::as_str))
}

fn canaries_are_asked_first_then_every_thousand_domains_and_last() {
    for (domains, tests) in [(1, 2), (1_000, 2), (1_001, 3), (2_500, 4)] {
        let dns = DnsServer::start(&honest());
        CleanEnv::undisturbed(&list(domains), &dns);
        assert_eq!(dns.mx_questions("canary.test"), tests, "{domains} domains");
        assert_eq!(dns.questions()[..3].iter().filter(|asked| asked.starts_with('d')).count(), 0);
    }
}

fn without_anything_to_ask_no_canary_is_asked() {
    let dns = DnsServer::start(&honest());
    CleanEnv::undisturbed("email\nnobody\njoe@[192.0.2.1]\njoe@a.invalid\n", &dns);
    assert_eq!(dns.all_packets(), 0);
}

fn a_resolver_that_lies_from_the_start_is_asked_nothing_else() {
    let cases = [
        ("* MX 10 mx.test\nmx.test A 192.0.2.1", "invents_answers"),
        ("* A 192.0.2.1", "invents_answers"),
        ("* NXDOMAIN", "denies_what_exists"),
        ("* NODATA", "denies_what_exists"),
    ];
    for (lies, name) in cases {
        let dns = DnsServer::start(lies);
        let env = CleanEnv::with(&list(FEW));
        let ended = CleanRun::start(&mut env.clean(&dns)).end();
        ended.assert(lies, 3, &["cannot be believed", name, "--resume goes on"]);
        env.assert_resumable(lies);
        let others: Vec<String> = dns.questions();
        let others = others.iter().filter(|question| {
            !question.starts_with("canary.test ") && !question.starts_with("mailvet-")
        });
        assert_eq!(others.count(), 0, "{lies}");
        assert_eq!(dns.mx_questions("canary.test"), 1, "{lies}");
        let partial = std::fs::read_to_string(env.path("out.csv.mailvet-partial")).unwrap();
        assert!(partial.lines().count() <= 1, "{lies}: rows in {partial}");

        dns.replace_zone(&honest());
        CleanRun::start(&mut env.resume(&dns)).end().assert(lies, 0, &[]);
        env.assert_done(lies);
        assert_eq!(env.output().matches("domain_accepts_mail").count(), FEW, "{lies}");
    }
}

fn a_resolver_that_says_nothing_ends_the_run() {
    for mute in ["* SILENCE", "* SERVFAIL", "* REFUSED"] {
        let dns = DnsServer::start(mute);
        let env = CleanEnv::with(&list(FEW));
        let mut command = env.clean(&dns);
        command.env("MAILVET_DNS__TIMEOUT_MS", "200");
        let ended = CleanRun::start(&mut command).end();
        ended.assert(mute, 3, &["the DNS does not answer", "--resume goes on"]);
        env.assert_resumable(mute);
        assert_eq!(dns.questions().iter().filter(|asked| asked.starts_with('d')).count(), 0);
    }
}

fn what_a_resolver_said_since_it_was_last_found_honest_is_forgotten() {
    let dns = DnsServer::start(&honest());
    let expected = CleanEnv::undisturbed(&list(DOMAINS), &dns);
    for lies in ["* NXDOMAIN", "* MX 10 mx.test\nmx.test A 192.0.2.1", "* SERVFAIL"] {
        let dns = DnsServer::start(&honest());
        let env = CleanEnv::with(&list(DOMAINS));
        let slowly = ["--concurrency", "16"];
        assert_eq!(slowly[1], CONCURRENCY.to_string());
        let mut run = CleanRun::start(env.clean(&dns).args(slowly));
        let mut at_the_test = None;
        until_within(A_RUN, "domains are asked about after the second test", || {
            assert!(run.is_at_work(), "{lies}");
            if dns.packets("canary.test", "MX", Protocol::Udp) < 2 {
                return None;
            }
            let packets = *at_the_test.get_or_insert_with(|| dns.all_packets());
            (dns.all_packets() > packets + 200).then_some(())
        });
        dns.replace_zone(lies);
        run.end().assert(lies, 3, &["the DNS", "--resume goes on"]);
        env.assert_resumable(lies);

        dns.replace_zone(&honest());
        let before = dns.questions().len();
        CleanRun::start(env.resume(&dns).args(slowly)).end().assert(lies, 0, &[]);
        env.assert_done(lies);
        assert!(env.output() == expected, "{lies}: the outputs differ");
        let again = dns.questions().split_off(before);
        let again = again.iter().filter(|asked| asked.starts_with('d') && asked.ends_with(" MX"));
        let again = again.count();
        // The first thousand were confirmed, but for those that were under way at the second test.
        assert!(
            (1..=DOMAINS - 1_000 + CONCURRENCY).contains(&again),
            "{lies}: {again} asked again"
        );
    }
}

/// Begins a run, lets the resolver lie when it has been tested, and waits until it has lied a while.
fn lied_to(env: &CleanEnv, dns: &DnsServer, lies: &str) -> CleanRun {
    let mut run = CleanRun::start(env.clean(dns).args(["--concurrency", "16"]));
    let mut asked = |more: usize| {
        let enough = dns.all_packets() + more;
        until_within(A_RUN, "domains are asked about", || {
            assert!(run.is_at_work(), "{lies}");
            (dns.all_packets() > enough).then_some(())
        });
    };
    asked(100);
    dns.replace_zone(lies);
    asked(100);
    run
}

fn who_stops_a_run_that_is_lied_to_keeps_no_lie() {
    let dns = DnsServer::start(&honest());
    let expected = CleanEnv::undisturbed(&list(DOMAINS), &dns);
    for lies in ["* NXDOMAIN", "* MX 10 mx.test\nmx.test A 192.0.2.1"] {
        let dns = DnsServer::start(&honest());
        let env = CleanEnv::with(&list(DOMAINS));
        let run = lied_to(&env, &dns, lies);
        run.signal(Signal::INT);
        run.end().assert(lies, 3, &["--resume goes on"]);
        dns.replace_zone(&honest());
        CleanRun::start(&mut env.resume(&dns)).end().assert(lies, 0, &[]);
        env.assert_done(lies);
        assert!(env.output() == expected, "{lies}: the outputs differ");
    }
}

fn who_kills_a_run_that_is_lied_to_is_told_when_it_goes_on() {
    let dns = DnsServer::start(&honest());
    let expected = CleanEnv::undisturbed(&list(DOMAINS), &dns);
    let dns = DnsServer::start(&honest());
    let env = CleanEnv::with(&list(DOMAINS));
    lied_to(&env, &dns, "* NXDOMAIN").kill();
    dns.replace_zone(&honest());
    let ended = CleanRun::start(&mut env.resume(&dns)).end();
    ended.assert("contradiction", 3, &["contradicts what it said", "--resume goes on"]);
    CleanRun::start(&mut env.resume(&dns)).end().assert("gone on", 0, &[]);
    env.assert_done("gone on");
    assert!(env.output() == expected, "the outputs differ");
}

fn without_canaries_the_resolver_is_believed() {
    let dns = DnsServer::start("* NXDOMAIN");
    let env = CleanEnv::with(&format!("{}joe@gmail.com\n", list(FEW)));
    let mut command = env.clean(&dns);
    CleanRun::start(command.env("MAILVET_DNS__CANARIES", "[]")).end().assert("believed", 0, &[]);
    assert_eq!(mx_questions(&dns).len(), FEW + 1);
    assert_eq!(env.output().matches("domain_not_found").count(), FEW);
    // But for what cannot be.
    let output = env.output();
    let gmail = output.lines().find(|row| row.starts_with("joe@gmail.com"));
    assert!(gmail.is_some_and(|row| row.contains("unknown,accept,dns_failure")), "{gmail:?}");
}

fn a_resolver_that_was_named_is_tested_like_any_other() {
    let dns = DnsServer::start("* NXDOMAIN");
    let env = CleanEnv::with(&list(FEW));
    let mut command = env.clean(&dns);
    let words = [
        "your resolver says gmail.com does not exist",
        "check the network or name another with --dns",
        "MAILVET_DNS__CANARIES=[]",
        "--resume goes on",
    ];
    CleanRun::start(command.env_remove("MAILVET_DNS__CANARIES")).end().assert("stops", 3, &words);
    env.assert_resumable("stops");
}

fn a_server_that_lies_is_not_asked_about_a_list() {
    let dns = DnsServer::start(&honest());
    let expected = CleanEnv::undisturbed(&list(FEW), &dns);
    for lies in ["* NXDOMAIN", "* MX 10 mx.test\nmx.test A 192.0.2.9"] {
        let (liar, dns) = (DnsServer::start(lies), DnsServer::start(&honest()));
        let env = CleanEnv::with(&list(FEW));
        CleanRun::start(&mut env.clean_with([&liar, &dns])).end().assert(lies, 0, &[]);
        assert!(env.output() == expected, "{lies}: the outputs differ");
        assert!(!liar.questions().iter().any(|asked| asked.starts_with("d")), "{lies}");
        assert_eq!(liar.mx_questions("canary.test"), 2, "{lies}: before and after");
    }
}

fn a_server_that_begins_to_lie_ends_the_run_while_another_passes() {
    let dns = DnsServer::start(&honest());
    let expected = CleanEnv::undisturbed(&list(DOMAINS), &dns);
    let servers = [honest(), honest()].map(|zone| DnsServer::start(&zone));
    let env = CleanEnv::with(&list(DOMAINS));
    let clean = || {
        let mut command = env.clean_with(servers.each_ref());
        command.args(["--concurrency", "16"]);
        command
    };
    let mut run = CleanRun::start(&mut clean());
    // One of them is asked as long as it answers.
    let liar = until_within(A_RUN, "one is asked", || {
        assert!(run.is_at_work());
        servers.iter().find(|dns| dns.all_packets() > 100)
    });
    liar.replace_zone("* NXDOMAIN");
    run.end().assert("ends", 3, &["cannot be believed", "--resume goes on"]);
    env.assert_resumable("ends");
    CleanRun::start(clean().arg("--resume")).end().assert("goes on", 0, &[]);
    assert!(env.output() == expected, "the outputs differ");
}

fn one_canary_that_changes_its_dns_stops_no_run() {
    let zone = format!("{}\nold.test NXDOMAIN\nnew.test MX 10 mx.test", honest());
    for (canaries, status) in
        [("canary.test,old.test", 0), ("canary.test,old.test,new.test", 0), ("old.test", 3)]
    {
        let dns = DnsServer::start(&zone);
        let env = CleanEnv::with(&list(FEW));
        let mut command = env.clean(&dns);
        command.env("MAILVET_DNS__CANARIES", canaries);
        CleanRun::start(&mut command).end().assert(canaries, status, &[]);
    }
}

fn a_provider_that_is_denied_counts_with_the_canaries() {
    let zone = format!("{}\nold.test NXDOMAIN\nabv.bg NXDOMAIN", honest());
    let dns = DnsServer::start(&zone);
    let env = CleanEnv::with(&format!("{}joe@abv.bg\n", list(FEW)));
    let mut command = env.clean(&dns);
    command.env("MAILVET_DNS__CANARIES", "canary.test,old.test");
    CleanRun::start(&mut command).end().assert("two of three", 3, &["denies_what_exists"]);
    env.assert_resumable("two of three");
}
