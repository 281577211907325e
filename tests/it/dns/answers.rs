//! What each kind of reply is taken for.

use super::asking::{PATIENT, mx, resolver};
use crate::support::dns::DnsServer;

const ZONE: &str = "
    mx.test               A 192.0.2.1
    good.test             MX 10 mx.test
    two.test              MX 20 b.test
    two.test              MX 10 a.test
    null.test             MX 0 .
    none.test             NODATA
    none.test             SOA 60 200
    none-bare.test        NODATA
    none-bare.test        NO-SOA
    gone.test             NXDOMAIN
    gone.test             SOA 500 40
    gone-bare.test        NXDOMAIN
    gone-bare.test        NO-SOA
    fails.test            SERVFAIL
    refused.test          REFUSED
    formerr.test          FORMERR
    notimp.test           NOTIMP
    referral.test         REFERRAL
    glue.test             REFERRAL
    glue.test             MX 10 mx.test
    glue.test             A 192.0.2.1
    host-alone.test       A 192.0.2.1
    any-type.test         A 192.0.2.1
    any-type.test         ANY-TYPE
    ttl-0.test            MX 10 mx.test
    ttl-0.test            TTL 0
    ttl-huge.test         MX 10 mx.test
    ttl-huge.test         TTL 2147483647
    ttl-negative.test     MX 10 mx.test
    ttl-negative.test     TTL 4294967295
    alias.test            CNAME middle.test
    alias.test            TTL 90
    middle.test           CNAME good.test
    to-link.test          CNAME link-1.test
    to-link.test          ONE-LINK
    link-1.test           CNAME link-2.test
    link-1.test           ONE-LINK
    link-2.test           CNAME good.test
    link-2.test           ONE-LINK
    to-none.test          CNAME none.test
    to-none-bare.test     CNAME none-bare.test
    to-gone.test          CNAME gone.test
    to-fails.test         CNAME fails.test
    circle.test           CNAME circle-2.test
    circle-2.test         CNAME circle.test
    self.test             CNAME self.test
    links-circle.test     CNAME links-circle-2.test
    links-circle.test     ONE-LINK
    links-circle-2.test   CNAME links-circle.test
    links-circle-2.test   ONE-LINK
    truncated.test        MX 10 mx.test
    truncated.test        TRUNCATED
";

#[tokio::test]
async fn every_kind_of_reply() {
    // Name, what the answer about its MX is.
    let cases = [
        ("good.test", "300: 10 mx.test"),
        ("GOOD.test", "300: 10 mx.test"),
        ("two.test", "300: 20 b.test, 10 a.test"),
        ("null.test", "300: 0 ."),
        ("none.test", "60: no data"),
        ("none-bare.test", "0: no data"),
        ("gone.test", "40: no name"),
        ("gone-bare.test", "0: no name"),
        ("fails.test", "servfail"),
        ("refused.test", "refused"),
        ("formerr.test", "malformed"),
        ("notimp.test", "refused"),
        ("never-told.test", "refused"),
        ("referral.test", "refused"),
        // The MX that it holds comes along with the names of other servers.
        ("glue.test", "refused"),
        ("host-alone.test", "300: no data"),
        ("any-type.test", "0: no data"),
        ("ttl-0.test", "0: 10 mx.test"),
        ("ttl-huge.test", "86400: 10 mx.test"),
        ("ttl-negative.test", "86400: 10 mx.test"),
        ("alias.test", "90: 10 mx.test"),
        ("to-link.test", "300: 10 mx.test"),
        ("to-none.test", "60: no data"),
        ("to-none-bare.test", "0: no data"),
        ("to-gone.test", "40: no target"),
        ("to-fails.test", "servfail"),
        ("circle.test", "malformed"),
        ("self.test", "malformed"),
        ("links-circle.test", "malformed"),
        ("truncated.test", "300: 10 mx.test"),
    ];
    let server = DnsServer::start(ZONE);
    let dns = resolver([&server], PATIENT, 1);
    let mut wrong = Vec::new();
    for (name, expected) in cases {
        let answer = mx(&dns, name).await;
        if answer != expected {
            wrong.push(format!("{name}: {answer}, not {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
