//! The search against small worlds: which route, which questions.

use super::*;

/// One row: what the world answers, and what has to come of it.
struct Case {
    name: &'static str,
    /// `TYPE name answer`; the answer is records, `-` (NODATA), `!` (NXDOMAIN), `>`
    /// (alias of nothing) or a failure's code.
    world: &'static [&'static str],
    route: MailRoute,
    /// How many questions lead there.
    questions: usize,
}

fn failure(code: &str) -> Option<Failure> {
    use Failure::{Malformed, Overloaded, Refused, ServFail, Timeout, Unreachable};
    [Timeout, ServFail, Refused, Overloaded, Unreachable, Malformed]
        .into_iter()
        .find(|failure| failure.code() == code)
}

const TTL: Duration = Duration::from_secs(300);

fn answer<T>(
    world: &[&str],
    kind: &str,
    name: &HostName,
    record: impl Fn(&str) -> T,
) -> Result<Answer<T>, Failure> {
    let question = format!("{kind} {} ", name.as_str());
    let line = world.iter().find_map(|line| line.strip_prefix(&question));
    match line.unwrap_or_else(|| panic!("nobody expected {question}")) {
        "-" => Ok(Answer::NoData { ttl: TTL }),
        "!" => Ok(Answer::NoName { ttl: TTL }),
        ">" => Ok(Answer::NoTarget { ttl: TTL }),
        text => match failure(text) {
            Some(failure) => Err(failure),
            None => Ok(Answer::Found { records: text.split(", ").map(record).collect(), ttl: TTL }),
        },
    }
}

fn mx(text: &str) -> Mx {
    let (preference, host) = text.split_once(' ').unwrap();
    Mx { preference: preference.parse().unwrap(), host: HostName::new(host) }
}

fn run(world: &[&str]) -> (RouteWithTtl, usize) {
    let (outcome, questions) = run_to_outcome(world);
    (outcome.routed, questions)
}

const SERVER: ServerId = ServerId(0);

fn run_to_outcome(world: &[&str]) -> (RouteOutcome, usize) {
    let policy = ReachPolicy::default();
    let mut search = RouteResolver::start(HostName::new("D.example.").unwrap(), &policy);
    let mut questions = 0;
    loop {
        search = match search {
            RouteResolver::Done(outcome) => return (outcome, questions),
            RouteResolver::AskMx(ask) => {
                let found = answer(world, "MX", ask.name(), mx);
                ask.answer(Answered::by(SERVER, found))
            }
            RouteResolver::AskAddresses(ask) => {
                let kind = match ask.family() {
                    Family::V4 => "A",
                    Family::V6 => "AAAA",
                };
                let found = answer(world, kind, ask.name(), |ip| ip.parse().unwrap());
                ask.answer(Answered::by(SERVER, found))
            }
        };
        questions += 1;
    }
}

fn to(hosts: &[(&str, u16)], null_mx: NullMx, targets: Targets) -> MailRoute {
    let hosts = hosts
        .iter()
        .map(|(host, preference)| Exchanger {
            host: HostName::new(host).unwrap(),
            preference: *preference,
        })
        .collect();
    MailRoute::Exchangers(Exchangers { hosts, null_mx, targets })
}

fn implicit(ip: &str) -> MailRoute {
    MailRoute::Implicit(vec![ip.parse().unwrap()])
}

#[test]
fn every_shape_of_a_domain_has_its_route() {
    use Failure::{Refused, ServFail, Timeout, TooManyServers};
    use MailRoute::{NoDomain, NoService, NoTarget, Null, Unresolved, Unusable};
    use NullMx::{Absent, Beside};
    use Targets::{LiteralsOnly, Named};
    const ONE: &[(&str, u16)] = &[("m.example", 10)];
    let cases = [
        Case {
            name: "mx",
            world: &["MX d.example 10 m.example", "A m.example 8.8.8.8"],
            route: to(ONE, Absent, Named),
            questions: 2,
        },
        Case {
            name: "mx with IPv6 alone",
            world: &["MX d.example 10 m.example", "A m.example -", "AAAA m.example 2600::1"],
            route: to(ONE, Absent, Named),
            questions: 3,
        },
        Case {
            name: "mx sorted by preference, then name; the first usable one is enough",
            world: &["MX d.example 20 c.example, 5 b.example, 5 a.example", "A a.example 8.8.8.8"],
            route: to(&[("a.example", 5), ("b.example", 5), ("c.example", 20)], Absent, Named),
            questions: 2,
        },
        Case { name: "no such domain", world: &["MX d.example !"], route: NoDomain, questions: 1 },
        Case { name: "null MX", world: &["MX d.example 0 ."], route: Null, questions: 1 },
        Case {
            name: "null MX with another preference",
            world: &["MX d.example 10 ., 20 ."],
            route: Null,
            questions: 1,
        },
        Case {
            name: "null MX beside a real one",
            world: &["MX d.example 0 ., 10 m.example", "A m.example 8.8.8.8"],
            route: to(ONE, Beside, Named),
            questions: 2,
        },
        Case {
            name: "null MX beside a dangling one",
            world: &["MX d.example 0 ., 10 m.example", "A m.example !"],
            route: Unusable,
            questions: 2,
        },
        Case {
            name: "A alone",
            world: &["MX d.example -", "A d.example 8.8.8.8"],
            route: implicit("8.8.8.8"),
            questions: 2,
        },
        Case {
            name: "AAAA alone",
            world: &["MX d.example -", "A d.example -", "AAAA d.example 2600::1"],
            route: implicit("2600::1"),
            questions: 3,
        },
        Case {
            name: "only the addresses that may be contacted are kept",
            world: &["MX d.example -", "A d.example 10.0.0.1, 8.8.8.8"],
            route: implicit("8.8.8.8"),
            questions: 2,
        },
        Case {
            name: "neither MX nor address",
            world: &["MX d.example -", "A d.example -", "AAAA d.example -"],
            route: NoService,
            questions: 3,
        },
        Case {
            name: "NODATA for MX, then NXDOMAIN for A: the server contradicts itself",
            world: &["MX d.example -", "A d.example !"],
            route: Unresolved(Failure::Contradicted),
            questions: 2,
        },
        Case {
            name: "NODATA twice, then NXDOMAIN for AAAA: a common fault of name servers",
            world: &["MX d.example -", "A d.example -", "AAAA d.example !"],
            route: NoService,
            questions: 3,
        },
        Case {
            name: "alias of nothing",
            world: &["MX d.example >"],
            route: NoTarget,
            questions: 1,
        },
        Case {
            name: "MX to an alias of nothing",
            world: &["MX d.example 10 m.example", "A m.example >"],
            route: Unusable,
            questions: 2,
        },
        Case {
            name: "own address private",
            world: &["MX d.example -", "A d.example 192.168.1.1", "AAAA d.example -"],
            route: Unusable,
            questions: 3,
        },
        Case {
            name: "A fails, AAAA will do",
            world: &["MX d.example -", "A d.example servfail", "AAAA d.example 2600::1"],
            route: implicit("2600::1"),
            questions: 3,
        },
        Case {
            name: "A private, AAAA fails",
            world: &["MX d.example -", "A d.example 10.0.0.1", "AAAA d.example timeout"],
            route: Unresolved(Timeout),
            questions: 3,
        },
        Case {
            name: "A fails, no AAAA",
            world: &["MX d.example -", "A d.example refused", "AAAA d.example -"],
            route: Unresolved(Refused),
            questions: 3,
        },
        Case {
            name: "MX look-up fails",
            world: &["MX d.example servfail"],
            route: Unresolved(ServFail),
            questions: 1,
        },
        Case {
            name: "dangling MX",
            world: &["MX d.example 10 m.example", "A m.example !"],
            route: Unusable,
            questions: 2,
        },
        Case {
            name: "MX without address",
            world: &["MX d.example 10 m.example", "A m.example -", "AAAA m.example -"],
            route: Unusable,
            questions: 3,
        },
        Case {
            name: "MX to a private address",
            world: &["MX d.example 10 m.example", "A m.example 10.0.0.5", "AAAA m.example -"],
            route: Unusable,
            questions: 3,
        },
        Case {
            name: "MX to localhost is not even asked for",
            world: &["MX d.example 10 localhost, 20 x.localhost"],
            route: Unusable,
            questions: 1,
        },
        Case {
            name: "first MX dangling, second fails: not found out",
            world: &[
                "MX d.example 10 a.example, 20 b.example",
                "A a.example !",
                "A b.example timeout",
                "AAAA b.example timeout",
            ],
            route: Unresolved(Timeout),
            questions: 4,
        },
        Case {
            name: "first MX fails, second will do",
            world: &[
                "MX d.example 10 a.example, 20 b.example",
                "A a.example servfail",
                "AAAA a.example servfail",
                "A b.example 8.8.8.8",
            ],
            route: to(&[("a.example", 10), ("b.example", 20)], Absent, Named),
            questions: 4,
        },
        Case {
            name: "the same host twice is asked for once",
            world: &[
                "MX d.example 10 a.example, 20 b.example, 30 a.example",
                "A a.example !",
                "A b.example !",
            ],
            route: Unusable,
            questions: 3,
        },
        Case {
            name: "MX to an IP address",
            world: &["MX d.example 10 8.8.8.8"],
            route: to(&[("8.8.8.8", 10)], Absent, LiteralsOnly),
            questions: 1,
        },
        Case {
            name: "MX to an IP address in brackets",
            world: &["MX d.example 10 [8.8.8.8]"],
            route: to(&[("[8.8.8.8]", 10)], Absent, LiteralsOnly),
            questions: 1,
        },
        Case {
            name: "MX to a private IP address",
            world: &["MX d.example 10 10.0.0.5"],
            route: Unusable,
            questions: 1,
        },
        Case {
            name: "MX to an IP address, then to a name",
            world: &["MX d.example 10 8.8.8.8, 20 m.example", "A m.example 8.8.8.8"],
            route: to(&[("8.8.8.8", 10), ("m.example", 20)], Absent, Named),
            questions: 2,
        },
        Case {
            name: "MX to an IP address, and a name whose look-up fails",
            world: &[
                "MX d.example 10 8.8.8.8, 20 m.example",
                "A m.example timeout",
                "AAAA m.example -",
            ],
            route: Unresolved(Timeout),
            questions: 3,
        },
        Case {
            name: "six MX, the first five dangling: the sixth was not looked at",
            world: &[
                "MX d.example 1 a.example, 2 b.example, 3 c.example, 4 d.example, 5 e.example, 6 f.example",
                "A a.example !",
                "A b.example !",
                "A c.example !",
                "A d.example !",
                "A e.example !",
            ],
            route: Unresolved(TooManyServers),
            questions: 6,
        },
    ];
    for case in cases {
        let (routed, questions) = run(case.world);
        assert_eq!(routed.route, case.route, "{}", case.name);
        assert_eq!(questions, case.questions, "{}: questions", case.name);
    }
}

#[test]
fn the_worst_case_stays_below_twelve_questions() {
    let world: Vec<String> = std::iter::once(
        "MX d.example 1 a.example, 2 b.example, 3 c.example, 4 e.example, 5 f.example, 6 g.example"
            .to_owned(),
    )
    .chain(
        "abcef"
            .chars()
            .flat_map(|c| [format!("A {c}.example -"), format!("AAAA {c}.example servfail")]),
    )
    .collect();
    let world: Vec<&str> = world.iter().map(String::as_str).collect();
    let (routed, questions) = run(&world);
    assert_eq!(routed.route, MailRoute::Unresolved(Failure::ServFail));
    assert_eq!(questions, 11);
}

#[test]
fn lifetimes_are_bounded() {
    let cases = [
        ("positive, none", implicit("8.8.8.8"), 0, 60),
        ("positive, a day", implicit("8.8.8.8"), 86_400, 3_600),
        ("positive, between", implicit("8.8.8.8"), 300, 300),
        ("null MX is a record", MailRoute::Null, 0, 60),
        ("negative, none", MailRoute::NoDomain, 0, 30),
        ("negative, a day", MailRoute::NoDomain, 86_400, 600),
        ("unusable", MailRoute::Unusable, 86_400, 600),
        ("failure", MailRoute::Unresolved(Failure::Timeout), 86_400, 5),
    ];
    for (name, route, ttl, seconds) in cases {
        let routed = RouteWithTtl { route, ttl: Duration::from_secs(ttl) };
        assert_eq!(lifetime(&routed), Duration::from_secs(seconds), "{name}");
    }
}

use crate::reach::ReachPolicy;

#[test]
fn what_denies_is_named_once_mail_goes_nowhere() {
    // The world, what is asked of another server, in this order.
    let cases: [(&str, &[&str], &[&str]); 9] = [
        ("found", &["MX d.example 10 m.example", "A m.example 8.8.8.8"], &[]),
        ("implicit", &["MX d.example -", "A d.example 8.8.8.8"], &[]),
        ("null MX", &["MX d.example 0 ."], &[]),
        ("failed", &["MX d.example -", "A d.example servfail", "AAAA d.example -"], &[]),
        ("no name", &["MX d.example !"], &["MX d.example"]),
        ("alias of nothing", &["MX d.example >"], &["MX d.example"]),
        (
            "nothing",
            &["MX d.example -", "A d.example -", "AAAA d.example -"],
            &["MX d.example", "A d.example", "AAAA d.example"],
        ),
        (
            "of every host the first question before the second",
            &[
                "MX d.example 1 a.example, 2 b.example",
                "A a.example -",
                "AAAA a.example -",
                "A b.example 10.0.0.1",
                "AAAA b.example -",
            ],
            &["A a.example", "A b.example", "AAAA a.example", "AAAA b.example"],
        ),
        ("the MX alone", &["MX d.example 1 localhost"], &["MX d.example"]),
    ];
    for (name, world, expected) in cases {
        let (outcome, _) = run_to_outcome(world);
        let asked = outcome.denials.iter().map(|denial| match &denial.question {
            DnsQuestion::Mx(name) => format!("MX {}", name.as_str()),
            DnsQuestion::Addresses(name, Family::V4) => format!("A {}", name.as_str()),
            DnsQuestion::Addresses(name, Family::V6) => format!("AAAA {}", name.as_str()),
        });
        assert_eq!(asked.collect::<Vec<_>>(), expected, "{name}");
        assert!(outcome.denials.iter().all(|denial| denial.by == Some(SERVER)), "{name}");
    }
}
