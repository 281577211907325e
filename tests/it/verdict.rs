//! The rule table, row by row, and the policy over it.

use std::fmt::Debug;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use mailvet::address::{Quoting, SyntaxCode};
use mailvet::cache::{LearnedRoute, Timing};
use mailvet::catalog::OperatorDecision;
use mailvet::evidence::{CatchAll, MailboxStatus, NotProbed};
use mailvet::reply::{About, Stage};
use mailvet::report::{Column, DomainEvidence};
use mailvet::roster::RowFault;
use mailvet::route::{
    Exchanger, Exchangers, Failure, HostName, MailRoute, NullMx, RouteWithTtl, Targets,
};
use mailvet::smtp::RefusalFinding;
use mailvet::smtp::limiter::PauseReason;
use mailvet::typo::{Confidence, TypoKind};
use mailvet::verdict::{
    AddressFindings, Advice, Check, Depth, Findings, Flags, HostFindings, Policy, Reason, Typo,
    Verdict, judge, message,
};
use strum::IntoEnumIterator as _;

/// Where an address leads, owned, so that findings can borrow the route.
enum Host {
    Malformed(SyntaxCode),
    Literal(IpAddr),
    Reserved,
    NotAsked,
    OutOfTime,
    Route(MailRoute),
}

fn host(word: &str) -> Option<Host> {
    let exchangers = |null_mx, targets| {
        let host = HostName::new("mx.example").unwrap();
        let hosts = vec![Exchanger { host, preference: 10 }];
        MailRoute::Exchangers(Exchangers { hosts, null_mx, targets })
    };
    if let Some(code) = SyntaxCode::ALL.into_iter().find(|code| code.code() == word) {
        return Some(Host::Malformed(code));
    }
    Some(match word {
        "literal" => Host::Literal(IpAddr::from([8, 8, 8, 8])),
        "literal_private" => Host::Literal(IpAddr::from([10, 1, 2, 3])),
        "reserved" => Host::Reserved,
        "not_asked" => Host::NotAsked,
        "out_of_time" => Host::OutOfTime,
        "mx" => Host::Route(exchangers(NullMx::Absent, Targets::Named)),
        "mx_and_null" => Host::Route(exchangers(NullMx::Beside, Targets::Named)),
        "mx_to_literal" => Host::Route(exchangers(NullMx::Absent, Targets::LiteralsOnly)),
        "implicit" => Host::Route(MailRoute::Implicit(vec![IpAddr::from([8, 8, 8, 8])])),
        "null" => Host::Route(MailRoute::Null),
        "no_service" => Host::Route(MailRoute::NoService),
        "no_domain" => Host::Route(MailRoute::NoDomain),
        "no_target" => Host::Route(MailRoute::NoTarget),
        "unusable" => Host::Route(MailRoute::Unusable),
        "dns_timeout" => Host::Route(MailRoute::Unresolved(Failure::Timeout)),
        "dns_servfail" => Host::Route(MailRoute::Unresolved(Failure::ServFail)),
        "dns_refused" => Host::Route(MailRoute::Unresolved(Failure::Refused)),
        "dns_too_many_servers" => Host::Route(MailRoute::Unresolved(Failure::TooManyServers)),
        "dns_overloaded" => Host::Route(MailRoute::Unresolved(Failure::Overloaded)),
        "dns_unreachable" => Host::Route(MailRoute::Unresolved(Failure::Unreachable)),
        "dns_malformed" => Host::Route(MailRoute::Unresolved(Failure::Malformed)),
        "dns_contradicted" => Host::Route(MailRoute::Unresolved(Failure::Contradicted)),
        "dns_untrusted" => Host::Route(MailRoute::Unresolved(Failure::Untrusted)),
        _ => return None,
    })
}

fn mailbox(status: &str) -> MailboxStatus {
    use MailboxStatus as Evidence;
    match status {
        "deliverable" => Evidence::Accepted { catch_all: CatchAll::No },
        "catch_all" => Evidence::Accepted { catch_all: CatchAll::Yes },
        "accepted" => Evidence::Accepted { catch_all: CatchAll::Unknown },
        "probe_off" => Evidence::NotProbed(NotProbed::Off),
        "provider" => Evidence::NotProbed(NotProbed::Provider),
        status => [
            Evidence::NotFound,
            Evidence::Disabled,
            Evidence::Full,
            Evidence::Greylisted,
            Evidence::Refused,
            Evidence::RateLimited,
            Evidence::Deferred,
            Evidence::Timeout,
            Evidence::Unreachable,
            Evidence::ProtocolError,
            Evidence::TlsFailed,
            Evidence::Smtputf8Unsupported,
            Evidence::Paused,
        ]
        .into_iter()
        .find(|evidence| evidence.code() == status)
        .unwrap_or_else(|| panic!("no such status: {status}")),
    }
}

fn typo(words: &[&str]) -> Option<Typo> {
    let percent = |percent: &str| Confidence::from_percent(percent.parse().unwrap());
    words.iter().find_map(|word| match word.split_once('=')? {
        ("typo", value) => Some(Typo { kind: TypoKind::Typo, confidence: percent(value) }),
        ("lookalike", value) => {
            Some(Typo { kind: TypoKind::Lookalike, confidence: percent(value) })
        }
        _ => None,
    })
}

/// What a row's findings come to: the columns from `verdict` on, in the form of the table.
fn judged(words: &str, policy: &Policy) -> String {
    let words: Vec<&str> = words.split(' ').collect();
    let has = |word: &str| words.contains(&word);
    let host = words.first().and_then(|word| host(word)).expect("the first word says where");
    let findings = match &host {
        Host::Malformed(code) => {
            let suggestion = typo(&words).map(|typo| typo.confidence);
            Findings::Malformed { code: *code, suggestion }
        }
        host => Findings::WellFormed(AddressFindings {
            quoting: if has("quoted") { Quoting::Quoted } else { Quoting::Bare },
            host: match host {
                Host::Malformed(_) => unreachable!("handled above"),
                Host::Literal(ip) => HostFindings::Literal(*ip),
                Host::Reserved => HostFindings::Reserved,
                Host::NotAsked => HostFindings::NotAsked,
                Host::OutOfTime => HostFindings::OutOfTime,
                Host::Route(route) => HostFindings::Route(route),
            },
            mailbox: words.iter().find_map(|word| word.strip_prefix("mailbox=")).map(mailbox),
            typo: typo(&words),
            flags: Flags {
                disposable: has("disposable"),
                relay: has("relay"),
                role: has("role"),
                free: false,
            },
            decision: match (has("allowed"), has("denied")) {
                (true, _) => Some(OperatorDecision::Allowed),
                (_, true) => Some(OperatorDecision::Denied),
                _ => None,
            },
        }),
    };
    let judgement = judge(&findings, policy);
    let reasons: Vec<&str> = judgement.reasons.iter().map(|reason| reason.code()).collect();
    let checks = judgement.checks;
    let domain = match &host {
        Host::Literal(ip) => format!("[{ip}]"),
        _ => "typed.example".to_owned(),
    };
    let meant = typo(&words).map(|_| "meant.example");
    [
        judgement.verdict.code(),
        &reasons.join(","),
        judgement.advice.code(),
        judgement.depth.code(),
        &format!("{} {}", checks.domain.code(), checks.mailbox.code()),
        &message(&findings, &judgement, &domain, meant),
    ]
    .join("\t")
}

#[test]
fn every_row_of_the_table() {
    let table = include_str!("../vectors/verdict.tsv");
    let rows = table.lines().filter(|line| !line.starts_with('#'));
    let mut wrong = Vec::new();
    let mut seen = String::new();
    for row in rows {
        let mut columns = row.splitn(3, '\t');
        let (Some(case), Some(findings), Some(expected)) =
            (columns.next(), columns.next(), columns.next())
        else {
            panic!("no row: {row}");
        };
        let judged = judged(findings, &Policy::default());
        if judged != expected {
            wrong.push(format!("{case}:\n  expected {expected}\n  judged   {judged}"));
        }
        seen.push_str(expected);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for reason in Reason::all() {
        assert!(seen.contains(reason.code()), "no row has the reason {}", reason.code());
    }
    for verdict in Verdict::ALL {
        assert!(seen.contains(verdict.code()), "no row has the verdict {}", verdict.code());
    }
}

#[test]
fn the_operator_can_change_each_advice() {
    let mut policy = Policy::default();
    policy.advice.insert(Reason::Disposable, Advice::Reject);
    policy.advice.insert(Reason::DomainNotFound, Advice::Accept);
    policy.advice.insert(Reason::Syntax(SyntaxCode::NoAt), Advice::Confirm);
    let cases = [
        ("mx disposable", "risky\tdisposable\treject\t"),
        ("no_domain", "undeliverable\tdomain_not_found\taccept\t"),
        ("no_domain disposable", "undeliverable\tdomain_not_found,disposable\treject\t"),
        ("mx disposable typo=98", "risky\tdomain_typo,disposable\tconfirm\t"),
        ("syntax_no_at", "undeliverable\tsyntax_no_at\tconfirm\t"),
    ];
    for (findings, expected) in cases {
        let judged = judged(findings, &policy);
        assert!(judged.starts_with(expected), "{findings}: {judged}");
    }
}

#[test]
fn the_bar_for_typos_can_be_moved() {
    let policy = Policy { risky_at: Confidence::from_percent(99), ..Policy::default() };
    assert!(judged("mx typo=98", &policy).starts_with("plausible\tdomain_accepts_mail\taccept\t"));
    assert!(judged("mx typo=99", &policy).starts_with("risky\tdomain_typo\tconfirm\t"));
}

#[test]
fn codes_are_those_that_clients_know() {
    let rows = |set: &'static str, codes: Vec<&'static str>| {
        codes.into_iter().map(move |code| format!("{set}\t{code}"))
    };
    let details = |code: &str| -> Vec<&str> {
        About::all().filter(|about| about.code() == code).map(About::detail).collect()
    };
    let rows: Vec<String> = rows("verdict", Verdict::ALL.map(Verdict::code).to_vec())
        .chain(rows("advice", Advice::ALL.map(Advice::code).to_vec()))
        .chain(rows("depth", Depth::ALL.map(Depth::code).to_vec()))
        .chain(rows("check", Check::ALL.map(Check::code).to_vec()))
        .chain(rows("reason", Reason::all().map(Reason::code).collect()))
        .chain(rows("reply mailbox", details("mailbox")))
        .chain(rows("reply us", details("us")))
        .chain(rows("reply now", details("now")))
        .chain(rows("stage", Stage::ALL.map(Stage::code).to_vec()))
        .chain(rows("column", Column::ALL.map(Column::name).to_vec()))
        .chain(rows("syntax", SyntaxCode::ALL.map(SyntaxCode::code).to_vec()))
        .chain(rows("row fault", RowFault::ALL.map(RowFault::code).to_vec()))
        .chain(rows("mailbox status", MailboxStatus::iter().map(MailboxStatus::code).collect()))
        .chain(rows("catch-all", CATCH_ALLS.map(CatchAll::code).to_vec()))
        .chain(rows("dns status", dns_statuses()))
        .chain(rows("pause", PAUSES.map(PauseReason::code).to_vec()))
        .chain(rows("refusals", REFUSAL_FINDINGS.map(RefusalFinding::code).to_vec()))
        .collect();
    // docs::tables compares the problems, which the library does not export, with their source.
    let known = include_str!("../vectors/codes.tsv")
        .lines()
        .filter(|line| !line.starts_with('#') && !line.starts_with("problem\t"));
    assert_eq!(rows, known.collect::<Vec<_>>());
}

const CATCH_ALLS: [CatchAll; 3] = [CatchAll::Yes, CatchAll::No, CatchAll::Unknown];
const PAUSES: [PauseReason; 4] =
    [PauseReason::Refused, PauseReason::Harvest, PauseReason::DayFull, PauseReason::NoAnswer];
const REFUSAL_FINDINGS: [RefusalFinding; 3] =
    [RefusalFinding::Open, RefusalFinding::Believed, RefusalFinding::RefusesEverybody];

/// `dns.status` of every kind of evidence, each once.
fn dns_statuses() -> Vec<&'static str> {
    const KINDS: [&str; 22] = [
        "literal",
        "reserved",
        "not_asked",
        "out_of_time",
        "mx",
        "mx_and_null",
        "mx_to_literal",
        "implicit",
        "null",
        "no_service",
        "no_domain",
        "no_target",
        "unusable",
        "dns_timeout",
        "dns_servfail",
        "dns_refused",
        "dns_too_many_servers",
        "dns_overloaded",
        "dns_unreachable",
        "dns_malformed",
        "dns_contradicted",
        "dns_untrusted",
    ];
    let mut statuses = Vec::new();
    for kind in KINDS {
        let evidence = match host(kind).unwrap() {
            Host::Malformed(_) => unreachable!("no kind is malformed"),
            Host::Literal(ip) => DomainEvidence::Literal(ip),
            Host::Reserved => DomainEvidence::Reserved,
            Host::NotAsked => DomainEvidence::NotAsked,
            Host::OutOfTime => DomainEvidence::OutOfTime,
            Host::Route(route) => {
                let routed = RouteWithTtl { route, ttl: Duration::ZERO };
                let learned = LearnedRoute::new(routed, Timestamp::UNIX_EPOCH);
                DomainEvidence::Learned(Arc::new(learned), Timing::Asked)
            }
        };
        let status = evidence.code();
        if !statuses.contains(&status) {
            statuses.push(status);
        }
    }
    statuses
}

/// Each value is found by its code, and no two have the same.
fn assert_found_by_code<T: Copy + Debug + PartialEq>(
    values: impl IntoIterator<Item = T>,
    code: impl Fn(T) -> &'static str,
    from_code: impl Fn(&str) -> Option<T>,
) {
    for value in values {
        assert_eq!(from_code(code(value)), Some(value));
    }
    assert_eq!(from_code(""), None);
    assert_eq!(from_code("no_such_code"), None);
}

#[test]
fn values_are_found_by_their_codes() {
    assert_found_by_code(Verdict::ALL, Verdict::code, Verdict::from_code);
    assert_found_by_code(Advice::ALL, Advice::code, Advice::from_code);
    assert_found_by_code(Depth::ALL, Depth::code, |code| {
        Depth::ALL.into_iter().find(|depth| depth.code() == code)
    });
    assert_found_by_code(Reason::all(), Reason::code, Reason::from_code);
    assert_found_by_code(PAUSES, PauseReason::code, PauseReason::from_code);
    assert_found_by_code(REFUSAL_FINDINGS, RefusalFinding::code, RefusalFinding::from_code);
    for catch_all in CATCH_ALLS {
        assert_eq!(CatchAll::from_code(catch_all.code()), catch_all);
        let status = MailboxStatus::Accepted { catch_all };
        assert_eq!(MailboxStatus::from_code("accepted", catch_all), Some(status));
    }
    let kept =
        MailboxStatus::iter().filter(|status| !matches!(status, MailboxStatus::NotProbed(_)));
    assert_found_by_code(kept, MailboxStatus::code, |code| {
        MailboxStatus::from_code(code, CatchAll::default())
    });
    assert_eq!(MailboxStatus::from_code("not_probed", CatchAll::No), None);
}

#[test]
fn no_failure_of_ours_is_ever_a_no() {
    let failures = [
        "timeout",
        "servfail",
        "refused",
        "overloaded",
        "too_many_servers",
        "unreachable",
        "malformed",
        "contradicted",
        "untrusted",
    ];
    for failure in failures {
        for rest in ["", " typo=98", " disposable", " quoted", " role", " allowed", " denied"] {
            let judged = judged(&format!("dns_{failure}{rest}"), &Policy::default());
            assert!(!judged.starts_with("undeliverable"), "{failure}{rest}: {judged}");
        }
    }
}
