//! The pipeline: a text goes through the stages in order of their cost and comes out as a [`Report`].
//!
//! ```text
//! text ─► syntax_stage ─► domain_stage ─► corrected_tld ─► mailbox_stage ─► report_stage ─► Report
//!         ParsedInput     DomainEvidence   Suggestion       MailboxFacts     judge()
//!         (catalog, typo) (RouteSource)    (RouteSource)    (Probing)
//!             │
//!             └─ SyntaxError ─► suggestion (repaired address) ──────────────► Report
//! ```
//!
//! # The domain, in two shapes
//!
//! * [`LearnedRoute`](crate::cache::LearnedRoute): the route of a domain ([`MailRoute`](crate::route::MailRoute))
//!   with the time when it was asked and how long it holds. The DNS look-up makes it, the cache keeps it.
//! * [`DomainEvidence`](crate::report::DomainEvidence): what the domain stage found, a learned route or why there
//!   is none. It goes to the report. The rules of the verdict see it as
//!   [`HostFindings`](crate::verdict::HostFindings), a view that borrows the route.
//!
//! Within a look-up, before anything is believed or kept, the route has three more types:
//!
//! * [`RouteWithTtl`](crate::route::RouteWithTtl): the route and the shortest TTL of its answers.
//! * [`RouteOutcome`](crate::route::RouteOutcome): that, and the answers against the domain (denials), about which a
//!   second server is asked. `dns::find_route` returns it.
//! * `DnsAnswer` (in `routes::belief`): the route after the second opinion, the server that answered about the MX
//!   records, and whether another server agreed. `RouteLookup::believed` decides by it.
//!
//! # A request, from JSON to JSON
//!
//! `POST /v1/validate` with `{"email": "sue@yahooo.com"}`, with the default times:
//!
//! 1. `http::router` and its layers; `http::validate` parses the body into a [`Request`] (`budget` 1500 ms,
//!    `depth` domain, `priority` [`Priority::Now`], `client` from `http::ClientGuard`).
//! 2. [`Validator::validate`] loads the active lists ([`ActiveLists`]; a reload swaps them as a whole).
//! 3. `ParsedInput::parse`: [`Pasted::clean`](crate::address::Pasted::clean),
//!    [`Address::parse`], `Catalog::look_up`, `Suggester::suggest`. No I/O.
//! 4. `Validator::domain_stage` asks its `RouteSource` for the route, with the budget less 20 ms. In [`Routes`]:
//!    * `RouteCache::get`: a current route ends the stage (positive 60 s to 1 h by TTL, negative 30 s to 10 min,
//!      failures 5 s);
//!    * `SingleFlight::join`: the first caller for a domain leads, others follow; `[dns] max_lookups` and the
//!      limits per zone and client refuse what is too much;
//!    * `RouteLookup::ask` in a task of its own, at most `[dns] lookup_timeout_ms`: `dns::find_route`, then
//!      `dns::second_opinion` where mail would go nowhere; `believed` and `once_trusted` (canaries) decide what counts;
//!    * the caller waits until its budget is over, or for 1 s where a stale route (up to 24 h) can be served.
//! 5. `Validator::corrected_tld`: where the domain does not exist, perhaps one with another ending accepts mail.
//! 6. `Validator::mailbox_stage` at depth mailbox: `Probing::probe` (see `probing`).
//! 7. `Validator::well_formed`: [`weigh`](crate::typo::weigh) the suggestion with what the DNS said,
//!    [`judge`](crate::verdict::judge), [`message`](crate::verdict::message); the result is a [`Report`].
//! 8. `http::validate` writes it as [`JsonReport`](crate::report::JsonReport).
//!
//! A budget that is over ends no look-up: the task goes on, and the next request finds its result in the cache.

mod active_lists;
mod corrected_tld;
mod domain_stage;
mod list_mode;
mod mailbox_stage;
mod probe_setup;
mod probing;
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
use list_mode::ListRun;
use routes::RouteSource;
use syntax_stage::{ParsedInput, canonical_in};

pub use active_lists::ActiveLists;
pub use list_mode::{Halt, ListModeSettings, ListValidator, RetryPlan};
pub use mailbox_stage::ProbeTarget;
pub use probing::{Probing, ProbingParts};
pub use routes::{Canaries, Client, DnsComplaint, LookupLimits, Priority, RouteSettings, Routes};
pub use setup::{BuildError, Network, check_names};

/// One text to check.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// The text as it was typed.
    pub text: &'a str,
    pub depth: Depth,
    pub strictness: Strictness,
    /// When to answer with what is known by then.
    pub budget: Duration,
    pub client: Client,
    pub priority: Priority,
    /// The language of the person who typed the text.
    pub locale: Option<&'a Locale>,
}

impl<'a> Request<'a> {
    /// A request as a form on the same machine makes it: with the DNS, leniently, within a second and a half.
    #[cfg(feature = "testing")]
    pub fn new(text: &'a str) -> Self {
        Self {
            text,
            depth: Depth::Domain,
            strictness: Strictness::Lenient,
            budget: Duration::from_millis(1_500),
            client: Client::Local,
            priority: Priority::Now,
            locale: None,
        }
    }
}

/// What to do about text that is pasted around an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strictness {
    /// Remove it.
    Lenient,
    /// Reject it.
    Strict,
}

/// What the pipeline is made of.
pub struct ValidatorParts {
    pub lists: ActiveLists,
    /// From this confidence on something is suggested (`[typo] suggest_at`).
    pub suggest_at: Confidence,
    pub policy: Policy,
    /// Where routes come from; none: offline, and every depth is [`Depth::Syntax`].
    pub routes: Option<Routes>,
    /// How mail servers are asked; none: they are not.
    pub probing: Option<Probing>,
    pub clock: Arc<dyn Clock>,
}

/// The pipeline.
///
/// Requests share its lists, its caches of routes and mailboxes, its look-ups and probes under way, and
/// its limits; nothing of a request outlives it except what was learned of domains and mailboxes.
pub struct Validator {
    /// Swapped as a whole when lists are read again; a request keeps those that it began with.
    lists: Arc<ArcSwap<ActiveLists>>,
    suggest_at: Confidence,
    policy: Policy,
    /// None: offline.
    routes: Option<Arc<dyn RouteSource>>,
    /// Set where this validator works on one list (`mailvet clean`): journal, rate, retries; none in the service.
    list_run: Option<ListRun>,
    probing: Option<Probing>,
    clock: Arc<dyn Clock>,
}

impl Validator {
    pub fn new(parts: ValidatorParts) -> Self {
        let ValidatorParts { lists, suggest_at, policy, routes, probing, clock } = parts;
        let lists = Arc::new(ArcSwap::from_pointee(lists));
        let routes = routes.map(|routes| -> Arc<dyn RouteSource> {
            let lists = lists.clone();
            let popularity =
                move |domain: &HostName| lists.load().catalog.popularity(domain.as_str());
            Arc::new(routes.with_popularity(Arc::new(popularity)))
        });
        Self { lists, suggest_at, policy, routes, list_run: None, probing, clock }
    }

    /// Checks one text. There is always a report: what could not be found out is part of it.
    pub async fn validate(&self, request: &Request<'_>) -> Report {
        let started = Instant::now();
        let left = || request.budget.saturating_sub(started.elapsed());
        let lists = self.lists.load_full();
        let mut report = match ParsedInput::parse(&lists, request) {
            Err(error) => self.malformed(&lists, request, error),
            Ok(mut parsed) => {
                let domain = self.domain_stage(&parsed, request).await;
                if let Some((suggestion, its_dns)) =
                    self.corrected_tld(&parsed, &domain, request, left()).await
                {
                    parsed.suggestion = Some(suggestion);
                    parsed.suggested_dns = its_dns;
                }
                let mailbox = self.mailbox_stage(&lists, &parsed, &domain, request, left()).await;
                self.well_formed(&lists, request, parsed, domain, mailbox)
            }
        };
        report.elapsed = started.elapsed();
        report
    }

    /// The address in a text, and the key under which the same mailbox is found again; none where the text is
    /// not an address. Uses no network.
    pub fn canonical(&self, text: &str, strictness: Strictness) -> Option<(Address, Canonical)> {
        canonical_in(&self.lists.load(), text, strictness)
    }

    /// Before the process ends: ends the conversations with mail servers in good order.
    pub async fn shut_down(&self) {
        if let Some(probing) = &self.probing {
            probing.shut_down().await;
        }
    }

    /// Whether mail servers can be asked.
    pub fn can_probe(&self) -> bool {
        self.probing.is_some()
    }

    /// How many domains are being looked up.
    pub fn lookups_under_way(&self) -> usize {
        self.routes.as_ref().map_or(0, |routes| routes.lookups_under_way())
    }

    /// Puts other lists in force. Requests under way finish with the ones they began with.
    pub fn replace_lists(&self, lists: ActiveLists) {
        self.lists.store(Arc::new(lists));
    }

    /// Tests the DNS servers with canaries, at once and then at every interval, without end. Where there are
    /// canaries no answer is given before the first test, so the caller runs this as a task.
    pub async fn watch_dns(&self) -> Infallible {
        match &self.routes {
            None => std::future::pending().await,
            Some(routes) => routes.lookup().watch_canaries().await,
        }
    }

    /// What the operator has to know about the DNS.
    pub fn dns_complaint(&self) -> Option<DnsComplaint> {
        self.routes.as_ref()?.lookup().trust().complaint()
    }

    /// Whether the DNS can be believed; none until the first test ended.
    pub fn dns_trust(&self) -> Option<Trust> {
        match &self.routes {
            None => Some(Trust::Sound),
            Some(routes) => routes.lookup().trust().now(),
        }
    }

    /// The lists in force.
    pub fn lists_in_force(&self) -> Vec<ListInForce> {
        self.lists.load().catalog.in_force().to_vec()
    }
}

#[cfg(test)]
mod tests;
