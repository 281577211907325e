//! Tests of the DNS servers with canaries, so that a lie is found out before it becomes a verdict.
//!
//! Every server is asked for domains that have mail servers, for a random name that is not registered, and again
//! for the providers' domains that it denied. [`ResolverTrust`] keeps what follows.

use std::convert::Infallible;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{Instant, MissedTickBehavior};

use super::trust::{ResolverTrust, ServerTest, TestOutcome};
use crate::dns::Servers;
use crate::route::{CanaryAnswer, Family, HostName, RandomNameAnswer, ServerId};

/// How the resolver is tested.
#[derive(Clone, Debug, Default)]
pub struct Canaries {
    /// Domains that have mail servers; none: nothing is tested.
    pub domains: Vec<HostName>,
    /// How often each server is asked for them.
    pub interval: Duration,
}

impl ResolverTrust {
    /// Tests the servers at once and then at every interval, without end.
    pub(super) async fn watch(&self, canaries: &Canaries) -> Infallible {
        if canaries.domains.is_empty() {
            return std::future::pending().await;
        }
        let mut ticks = tokio::time::interval(canaries.interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            self.test(&canaries.domains).await;
        }
    }

    /// Tests every server by itself.
    pub(in crate::validator) async fn test(&self, canaries: &[HostName]) -> TestOutcome {
        let began = Instant::now();
        let Some(random) = random_name() else { return TestOutcome::Silent };
        let servers = self.dns().servers();
        let tests = servers.iter().map(|server| self.test_server(*server, &random, canaries));
        let tests = join_all(tests).await;
        self.take_test(tests, began)
    }

    async fn test_server(
        &self,
        server: ServerId,
        random: &HostName,
        canaries: &[HostName],
    ) -> ServerTest {
        let (dns, only) = (self.dns(), Servers::Only(server));
        let providers = self.denied_providers(server);
        let ask = async |domains: &[HostName]| {
            let answers = domains.iter().map(async |domain| {
                (domain.clone(), CanaryAnswer::of(&dns.mx(domain, only).await.result))
            });
            join_all(answers).await
        };
        let (canaries, providers, mx, addresses) = tokio::join!(
            ask(canaries),
            ask(&providers),
            dns.mx(random, only),
            dns.addresses(random, Family::V4, only),
        );
        let random_name =
            RandomNameAnswer::of(&mx.result).and(RandomNameAnswer::of(&addresses.result));
        ServerTest { server, random_name, canaries, providers }
    }
}

/// A name that is not registered, with 64 random bits.
fn random_name() -> Option<HostName> {
    let random = RandomState::new().build_hasher().finish();
    HostName::new(&format!("mailvet-{random:016x}.com"))
}
