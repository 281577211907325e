use futures_util::future::join_all;
use jiff::Timestamp;

use super::*;
use crate::address::{Domain, SyntaxCode};
use crate::catalog::{Catalog, ListKind, Lists, Popularity, SourceText};
use crate::clock::{MovableClock, StoppedClock};
use crate::dns::zone::Zone;
use crate::evidence::{MailboxStatus, NotProbed};
use crate::reach::ReachPolicy;
use crate::route::{HostName, ServerId};

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

struct TestEnv {
    validator: Validator,
    zone: Arc<Zone>,
}

fn test_env() -> TestEnv {
    let zone = Arc::new(Zone::parse(ZONE));
    let clock = Arc::new(StoppedClock(Timestamp::UNIX_EPOCH));
    let routes = Routes::new(zone.clone(), clock, settings());
    TestEnv { validator: validator(Some(routes)), zone }
}

fn settings() -> RouteSettings {
    RouteSettings {
        reach: ReachPolicy::default(),
        private_zones: vec![Domain::parse("secret.de").unwrap()],
        limits: LookupLimits { lookups: 100, names_per_zone: 5, lookups_per_client: 10 },
        lookup_timeout: Duration::from_secs(10),
        dns_timeout: Duration::from_secs(1),
        cache_bytes: 1 << 20,
    }
}

fn validator(routes: Option<Routes>) -> Validator {
    Validator::new(ValidatorParts {
        lists: ActiveLists::new(Catalog::builtin()),
        suggest_at: Confidence::from_percent(50),
        policy: Policy::default(),
        routes,
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
        ("joe@[8.8.8.8]", "risky [address_literal] accept syntax skipped"),
        (
            "joe@[192.0.2.1]",
            "undeliverable [mail_server_unusable address_literal] reject syntax skipped",
        ),
        ("joe@mail.example.com", "undeliverable [domain_reserved] reject syntax skipped"),
        ("joe@localhost", "undeliverable [domain_reserved] reject syntax skipped"),
        ("joe@intranet", "undeliverable [syntax_domain_single_label] reject syntax skipped"),
        ("joe.gmail.com", "undeliverable [syntax_no_at] confirm syntax skipped"),
        ("joe@gmailcom", "undeliverable [syntax_domain_single_label] confirm syntax skipped"),
        ("", "undeliverable [syntax_empty] reject syntax skipped"),
    ];
    let env = test_env();
    for (text, expected) in cases {
        let report = env.validator.validate(&request(text)).await;
        assert_eq!(line(&report), expected, "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn reserved_names_and_literals_ask_no_server() {
    let env = test_env();
    for text in ["joe@example.com", "joe@[192.0.2.1]", "nonsense", "joe@x.test"] {
        env.validator.validate(&request(text)).await;
    }
    assert_eq!(env.zone.questions(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_literal_that_cannot_be_reached_is_undeliverable_at_any_depth() {
    const UNREACHABLE: &str =
        "undeliverable [mail_server_unusable address_literal] reject syntax skipped";
    const REACHABLE: &str = "risky [address_literal] accept syntax skipped";
    let cases = [
        ("joe@[8.8.8.8]", REACHABLE),
        ("joe@[IPv6:2a00:1450:4001::1b]", REACHABLE),
        ("joe@[IPv6:::ffff:8.8.8.8]", REACHABLE),
        // Allowed by the operator.
        ("joe@[10.1.2.3]", REACHABLE),
        ("joe@[IPv6:::ffff:10.1.2.3]", REACHABLE),
        ("joe@[127.0.0.1]", UNREACHABLE),
        ("joe@[192.168.0.1]", UNREACHABLE),
        ("joe@[169.254.1.1]", UNREACHABLE),
        ("joe@[203.0.113.7]", UNREACHABLE),
        ("joe@[0.0.0.0]", UNREACHABLE),
        ("joe@[IPv6:::1]", UNREACHABLE),
        ("joe@[IPv6:::ffff:127.0.0.1]", UNREACHABLE),
        ("joe@[IPv6:fe80::1]", UNREACHABLE),
        ("joe@[IPv6:2001:db8::1]", UNREACHABLE),
    ];
    let zone = Arc::new(Zone::parse(ZONE));
    let clock = Arc::new(StoppedClock(Timestamp::UNIX_EPOCH));
    let routes = Routes::new(zone.clone(), clock, settings());
    for routes in [None, Some(routes)] {
        let validator = Validator {
            policy: Policy {
                reach: ReachPolicy::allowing(vec!["10.0.0.0/8".parse().unwrap()]),
                ..Policy::default()
            },
            ..validator(routes)
        };
        for (text, expected) in cases {
            for depth in Depth::ALL {
                let report = validator.validate(&Request { depth, ..request(text) }).await;
                assert_eq!(line(&report), expected, "{text} {depth:?}");
                let (domain, mailbox) =
                    (report.judgement.checks.domain.code(), report.judgement.checks.mailbox.code());
                let is_reachable = expected == REACHABLE;
                assert_eq!(domain, if is_reachable { "skipped" } else { "fail" }, "{text}");
                assert_eq!(mailbox, "skipped", "{text}");
                let says_so = report.message.contains("is not a public IP address");
                assert_eq!(says_so, !is_reachable, "{text}: {}", report.message);
            }
        }
    }
    assert_eq!(zone.questions(), 0);
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
    let validator = validator(None);
    for (text, meant) in cases {
        let report = validator.validate(&request(text)).await;
        let email = report.suggestion.map(|meant| meant.email);
        assert_eq!(email.as_deref(), meant, "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_report_is_as_old_as_the_oldest_evidence_that_it_rests_on() {
    let zone = "
        mycompany.con NXDOMAIN
        mycompany.com MX 10 mx.good.de
        mx.good.de    A 8.8.8.8
    ";
    let clock = Arc::new(MovableClock::starting_at(Timestamp::UNIX_EPOCH));
    let routes = Routes::new(Arc::new(Zone::parse(zone)), clock.clone(), settings());
    let validator = Validator { clock, ..validator(Some(routes)) };
    let right = validator.validate(&request("joe@mycompany.com")).await;
    assert_eq!(right.checked_at(), Timestamp::UNIX_EPOCH);
    tokio::time::advance(Duration::from_secs(50)).await;
    // The typed domain is asked about now; that the suggested one accepts mail is known from before.
    let typo = validator.validate(&request("joe@mycompany.con")).await;
    assert_eq!(typo.suggestion.as_ref().unwrap().email, "joe@mycompany.com");
    assert_eq!(typo.checked_at(), Timestamp::UNIX_EPOCH);
    assert!(!typo.is_cached() && typo.valid_until() <= right.valid_until());
    // Of both something is known from before, and of one longer.
    tokio::time::advance(Duration::from_secs(1)).await;
    let again = validator.validate(&request("joe@mycompany.con")).await;
    assert!(again.is_cached() && again.checked_at() == Timestamp::UNIX_EPOCH);
}

#[tokio::test(start_paused = true)]
async fn a_typo_in_the_ending_of_any_domain_is_looked_for() {
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
    let (env, _) = env_with(Zone::parse(zone), settings());
    let cases = [
        ("joe@mycompany.con", Some("joe@mycompany.com")),
        ("joe+tag@mycompany.co", Some("joe+tag@mycompany.com")),
        ("joe@gone.con", None),
        ("joe@mute.con", None),
        ("joe@slow.con", None),
        ("joe@secret.dee", None),
        ("joe@taken.co", None),
        // No look-up is needed for this one, and none is made.
        ("joe@gmail.con", Some("joe@gmail.com")),
    ];
    for (text, meant) in cases {
        let began = Instant::now();
        let report = env.validator.validate(&request(text)).await;
        let email = report.suggestion.as_ref().map(|meant| meant.email.as_str());
        assert_eq!(email, meant, "{text}");
        assert!(began.elapsed() <= Duration::from_millis(1500), "{text}");
        if meant.is_some() {
            let expected = "undeliverable [domain_not_found domain_typo] confirm domain not_found";
            assert_eq!(line(&report), expected, "{text}");
        }
    }
    let shallow = Request { depth: Depth::Syntax, ..request("joe@mycompany.con") };
    assert!(env.validator.validate(&shallow).await.suggestion.is_none());
    let offline = validator(None).validate(&request("joe@mycompany.con")).await;
    assert!(offline.suggestion.is_none());
}

#[tokio::test(start_paused = true)]
async fn depth_syntax_and_offline_ask_no_server() {
    let env = test_env();
    let shallow = Request { depth: Depth::Syntax, ..request("joe@good.de") };
    let report = env.validator.validate(&shallow).await;
    assert_eq!(line(&report), "unknown [not_checked] accept syntax skipped");
    assert_eq!(env.zone.questions(), 0);
    let report = validator(None).validate(&request("joe@good.de")).await;
    assert_eq!(line(&report), "unknown [not_checked] accept syntax skipped");
    assert_eq!(report.valid_until(), None);
}

#[tokio::test(start_paused = true)]
async fn strict_refuses_what_lenient_takes_away() {
    let validator = validator(None);
    let lenient = validator.validate(&request("  joe@good.de\n")).await;
    assert!(lenient.address.is_some_and(|facts| facts.cleaned));
    let strict = Request { strictness: Strictness::Strict, ..request("  joe@good.de\n") };
    let strict = validator.validate(&strict).await;
    let error = strict.syntax_error.map(|error| (error.code, error.at));
    assert_eq!(error, Some((SyntaxCode::NotClean, 0)));
}

#[tokio::test(start_paused = true)]
async fn an_offset_counts_from_the_text_as_typed() {
    let report = validator(None).validate(&request("  jo e@good.de")).await;
    let error = report.syntax_error.map(|error| (error.code, error.at));
    assert_eq!(error, Some((SyntaxCode::WhiteSpace, 4)));
}

#[tokio::test(start_paused = true)]
async fn a_known_domain_is_not_asked_for_again_until_it_expires() {
    let env = test_env();
    let first = env.validator.validate(&request("joe@good.de")).await;
    let questions = env.zone.questions();
    let second = env.validator.validate(&request("sue@good.de")).await;
    assert_eq!((first.is_cached(), second.is_cached()), (false, true));
    assert_eq!(env.zone.questions(), questions);
    assert_eq!(second.checked_at(), Timestamp::UNIX_EPOCH);
    let five_minutes = Timestamp::UNIX_EPOCH + Duration::from_secs(300);
    assert_eq!(second.valid_until(), Some(five_minutes));
    tokio::time::advance(Duration::from_secs(301)).await;
    let third = env.validator.validate(&request("joe@good.de")).await;
    assert!(!third.is_cached());
    assert_eq!(env.zone.questions(), 2 * questions);
}

#[tokio::test(start_paused = true)]
async fn many_callers_are_one_flight() {
    let env = test_env();
    let requests: Vec<String> = (0..100).map(|n| format!("joe{n}@good.de")).collect();
    let reports = join_all(
        requests.iter().map(|text| async { env.validator.validate(&request(text)).await }),
    )
    .await;
    assert!(reports.iter().all(|report| report.judgement.depth == Depth::Domain));
    assert_eq!(env.zone.questions(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_hangs_up_does_not_end_the_flight() {
    let env = test_env();
    let no_time = Request { budget: Duration::ZERO, ..request("joe@good.de") };
    let report = env.validator.validate(&no_time).await;
    assert_eq!(line(&report), "unknown [time_budget_spent] accept syntax timeout");
    // The flight has nothing to wait for, so it ends as soon as others get their turn.
    while env.zone.questions() < 2 {
        tokio::task::yield_now().await;
    }
    tokio::task::yield_now().await;
    let report = env.validator.validate(&request("joe@good.de")).await;
    assert_eq!(line(&report), "plausible [domain_accepts_mail] accept domain mx");
    assert_eq!(env.zone.questions(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_wanted_mailbox_that_nobody_asks_for_is_said_so() {
    let env = test_env();
    let deep = Request { depth: Depth::Mailbox, ..request("joe@good.de") };
    let report = env.validator.validate(&deep).await;
    assert_eq!(line(&report), "plausible [domain_accepts_mail probe_off] accept domain mx");
    let mailbox = report.mailbox.map(|facts| facts.evidence.status);
    assert_eq!(mailbox, Some(MailboxStatus::NotProbed(NotProbed::Off)));
}

/// What a caller learns of a domain: the status of the DNS, the first reason, and whether it was known.
async fn of(env: &TestEnv, domain: &str) -> String {
    outcome(env, &request(&format!("joe@{domain}"))).await
}

async fn outcome(env: &TestEnv, request: &Request<'_>) -> String {
    let report = env.validator.validate(request).await;
    let cached = if report.is_cached() { " cached" } else { "" };
    format!("{} {}{cached}", report.dns.code(), report.judgement.reasons[0].code())
}

#[tokio::test(start_paused = true)]
async fn what_was_found_stands_in_while_the_dns_fails() {
    let env = test_env();
    assert_eq!(of(&env, "good.de").await, "mx domain_accepts_mail");
    assert_eq!(of(&env, "null.de").await, "null_mx domain_takes_no_mail");
    assert_eq!(of(&env, "gone.de").await, "not_found domain_not_found");
    tokio::time::advance(Duration::from_secs(3_700)).await;
    env.zone.change("good.de SERVFAIL\nnull.de TIMEOUT\ngone.de SERVFAIL");
    assert_eq!(of(&env, "good.de").await, "mx domain_accepts_mail cached");
    assert_eq!(of(&env, "null.de").await, "null_mx domain_takes_no_mail cached");
    assert_eq!(of(&env, "gone.de").await, "failure dns_failure", "what is absent may come to be");
    // For a while no server is asked again; then one is, and its answer is true.
    let questions = env.zone.questions();
    assert_eq!(of(&env, "good.de").await, "mx domain_accepts_mail cached");
    assert_eq!(env.zone.questions(), questions);
    env.zone.change("good.de NXDOMAIN");
    tokio::time::advance(Duration::from_secs(6)).await;
    assert_eq!(of(&env, "good.de").await, "not_found domain_not_found");
}

#[tokio::test(start_paused = true)]
async fn what_was_found_stands_in_while_the_dns_is_slow() {
    let env = test_env();
    assert_eq!(of(&env, "good.de").await, "mx domain_accepts_mail");
    tokio::time::advance(Duration::from_secs(3_700)).await;
    env.zone.change("good.de HANG");
    let began = Instant::now();
    assert_eq!(of(&env, "good.de").await, "mx domain_accepts_mail cached");
    assert_eq!(began.elapsed(), Duration::from_secs(1), "a second is all it waits");
    let began = Instant::now();
    assert_eq!(of(&env, "good.de").await, "mx domain_accepts_mail cached");
    assert_eq!(began.elapsed(), Duration::ZERO, "the second has passed already");
}

#[tokio::test(start_paused = true)]
async fn a_flight_ends_whatever_the_dns_does() {
    let env = test_env();
    assert_eq!(of(&env, "slow.de").await, "timeout dns_timeout", "asked for longer than a second");
    tokio::time::advance(Duration::from_secs(10)).await;
    tokio::task::yield_now().await;
    let questions = env.zone.questions();
    assert_eq!(of(&env, "slow.de").await, "timeout dns_timeout cached");
    assert_eq!(env.zone.questions(), questions);
}

fn env_with(zone: Zone, settings: RouteSettings) -> (TestEnv, Routes) {
    let zone = Arc::new(zone);
    let clock = Arc::new(StoppedClock(Timestamp::UNIX_EPOCH));
    let routes = Routes::new(zone.clone(), clock, settings);
    (TestEnv { validator: validator(Some(routes.clone())), zone }, routes)
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
    let (env, _) = env_with(zone, settings());
    let cases = [
        ("here.de", "failure dns_failure"),
        ("there.de", "failure dns_failure"),
        ("gone.de", "not_found domain_not_found"),
        ("down.de", "not_found domain_not_found"),
        ("mute.de", "not_found domain_not_found"),
    ];
    for (domain, expected) in cases {
        let began = Instant::now();
        assert_eq!(of(&env, domain).await, expected, "{domain}");
        assert!(began.elapsed() <= Duration::from_millis(1500), "{domain}");
    }
}

#[tokio::test(start_paused = true)]
async fn below_what_does_not_exist_nothing_is_asked() {
    let env = test_env();
    assert_eq!(of(&env, "gone.de").await, "not_found domain_not_found");
    let questions = env.zone.questions();
    assert_eq!(of(&env, "mail.deep.gone.de").await, "not_found domain_not_found cached");
    assert_eq!(env.zone.questions(), questions);
}

#[tokio::test(start_paused = true)]
async fn below_an_alias_of_nothing_there_may_be_something() {
    let env = test_env();
    env.zone.change("alias.de NOTARGET\nbelow.alias.de MX 10 mx.good.de");
    assert_eq!(of(&env, "alias.de").await, "not_found domain_not_found");
    assert_eq!(of(&env, "below.alias.de").await, "mx domain_accepts_mail");
}

#[tokio::test(start_paused = true)]
async fn made_up_names_below_one_zone_end_unknown() {
    let zone = Zone::parse("known.victim.de MX 10 mx.good.de\nmx.good.de A 8.8.8.8");
    for number in 0..20 {
        zone.change(&format!("x{number}.victim.de NXDOMAIN"));
    }
    let (env, _) = env_with(zone, settings());
    assert_eq!(of(&env, "known.victim.de").await, "mx domain_accepts_mail");
    let mut unknown = 0;
    for number in 0..20 {
        match of(&env, &format!("x{number}.victim.de")).await.as_str() {
            "not_found domain_not_found" => assert_eq!(unknown, 0, "no guess beyond the bound"),
            outcome => {
                assert_eq!(outcome, "failure dns_failure");
                unknown += 1;
            }
        }
    }
    assert_eq!(unknown, 16, "five names a minute, and one was taken by the first");
    assert_eq!(of(&env, "known.victim.de").await, "mx domain_accepts_mail cached");
    tokio::time::advance(Duration::from_secs(60)).await;
    assert_eq!(of(&env, "x19.victim.de").await, "not_found domain_not_found");
}

#[tokio::test(start_paused = true)]
async fn a_stranger_is_bounded_and_the_operator_is_not() {
    let zone = Zone::parse("");
    for number in 0..30 {
        zone.change(&format!("d{number}.de NXDOMAIN"));
    }
    let (env, _) = env_with(zone, settings());
    let unknown = Client::Remote([192, 0, 2, 1].into());
    for number in 0..11 {
        let text = format!("joe@d{number}.de");
        let request = Request { client: unknown, ..request(&text) };
        let expected =
            if number < 10 { "not_found domain_not_found" } else { "failure dns_failure" };
        assert_eq!(outcome(&env, &request).await, expected, "{number}");
    }
    let other = Request { client: Client::Remote([192, 0, 2, 2].into()), ..request("a@d11.de") };
    assert_eq!(outcome(&env, &other).await, "not_found domain_not_found");
    for number in 12..30 {
        let outcome = of(&env, &format!("d{number}.de")).await;
        assert_eq!(outcome, "not_found domain_not_found", "{number}");
    }
}

#[tokio::test(start_paused = true)]
async fn private_zones_are_the_operators_alone() {
    let zone =
        Zone::parse("secret.de MX 10 mx.good.de\nx.secret.de NXDOMAIN\nmx.good.de A 8.8.8.8");
    let (env, _) = env_with(zone, settings());
    assert_eq!(of(&env, "secret.de").await, "skipped not_checked");
    assert_eq!(of(&env, "x.secret.de").await, "skipped not_checked");
    assert_eq!(env.zone.questions(), 0);
    env.zone.change("spy.de MX 10 x.secret.de");
    assert_eq!(of(&env, "spy.de").await, "failure dns_failure", "not through an MX either");
    assert_eq!(env.zone.questions(), 1);
    let operator = |text| Request { client: Client::Operator, ..request(text) };
    assert_eq!(outcome(&env, &operator("joe@secret.de")).await, "mx domain_accepts_mail");
    assert_eq!(outcome(&env, &operator("joe@x.secret.de")).await, "not_found domain_not_found");
    assert_eq!(of(&env, "secret.de").await, "skipped not_checked", "nor is what is known shown");
}

#[tokio::test(start_paused = true)]
async fn too_many_flights_at_once_end_unknown() {
    let zone = Zone::parse("one.de HANG\ntwo.de HANG");
    let limits = LookupLimits { lookups: 1, ..settings().limits };
    let (env, _) = env_with(zone, RouteSettings { limits, ..settings() });
    assert_eq!(of(&env, "one.de").await, "timeout dns_timeout");
    assert_eq!(of(&env, "two.de").await, "failure dns_failure");
    assert_eq!(of(&env, "one.de").await, "timeout dns_timeout", "a flight can be joined");
}

/// A validator over this zone, tested with these canaries every minute, and the task that tests.
fn env_with_canaries(zone: Zone, canaries: &[&str]) -> (TestEnv, tokio::task::JoinHandle<()>) {
    let zone = Arc::new(zone);
    let clock = Arc::new(StoppedClock(Timestamp::UNIX_EPOCH));
    let domains = canaries.iter().copied().filter_map(HostName::new).collect();
    let canaries = Canaries { domains, interval: Duration::from_secs(60) };
    let routes = Routes::new(zone.clone(), clock, settings()).tested_with(canaries);
    let tests = routes.clone();
    let task = tokio::spawn(async move { match tests.lookup().watch_canaries().await {} });
    (TestEnv { validator: validator(Some(routes)), zone }, task)
}

/// Lets the canaries' task have its turn.
async fn turn() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

/// The next test.
async fn next_test() {
    tokio::time::advance(Duration::from_secs(60)).await;
    turn().await;
}

#[tokio::test(start_paused = true)]
async fn a_resolver_that_denies_what_exists_is_not_believed() {
    let zone = Zone::parse("canary.de MX 10 mx.good.de\ngone.de NXDOMAIN\nold.de MX 0 .");
    let (env, _task) = env_with_canaries(zone, &["canary.de"]);
    assert_eq!(env.validator.dns_trust(), None);
    assert_eq!(of(&env, "old.de").await, "null_mx domain_takes_no_mail", "waits for the test");
    assert_eq!(env.validator.dns_trust(), Some(Trust::Sound));
    tokio::time::advance(Duration::from_secs(30)).await;
    turn().await;
    env.zone.change("canary.de NXDOMAIN\nnew.de NXDOMAIN");
    assert_eq!(of(&env, "new.de").await, "not_found domain_not_found", "not found out yet");
    tokio::time::advance(Duration::from_secs(30)).await;
    turn().await;
    assert_eq!(env.validator.dns_trust(), Some(Trust::Denies));
    assert_eq!(of(&env, "new.de").await, "failure dns_failure", "the lie is forgotten");
    assert_eq!(of(&env, "gone.de").await, "failure dns_failure");
    env.zone.change("canary.de MX 10 mx.good.de");
    next_test().await;
    assert_eq!(of(&env, "new.de").await, "not_found domain_not_found");
}

#[tokio::test(start_paused = true)]
async fn one_canary_that_changes_its_dns_stops_nothing() {
    let zone = Zone::parse("one.de MX 10 mx.de\ntwo.de MX 10 mx.de\nfew.de NXDOMAIN");
    let (env, _task) = env_with_canaries(zone, &["one.de", "two.de"]);
    turn().await;
    for (one, two, trust) in [
        ("NXDOMAIN", "MX 10 mx.de", Trust::Sound),
        ("MX 0 .", "MX 10 mx.de", Trust::Sound),
        ("TIMEOUT", "MX 10 mx.de", Trust::Sound),
        ("TIMEOUT", "NXDOMAIN", Trust::Denies),
        ("NXDOMAIN", "NODATA", Trust::Denies),
        ("MX 10 mx.de", "MX 10 mx.de", Trust::Sound),
    ] {
        env.zone.change(&format!("one.de {one}\ntwo.de {two}"));
        next_test().await;
        assert_eq!(env.validator.dns_trust(), Some(trust), "{one}, {two}");
    }
    assert_eq!(of(&env, "few.de").await, "not_found domain_not_found");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_lies_is_left_out_while_another_passes() {
    const HONEST: &str = "canary.de MX 10 mx.de\nmx.de A 8.8.8.8\nreal.de MX 10 mx.de";
    const LIAR: &str = "canary.de NXDOMAIN\nreal.de NXDOMAIN\nother.de NXDOMAIN";
    let (first, second) = (ServerId(0), ServerId(1));
    for (case, liar, honest) in [("the first", first, second), ("the second", second, first)] {
        let (zones, all) = ([HONEST, HONEST].map(Zone::parse), ["canary.de"]);
        let [one, two] = zones;
        let (env, _task) = env_with_canaries(one.with_second_server(two), &all);
        assert_eq!(of(&env, "real.de").await, "mx domain_accepts_mail", "{case}");
        env.zone.server(liar).unwrap().change(LIAR);
        next_test().await;
        assert_eq!(env.validator.dns_trust(), Some(Trust::Sound), "{case}");
        assert_eq!(of(&env, "real.de").await, "mx domain_accepts_mail", "{case}");
        env.zone.server(honest).unwrap().change("other.de MX 10 mx.de");
        assert_eq!(of(&env, "other.de").await, "mx domain_accepts_mail", "{case}");
        // Without another one that passes nothing is believed.
        env.zone.server(honest).unwrap().change(LIAR);
        next_test().await;
        assert_eq!(env.validator.dns_trust(), Some(Trust::Denies), "{case}");
        // The one that lied first is taken back.
        env.zone.server(liar).unwrap().change(&format!("{HONEST}\nother.de MX 0 ."));
        next_test().await;
        assert_eq!(env.validator.dns_trust(), Some(Trust::Sound), "{case}");
        assert_eq!(of(&env, "other.de").await, "null_mx domain_takes_no_mail", "{case}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_big_provider_that_is_denied_speaks_against_the_resolver() {
    const MX: &str = "mx.de A 8.8.8.8\nmx.none.de NXDOMAIN";
    // A line of the zone for domains of popularity 1, 2, 3 and 4: what is said of each.
    let (unknown, good) = ("failure dns_failure", "mx domain_accepts_mail");
    let not_found = "not_found domain_not_found";
    let cases = [
        ("MX 10 mx.de", [good; 4]),
        ("NXDOMAIN", [unknown, unknown, unknown, not_found]),
        ("NOTARGET", [unknown, unknown, unknown, not_found]),
        ("NODATA", [unknown, unknown, unknown, "no_mail_server domain_has_no_mail_server"]),
        ("MX 10 mx.none.de", [unknown, unknown, unknown, "unusable mail_server_unusable"]),
        ("A 8.8.8.8", [unknown, unknown, unknown, "implicit_mx domain_accepts_mail"]),
        ("MX 0 .", ["null_mx domain_takes_no_mail"; 4]),
        ("SERVFAIL", [unknown; 4]),
    ];
    let domains = ["gmail.com", "abv.bg", "21cn.com", "139.cn"];
    let catalog = Catalog::builtin();
    let popularity = domains.map(|domain| catalog.popularity(domain).map(Popularity::class));
    assert_eq!(popularity[..3], [Some(1), Some(2), Some(3)]);
    assert!(popularity[3].is_none_or(|popularity| popularity > 3));
    for (line, expected) in cases {
        let zone: String = domains.map(|domain| format!("{domain} {line}\n")).concat();
        let (env, _) = env_with(Zone::parse(&format!("{zone}{MX}")), settings());
        for (domain, expected) in domains.into_iter().zip(expected) {
            assert_eq!(of(&env, domain).await, expected, "{domain} {line}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_common_provider_that_is_denied_is_believed_when_that_is_confirmed() {
    let (unknown, not_found) = ("failure dns_failure", "not_found domain_not_found");
    // The other server, the first answer, the one after half a minute, the one after a minute.
    let cases = [
        ("none", None, [unknown, unknown, not_found]),
        ("agrees", Some("21cn.com NXDOMAIN"), [not_found; 3]),
        ("knows better", Some("21cn.com MX 10 mx.de"), [unknown; 3]),
        ("is silent", Some("21cn.com SERVFAIL"), [unknown, unknown, not_found]),
    ];
    for (case, other, expected) in cases {
        let zone = Zone::parse("21cn.com NXDOMAIN");
        let zone = match other {
            Some(other) => zone.with_second_server(Zone::parse(other)),
            None => zone,
        };
        let (env, _) = env_with(zone, settings());
        for (time, expected) in ["at first", "soon", "a minute later"].into_iter().zip(expected) {
            let outcome = of(&env, "21cn.com").await;
            assert_eq!(outcome.trim_end_matches(" cached"), expected, "{case} {time}");
            tokio::time::advance(Duration::from_secs(31)).await;
        }
    }
    // What was found between confirms nothing.
    let (env, _) = env_with(Zone::parse("21cn.com NXDOMAIN\nmx.de A 8.8.8.8"), settings());
    assert_eq!(of(&env, "21cn.com").await, unknown);
    env.zone.change("21cn.com MX 10 mx.de");
    tokio::time::advance(Duration::from_secs(61)).await;
    assert_eq!(of(&env, "21cn.com").await, "mx domain_accepts_mail");
    env.zone.change("21cn.com NXDOMAIN");
    // What was found stands in for a day.
    tokio::time::advance(Duration::from_secs(25 * 3600)).await;
    assert_eq!(of(&env, "21cn.com").await, unknown);
}

#[tokio::test(start_paused = true)]
async fn a_private_zone_is_right_about_its_own() {
    let zone = Zone::parse("gmail.com NXDOMAIN\n21cn.com NXDOMAIN");
    let private = ["gmail.com", "21cn.com"].map(|zone| Domain::parse(zone).unwrap());
    let settings = RouteSettings { private_zones: private.to_vec(), ..settings() };
    let (env, _) = env_with(zone, settings);
    for email in ["joe@gmail.com", "joe@21cn.com"] {
        let request = Request { client: Client::Operator, ..request(email) };
        assert_eq!(outcome(&env, &request).await, "not_found domain_not_found", "{email}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_providers_in_force_are_the_operators() {
    let env = env_with(Zone::parse("gmail.com NXDOMAIN\nours.de NXDOMAIN"), settings()).0;
    let lists = |text: &'static str| {
        let mut lists = Lists::builtin();
        lists.clear(ListKind::ProviderDomains);
        lists.extend(
            ListKind::ProviderDomains,
            SourceText { name: "ours".into(), text: text.into() },
        );
        ActiveLists::new(Catalog::from_lists(&lists).unwrap())
    };
    env.validator.replace_lists(lists("ours.de\tgmail\t1\t-\n"));
    assert_eq!(of(&env, "gmail.com").await, "not_found domain_not_found");
    assert_eq!(of(&env, "ours.de").await, "failure dns_failure");
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_is_denied_counts_as_a_denied_canary() {
    let found = "MX 10 mx.de";
    // What is said of two canaries, the providers asked about, the trust after them.
    let cases = [
        ([found, found], vec!["abv.bg"], Trust::Sound),
        ([found, "NXDOMAIN"], vec!["abv.bg"], Trust::Denies),
        ([found, "TIMEOUT"], vec!["abv.bg"], Trust::Sound),
        (["TIMEOUT", "TIMEOUT"], vec!["abv.bg"], Trust::Denies),
        ([found, found], vec!["abv.bg", "alice.it"], Trust::Denies),
        ([found, found], vec!["web.de", "abv.bg"], Trust::Sound),
        ([found, found], vec!["web.de", "abv.bg", "alice.it"], Trust::Denies),
    ];
    for ([one, two], asked, trust) in cases {
        let zone = Zone::parse(&format!("one.de {one}\ntwo.de {two}\nmx.de A 8.8.8.8"));
        for domain in &asked {
            let line = if *domain == "web.de" { found } else { "NXDOMAIN" };
            zone.change(&format!("{domain} {line}"));
        }
        let (env, _task) = env_with_canaries(zone, &["one.de", "two.de"]);
        turn().await;
        for domain in &asked {
            of(&env, domain).await;
        }
        let name = format!("{one}, {two}, {asked:?}");
        assert_eq!(env.validator.dns_trust(), Some(trust), "{name}");
        // They are asked about with the next test too.
        next_test().await;
        assert_eq!(env.validator.dns_trust(), Some(trust), "{name}");
        for domain in &asked {
            env.zone.change(&format!("{domain} {found}"));
        }
        next_test().await;
        let sound = [one, two].contains(&found);
        let expected = if sound { Trust::Sound } else { trust };
        let expected = if one == "TIMEOUT" { Trust::Sound } else { expected };
        assert_eq!(env.validator.dns_trust(), Some(expected), "{name}");
    }
}
