//! Finding out a resolver that lies, before its lies become verdicts.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use metrics::gauge;
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior};

use super::Routes;
use crate::dns::Servers;
use crate::route::{Family, HostName, Trust, trust};

/// What is known of the resolver's honesty, shared by all who ask it.
#[derive(Clone)]
pub(super) struct ResolverTrust {
    /// None until the first test ended; without canaries nothing is ever tested.
    state: Arc<watch::Sender<Option<Trust>>>,
}

impl Default for ResolverTrust {
    fn default() -> Self {
        Self { state: Arc::new(watch::Sender::new(Some(Trust::Sound))) }
    }
}

impl ResolverTrust {
    /// What is known, if it is known within this time.
    pub(super) async fn settled(&self, patience: Duration) -> Option<Trust> {
        if let Some(trust) = *self.state.borrow() {
            return Some(trust);
        }
        let mut state = self.state.subscribe();
        let settled = tokio::time::timeout(patience, state.wait_for(Option::is_some)).await;
        // The sender lives as long as `self`.
        settled.ok().and_then(Result::ok).and_then(|trust| *trust)
    }

    /// What is known now.
    pub(super) fn now(&self) -> Option<Trust> {
        *self.state.borrow()
    }

    fn settle(&self, trust: Trust) {
        let before = self.state.send_replace(Some(trust));
        gauge!("mailvet_dns_trusted").set(if trust == Trust::Sound { 1.0 } else { 0.0 });
        match (before, trust) {
            (None | Some(Trust::Sound), Trust::Invents | Trust::Denies) => tracing::error!(
                reason = trust.code(),
                "the DNS resolver cannot be believed: answers are unknown until it can"
            ),
            (Some(Trust::Invents | Trust::Denies), Trust::Sound) => {
                tracing::info!("the DNS resolver can be believed again");
            }
            _ => {}
        }
    }
}

impl Routes {
    /// Tests the resolver with these domains, which have mail servers, at once and then every `interval`;
    /// ends with the process. Answers wait for the first test.
    pub fn watch_canaries(&self, canaries: Vec<HostName>, interval: Duration) {
        if canaries.is_empty() {
            return;
        }
        self.trust().state.send_replace(None);
        let routes = self.clone();
        tokio::spawn(async move {
            let mut times = tokio::time::interval(interval);
            times.set_missed_tick_behavior(MissedTickBehavior::Delay);
            let mut last_sound = Instant::now();
            loop {
                times.tick().await;
                let began = Instant::now();
                match routes.test(&canaries).await {
                    Some(Trust::Sound) => {
                        routes.trust().settle(Trust::Sound);
                        last_sound = began;
                    }
                    Some(lie) => {
                        routes.trust().settle(lie);
                        // When it began to lie nobody knows; what it said since it last told the truth
                        // may be a lie.
                        routes.forget_since(last_sound);
                    }
                    // Nothing is known against a resolver that is down from the start.
                    None if routes.trust().now().is_none() => {
                        routes.trust().settle(Trust::Sound);
                    }
                    None => {}
                }
            }
        });
    }

    /// Judges the resolver; none where it answers nothing.
    pub(super) async fn test(&self, canaries: &[HostName]) -> Option<Trust> {
        let made_up = made_up_name()?;
        let (canaries, made_up_mx, made_up_addresses) = tokio::join!(
            join_all(canaries.iter().map(|canary| self.dns().mx(canary, Servers::InUse))),
            self.dns().mx(&made_up, Servers::InUse),
            self.dns().addresses(&made_up, Family::V4, Servers::InUse),
        );
        let canaries: Vec<_> = canaries.into_iter().map(|canary| canary.result).collect();
        trust(&canaries, &made_up_mx.result, &made_up_addresses.result)
    }
}

/// A name that nobody has registered, as far as 64 random bits can tell.
fn made_up_name() -> Option<HostName> {
    let random = RandomState::new().build_hasher().finish();
    HostName::new(&format!("mailvet-{random:016x}.com"))
}
