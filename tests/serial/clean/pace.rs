//! How many are asked at once, how fast, and how often.

use std::fmt::Write as _;

use tokio::time::{Duration, Instant};

use super::clean_env::{A_RUN, CleanEnv, CleanRun, SOUND};
use super::lists::{mx_questions, one_each};
use crate::support::bounded::with_open_files;
use crate::support::dns::DnsServer;
use crate::support::poll::until_within;

tests![
    never_more_domains_are_asked_about_at_once_than_the_owner_says,
    look_ups_keep_to_the_rate,
    a_domain_is_asked_about_once_however_short_its_answer_holds,
    no_row_is_given_up_because_others_are_before_it,
    a_concurrency_that_cannot_be_is_wrong_use,
];

fn never_more_domains_are_asked_about_at_once_than_the_owner_says() {
    // From 8 on some answers of a run that was killed are doubted, which takes nothing off.
    for concurrency in [1, 3, 16] {
        let dns = DnsServer::start(&format!("{SOUND}\n*.test HELD\n*.test MX 10 mx.test"));
        let domains: Vec<String> = (0..30).map(|domain| format!("d{domain}.test")).collect();
        // Some of them come up in several rows.
        let list = one_each(domains.iter().chain(&domains).map(String::as_str));
        let env = CleanEnv::with(&list);
        let mut command = env.clean(&dns);
        let mut run = CleanRun::start(command.args(["--concurrency", &concurrency.to_string()]));
        for answered in 0..domains.len() {
            let left = domains.len() - answered;
            until_within(A_RUN, "as many are asked about as may be", || {
                assert!(run.is_at_work());
                (dns.kept_back() == left.min(concurrency)).then_some(())
            });
            dns.release_one();
        }
        run.end().assert("at its pace", 0, &[]);
        assert_eq!(dns.most_kept_back(), concurrency);
        let asked = mx_questions(&dns);
        assert!(domains.iter().all(|domain| asked.get(domain) == Some(&1)), "{asked:?}");
    }
}

fn look_ups_keep_to_the_rate() {
    let dns = DnsServer::start(&format!("{SOUND}\n*.test MX 10 mx.test"));
    let domains: Vec<String> = (0..31).map(|domain| format!("d{domain}.test")).collect();
    let env = CleanEnv::with(&one_each(domains.iter().map(String::as_str)));
    let began = Instant::now();
    let mut command = env.clean(&dns);
    CleanRun::start(command.args(["--rate", "20"])).end().assert("at its pace", 0, &[]);
    // Thirty pauses of a twentieth of a second.
    assert!(began.elapsed() >= Duration::from_millis(1_500), "{:?}", began.elapsed());
    assert!(domains.iter().all(|domain| dns.mx_questions(domain) == 1));
}

fn a_domain_is_asked_about_once_however_short_its_answer_holds() {
    let kinds = [
        ("ttl0.test", "MX 10 mx.test\nttl0.test TTL 0"),
        ("ttl1.test", "MX 10 mx.test\nttl1.test TTL 1"),
        ("absent.test", "NXDOMAIN\nabsent.test SOA 0 0"),
        ("fails.test", "SERVFAIL"),
        ("refuses.test", "REFUSED"),
        ("mute.test", "SILENCE"),
        ("slow.test", "MX 10 mx.test\nslow.test DELAY 2500"),
    ];
    let mut zone = SOUND.to_owned();
    // The last rows are not read before those at the slow domain are done: so many are not under way at once.
    const ROWS_BETWEEN: usize = 12_000;
    let mut list = "email\n".to_owned();
    for (domain, lines) in kinds {
        writeln!(zone, "{domain} {lines}").unwrap();
        writeln!(list, "joe@{domain}").unwrap();
    }
    for row in 0..ROWS_BETWEEN {
        writeln!(list, "person{row}@ttl0.test").unwrap();
    }
    for (domain, _) in kinds {
        writeln!(list, "sue@{domain}").unwrap();
    }
    let dns = DnsServer::start(&zone);
    let env = CleanEnv::with(&list);
    let mut command = env.clean(&dns);
    // One try of the silent one ends before the slow one answers.
    command.env("MAILVET_DNS__TIMEOUT_MS", "4000");
    CleanRun::start(&mut command).end().assert("once", 0, &[]);
    let asked = mx_questions(&dns);
    for (domain, _) in kinds {
        assert_eq!(asked.get(domain), Some(&1), "{domain}");
    }
    let output = env.output();
    for (domain, reason) in [("mute.test", "dns_timeout"), ("fails.test", "dns_failure")] {
        for person in ["joe", "sue"] {
            let row = output.lines().find(|row| row.starts_with(&format!("{person}@{domain}")));
            assert!(row.unwrap().contains(reason), "{row:?}");
        }
    }
}

/// So many domains that many more wait for their turn than are asked about.
const CROWD: usize = 20_000;

fn no_row_is_given_up_because_others_are_before_it() {
    let domains: Vec<String> = (0..CROWD).map(|domain| format!("d{domain}.test")).collect();
    let list = one_each(domains.iter().map(String::as_str));
    let zone = format!("{SOUND}\n*.test MX 10 mx.test");
    // Concurrency, and the limit on open files where it is a low one.
    for (concurrency, files) in [("64", None), ("4096", None), ("4096", Some(64))] {
        let case = format!("{concurrency} at once, {files:?} files");
        let dns = DnsServer::start(&zone);
        let env = CleanEnv::with(&list);
        let mut command = env.clean(&dns);
        // As a user has it: the times of the resolver, not those of a busy machine.
        for time in ["TIMEOUT_MS", "TRIES", "LOOKUP_TIMEOUT_MS"] {
            command.env_remove(format!("MAILVET_DNS__{time}"));
        }
        command.args(["--concurrency", concurrency]);
        let mut command = match files {
            Some(files) => with_open_files(&command, files),
            None => command,
        };
        let began = Instant::now();
        CleanRun::start(&mut command).end().assert(&case, 0, &[]);
        println!("{case}: {:.1?}", began.elapsed());
        let output = env.output();
        let good = output.matches("domain_accepts_mail").count();
        assert_eq!(good, CROWD, "{case}: {} rows", output.lines().count() - 1);
    }
}

fn a_concurrency_that_cannot_be_is_wrong_use() {
    let dns = DnsServer::start(SOUND);
    let env = CleanEnv::with("email\n");
    for concurrency in ["0", "4097", "20000", "-1", "many"] {
        let mut command = env.clean(&dns);
        let argument = format!("--concurrency={concurrency}");
        let ended = CleanRun::start(command.arg(argument)).end();
        ended.assert(concurrency, 2, &["--concurrency", "from 1 to 4096"]);
    }
    assert_eq!(dns.all_packets(), 0);
}
