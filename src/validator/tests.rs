use futures_util::future::join_all;
use jiff::Timestamp;

use super::*;
use crate::address::{Domain, SyntaxCode};
use crate::catalog::Catalog;
use crate::clock::StoppedClock;
use crate::dns::zone::Zone;
use crate::reach::ReachPolicy;
use crate::route::HostName;
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
        dns_timeout: Duration::from_secs(1),
        cache_bytes: 1 << 20,
    }
}

fn validator(network: Network) -> Validator {
    Validator::new(Parts {
        lists: InForce::new(Catalog::builtin()),
        suggest_at: Confidence::from_percent(50),
        policy: Policy::default(),
        network,
        probing: None,
        clock: Arc::new(StoppedClock(Timestamp::UNIX_EPOCH)),
    })
}

fn request(text: &str) -> Request<'_> {
    Request::new(text)
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
        ("joe@slow.de", "unknown [dns_timeout] accept syntax timeout"),
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
async fn a_slip_in_the_ending_of_any_domain_is_looked_for() {
    let zone = "
        mycompany.con NXDOMAIN
        mycompany.com MX 10 mx.good.de
        mx.good.de    A 8.8.8.8
        mycompany.co  NXDOMAIN
        gone.con      NXDOMAIN
        gone.com      NXDOMAIN
        mute.con      NXDOMAIN
        mute.com      MX 0 .
        slow.con      NXDOMAIN
        slow.com      HANG
        secret.dee    NXDOMAIN
        gmail.con     NXDOMAIN
        taken.co      MX 10 mx.good.de
    ";
    let (house, _) = house_with(Zone::parse(zone), settings());
    let cases = [
        ("joe@mycompany.con", Some("joe@mycompany.com")),
        ("joe+tag@mycompany.co", Some("joe+tag@mycompany.com")),
        ("joe@gone.con", None),
        ("joe@mute.con", None),
        ("joe@slow.con", None),
        ("joe@secret.dee", None),
        ("joe@taken.co", None),
        // Nobody needs to ask for this one, and nobody does.
        ("joe@gmail.con", Some("joe@gmail.com")),
    ];
    for (text, meant) in cases {
        let began = Instant::now();
        let report = house.validator.validate(&request(text)).await;
        let email = report.suggestion.as_ref().map(|meant| meant.email.as_str());
        assert_eq!(email, meant, "{text}");
        assert!(began.elapsed() <= Duration::from_millis(1500), "{text}");
        if meant.is_some() {
            let expected = "undeliverable [domain_not_found domain_typo] confirm domain not_found";
            assert_eq!(line(&report), expected, "{text}");
        }
    }
    let shallow = Request { depth: Depth::Syntax, ..request("joe@mycompany.con") };
    assert!(house.validator.validate(&shallow).await.suggestion.is_none());
    let offline = validator(Network::Offline).validate(&request("joe@mycompany.con")).await;
    assert!(offline.suggestion.is_none());
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
    let mailbox = report.mailbox.map(|facts| facts.evidence.mailbox);
    assert_eq!(mailbox, Some(MailboxEvidence::NotProbed(NotProbed::Off)));
}

/// What a caller learns of a domain: the status of the DNS, the first reason, and whether it was known.
async fn of(house: &House, domain: &str) -> String {
    told(house, &request(&format!("joe@{domain}"))).await
}

async fn told(house: &House, request: &Request<'_>) -> String {
    let report = house.validator.validate(request).await;
    let cached = if report.is_cached() { " cached" } else { "" };
    format!("{} {}{cached}", report.dns.code(), report.judgement.reasons[0].code())
}

#[tokio::test(start_paused = true)]
async fn what_was_found_stands_in_while_the_dns_fails() {
    let house = house();
    assert_eq!(of(&house, "good.de").await, "mx domain_accepts_mail");
    assert_eq!(of(&house, "null.de").await, "null_mx domain_takes_no_mail");
    assert_eq!(of(&house, "gone.de").await, "not_found domain_not_found");
    tokio::time::advance(Duration::from_secs(3_700)).await;
    house.zone.change("good.de SERVFAIL\nnull.de TIMEOUT\ngone.de SERVFAIL");
    assert_eq!(of(&house, "good.de").await, "mx domain_accepts_mail cached");
    assert_eq!(of(&house, "null.de").await, "null_mx domain_takes_no_mail cached");
    assert_eq!(of(&house, "gone.de").await, "failure dns_failure", "what is absent may come to be");
    // For a while nobody is asked again; then somebody is, and the truth comes in.
    let questions = house.zone.questions();
    assert_eq!(of(&house, "good.de").await, "mx domain_accepts_mail cached");
    assert_eq!(house.zone.questions(), questions);
    house.zone.change("good.de NXDOMAIN");
    tokio::time::advance(Duration::from_secs(6)).await;
    assert_eq!(of(&house, "good.de").await, "not_found domain_not_found");
}

#[tokio::test(start_paused = true)]
async fn what_was_found_stands_in_while_the_dns_is_slow() {
    let house = house();
    assert_eq!(of(&house, "good.de").await, "mx domain_accepts_mail");
    tokio::time::advance(Duration::from_secs(3_700)).await;
    house.zone.change("good.de HANG");
    let began = Instant::now();
    assert_eq!(of(&house, "good.de").await, "mx domain_accepts_mail cached");
    assert_eq!(began.elapsed(), Duration::from_secs(1), "a second is all it waits");
    let began = Instant::now();
    assert_eq!(of(&house, "good.de").await, "mx domain_accepts_mail cached");
    assert_eq!(began.elapsed(), Duration::ZERO, "the second has passed already");
}

#[tokio::test(start_paused = true)]
async fn a_flight_ends_whatever_the_dns_does() {
    let house = house();
    assert_eq!(
        of(&house, "slow.de").await,
        "timeout dns_timeout",
        "asked for longer than a second"
    );
    tokio::time::advance(Duration::from_secs(10)).await;
    tokio::task::yield_now().await;
    let questions = house.zone.questions();
    assert_eq!(of(&house, "slow.de").await, "timeout dns_timeout cached");
    assert_eq!(house.zone.questions(), questions);
}

fn house_with(zone: Zone, settings: RouteSettings) -> (House, Routes) {
    let zone = Arc::new(zone);
    let clock = Arc::new(StoppedClock(Timestamp::UNIX_EPOCH));
    let routes = Routes::new(zone.clone(), clock, settings);
    (House { validator: validator(Network::Online(Box::new(routes.clone()))), zone }, routes)
}

#[tokio::test(start_paused = true)]
async fn a_second_server_is_heard_before_a_domain_is_called_absent() {
    let second = "
        here.de MX 10 mx.good.de
        there.de NODATA
        gone.de NXDOMAIN
        down.de SERVFAIL
        mute.de HANG
    ";
    let first =
        "here.de NXDOMAIN\nthere.de NXDOMAIN\ngone.de NXDOMAIN\ndown.de NXDOMAIN\nmute.de NXDOMAIN";
    let zone = Zone::parse(first).with_second_server(Zone::parse(second));
    let (house, _) = house_with(zone, settings());
    let cases = [
        ("here.de", "failure dns_failure"),
        ("there.de", "failure dns_failure"),
        ("gone.de", "not_found domain_not_found"),
        ("down.de", "not_found domain_not_found"),
        ("mute.de", "not_found domain_not_found"),
    ];
    for (domain, expected) in cases {
        let began = Instant::now();
        assert_eq!(of(&house, domain).await, expected, "{domain}");
        assert!(began.elapsed() <= Duration::from_millis(1500), "{domain}");
    }
}

#[tokio::test(start_paused = true)]
async fn below_what_does_not_exist_nothing_is_asked() {
    let house = house();
    assert_eq!(of(&house, "gone.de").await, "not_found domain_not_found");
    let questions = house.zone.questions();
    assert_eq!(of(&house, "mail.deep.gone.de").await, "not_found domain_not_found cached");
    assert_eq!(house.zone.questions(), questions);
}

#[tokio::test(start_paused = true)]
async fn below_an_alias_of_nothing_there_may_be_something() {
    let house = house();
    house.zone.change("alias.de NOTARGET\nbelow.alias.de MX 10 mx.good.de");
    assert_eq!(of(&house, "alias.de").await, "not_found domain_not_found");
    assert_eq!(of(&house, "below.alias.de").await, "mx domain_accepts_mail");
}

#[tokio::test(start_paused = true)]
async fn made_up_names_below_one_zone_end_unknown() {
    let zone = Zone::parse("known.victim.de MX 10 mx.good.de\nmx.good.de A 8.8.8.8");
    for number in 0..20 {
        zone.change(&format!("x{number}.victim.de NXDOMAIN"));
    }
    let (house, _) = house_with(zone, settings());
    assert_eq!(of(&house, "known.victim.de").await, "mx domain_accepts_mail");
    let mut unknown = 0;
    for number in 0..20 {
        match of(&house, &format!("x{number}.victim.de")).await.as_str() {
            "not_found domain_not_found" => assert_eq!(unknown, 0, "no guess beyond the bound"),
            told => {
                assert_eq!(told, "failure dns_failure");
                unknown += 1;
            }
        }
    }
    assert_eq!(unknown, 16, "five names a minute, and one was taken by the first");
    assert_eq!(of(&house, "known.victim.de").await, "mx domain_accepts_mail cached");
    tokio::time::advance(Duration::from_secs(60)).await;
    assert_eq!(of(&house, "x19.victim.de").await, "not_found domain_not_found");
}

#[tokio::test(start_paused = true)]
async fn a_stranger_is_bounded_and_the_operator_is_not() {
    let zone = Zone::parse("");
    for number in 0..30 {
        zone.change(&format!("d{number}.de NXDOMAIN"));
    }
    let (house, _) = house_with(zone, settings());
    let stranger = Caller::Stranger([192, 0, 2, 1].into());
    for number in 0..11 {
        let text = format!("joe@d{number}.de");
        let request = Request { caller: stranger, ..request(&text) };
        let expected =
            if number < 10 { "not_found domain_not_found" } else { "failure dns_failure" };
        assert_eq!(told(&house, &request).await, expected, "{number}");
    }
    let other = Request { caller: Caller::Stranger([192, 0, 2, 2].into()), ..request("a@d11.de") };
    assert_eq!(told(&house, &other).await, "not_found domain_not_found");
    for number in 12..30 {
        let told = of(&house, &format!("d{number}.de")).await;
        assert_eq!(told, "not_found domain_not_found", "{number}");
    }
}

#[tokio::test(start_paused = true)]
async fn private_zones_are_the_operators_alone() {
    let zone =
        Zone::parse("secret.de MX 10 mx.good.de\nx.secret.de NXDOMAIN\nmx.good.de A 8.8.8.8");
    let (house, _) = house_with(zone, settings());
    assert_eq!(of(&house, "secret.de").await, "skipped not_checked");
    assert_eq!(of(&house, "x.secret.de").await, "skipped not_checked");
    assert_eq!(house.zone.questions(), 0);
    house.zone.change("spy.de MX 10 x.secret.de");
    assert_eq!(of(&house, "spy.de").await, "failure dns_failure", "not through an MX either");
    assert_eq!(house.zone.questions(), 1);
    let operator = |text| Request { caller: Caller::Operator, ..request(text) };
    assert_eq!(told(&house, &operator("joe@secret.de")).await, "mx domain_accepts_mail");
    assert_eq!(told(&house, &operator("joe@x.secret.de")).await, "not_found domain_not_found");
    assert_eq!(of(&house, "secret.de").await, "skipped not_checked", "nor is what is known told");
}

#[tokio::test(start_paused = true)]
async fn too_many_flights_at_once_end_unknown() {
    let zone = Zone::parse("one.de HANG\ntwo.de HANG");
    let limits = FloodLimits { flights: 1, ..settings().limits };
    let (house, _) = house_with(zone, RouteSettings { limits, ..settings() });
    assert_eq!(of(&house, "one.de").await, "timeout dns_timeout");
    assert_eq!(of(&house, "two.de").await, "failure dns_failure");
    assert_eq!(of(&house, "one.de").await, "timeout dns_timeout", "a flight can be joined");
}

/// Lets the canaries' task have its turn.
async fn turn() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_resolver_that_denies_what_exists_is_not_believed() {
    let zone = Zone::parse("canary.de MX 10 mx.good.de\ngone.de NXDOMAIN\nold.de MX 0 .");
    let (house, routes) = house_with(zone, settings());
    let canary = HostName::new("canary.de").unwrap();
    routes.watch_canaries(vec![canary], Duration::from_secs(60));
    assert_eq!(house.validator.dns_trust(), None);
    assert_eq!(of(&house, "old.de").await, "null_mx domain_takes_no_mail", "waits for the test");
    assert_eq!(house.validator.dns_trust(), Some(Trust::Sound));
    tokio::time::advance(Duration::from_secs(30)).await;
    turn().await;
    house.zone.change("canary.de NXDOMAIN\nnew.de NXDOMAIN");
    assert_eq!(of(&house, "new.de").await, "not_found domain_not_found", "not found out yet");
    tokio::time::advance(Duration::from_secs(30)).await;
    turn().await;
    assert_eq!(house.validator.dns_trust(), Some(Trust::Denies));
    assert_eq!(of(&house, "new.de").await, "failure dns_failure", "the lie is forgotten");
    assert_eq!(of(&house, "gone.de").await, "failure dns_failure");
    house.zone.change("canary.de MX 10 mx.good.de");
    tokio::time::advance(Duration::from_secs(60)).await;
    turn().await;
    assert_eq!(of(&house, "new.de").await, "not_found domain_not_found");
}
