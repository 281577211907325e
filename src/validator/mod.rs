//! The pipeline: a text goes through the stages in order of their cost and comes out as a [`Report`].
//!
//! Reading (`known`) → the DNS (`domain_stage`, `second_look`) → judging and reporting (`finish_report`).

mod active_lists;
mod canaries;
mod corrected_tld;
mod domain_stage;
mod list_mode;
mod mailbox_stage;
mod probe_setup;
mod probing;
mod rate_gate;
mod rate_limit;
mod report_stage;
mod routes;
mod setup;
mod single_flight;
mod suggestion;
mod syntax_stage;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::time::Instant;

use crate::address::Address;
use crate::catalog::{Canonical, ListInForce};
use crate::clock::Clock;
use crate::report::Report;
use crate::route::{HostName, Trust};
use crate::typo::{Confidence, Locale};
use crate::verdict::{Depth, Policy};
use domain_stage::DomainStage;
use list_mode::ListMode;
use syntax_stage::{ParsedInput, canonical_in};

pub use active_lists::ActiveLists;
pub use canaries::{Canaries, DnsComplaint};
pub use list_mode::{Halt, ListModeSettings, RetryPlan};
pub use mailbox_stage::ProbeTarget;
pub use probing::{Probing, ProbingParts};
pub use rate_limit::{Client, LookupLimits, Priority};
pub use routes::{FoundRoute, RouteSettings, Routes};
pub use setup::{BuildError, Connection, ListValidator, check_names, questions_within};

/// One text to look at.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// The text, as it was typed.
    pub text: &'a str,
    /// How deep to look.
    pub depth: Depth,
    /// What to do about what is pasted around an address.
    pub strictness: Strictness,
    /// When to answer with what is known by then.
    pub budget: Duration,
    /// Who wants to know.
    pub caller: Client,
    /// How urgently.
    pub urgency: Priority,
    /// The language of whoever typed the text.
    pub locale: Option<&'a Locale>,
}

impl<'a> Request<'a> {
    /// A request as a form on the same machine would make it: with the DNS, leniently, within a second
    /// and a half.
    pub fn new(text: &'a str) -> Self {
        Self {
            text,
            depth: Depth::Domain,
            strictness: Strictness::Lenient,
            budget: Duration::from_millis(1_500),
            caller: Client::Local,
            urgency: Priority::Now,
            locale: None,
        }
    }
}

/// What to do about what is pasted around an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strictness {
    /// Take it away.
    Lenient,
    /// Refuse it.
    Strict,
}

/// Whether there is a network to ask.
pub enum Network {
    /// Nothing is ever asked: every depth is [`Depth::Syntax`].
    Offline,
    /// The DNS is asked through these routes.
    Online(Box<Routes>),
}

/// What the pipeline is made of.
pub struct Parts {
    /// The lists, and what follows from them.
    pub lists: ActiveLists,
    /// From this confidence on something is suggested (`[typo] suggest_at`).
    pub suggest_at: Confidence,
    /// How to judge.
    pub policy: Policy,
    /// Whom to ask.
    pub network: Network,
    /// How mail servers are asked; none: nobody is.
    pub probing: Option<Probing>,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
}

/// The pipeline. It is shared by all requests and holds no state of any of them.
pub struct Validator {
    /// Swapped as a whole when lists are read again; a request keeps those that it began with.
    lists: Arc<ArcSwap<ActiveLists>>,
    suggest_at: Confidence,
    policy: Policy,
    network: Network,
    probing: Option<Probing>,
    clock: Arc<dyn Clock>,
}

impl Validator {
    /// Puts the pipeline together.
    pub fn new(parts: Parts) -> Self {
        let Parts { lists, suggest_at, policy, network, probing, clock } = parts;
        let lists = Arc::new(ArcSwap::from_pointee(lists));
        let network = match network {
            Network::Offline => Network::Offline,
            Network::Online(routes) => {
                let lists = lists.clone();
                let popularity =
                    move |domain: &HostName| lists.load().catalog.popularity(domain.as_str());
                Network::Online(Box::new(routes.knowing(Arc::new(popularity))))
            }
        };
        Self { lists, suggest_at, policy, network, probing, clock }
    }

    /// Looks at one text. There is always a report: what could not be found out is part of it.
    pub async fn validate(&self, request: &Request<'_>) -> Report {
        let started = Instant::now();
        let lists = self.lists.load_full();
        let mut report = match ParsedInput::read(&lists, request) {
            Err(error) => self.malformed(&lists, request, error),
            Ok(mut known) => {
                let domain = DomainStage::run(&self.network, &known, request).await;
                let left = request.budget.saturating_sub(started.elapsed());
                if let Some((meant, its_dns)) =
                    self.second_look(&known, &domain, request, left).await
                {
                    known.suggestion = Some(meant);
                    known.suggested_dns = its_dns;
                }
                let left = request.budget.saturating_sub(started.elapsed());
                let mailbox = self.mailbox_stage(&lists, &known, &domain, request, left).await;
                self.well_formed(&lists, request, known, domain, mailbox)
            }
        };
        report.elapsed = started.elapsed();
        report
    }

    /// The address in a text, and the key under which its person is found twice; none where there is no
    /// address. Nobody is asked.
    pub fn canonical(&self, text: &str, strictness: Strictness) -> Option<(Address, Canonical)> {
        canonical_in(&self.lists.load(), text, strictness)
    }

    /// Before the process ends: takes leave of the mail servers that are being asked.
    pub async fn shut_down(&self) {
        if let Some(probing) = &self.probing {
            probing.shut_down().await;
        }
    }

    /// The same pipeline for the work on a list, and for nothing else. Offline there is nothing to note.
    #[must_use]
    pub fn for_list(self, settings: ListModeSettings) -> Self {
        let network = match self.network {
            Network::Offline => Network::Offline,
            Network::Online(routes) => {
                Network::Online(Box::new(routes.for_list(ListMode::new(settings))))
            }
        };
        Self { network, ..self }
    }

    fn list_mode(&self) -> Option<&ListMode> {
        match &self.network {
            Network::Offline => None,
            Network::Online(routes) => routes.list_mode(),
        }
    }

    /// Waits for a reason why the work on a list cannot go on, which may never come.
    pub async fn halted(&self) -> Halt {
        match self.list_mode() {
            Some(list_mode) => list_mode.halted().await,
            None => std::future::pending().await,
        }
    }

    /// At the end of the work on a list: whether the last answers of the DNS can be believed too.
    ///
    /// # Errors
    /// They cannot, and are forgotten.
    pub async fn last_test(&self) -> Result<(), Halt> {
        match (&self.network, self.list_mode()) {
            (Network::Online(routes), Some(list_mode)) => list_mode.last_test(routes).await,
            _ => Ok(()),
        }
    }

    /// Whether mail servers can be asked.
    pub fn can_probe(&self) -> bool {
        self.probing.is_some()
    }

    /// How many domains are being asked about.
    pub fn look_ups_under_way(&self) -> usize {
        match &self.network {
            Network::Offline => 0,
            Network::Online(routes) => routes.under_way(),
        }
    }

    /// Puts other lists in force. Requests under way finish with the ones they began with.
    pub fn replace_lists(&self, lists: ActiveLists) {
        self.lists.store(Arc::new(lists));
    }

    /// Tests the DNS servers, at once and then now and then, for ever. Where there are canaries no answer is
    /// given before the first test: whoever wants answers runs this beside.
    pub async fn watch_dns(&self) -> Infallible {
        match &self.network {
            Network::Offline => std::future::pending().await,
            Network::Online(routes) => routes.watch_canaries().await,
        }
    }

    /// What a person is to be told of the DNS.
    pub fn dns_complaint(&self) -> Option<DnsComplaint> {
        match &self.network {
            Network::Offline => None,
            Network::Online(routes) => routes.trust().complaint(),
        }
    }

    /// Whether the DNS can be believed; none while that is still being found out.
    pub fn dns_trust(&self) -> Option<Trust> {
        match &self.network {
            Network::Offline => Some(Trust::Sound),
            Network::Online(routes) => routes.trust().now(),
        }
    }

    /// The lists in force.
    pub fn lists_in_force(&self) -> Vec<ListInForce> {
        self.lists.load().catalog.in_force().to_vec()
    }
}

#[cfg(test)]
mod tests;
