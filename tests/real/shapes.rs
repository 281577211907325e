//! shapes.txt: what `mailvet check` makes of each shape of domain.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::process::Command;
use std::thread;

use jiff::Timestamp;
use serde_json::Value;

use crate::LAB_TOML;
use crate::unbound::{Answers, Unbound};

const SHAPES: &str = include_str!("shapes.txt");

/// Under what circumstances the program runs.
struct Setup {
    name: &'static str,
    config: Option<Config>,
    servers: &'static [Server],
}

#[derive(Clone, Copy)]
enum Config {
    Lab,
    /// IPv6 on this machine may be contacted as well.
    LabSix,
    /// Nothing on this machine may be contacted.
    Global,
}

#[derive(Clone, Copy, PartialEq)]
enum Server {
    /// `unbound` with the zones.
    Good,
    /// `unbound`, which refuses to answer.
    Refusing,
    /// `unbound`, which does not know us.
    Strange,
    /// A socket that is never read.
    Silent,
    /// No socket.
    Closed,
}

static SETUPS: [Setup; 12] = {
    use Server::{Closed, Good, Refusing, Silent, Strange};
    const fn with(name: &'static str, config: Option<Config>, servers: &'static [Server]) -> Setup {
        Setup { name, config, servers }
    }
    [
        with("lab", Some(Config::Lab), &[Good]),
        with("lab6", Some(Config::LabSix), &[Good]),
        with("global", Some(Config::Global), &[Good]),
        with("plain", None, &[Good]),
        with("silent", Some(Config::Lab), &[Silent]),
        with("closed", Some(Config::Lab), &[Closed]),
        with("refusing", Some(Config::Lab), &[Refusing]),
        with("strange", Some(Config::Lab), &[Strange]),
        with("silent+lab", Some(Config::Lab), &[Silent, Good]),
        with("closed+lab", Some(Config::Lab), &[Closed, Good]),
        with("refusing+lab", Some(Config::Lab), &[Refusing, Good]),
        with("strange+lab", Some(Config::Lab), &[Strange, Good]),
    ]
};

impl Config {
    fn toml(self) -> String {
        let allow = "allow = [\"127.0.0.0/8\"]";
        match self {
            Self::Lab => LAB_TOML.to_owned(),
            Self::LabSix => LAB_TOML.replace(allow, "allow = [\"127.0.0.0/8\", \"::1/128\"]"),
            Self::Global => LAB_TOML.replace(allow, ""),
        }
    }
}

/// A row of shapes.txt.
struct Case {
    setup: &'static str,
    address: &'static str,
    shape: String,
    expected: Seen,
}

/// What is looked at in a report.
#[derive(PartialEq)]
struct Seen {
    columns: Vec<(&'static str, String)>,
    /// Seconds.
    holds: Option<i64>,
}

fn cases() -> Vec<Case> {
    let rows = SHAPES.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    rows.map(|row| case(row).unwrap_or_else(|| panic!("not a row: {row}"))).collect()
}

fn case(row: &'static str) -> Option<Case> {
    let mut words = row.split_whitespace();
    let (setup, address) = (words.next()?, words.next()?);
    let mut columns = Vec::new();
    for name in ["verdict", "reasons", "advice", "domain", "status", "mx", "depth"] {
        columns.push((name, words.next()?.to_owned()));
    }
    let holds = match words.next()? {
        "-" => None,
        seconds => Some(seconds.parse().ok()?),
    };
    columns.push(("suggestion", words.next()?.to_owned()));
    let shape = words.collect::<Vec<_>>().join(" ");
    let known = SETUPS.iter().any(|known| known.name == setup);
    let expected = Seen { columns, holds };
    (known && !shape.is_empty()).then_some(Case { setup, address, shape, expected })
}

impl Seen {
    /// What a report says, in the notation of the rows.
    fn of(report: &Value, expected: &Self) -> Self {
        let text = |pointer: &str| {
            report.pointer(pointer).and_then(Value::as_str).unwrap_or("nothing").to_owned()
        };
        let list = |pointer: &str, element: fn(&Value) -> String| {
            let elements = report.pointer(pointer).and_then(Value::as_array);
            elements.map(|elements| elements.iter().map(element).collect()).unwrap_or_default()
        };
        let reasons: Vec<String> = list("/reasons", |reason| reason.as_str().unwrap_or("?").into());
        let mx: Vec<String> = list("/dns/mx", |mx| {
            format!("{}:{}", mx["preference"], mx["host"].as_str().unwrap_or("?"))
        });
        let mx = match expected.columns.iter().find(|(name, _)| *name == "mx") {
            Some((_, expected)) if expected.starts_with('*') => format!("*{}", mx.len()),
            _ if mx.is_empty() => "-".to_owned(),
            _ => mx.join(","),
        };
        let suggestion = match &report["suggestion"] {
            Value::Null => "-".to_owned(),
            meant => {
                format!("{}:{}", meant["domain"].as_str().unwrap_or("?"), meant["confidence"])
            }
        };
        let columns = vec![
            ("verdict", text("/verdict")),
            ("reasons", reasons.join(",")),
            ("advice", text("/advice")),
            ("domain", text("/checks/domain")),
            ("status", text("/dns/status")),
            ("mx", mx),
            ("depth", text("/depth")),
            ("suggestion", suggestion),
        ];
        let time = |field: &str| report[field].as_str()?.parse::<Timestamp>().ok();
        let holds = time("checked_at")
            .zip(time("valid_until"))
            .map(|(from, until)| until.as_second() - from.as_second());
        Self { columns, holds }
    }

    /// Whether this is as it should be. Times to live run while the server remembers an answer.
    fn is_as(&self, expected: &Self) -> bool {
        const AGE: i64 = 30;
        let in_time = match (self.holds, expected.holds) {
            (Some(seen), Some(expected)) if expected > 60 => {
                (expected - AGE..=expected).contains(&seen)
            }
            (seen, expected) => seen == expected,
        };
        in_time && self.columns == expected.columns
    }

    fn show(&self) -> String {
        let columns = self.columns.iter().map(|(name, value)| format!("{name} {value}; "));
        format!("{}holds {:?}", columns.collect::<String>(), self.holds)
    }
}

/// The reports on some addresses, a JSON line each, and the exit status.
fn check(
    setup: &Setup,
    servers: &[SocketAddr],
    addresses: &[&str],
) -> Result<(Vec<Value>, Option<i32>), String> {
    let dir = tempfile::tempdir().map_err(|error| error.to_string())?;
    let mut command = Command::new(env!("CARGO_BIN_EXE_mailvet"));
    command.env_clear().env("MAILVET_CONFIG", "").env("MAILVET_DNS__CANARIES", "[]");
    command.args(["check", "--json"]).args(addresses);
    for server in servers {
        command.args(["--dns", &server.to_string()]);
    }
    if let Some(config) = setup.config {
        let file = dir.path().join("lab.toml");
        std::fs::write(&file, config.toml()).map_err(|error| error.to_string())?;
        command.arg("--config").arg(file);
    }
    let output = command.output().map_err(|error| error.to_string())?;
    let lines = String::from_utf8_lossy(&output.stdout);
    let reports: Result<Vec<Value>, _> = lines.lines().map(serde_json::from_str).collect();
    match reports {
        Ok(reports) if reports.len() == addresses.len() => Ok((reports, output.status.code())),
        _ => Err(format!(
            "{} reports were wanted; standard output:\n{lines}\nstandard error:\n{}",
            addresses.len(),
            String::from_utf8_lossy(&output.stderr)
        )),
    }
}

/// What is wrong with the reports under one setup, a paragraph each.
fn look_at(setup: &Setup, servers: &[SocketAddr], cases: &[Case]) -> String {
    let cases: Vec<&Case> = cases.iter().filter(|case| case.setup == setup.name).collect();
    let addresses: Vec<&str> = cases.iter().map(|case| case.address).collect();
    let (reports, exit) = match check(setup, servers, &addresses) {
        Ok(checked) => checked,
        Err(why) => return format!("{}: {why}\n", setup.name),
    };
    let mut wrong = String::new();
    for (case, report) in cases.iter().zip(&reports) {
        let seen = Seen::of(report, &case.expected);
        if report["email"] != case.address || !seen.is_as(&case.expected) {
            let (setup, address, shape) = (setup.name, case.address, &case.shape);
            let (expected, seen) = (case.expected.show(), seen.show());
            let _ = writeln!(
                wrong,
                "{setup} {address} ({shape}):\n  expected {expected}\n  seen     {seen}"
            );
        }
    }
    let undeliverable = cases.iter().any(|case| case.expected.columns[0].1 == "undeliverable");
    if exit != Some(i32::from(undeliverable)) {
        let _ = writeln!(wrong, "{}: exit status {exit:?}", setup.name);
    }
    wrong
}

#[test]
fn every_shape_of_domain_has_its_verdict() {
    let cases = cases();
    let good = Unbound::start(Answers::Zones);
    let refusing = Unbound::start(Answers::Refused);
    let strange = Unbound::start(Answers::UnknownClient);
    // Bound, and never read from.
    let silent = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = |server: &Server| match server {
        Server::Good => good.address(),
        Server::Refusing => refusing.address(),
        Server::Strange => strange.address(),
        Server::Silent => silent.local_addr().unwrap(),
        // A port that needs privileges is not assigned by chance.
        Server::Closed => SocketAddr::from((Ipv4Addr::LOCALHOST, 1)),
    };
    let wrong: String = thread::scope(|scope| {
        let start = |setup: &'static Setup| {
            let servers: Vec<SocketAddr> = setup.servers.iter().map(address).collect();
            let cases = &cases;
            scope.spawn(move || look_at(setup, &servers, cases))
        };
        let looks: Vec<_> = SETUPS.iter().map(start).collect();
        looks.into_iter().map(|look| look.join().unwrap()).collect()
    });
    assert!(wrong.is_empty(), "\n{wrong}");
}
