use futures_util::future::join_all;
use jiff::Timestamp;

use super::*;
use crate::address::{Domain, SyntaxCode};
use crate::catalog::Catalog;
use crate::clock::StoppedClock;
use crate::dns::zone::Zone;
use crate::reach::ReachPolicy;
use crate::verdict::{MailboxEvidence, NotProbed};

const ZONE: &str = "
    good.de       MX 10 mx.good.de
    mx.good.de    A 8.8.8.8
    gmal.com      MX 10 mx.good.de
    gmaik.com     NXDOMAIN
    null.de       MX 0 .
    slow.de       HANG
    broken.de     SERVFAIL
    gone.de       NXDOMAIN
    xn--bcher-kva.de MX 10 mx.good.de
";

struct House {
    validator: Validator,
    zone: Arc<Zone>,
}

fn house() -> House {
    let zone = Arc::new(Zone::parse(ZONE));
    let clock = Arc::new(StoppedClock(Timestamp::UNIX_EPOCH));
    let routes = Routes::new(zone.clone(), clock, settings());
    House { validator: validator(Network::Online(Box::new(routes))), zone }
}

fn settings() -> RouteSettings {
    RouteSettings {
        reach: ReachPolicy::default(),
        private_zones: vec![Domain::parse("secret.de").unwrap()],
        limits: FloodLimits { flights: 100, names_per_zone: 5, flights_per_stranger: 10 },
        flight_deadline: Duration::from_secs(10),
        cache_bytes: 1 << 20,
    }
}

fn validator(network: Network) -> Validator {
    Validator::new(Parts {
        lists: InForce::new(Catalog::builtin()),
        suggest_at: Confidence::from_percent(50),
        policy: Policy::default(),
        network,
        clock: Arc::new(StoppedClock(Timestamp::UNIX_EPOCH)),
    })
}

fn request(text: &str) -> Request<'_> {
    let budget = Duration::from_millis(1500);
    Request { text, depth: Depth::Domain, manner: Manner::Lenient, budget, caller: Caller::Local }
}

/// Verdict, reasons, advice, depth and the status of the DNS, in a line.
fn line(report: &Report) -> String {
    let judgement = &report.judgement;
    let reasons: Vec<&str> = judgement.reasons.iter().map(|reason| reason.code()).collect();
    format!(
        "{} [{}] {} {} {}",
        judgement.verdict.code(),
        reasons.join(" "),
        judgement.advice.code(),
        judgement.depth.code(),
        report.dns.code()
    )
}

#[tokio::test(start_paused = true)]
async fn the_whole_way() {
    let cases = [
        ("joe@good.de", "plausible [domain_accepts_mail] accept domain mx"),
        ("joe@Bücher.de", "plausible [domain_accepts_mail] accept domain mx"),
        ("joe@gmal.com", "risky [domain_typo] confirm domain mx"),
        ("joe@gmaik.com", "undeliverable [domain_not_found domain_typo] confirm domain not_found"),
        ("joe@null.de", "undeliverable [domain_takes_no_mail] reject domain null_mx"),
        ("joe@broken.de", "unknown [dns_failure] accept syntax failure"),
        ("joe@slow.de", "unknown [time_budget_spent] accept syntax timeout"),
        ("joe@gone.de", "undeliverable [domain_not_found] reject domain not_found"),
        ("joe@never-told.de", "unknown [dns_failure] accept syntax failure"),
        ("info@good.de", "plausible [domain_accepts_mail role_account] accept domain mx"),
        ("\"joe x\"@good.de", "risky [quoted_local_part] accept domain mx"),
        ("joe@[192.0.2.1]", "risky [address_literal] accept syntax skipped"),
        ("joe@mail.example.com", "undeliverable [domain_reserved] reject syntax skipped"),
        ("joe@localhost", "undeliverable [domain_reserved] reject syntax skipped"),
        ("joe@intranet", "undeliverable [syntax_domain_single_label] reject syntax skipped"),
        ("joe.gmail.com", "undeliverable [syntax_no_at] confirm syntax skipped"),
        ("joe@gmailcom", "undeliverable [syntax_domain_single_label] confirm syntax skipped"),
        ("", "undeliverable [syntax_empty] reject syntax skipped"),
    ];
    let house = house();
    for (text, expected) in cases {
        let report = house.validator.validate(&request(text)).await;
        assert_eq!(line(&report), expected, "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn reserved_names_and_literals_ask_nobody() {
    let house = house();
    for text in ["joe@example.com", "joe@[192.0.2.1]", "nonsense", "joe@x.test"] {
        house.validator.validate(&request(text)).await;
    }
    assert_eq!(house.zone.questions(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_was_meant_is_named() {
    let cases = [
        ("Joe+tag@gmal.com", Some("Joe+tag@gmail.com")),
        ("joe.gmail.com", Some("joe@gmail.com")),
        ("joe@gmailcom", Some("joe@gmail.com")),
        (" joe@gmailcom ", Some("joe@gmail.com")),
        ("joe@gmail.com", None),
        ("..gmail.com", None),
    ];
    let validator = validator(Network::Offline);
    for (text, meant) in cases {
        let report = validator.validate(&request(text)).await;
        let email = report.suggestion.map(|meant| meant.email);
        assert_eq!(email.as_deref(), meant, "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn depth_syntax_and_offline_ask_nobody() {
    let house = house();
    let shallow = Request { depth: Depth::Syntax, ..request("joe@good.de") };
    let report = house.validator.validate(&shallow).await;
    assert_eq!(line(&report), "unknown [not_checked] accept syntax skipped");
    assert_eq!(house.zone.questions(), 0);
    let report = validator(Network::Offline).validate(&request("joe@good.de")).await;
    assert_eq!(line(&report), "unknown [not_checked] accept syntax skipped");
    assert_eq!(report.valid_until(), None);
}

#[tokio::test(start_paused = true)]
async fn strict_refuses_what_lenient_takes_away() {
    let validator = validator(Network::Offline);
    let lenient = validator.validate(&request("  joe@good.de\n")).await;
    assert!(lenient.address.is_some_and(|facts| facts.cleaned));
    let strict = Request { manner: Manner::Strict, ..request("  joe@good.de\n") };
    let strict = validator.validate(&strict).await;
    let error = strict.syntax_error.map(|error| (error.code, error.at));
    assert_eq!(error, Some((SyntaxCode::NotClean, 0)));
}

#[tokio::test(start_paused = true)]
async fn an_offset_counts_from_the_text_as_typed() {
    let report = validator(Network::Offline).validate(&request("  jo e@good.de")).await;
    let error = report.syntax_error.map(|error| (error.code, error.at));
    assert_eq!(error, Some((SyntaxCode::WhiteSpace, 4)));
}

#[tokio::test(start_paused = true)]
async fn a_known_domain_is_not_asked_for_again_until_it_expires() {
    let house = house();
    let first = house.validator.validate(&request("joe@good.de")).await;
    let questions = house.zone.questions();
    let second = house.validator.validate(&request("sue@good.de")).await;
    assert_eq!((first.is_cached(), second.is_cached()), (false, true));
    assert_eq!(house.zone.questions(), questions);
    assert_eq!(second.checked_at(), Timestamp::UNIX_EPOCH);
    let five_minutes = Timestamp::UNIX_EPOCH + Duration::from_secs(300);
    assert_eq!(second.valid_until(), Some(five_minutes));
    tokio::time::advance(Duration::from_secs(301)).await;
    let third = house.validator.validate(&request("joe@good.de")).await;
    assert!(!third.is_cached());
    assert_eq!(house.zone.questions(), 2 * questions);
}

#[tokio::test(start_paused = true)]
async fn many_callers_are_one_flight() {
    let house = house();
    let requests: Vec<String> = (0..100).map(|n| format!("joe{n}@good.de")).collect();
    let reports = join_all(
        requests.iter().map(|text| async { house.validator.validate(&request(text)).await }),
    )
    .await;
    assert!(reports.iter().all(|report| report.judgement.depth == Depth::Domain));
    assert_eq!(house.zone.questions(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_hangs_up_does_not_end_the_flight() {
    let house = house();
    let no_time = Request { budget: Duration::ZERO, ..request("joe@good.de") };
    let report = house.validator.validate(&no_time).await;
    assert_eq!(line(&report), "unknown [time_budget_spent] accept syntax timeout");
    // The flight has nothing to wait for, so it ends as soon as others get their turn.
    while house.zone.questions() < 2 {
        tokio::task::yield_now().await;
    }
    tokio::task::yield_now().await;
    let report = house.validator.validate(&request("joe@good.de")).await;
    assert_eq!(line(&report), "plausible [domain_accepts_mail] accept domain mx");
    assert_eq!(house.zone.questions(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_wanted_mailbox_that_nobody_asks_for_is_said_so() {
    let house = house();
    let deep = Request { depth: Depth::Mailbox, ..request("joe@good.de") };
    let report = house.validator.validate(&deep).await;
    assert_eq!(line(&report), "plausible [domain_accepts_mail probe_off] accept domain mx");
    assert_eq!(report.mailbox, Some(MailboxEvidence::NotProbed(NotProbed::Off)));
}
