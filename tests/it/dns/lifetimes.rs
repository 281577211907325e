//! How long answers are said to hold.

use jiff::Timestamp;
use serde_json::Value;

use super::service::report;
use crate::support::dns::DnsServer;
use crate::support::program::asking;
use crate::support::service::Service;

#[test]
fn answers_hold_as_long_as_the_servers_say_within_bounds() {
    // The name's lines, and for how many seconds the answer holds.
    let cases = [
        ("as said", "MX 10 mx.test\nTTL 900", 900),
        ("none at all", "MX 10 mx.test\nTTL 0", 60),
        ("short", "MX 10 mx.test\nTTL 59", 60),
        ("a day", "MX 10 mx.test\nTTL 86400", 3_600),
        ("the longest", "MX 10 mx.test\nTTL 2147483647", 3_600),
        ("with the highest bit", "MX 10 mx.test\nTTL 4294967295", 3_600),
        ("its mail server's address is shorter", "MX 10 brief.test\nTTL 900", 90),
        ("its alias is shorter", "CNAME lasting.test\nTTL 120", 120),
        ("null MX", "MX 0 .\nTTL 700", 700),
        ("implicit, as the denial of an MX", "A 192.0.2.1\nTTL 900\nSOA 200 3600", 200),
        ("implicit, as the address", "A 192.0.2.1\nTTL 90\nSOA 200 3600", 90),
        ("no name, the SOA's own TTL", "NXDOMAIN\nSOA 120 300", 120),
        ("no name, the SOA's minimum", "NXDOMAIN\nSOA 300 120", 120),
        ("no name, short", "NXDOMAIN\nSOA 5 5", 30),
        ("no name, not to be kept", "NXDOMAIN\nSOA 0 0", 30),
        ("no name, a day", "NXDOMAIN\nSOA 86400 86400", 600),
        ("no name, without SOA", "NXDOMAIN\nNO-SOA", 30),
        ("no records, as said", "NODATA\nSOA 120 300", 120),
        ("no records, a day", "NODATA\nSOA 86400 86400", 600),
        ("no records, without SOA", "NODATA\nNO-SOA", 30),
        ("a failure", "SERVFAIL", 5),
    ];
    let mut zone = "mx.test A 192.0.2.1\nmx.test TTL 100000\nbrief.test A 192.0.2.1\n\
                    brief.test TTL 90\nlasting.test MX 10 mx.test\nlasting.test TTL 900\n"
        .to_owned();
    for (n, (_, lines, _)) in cases.iter().enumerate() {
        zone.extend(lines.lines().map(|line| format!("d{n}.test {line}\n")));
    }
    let dns = DnsServer::start(&zone);
    let service = Service::start(asking(&dns));
    for (n, (case, _, seconds)) in cases.iter().enumerate() {
        let report = report(&service, &format!("joe@d{n}.test"));
        let time = |field: &Value| -> Timestamp { field.as_str().unwrap().parse().unwrap() };
        let holds = time(&report["valid_until"]).duration_since(time(&report["checked_at"]));
        assert_eq!(holds.as_secs(), *seconds, "{case}: {report}");
    }
}
