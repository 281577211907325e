//! Metrics of questions and how they end. No name gets into a label.

use std::net::IpAddr;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use metrics::{counter, gauge, histogram};
use tokio::time::Instant;

use super::{Answered, Dns, ServerId, Servers};
use crate::route::{Answer, Failure, Family, HostName, Mx};

/// Counts every question to another DNS.
#[derive(Debug)]
pub struct MeteredDns<D> {
    dns: D,
}

impl<D: Dns> MeteredDns<D> {
    pub fn new(dns: D) -> Self {
        Self { dns }
    }
}

impl<D: Dns> Dns for MeteredDns<D> {
    fn mx<'a>(&'a self, name: &'a HostName, of: Servers) -> BoxFuture<'a, Answered<Mx>> {
        counted("mx", of, self.dns.mx(name, of)).boxed()
    }

    fn addresses<'a>(
        &'a self,
        name: &'a HostName,
        family: Family,
        of: Servers,
    ) -> BoxFuture<'a, Answered<IpAddr>> {
        let kind = match family {
            Family::V4 => "a",
            Family::V6 => "aaaa",
        };
        counted(kind, of, self.dns.addresses(name, family, of)).boxed()
    }

    fn servers(&self) -> Vec<ServerId> {
        self.dns.servers()
    }

    fn set_in_use(&self, servers: &[ServerId]) {
        self.dns.set_in_use(servers);
    }

    fn has_other(&self, server: ServerId) -> bool {
        self.dns.has_other(server)
    }

    fn is_full(&self) -> bool {
        self.dns.is_full()
    }
}

async fn counted<T>(
    kind: &'static str,
    of: Servers,
    question: BoxFuture<'_, Answered<T>>,
) -> Answered<T> {
    let kind = match of {
        Servers::InUse | Servers::Only(_) => kind,
        Servers::Except(_) => "second_opinion",
    };
    let _in_flight = InFlightQuestion::new();
    let asked = Instant::now();
    let answered = question.await;
    histogram!("mailvet_dns_question_seconds", "kind" => kind).record(asked.elapsed());
    count(kind, outcome(&answered.result));
    answered
}

fn count(kind: &'static str, outcome: &'static str) {
    counter!("mailvet_dns_questions_total", "kind" => kind, "outcome" => outcome).increment(1);
}

fn outcome<T>(answer: &Result<Answer<T>, Failure>) -> &'static str {
    match answer {
        Ok(Answer::Found { .. }) => "found",
        Ok(Answer::NoData { .. }) => "no_data",
        Ok(Answer::NoName { .. }) => "no_name",
        Ok(Answer::NoTarget { .. }) => "no_target",
        Err(failure) => failure.code(),
    }
}

/// A question under way, until dropped: one that is given up ends as well.
struct InFlightQuestion;

impl InFlightQuestion {
    fn new() -> Self {
        gauge!("mailvet_dns_questions_in_flight").increment(1);
        Self
    }
}

impl Drop for InFlightQuestion {
    fn drop(&mut self) {
        gauge!("mailvet_dns_questions_in_flight").decrement(1);
    }
}
