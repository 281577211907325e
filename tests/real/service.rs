//! `mailvet serve` while the DNS is slow, down and back again.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use crate::LAB_TOML;
use crate::client::post;
use crate::serve::Serve;
use crate::support::poll::poll;
use crate::unbound::{Answers, Unbound};

/// What counts as "at once" on a busy machine. A question without an answer takes longer.
const AT_ONCE: Duration = Duration::from_millis(1_000);
/// A question without an answer is given up by then.
const GIVEN_UP: Duration = Duration::from_secs(10);
/// Failures are remembered for 5 s; by then they are forgotten.
const FORGOTTEN: Duration = Duration::from_secs(20);

/// A running service, and what was wrong with it so far.
struct Service {
    serve: Serve,
    domains: Vec<String>,
    wrong: Vec<String>,
}

impl Service {
    fn start(dns: &Unbound) -> Self {
        let serve = Serve::start(&[dns.address()], LAB_TOML);
        Self { serve, domains: Vec::new(), wrong: Vec::new() }
    }

    /// Asks about a mailbox of this domain; null where there is no report.
    fn ask(&mut self, step: &str, domain: &str, timeout: Option<u64>) -> Value {
        let mut body = json!({ "email": format!("a@{domain}") });
        if let Some(timeout) = timeout {
            body["timeout_ms"] = timeout.into();
        }
        self.domains.push(domain.to_owned());
        post(self.serve.address(), "/v1/validate", &body).unwrap_or_else(|error| {
            self.wrong.push(format!("{step}: {error}"));
            Value::Null
        })
    }

    /// The report as a whole is wrong unless each of these places in it holds this value.
    fn expect(&mut self, step: &str, report: &Value, places: &[(&str, Value)]) {
        for (place, expected) in places {
            let seen = report.pointer(place);
            if seen != Some(expected) {
                self.wrong.push(format!("{step}: {place} is {seen:?}, expected {expected}"));
            }
        }
    }

    /// The same for what is no place in a report.
    fn expect_that(&mut self, step: &str, holds: bool) {
        if !holds {
            self.wrong.push(step.to_owned());
        }
    }

    /// Stops the service. Everything that was wrong comes out here.
    fn stop(self) {
        let Self { serve, domains, mut wrong } = self;
        let log = serve.log();
        wrong.extend(serve.stop(domains.iter().map(String::as_str)));
        assert!(wrong.is_empty(), "\n{}\nthe log:\n{log}", wrong.join("\n"));
    }
}

/// In a report from which the domain's route is known.
fn plausible(status: &str, cached: bool) -> [(&'static str, Value); 5] {
    [
        ("/verdict", json!("plausible")),
        ("/reasons", json!(["domain_accepts_mail"])),
        ("/advice", json!("accept")),
        ("/dns/status", json!(status)),
        ("/cached", json!(cached)),
    ]
}

/// In a report that could not find out.
fn unknown(reason: &str) -> [(&'static str, Value); 6] {
    [
        ("/verdict", json!("unknown")),
        ("/reasons", json!([reason])),
        ("/advice", json!("accept")),
        ("/checks/domain", json!("unknown")),
        ("/dns/status", json!("timeout")),
        ("/depth", json!("syntax")),
    ]
}

#[test]
fn a_slow_dns_costs_a_caller_no_more_than_the_time_it_has() {
    let dns = Unbound::start(Answers::Zones);
    let mut service = Service::start(&dns);

    let step = "no answer, and the caller has 300 ms";
    let asked = Instant::now();
    let report = service.ask(step, "timeout.test", Some(300));
    service.expect_that("an answer after 300 ms", asked.elapsed() < AT_ONCE);
    service.expect(step, &report, &unknown("time_budget_spent"));
    service.expect(step, &report, &[("/cached", json!(false)), ("/valid_until", Value::Null)]);

    let step = "another domain meanwhile";
    let asked = Instant::now();
    let report = service.ask(step, "good.test", None);
    service.expect_that("an answer at once meanwhile", asked.elapsed() < AT_ONCE);
    service.expect(step, &report, &plausible("mx", false));

    let step = "the question went on without its caller";
    let last = poll(GIVEN_UP, || {
        let report = service.ask(step, "timeout.test", Some(50));
        (report["cached"] == json!(true)).then_some(report)
    });
    service.expect(step, &last.unwrap_or_default(), &unknown("dns_timeout"));

    let step = "the failure is remembered";
    let report = service.ask(step, "timeout.test", Some(50));
    service.expect(step, &report, &unknown("dns_timeout"));
    service.expect(step, &report, &[("/cached", json!(true))]);

    // The service does not wait for a question whose caller is gone.
    let step = "a question while the service stops";
    let report = service.ask(step, "other.timeout.test", Some(50));
    service.expect(step, &report, &unknown("time_budget_spent"));
    service.stop();
}

#[test]
fn an_outage_of_the_dns_is_bridged_and_heals_by_itself() {
    let mut dns = Unbound::start(Answers::Zones);
    let mut service = Service::start(&dns);

    let first = service.ask("first", "good.test", None);
    service.expect("first", &first, &plausible("mx", false));
    let second = service.ask("second", "good.test", None);
    service.expect("second", &second, &plausible("mx", true));
    service.expect("second", &second, &[("/checked_at", first["checked_at"].clone())]);

    dns.kill();
    let step = "known before the outage";
    let report = service.ask(step, "good.test", None);
    service.expect(step, &report, &plausible("mx", true));
    let step = "new in the outage";
    let report = service.ask(step, "aonly.test", Some(10_000));
    service.expect(step, &report, &unknown("dns_timeout"));
    let step = "new in the outage, and there is no such domain";
    let report = service.ask(step, "nothing.test", Some(10_000));
    service.expect(step, &report, &unknown("dns_timeout"));

    dns.start_again(Answers::Zones);
    for (step, domain, verdict) in [
        ("healed", "aonly.test", "plausible"),
        ("healed, and there is no such domain", "nothing.test", "undeliverable"),
    ] {
        let healed = poll(FORGOTTEN, || {
            let report = service.ask(step, domain, None);
            (report["verdict"] != "unknown").then_some(report)
        });
        service.expect(step, &healed.unwrap_or_default(), &[("/verdict", json!(verdict))]);
    }
    service.stop();
}
