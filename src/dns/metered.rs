//! Counting questions and how they end. No name gets into a label.

use std::net::IpAddr;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use metrics::{counter, gauge, histogram};
use tokio::time::Instant;

use super::{Dns, MxAnswer};
use crate::route::{Answer, Failure, Family, HostName};

/// Another DNS, with every question to it counted.
#[derive(Debug)]
pub struct Metered<D> {
    dns: D,
}

impl<D: Dns> Metered<D> {
    /// Counts the questions to this one.
    pub fn new(dns: D) -> Self {
        Self { dns }
    }
}

impl<D: Dns> Dns for Metered<D> {
    fn mx<'a>(&'a self, name: &'a HostName) -> BoxFuture<'a, MxAnswer> {
        counted("mx", self.dns.mx(name)).boxed()
    }

    fn addresses<'a>(
        &'a self,
        name: &'a HostName,
        family: Family,
    ) -> BoxFuture<'a, Result<Answer<IpAddr>, Failure>> {
        let kind = match family {
            Family::V4 => "a",
            Family::V6 => "aaaa",
        };
        counted(kind, self.dns.addresses(name, family)).boxed()
    }

    fn second_opinion<'a>(&'a self, name: &'a HostName) -> BoxFuture<'a, Option<MxAnswer>> {
        async {
            let answer = self.dns.second_opinion(name).await;
            if let Some(answer) = &answer {
                count("second_opinion", outcome(answer));
            }
            answer
        }
        .boxed()
    }
}

async fn counted<T>(
    kind: &'static str,
    question: BoxFuture<'_, Result<Answer<T>, Failure>>,
) -> Result<Answer<T>, Failure> {
    let _in_flight = InFlight::new();
    let asked = Instant::now();
    let answer = question.await;
    histogram!("mailvet_dns_question_seconds", "kind" => kind).record(asked.elapsed());
    count(kind, outcome(&answer));
    answer
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

/// A question under way; one that is given up ends as well.
struct InFlight;

impl InFlight {
    fn new() -> Self {
        gauge!("mailvet_dns_questions_in_flight").increment(1);
        Self
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        gauge!("mailvet_dns_questions_in_flight").decrement(1);
    }
}
