//! A resolver that cannot be believed: what the user reads about it.

use std::process::Command;

use crate::support::dns::DnsServer;
use crate::support::program::asking;
use crate::support::run::run;

const HONEST: &str = "
    canary.test MX 10 mx.test
    second.test MX 10 mx.test
    good.test   MX 10 mx.test
    mx.test     A 192.0.2.1
    *.com       NXDOMAIN
    gone.test   NXDOMAIN
";

/// What the user reads, and where nothing is denied.
const GMAIL: &str = "your resolver says gmail.com does not exist; check the network or name another with \
                     --dns";
const CANARY: &str = "your resolver says canary.test does not exist; check the network or name another \
                      with --dns";
const NO_MAIL: &str = "your resolver says canary.test has no mail server; check the network";
const INVENTS: &str = "your resolver has answers for names that do not exist; check the network";
const FOR_LABS: &str = "MAILVET_DNS__CANARIES=[]";

#[test]
fn a_resolver_that_lies_condemns_nobody_and_is_named() {
    // What it answers, the canaries (none: those of the program), the address, what is said of it, aside.
    let (unknown, absent) = ("unknown [\"dns_failure\"]", "undeliverable [\"domain_not_found\"]");
    let good = "plausible [\"domain_accepts_mail\"]";
    let both = Some("canary.test,second.test");
    let one_changed =
        "canary.test NXDOMAIN\nsecond.test MX 10 mx.test\ngone.test NXDOMAIN\n*.com NXDOMAIN";
    let invents = "* MX 10 mx.test\nmx.test A 192.0.2.1";
    let cases: [(_, Option<&str>, _, _, &[&str]); 9] = [
        (HONEST, both, "joe@good.test", good, &[]),
        (HONEST, both, "joe@gone.test", absent, &[]),
        ("* NXDOMAIN", both, "joe@gone.test", unknown, &[CANARY, FOR_LABS]),
        ("* NXDOMAIN", None, "joe@gone.test", unknown, &[GMAIL, FOR_LABS]),
        ("* NODATA", both, "joe@gone.test", unknown, &[NO_MAIL, FOR_LABS]),
        (invents, both, "joe@gone.test", unknown, &[INVENTS, FOR_LABS]),
        (one_changed, both, "joe@gone.test", absent, &[]),
        ("* NXDOMAIN", Some("[]"), "joe@gone.test", absent, &[]),
        ("* NXDOMAIN", Some("[]"), "joe@gmail.com", unknown, &[GMAIL]),
    ];
    for (zone, canaries, address, expected, aside) in cases {
        let case = format!("{zone}, {canaries:?}, {address}");
        let dns = DnsServer::start(zone);
        let mut command: Command = asking(&dns);
        match canaries {
            Some(canaries) => command.env("MAILVET_DNS__CANARIES", canaries),
            None => command.env_remove("MAILVET_DNS__CANARIES"),
        };
        let ran = run(command.args(["check", "--json", "--log-format", "json", address]), b"");
        let report = &ran.json()[0];
        let said = format!("{} {}", report["verdict"].as_str().unwrap(), report["reasons"]);
        assert_eq!(said, expected, "{case}: {}", ran.stderr);
        for words in aside {
            assert!(ran.stderr.contains(words), "{case}: {words:?} in {}", ran.stderr);
        }
        assert!(!aside.is_empty() || ran.stderr.is_empty(), "{case}: {}", ran.stderr);
        let is_for_labs = aside.contains(&FOR_LABS);
        assert_eq!(ran.stderr.contains(FOR_LABS), is_for_labs, "{case}: {}", ran.stderr);
    }
}
