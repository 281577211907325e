//! `mailvet serve` while the network between it and its DNS fails: what it could not find out it does not
//! say, it answers in time, and it heals by itself.
//!
//! Each fault has a network, servers and a service of its own, so that several can happen at the same time.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::client::post;
use crate::namespace::Namespace;
use crate::serve::Serve;
use crate::support::poll::poll;
use crate::unbound::{Answers, Unbound};

/// What a laboratory needs, with the default patience.
const CONFIG: &str = r#"
[catalog]
allow_reserved = ["test"]
[network]
allow = ["127.0.0.0/8"]
[dns]
max_names_per_zone = 100000
"#;

/// The DNS servers, in the order in which they are configured.
const SERVERS: [Ipv4Addr; 2] = [Ipv4Addr::new(127, 0, 0, 53), Ipv4Addr::new(127, 0, 0, 54)];
const PORT: u16 = 53;

/// So much later than its time an answer may come, on a busy machine.
const GRACE: Duration = Duration::from_millis(500);
/// So long after a fault everything is well again.
const HEALED: Duration = Duration::from_secs(15);
/// The times that callers have, in ms: next to none, the usual one, and one in which everything is found out
/// that can be.
const BUDGETS: [u64; 3] = [HURRIED, USUAL, PATIENT];
const HURRIED: u64 = 100;
const USUAL: u64 = 1_500;
const PATIENT: u64 = 10_000;

/// So many faults happen at the same time: they wait more than they work.
const LANES: usize = 6;

/// Something that goes wrong, and what comes of it for domains that were not known before.
struct Fault {
    name: &'static str,
    servers: usize,
    what: What,
    /// Where answers fit into UDP packets.
    short: Effect,
    /// Where they do not.
    long: Effect,
}

enum What {
    /// Packets that match one of these have this fate, in the language of nft.
    Packets(&'static [&'static str], &'static str),
    /// The first server has this trouble.
    First(Trouble),
    /// All servers have it.
    All(Trouble),
}

#[derive(Clone, Copy)]
enum Trouble {
    /// It stands still: its sockets take questions, and it reads none.
    Stopped,
    /// It is not there.
    Gone,
    /// It answers this.
    Answers(Answers),
}

/// What a caller with much time has of it. Wrong answers there are never.
#[derive(Clone, Copy)]
enum Effect {
    /// Every domain has its right answer.
    None,
    /// At least so many percent have; the others are unknown.
    Right(usize),
    /// All are unknown.
    Unknown,
}

static FAULTS: [Fault; 20] = {
    use Effect::{None, Right, Unknown};
    use Trouble::{Gone, Stopped};
    use What::{All, First, Packets};

    const REFUSING: Trouble = Trouble::Answers(Answers::Refused);
    const FAILING: Trouble = Trouble::Answers(Answers::ServFail);

    const UDP: &[&str] = &["udp dport 53", "udp sport 53"];
    const TCP: &[&str] = &["tcp dport 53", "tcp sport 53"];
    const QUESTIONS: &[&str] = &["meta l4proto { tcp, udp } th dport 53"];
    const ANSWERS: &[&str] = &["meta l4proto { tcp, udp } th sport 53"];
    const ALL: &[&str] = &[QUESTIONS[0], ANSWERS[0]];
    const OF_FIRST: &[&str] = &["ip daddr 127.0.0.53", "ip saddr 127.0.0.53"];
    const OF_SECOND: &[&str] = &["ip daddr 127.0.0.54", "ip saddr 127.0.0.54"];
    const TO_FIRST: &[&str] = &["ip daddr 127.0.0.53"];

    const HALF: &str = "numgen random mod 100 < 50 drop";
    const UNREACHABLE: &str = "reject with icmp type host-unreachable";
    const PROHIBITED: &str = "reject with icmp type admin-prohibited";

    const fn one(name: &'static str, what: What, short: Effect, long: Effect) -> Fault {
        Fault { name, servers: 1, what, short, long }
    }
    const fn of_two(name: &'static str, what: What, short: Effect, long: Effect) -> Fault {
        Fault { name, servers: 2, what, short, long }
    }
    [
        one("half-lost", Packets(ALL, HALF), Right(80), Right(0)),
        of_two("both-half-lost", Packets(ALL, HALF), Right(80), Right(0)),
        one("udp-lost", Packets(UDP, "drop"), Unknown, Unknown),
        one("tcp-lost", Packets(TCP, "drop"), None, Unknown),
        one("all-lost", Packets(ALL, "drop"), Unknown, Unknown),
        one("questions-lost", Packets(QUESTIONS, "drop"), Unknown, Unknown),
        one("answers-lost", Packets(ANSWERS, "drop"), Unknown, Unknown),
        one("unreachable", Packets(QUESTIONS, UNREACHABLE), Unknown, Unknown),
        one("prohibited", Packets(QUESTIONS, PROHIBITED), Unknown, Unknown),
        one("stopped", All(Stopped), Unknown, Unknown),
        one("gone", All(Gone), Unknown, Unknown),
        one("refusing", All(REFUSING), Unknown, Unknown),
        one("failing", All(FAILING), Unknown, Unknown),
        of_two("first-lost", Packets(OF_FIRST, "drop"), None, None),
        of_two("second-lost", Packets(OF_SECOND, "drop"), None, None),
        of_two("first-unreachable", Packets(TO_FIRST, UNREACHABLE), None, None),
        of_two("first-stopped", First(Stopped), None, None),
        of_two("first-gone", First(Gone), None, None),
        of_two("first-refusing", First(REFUSING), None, None),
        of_two("first-failing", First(FAILING), None, None),
    ]
};

/// Kinds of domains. There are many of each.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Named,
    Wildcard,
    /// Without MX, but with an address.
    Implicit,
    /// With more MX than go into a UDP packet.
    Long,
    Absent,
}

const KINDS: &[Kind] = &[Kind::Named, Kind::Wildcard, Kind::Implicit, Kind::Absent, Kind::Long];
/// Those whose answers fit into UDP packets.
const SHORT: &[Kind] = KINDS.split_at(4).0;

impl Kind {
    fn domain(self, number: usize) -> String {
        match self {
            Self::Named => format!("n{number}.names.test"),
            Self::Wildcard => format!("x{number}.wildcard.test"),
            Self::Implicit => format!("x{number}.implicit.test"),
            Self::Long => format!("x{number}.many.test"),
            Self::Absent => format!("x{number}.names.test"),
        }
    }

    /// The right verdict, reasons and status of the DNS.
    fn right(self) -> Value {
        match self {
            Self::Named | Self::Wildcard | Self::Long => {
                json!(["plausible", ["domain_accepts_mail"], "mx"])
            }
            Self::Implicit => json!(["plausible", ["domain_accepts_mail"], "implicit_mx"]),
            Self::Absent => json!(["undeliverable", ["domain_not_found"], "not_found"]),
        }
    }
}

/// A question about a domain; times in ms.
#[derive(Clone)]
struct Question {
    kind: Kind,
    domain: String,
    budget: u64,
}

/// What came of it.
struct Asked {
    question: Question,
    report: Value,
    took: Duration,
}

impl Asked {
    fn is_right(&self) -> bool {
        let said = ["/verdict", "/reasons", "/dns/status"].map(|place| self.report.pointer(place));
        json!(said) == self.question.kind.right()
    }

    /// Whether it says that it does not know, and why.
    fn is_unknown(&self) -> bool {
        const REASONS: [&str; 3] = ["dns_timeout", "dns_failure", "time_budget_spent"];
        let said = ["/verdict", "/reasons", "/checks/domain", "/advice"]
            .map(|place| self.report.pointer(place));
        REASONS
            .iter()
            .any(|reason| json!(said) == json!(["unknown", [reason], "unknown", "accept"]))
    }

    fn lateness(&self) -> Duration {
        self.took.saturating_sub(Duration::from_millis(self.question.budget))
    }

    fn show(&self) -> String {
        let Question { domain, budget, .. } = &self.question;
        format!("{domain}, in {budget} ms, after {:?}: {}", self.took, self.report)
    }
}

/// A service, the servers that it asks, and what was seen of it.
struct Scene {
    // Ends before the servers do.
    serve: Serve,
    servers: Vec<Unbound>,
    /// Of the next domains not asked about before.
    number: usize,
    asked: Vec<Question>,
    wrong: Vec<String>,
    latest: Duration,
}

impl Scene {
    /// Has to be called within a namespace.
    fn start(servers: usize) -> Self {
        let address = |ip: &Ipv4Addr| SocketAddr::from((*ip, PORT));
        let servers: Vec<Unbound> =
            SERVERS[..servers].iter().map(address).map(Unbound::start_at).collect();
        let addresses: Vec<SocketAddr> = servers.iter().map(Unbound::address).collect();
        let serve = Serve::start(&addresses, CONFIG);
        let latest = Duration::ZERO;
        Self { serve, servers, number: 0, asked: Vec::new(), wrong: Vec::new(), latest }
    }

    /// Questions about domains not asked about before, so many of each kind.
    fn new_questions(&mut self, kinds: &[Kind], count: usize, budget: u64) -> Vec<Question> {
        let numbers = self.number..self.number + count;
        self.number = numbers.end;
        let of_number = |number| {
            let question =
                move |kind: &Kind| Question { kind: *kind, domain: kind.domain(number), budget };
            kinds.iter().map(question)
        };
        numbers.flat_map(of_number).collect()
    }

    /// Asks them all at the same time.
    fn ask(&mut self, step: &str, questions: &[Question]) -> Vec<Asked> {
        let address = self.serve.address();
        let ask = |question: &Question| {
            let Question { domain, budget, .. } = question;
            let body = json!({ "email": format!("a@{domain}"), "timeout_ms": budget });
            let began = Instant::now();
            let report = post(address, "/v1/validate", &body);
            let took = began.elapsed();
            let report = report.unwrap_or_else(|error| error.to_string().into());
            Asked { question: question.clone(), report, took }
        };
        let asked: Vec<Asked> = thread::scope(|scope| {
            let threads: Vec<_> = questions.iter().map(|it| scope.spawn(move || ask(it))).collect();
            threads.into_iter().map(|thread| thread.join().expect("an answer")).collect()
        });
        for asked in &asked {
            self.expect(asked.is_right() || asked.is_unknown(), step, "wrong", asked);
            self.expect(asked.lateness() <= GRACE, step, "late", asked);
            self.latest = self.latest.max(asked.lateness());
        }
        self.asked.extend_from_slice(questions);
        asked
    }

    /// Asks once more about these domains.
    fn ask_again(&mut self, step: &str, before: &[Asked], budget: u64) -> Vec<Asked> {
        let again = |asked: &Asked| Question { budget, ..asked.question.clone() };
        let questions: Vec<Question> = before.iter().map(again).collect();
        self.ask(step, &questions)
    }

    fn expect(&mut self, holds: bool, step: &str, problem: &str, asked: &Asked) {
        if !holds {
            self.wrong.push(format!("{step}: {problem}: {}", asked.show()));
        }
    }

    fn expect_right(&mut self, step: &str, asked: &[Asked]) {
        for asked in asked {
            self.expect(asked.is_right(), step, "not found out", asked);
        }
    }

    /// Asks until everything is right.
    fn heals(&mut self, step: &str, over: Instant, mut ask: impl FnMut(&mut Self) -> Vec<Asked>) {
        let mut last = Vec::new();
        let healed = poll(HEALED.saturating_sub(over.elapsed()), || {
            last = ask(self);
            last.iter().all(Asked::is_right).then_some(())
        });
        if healed.is_none() {
            self.expect_right(step, &last);
        }
    }

    fn begins(&mut self, what: &What, namespace: &Namespace) {
        if let What::Packets(which, fate) = what {
            let rules: Vec<String> =
                which.iter().map(|packets| format!("{packets} {fate}")).collect();
            namespace.filter(&rules);
        }
        for (server, trouble) in self.in_trouble(what) {
            match trouble {
                Trouble::Stopped => server.signal("STOP"),
                Trouble::Gone => server.kill(),
                Trouble::Answers(answers) => server.start_again(answers),
            }
        }
    }

    fn is_over(&mut self, what: &What, namespace: &Namespace) {
        namespace.filter(&[]);
        for (server, trouble) in self.in_trouble(what) {
            match trouble {
                Trouble::Stopped => server.signal("CONT"),
                Trouble::Gone | Trouble::Answers(_) => server.start_again(Answers::Zones),
            }
        }
    }

    fn in_trouble(&mut self, what: &What) -> Vec<(&mut Unbound, Trouble)> {
        let (count, trouble) = match what {
            What::Packets(..) => return Vec::new(),
            What::First(trouble) => (1, *trouble),
            What::All(trouble) => (self.servers.len(), *trouble),
        };
        self.servers.iter_mut().take(count).map(|server| (server, trouble)).collect()
    }

    /// Everything that was wrong.
    fn end(self) -> Vec<String> {
        let Self { serve, asked, mut wrong, .. } = self;
        wrong.extend(serve.stop(asked.iter().map(|question| question.domain.as_str())));
        wrong
    }
}

/// What was seen of a fault.
struct Seen {
    figures: String,
    wrong: Vec<String>,
}

/// Lets something go wrong, and looks at what comes of it.
fn happens(fault: &Fault, namespace: &Namespace) -> Seen {
    let mut scene = Scene::start(fault.servers);
    let questions = scene.new_questions(KINDS, 1, PATIENT);
    let known = scene.ask("before", &questions);
    scene.expect_right("before", &known);

    scene.begins(&fault.what, namespace);
    let step = "known before";
    for asked in scene.ask_again(step, &known, HURRIED) {
        let cached = asked.is_right() && asked.report["cached"] == true;
        scene.expect(cached, step, "not from memory", &asked);
    }
    let mut questions = scene.new_questions(KINDS, 2, PATIENT);
    for budget in BUDGETS {
        questions.extend(scene.new_questions(KINDS, 1, budget));
    }
    let mut new = scene.ask("meanwhile", &questions);
    if let Effect::Right(_) = fault.short {
        // So many that chance does not decide, and no more at once than are asked at once.
        for _ in 0..3 {
            let questions = scene.new_questions(SHORT, 40, PATIENT);
            new.extend(scene.ask("meanwhile", &questions));
        }
    }
    let right_of = |long: bool| {
        let patient = new.iter().filter(|asked| asked.question.budget == PATIENT);
        let of_size = patient.filter(|asked| (asked.question.kind == Kind::Long) == long);
        of_size.map(Asked::is_right).collect::<Vec<bool>>()
    };
    let mut figures = String::new();
    for (size, effect, right) in
        [("short", fault.short, right_of(false)), ("long", fault.long, right_of(true))]
    {
        let (count, right) = (right.len(), right.iter().filter(|right| **right).count());
        figures += &format!("{size}: {right} of {count} right; ");
        let expected = match effect {
            Effect::None => right == count,
            Effect::Right(percent) => right * 100 >= count * percent,
            Effect::Unknown => right == 0,
        };
        if !expected {
            scene.wrong.push(format!("meanwhile: {size} answers: {right} of {count} found out"));
        }
    }

    scene.is_over(&fault.what, namespace);
    let over = Instant::now();
    let step = "new ones afterwards";
    scene.heals(step, over, |scene| {
        let questions = scene.new_questions(KINDS, 1, USUAL);
        scene.ask(step, &questions)
    });
    let after_new = over.elapsed();
    let step = "unknown before";
    // One after another: all at once, again and again, would be a load that this is not about.
    for unknown in new.iter().filter(|asked| asked.is_unknown()) {
        let unknown = std::slice::from_ref(unknown);
        scene.heals(step, over, |scene| scene.ask_again(step, unknown, USUAL));
    }
    let after_old = over.elapsed();
    figures += &format!("latest by {:.2?}; ", scene.latest);
    figures += &format!("well after {after_new:.1?} and {after_old:.1?}");
    Seen { figures, wrong: scene.end() }
}

#[test]
fn what_is_lost_between_us_and_the_dns_makes_nothing_undeliverable() {
    let next = AtomicUsize::new(0);
    let wrong = Mutex::new(Vec::new());
    let lane = || {
        while let Some(fault) = FAULTS.get(next.fetch_add(1, Ordering::Relaxed)) {
            let seen = thread::scope(|scope| {
                let happens = || {
                    let namespace = Namespace::new(fault.name);
                    namespace.run(|| happens(fault, &namespace))
                };
                scope.spawn(happens).join()
            });
            let seen = seen.unwrap_or_else(|_| Seen {
                figures: String::new(),
                wrong: vec!["broke off, see above".to_owned()],
            });
            println!("{:17} {}", fault.name, seen.figures);
            let named = seen.wrong.into_iter().map(|wrong| format!("{}: {wrong}", fault.name));
            wrong.lock().unwrap().extend(named);
        }
    };
    thread::scope(|scope| (0..LANES).for_each(|_| drop(scope.spawn(lane))));
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn what_was_known_before_an_outage_is_told_after_its_time() {
    const STEP: &str = "its time is over";
    /// Longer than the shortest time for which a domain that takes mail is remembered.
    const ITS_TIME: Duration = Duration::from_secs(75);
    /// So long an answer that may be old waits for a newer one.
    const PATIENCE: Duration = Duration::from_secs(1);
    let valid_until = |asked: &Asked| {
        let time = asked.report["valid_until"].as_str().and_then(|time| time.parse().ok());
        time.unwrap_or(Timestamp::MIN)
    };

    let namespace = Namespace::new("old");
    let wrong = namespace.run(|| {
        let mut scene = Scene::start(1);
        let brief =
            [Question { kind: Kind::Named, domain: "brief.test".to_owned(), budget: PATIENT }];
        let known = scene.ask("before", &brief);
        scene.expect_right("before", &known);
        let end = valid_until(&known[0]);

        namespace.filter(&["meta l4proto { tcp, udp } th dport 53 drop".to_owned()]);
        let over =
            poll(ITS_TIME, || (Timestamp::now().as_second() > end.as_second()).then_some(()));
        assert!(over.is_some(), "{} s are not over: {}", ITS_TIME.as_secs(), known[0].show());
        for budget in [PATIENT, HURRIED] {
            for asked in scene.ask_again(STEP, &known, budget) {
                let is_old = asked.report["cached"] == true && valid_until(&asked) == end;
                scene.expect(asked.is_right() && is_old, STEP, "not what was known", &asked);
                scene.expect(asked.took <= PATIENCE + GRACE, STEP, "late", &asked);
            }
        }

        namespace.filter(&[]);
        let last = poll(HEALED, || {
            let asked = scene.ask_again("afterwards", &known, USUAL).pop()?;
            (valid_until(&asked) > end).then_some(asked)
        });
        match last {
            Some(asked) => scene.expect_right("afterwards", &[asked]),
            None => scene.wrong.push("afterwards: not asked for again".to_owned()),
        }
        scene.end()
    });
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
