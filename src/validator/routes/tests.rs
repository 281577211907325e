use std::net::IpAddr;

use arc_swap::ArcSwap;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::*;
use crate::clock::StoppedClock;
use crate::dns::zone::Zone;
use crate::route::{Family, Mx, ServerId};

const DEADLINE: Duration = Duration::from_secs(10);

fn routes(zone: Zone) -> (Routes, Arc<Zone>) {
    let zone = Arc::new(zone);
    (routes_from(zone.clone()), zone)
}

fn routes_from(dns: Arc<dyn Dns>) -> Routes {
    let settings = RouteSettings {
        reach: ReachPolicy::default(),
        private_zones: Vec::new(),
        limits: FloodLimits { flights: 100, names_per_zone: 100, flights_per_stranger: 100 },
        flight_deadline: DEADLINE,
        cache_bytes: 1 << 20,
    };
    Routes::new(dns, Arc::new(StoppedClock(Timestamp::UNIX_EPOCH)), settings)
}

fn host() -> HostName {
    HostName::new("a.de").unwrap()
}

async fn route(routes: &Routes, patience: Duration) -> Option<MailRoute> {
    match routes.of(&host(), Caller::Local, Urgency::Now, patience).await {
        Found::Learned(learned, _) => Some(learned.route.clone()),
        Found::OutOfTime | Found::Private => None,
    }
}

#[tokio::test(start_paused = true)]
async fn who_boards_just_after_a_landing_asks_nobody() {
    let (routes, zone) = routes(Zone::parse("a.de A 8.8.8.8"));
    let landed = route(&routes, DEADLINE).await.unwrap();
    while routes.flights.count() > 0 {
        tokio::task::yield_now().await;
    }
    let questions = zone.questions();
    let seat = routes.board(&host(), Caller::Local, None, Place::NotNeeded);
    let Seat::On(flight, boarding) = seat else { panic!("no seat") };
    assert_eq!(boarding, Boarding::Started);
    let Waited::Landed(learned) = flight.wait(DEADLINE).await else { panic!("no answer") };
    assert_eq!(learned.route, landed);
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
        let patience = Duration::from_millis(1_500);
        assert_eq!(route(&routes, patience).await, Some(soon), "{says}");
        assert_eq!(route(&routes, 2 * DEADLINE).await, Some(in_the_end), "{says}");
        assert_eq!(routes.flights.count(), 0, "{says}");
    }
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
            let found = routes.of(&host(), Caller::Local, Urgency::Now, DEADLINE).await;
            assert_eq!(asked.elapsed(), waits, "{zone} {when}");
            let Found::Learned(learned, freshness) = found else { panic!("{zone} {when}") };
            assert_eq!(learned.route, expected, "{zone} {when}");
            let was_asked = freshness == Freshness::Asked;
            assert_eq!(was_asked, !is_old && when == "at once", "{zone} {when}");
            tokio::time::advance(2 * second).await;
        }
    }
}
