//! A flood of domains that were never asked about: what the service keeps of it has a bound.

use serde_json::{Value, json};

use crate::support::dns::DnsServer;
use crate::support::http::{Connection, post_batch};
use crate::support::program::asking_patiently;
use crate::support::service::Service;

tests![a_flood_of_domains_takes_no_more_than_is_configured,];

/// Addresses of one request.
const TOGETHER: usize = 500;
/// `[cache] max_mib`, and `[dns] max_lookups`.
const CACHE_MIB: usize = 2;
const LOOKUPS: usize = 200;

/// What a route takes in memory for each byte that the cache counts, at most: tables grow by doubling, and what the
/// allocator has freed is not always given back to the system.
const CACHE_FACTOR: usize = 3;
/// What one look-up under way takes: its task, its questions, its socket.
const LOOKUP_KIB: usize = 16;
/// Requests, answers, connections and arenas of the allocator, whatever is looked up.
const REST_MIB: usize = 8;

fn a_flood_of_domains_takes_no_more_than_is_configured() {
    let lookups = std::env::var("FLOOD_LOOKUPS").map_or(16_000, |number| number.parse().unwrap());
    let dns = DnsServer::start("*.test MX 10 mx.test\nmx.test A 192.0.2.1");
    let mut program = asking_patiently(&dns);
    program
        .env("MAILVET_DNS__CANARIES", "[]")
        .env("MAILVET_CACHE__MAX_MIB", CACHE_MIB.to_string())
        .env("MAILVET_DNS__MAX_LOOKUPS", LOOKUPS.to_string());
    let service = Service::start(program);
    let mut connection = Connection::open(service.address());
    let mut first = 0;
    let mut flood = |lookups: usize| {
        let mut known = 0;
        for _ in 0..lookups.div_ceil(TOGETHER) {
            known += ask(&mut connection, first);
            first += TOGETHER;
        }
        known
    };
    // It has answered something.
    assert_eq!(flood(TOGETHER), TOGETHER);
    let before = resident_kib(&service);
    let known = flood(lookups);
    assert!(known * 10 >= lookups * 9, "{known} of {lookups} were looked up");
    let after = resident_kib(&service);
    let bound = (CACHE_MIB * CACHE_FACTOR + REST_MIB) * 1024 + LOOKUPS * LOOKUP_KIB;
    let grown = after.saturating_sub(before);
    println!("{lookups} look-ups: {before} KiB before, {after} KiB after, bound {bound} KiB");
    assert!(grown <= bound, "grown by {grown} KiB, more than {bound}");
    drop(service);
}

/// Asks about new domains, and returns how many were found.
fn ask(connection: &mut Connection, first: usize) -> usize {
    let emails: Vec<String> =
        (first..first + TOGETHER).map(|number| format!("joe@flood{number}.test")).collect();
    let body = json!({"emails": emails, "timeout_ms": 30_000});
    connection.send(post_batch(body.to_string(), ""));
    let response = connection.response();
    assert_eq!(response.status, 200, "{}", response.text());
    let results = response.json();
    let is_known = |report: &&Value| report["verdict"] == "plausible";
    results["results"].as_array().unwrap().iter().filter(is_known).count()
}

/// What the service has in memory.
fn resident_kib(service: &Service) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{}/status", service.process())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").trim().parse().unwrap()
}
