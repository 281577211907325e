use std::net::IpAddr;

use arc_swap::ArcSwap;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use jiff::Timestamp;

use super::*;
use crate::clock::StoppedClock;
use crate::dns::zone::Zone;
use crate::dns::{Answered, Servers};
use crate::reach::ReachPolicy;
use crate::route::{Family, MAX_OPINIONS, Mx, ServerId};

const DEADLINE: Duration = Duration::from_secs(10);

fn routes(zone: Zone) -> (Routes, Arc<Zone>) {
    let zone = Arc::new(zone);
    (routes_from(zone.clone()), zone)
}

fn routes_from(dns: Arc<dyn Dns>) -> Routes {
    let settings = RouteSettings {
        reach: ReachPolicy::default(),
        private_zones: Vec::new(),
        limits: LookupLimits { lookups: 100, names_per_zone: 100, lookups_per_client: 100 },
        lookup_timeout: DEADLINE,
        dns_timeout: Duration::from_secs(1),
        cache_bytes: 1 << 20,
    };
    Routes::new(dns, Arc::new(StoppedClock(Timestamp::UNIX_EPOCH)), settings)
}

fn host() -> HostName {
    HostName::new("a.de").unwrap()
}

async fn route(routes: &Routes, budget: Duration) -> Option<MailRoute> {
    match routes.find(query(&host(), budget)).await {
        DomainEvidence::Learned(learned, _) => Some(learned.route.clone()),
        _ => None,
    }
}

fn query(domain: &HostName, budget: Duration) -> RouteQuery<'_> {
    RouteQuery { domain, client: Client::Local, priority: Priority::Now, budget }
}

#[tokio::test(start_paused = true)]
async fn who_boards_just_after_a_landing_asks_nobody() {
    let (routes, zone) = routes(Zone::parse("a.de A 8.8.8.8"));
    let done = route(&routes, DEADLINE).await.unwrap();
    while routes.flights.count() > 0 {
        tokio::task::yield_now().await;
    }
    let questions = zone.questions();
    let deadline = Instant::now() + DEADLINE;
    let joined = routes.join(query(&host(), DEADLINE), None, deadline).await;
    let Ok((flight, role)) = joined else { panic!("no look-up") };
    assert_eq!(role, Role::Leader);
    let WaitOutcome::Done(learned) = wait(flight, DEADLINE).await else { panic!("no answer") };
    assert_eq!(learned.route, done);
    assert_eq!(zone.questions(), questions);
}

#[tokio::test(start_paused = true)]
async fn a_second_server_has_its_say_about_a_domain_that_is_not() {
    let contradicted = MailRoute::Unresolved(Failure::Contradicted);
    // What the second server says, the route after a second and a half, the route in the end.
    let cases = [
        ("NXDOMAIN", MailRoute::NoDomain, MailRoute::NoDomain),
        ("SERVFAIL", MailRoute::NoDomain, MailRoute::NoDomain),
        ("REFUSED", MailRoute::NoDomain, MailRoute::NoDomain),
        ("HANG", MailRoute::NoDomain, MailRoute::NoDomain),
        ("NODATA", contradicted.clone(), contradicted.clone()),
        ("MX 10 mx.de", contradicted.clone(), contradicted),
    ];
    for (says, soon, in_the_end) in cases {
        let zone = Zone::parse("a.de NXDOMAIN");
        let other = Zone::parse(&format!("a.de {says}"));
        let (routes, _) = routes(zone.with_second_server(other));
        let timeouts = Duration::from_millis(1_500);
        assert_eq!(route(&routes, timeouts).await, Some(soon), "{says}");
        assert_eq!(route(&routes, 2 * DEADLINE).await, Some(in_the_end), "{says}");
        assert_eq!(routes.flights.count(), 0, "{says}");
    }
}

/// What the first server says, what the second says, the route in the end.
type Pair = (&'static str, &'static str, MailRoute);

#[tokio::test(start_paused = true)]
async fn every_route_to_nowhere_is_asked_of_a_second_server() {
    use MailRoute::{NoService, Unusable};
    let contradicted = || MailRoute::Unresolved(Failure::Contradicted);
    let malformed = || MailRoute::Unresolved(Failure::Malformed);
    const NOTHING: &str = "a.de NODATA";
    const MX: &str = "a.de MX 10 mx.de";
    let cases: Vec<Pair> = vec![
        // Filters that deny everything.
        (NOTHING, NOTHING, NoService),
        (NOTHING, "a.de SERVFAIL", NoService),
        (NOTHING, "a.de HANG", NoService),
        (NOTHING, "a.de NXDOMAIN", NoService),
        (NOTHING, MX, contradicted()),
        (NOTHING, "a.de A 8.8.8.8", contradicted()),
        (NOTHING, "a.de AAAA 2600::1", contradicted()),
        (NOTHING, "a.de A 10.0.0.1", NoService),
        // Filters that give 0.0.0.0 for what they hide.
        ("a.de A 0.0.0.0\na.de AAAA ::", "a.de A 0.0.0.0\na.de AAAA ::", Unusable),
        ("a.de A 0.0.0.0\na.de AAAA ::", "a.de A 8.8.8.8", contradicted()),
        ("a.de A 0.0.0.0\na.de AAAA ::", MX, contradicted()),
        // Of one server alone that is not believed.
        ("a.de A 0.0.0.0\na.de AAAA ::", "a.de SERVFAIL", malformed()),
        ("a.de A 10.0.0.1", "a.de A 10.0.0.1", Unusable),
        ("a.de A 10.0.0.1", "a.de A 8.8.8.8", contradicted()),
        // Mail servers that are hidden.
        ("a.de MX 10 mx.de\nmx.de A 0.0.0.0", "mx.de A 8.8.8.8\na.de MX 10 mx.de", contradicted()),
        ("a.de MX 10 mx.de\nmx.de NXDOMAIN", "mx.de A 8.8.8.8\na.de MX 10 mx.de", contradicted()),
        ("a.de MX 10 mx.de\nmx.de NODATA", "mx.de AAAA 2600::1\na.de MX 10 mx.de", contradicted()),
        ("a.de MX 10 mx.de\nmx.de NODATA", "mx.de NXDOMAIN\na.de MX 10 mx.de", Unusable),
        ("a.de MX 10 mx.de\nmx.de NODATA", "mx.de SERVFAIL\na.de SERVFAIL", Unusable),
        ("a.de MX 10 mx.de\nmx.de NODATA", "mx.de NODATA\na.de MX 10 other.de", contradicted()),
        ("a.de MX 10 localhost", "a.de MX 10 localhost", Unusable),
        ("a.de MX 10 localhost", "a.de MX 10 mx.de", contradicted()),
    ];
    for (first, second, expected) in cases {
        let (routes, zone) = routes(Zone::parse(first).with_second_server(Zone::parse(second)));
        let found = route(&routes, 2 * DEADLINE).await;
        assert_eq!(found, Some(expected), "{first} | {second}");
        let opinions = zone.server(ServerId(1)).unwrap().questions();
        assert!((1..=MAX_OPINIONS).contains(&opinions), "{first} | {second}: {opinions}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_second_server_is_asked_four_times_at_most_and_never_about_what_is_found() {
    let hosts = |addresses: &str| {
        let hosts = (0..5).map(|n| format!("a.de MX 10 m{n}.de\nm{n}.de {addresses}\n"));
        hosts.collect::<String>()
    };
    for (addresses, opinions) in
        [("NODATA", MAX_OPINIONS), ("NXDOMAIN", MAX_OPINIONS), ("A 8.8.8.8", 0)]
    {
        let zone = Zone::parse(&hosts(addresses));
        let (routes, zone) = routes(zone.with_second_server(Zone::parse(&hosts(addresses))));
        route(&routes, 2 * DEADLINE).await;
        assert_eq!(zone.server(ServerId(1)).unwrap().questions(), opinions, "{addresses}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_unspecified_address_is_not_believed_of_the_only_server() {
    let unresolved = MailRoute::Unresolved(Failure::Malformed);
    for (zone, expected) in [
        ("a.de A 0.0.0.0", unresolved.clone()),
        ("a.de AAAA ::", unresolved.clone()),
        ("a.de MX 10 mx.de\nmx.de A 0.0.0.0\nmx.de AAAA ::", unresolved),
        ("a.de A 0.0.0.0\na.de A 8.8.8.8", MailRoute::Implicit(vec!["8.8.8.8".parse().unwrap()])),
        ("a.de A 10.0.0.1", MailRoute::Unusable),
        ("a.de NODATA", MailRoute::NoService),
    ] {
        let (routes, _) = routes(Zone::parse(zone));
        assert_eq!(route(&routes, DEADLINE).await, Some(expected), "{zone}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_loses_patience_hears_that_the_dns_is_silent_where_it_is() {
    let budget = Duration::from_millis(1_480);
    let timeout = Some(MailRoute::Unresolved(Failure::Timeout));
    let (silent, _) = routes(Zone::parse("a.de HANG"));
    assert_eq!(route(&silent, budget).await, timeout);
    // Not enough to say so.
    let (silent, _) = routes(Zone::parse("a.de HANG"));
    assert_eq!(route(&silent, Duration::from_millis(900)).await, None);
    // The second of two questions.
    let (silent, _) = routes(Zone::parse("a.de MX 10 mx.de\nmx.de HANG"));
    assert_eq!(route(&silent, budget).await, timeout);
    // It waits for the test of the resolver, not for an answer.
    let (untested, _) = routes(Zone::parse("a.de A 8.8.8.8\ncanary.de HANG"));
    let domains = vec![HostName::new("canary.de").unwrap()];
    let untested = untested.tested_with(Canaries { domains, interval: DEADLINE });
    let tests = untested.clone();
    let _task = tokio::spawn(async move { match tests.lookup().watch_canaries().await {} });
    assert_eq!(route(&untested, budget).await, None);
}

#[tokio::test(start_paused = true)]
async fn the_deadline_of_a_flight_holds_whatever_the_dns_does() {
    let (routes, _) = routes(Zone::parse("a.de HANG"));
    let started = Instant::now();
    let route = route(&routes, 2 * DEADLINE).await;
    assert_eq!(route, Some(MailRoute::Unresolved(Failure::Timeout)));
    assert_eq!(started.elapsed(), DEADLINE);
}

/// A DNS whose zone changes.
struct Changing(ArcSwap<Zone>);

impl Dns for Changing {
    fn mx<'a>(&'a self, name: &'a HostName, of: Servers) -> BoxFuture<'a, Answered<Mx>> {
        async move { self.0.load_full().mx(name, of).await }.boxed()
    }

    fn addresses<'a>(
        &'a self,
        name: &'a HostName,
        family: Family,
        of: Servers,
    ) -> BoxFuture<'a, Answered<IpAddr>> {
        async move { self.0.load_full().addresses(name, family, of).await }.boxed()
    }

    fn servers(&self) -> Vec<ServerId> {
        self.0.load().servers()
    }

    fn set_in_use(&self, servers: &[ServerId]) {
        self.0.load().set_in_use(servers);
    }

    fn has_other(&self, server: ServerId) -> bool {
        self.0.load().has_other(server)
    }

    fn is_full(&self) -> bool {
        self.0.load().is_full()
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_found_stands_in_for_what_cannot_be_had() {
    let second = Duration::from_secs(1);
    let before = MailRoute::Implicit(vec!["8.8.8.8".parse().unwrap()]);
    let after = MailRoute::Implicit(vec!["9.9.9.9".parse().unwrap()]);
    // The zone once the first answer is over, how long who asks then waits, the route, whether it is the
    // old one; how long another one waits who asks two seconds later.
    let cases = [
        ("a.de A 9.9.9.9", Duration::ZERO, after, false, Duration::ZERO),
        ("a.de NXDOMAIN", Duration::ZERO, MailRoute::NoDomain, false, Duration::ZERO),
        ("a.de MX 0 .", Duration::ZERO, MailRoute::Null, false, Duration::ZERO),
        ("a.de SERVFAIL", Duration::ZERO, before.clone(), true, Duration::ZERO),
        ("a.de TIMEOUT", Duration::ZERO, before.clone(), true, Duration::ZERO),
        // A flight that is under way for more than a second is not waited for.
        ("a.de HANG", second, before, true, Duration::ZERO),
    ];
    for (zone, waits, expected, is_old, waits_later) in cases {
        let dns = Arc::new(Changing(ArcSwap::from_pointee(Zone::parse("a.de A 8.8.8.8"))));
        let routes = routes_from(dns.clone());
        route(&routes, DEADLINE).await;
        dns.0.store(Arc::new(Zone::parse(zone)));
        tokio::time::advance(crate::dns::zone::TTL + second).await;
        for (when, waits) in [("at once", waits), ("later", waits_later)] {
            let asked = Instant::now();
            let found = routes.find(query(&host(), DEADLINE)).await;
            assert_eq!(asked.elapsed(), waits, "{zone} {when}");
            let DomainEvidence::Learned(learned, timing) = found else { panic!("{zone} {when}") };
            assert_eq!(learned.route, expected, "{zone} {when}");
            let was_asked = timing == Timing::Asked;
            assert_eq!(was_asked, !is_old && when == "at once", "{zone} {when}");
            tokio::time::advance(2 * second).await;
        }
    }
}
