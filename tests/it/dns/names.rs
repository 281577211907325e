//! Names that are unlike host names get to the server as they are, or no server is asked.

use mailvet::dns::{Dns, Servers};
use mailvet::route::Answer;

use super::asking::{PATIENT, addresses, host, mx, resolver};
use crate::support::dns::{DnsServer, Protocol};

#[tokio::test]
async fn names_of_domains() {
    let names = [
        "under_score.test",
        "_dmarc.test",
        "xn--bcher-kva.test",
        "xn--a.test",
        "-hyphen.test",
        "3com.test",
        "a.b.c.d.e.f.g.h.test",
    ];
    for name in names {
        let server = DnsServer::start(&format!("{name} MX 10 mx.test"));
        let dns = resolver([&server], PATIENT, 1);
        let answer = mx(&dns, name).await;
        if name.starts_with('-') {
            assert_eq!((answer.as_str(), server.all_packets()), ("malformed", 0), "{name}");
        } else {
            assert_eq!(answer, "300: 10 mx.test", "{name}");
            assert_eq!(server.questions(), [format!("{name} MX")]);
        }
    }
}

#[tokio::test]
async fn names_of_mail_servers() {
    let long = "l".repeat(63);
    let long = format!("{long}.{long}.{long}.test");
    // As the zone has it (see `zone::name`), as it is sent, what comes of asking for its address.
    let cases = [
        ("under_score.test", "under_score.test", "300: 192.0.2.1"),
        ("xn--bcher-kva.test", "xn--bcher-kva.test", "300: 192.0.2.1"),
        ("xn--a.test", "xn--a.test", "300: 192.0.2.1"),
        ("CAPITAL.test", "capital.test", "300: 192.0.2.1"),
        ("*.test", "*.test", "300: 192.0.2.1"),
        (&long, &long, "300: 192.0.2.1"),
        ("dot\\.inside.test", "dot\\.inside.test", "300: 192.0.2.1"),
        ("at@sign.test", "at\\@sign.test", "malformed"),
        ("space~inside.test", "space\\040inside.test", "malformed"),
        ("back\\\\slash.test", "back\\\\slash.test", "malformed"),
        ("-hyphen.test", "\\-hyphen.test", "malformed"),
    ];
    for (target, sent, of_address) in cases {
        let zone = format!("a.test MX 10 {target}\n{sent} A 192.0.2.1");
        let server = DnsServer::start(&zone);
        let dns = resolver([&server], PATIENT, 1);
        let answer = dns.mx(&host("a.test"), Servers::InUse).await.result.unwrap();
        let Answer::Found { records, .. } = answer else { panic!("{target}") };
        let name = records[0].host.clone().unwrap();
        assert_eq!(name.as_str(), sent, "{target}");
        assert_eq!(addresses(&dns, &name).await, of_address, "{target}");
        let asked = usize::from(of_address != "malformed");
        assert_eq!(server.packets(sent, "A", Protocol::Udp), asked, "{target}");
        assert_eq!(server.all_packets(), 1 + asked, "{target}");
    }
}
