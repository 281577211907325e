//! The pipeline: a text goes through the stages in order of their cost and comes out as a [`Report`].

mod routes;
mod setup;

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::address::{Address, Domain, Host, Pasted, SingleLabels, SyntaxCode, SyntaxError};
use crate::cache::{Freshness, LearnedRoute};
use crate::catalog::{Catalog, Knowledge};
use crate::clock::Clock;
use crate::report::{AddressFacts, DomainEvidence, Flags, Report, SuggestedAddress};
use crate::route::{HostName, MailRoute};
use crate::typo::{Confidence, Speller, Suggestion, TypedDomain, weigh};
use crate::verdict::{
    AddressFindings, Depth, Findings, HostFindings, Mailbox, MailboxEvidence, Marks, NotProbed,
    Policy, Slip, SlipKind, judge, message,
};

pub use routes::Routes;
pub use setup::{BuildError, Connection};

/// One text to look at.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The text, as it was typed.
    pub text: &'a str,
    /// How deep to look.
    pub depth: Depth,
    /// What to do about what is pasted around an address.
    pub manner: Manner,
    /// When to answer with what is known by then.
    pub budget: Duration,
}

/// What to do about what is pasted around an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
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
    Online(Routes),
}

/// What the pipeline is made of.
pub struct Parts {
    /// The lists.
    pub catalog: Catalog,
    /// What can be suggested.
    pub speller: Speller,
    /// From this confidence on something is suggested (`[typo] suggest_at`).
    pub suggest_at: Confidence,
    /// How to judge.
    pub policy: Policy,
    /// Whom to ask.
    pub network: Network,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
}

/// The pipeline. It is shared by all requests and holds no state of any of them.
pub struct Validator {
    parts: Parts,
}

/// What is known of a well-formed address without asking anybody.
struct Known<'c> {
    address: Address,
    cleaned: bool,
    knowledge: Knowledge<'c>,
    suggestion: Option<Suggestion>,
}

/// What the domain stage brought.
enum DomainStage {
    Literal,
    Reserved,
    NotAsked,
    OutOfTime,
    Learned(Arc<LearnedRoute>, Freshness),
}

impl Validator {
    /// Puts the pipeline together.
    pub fn new(parts: Parts) -> Self {
        Self { parts }
    }

    /// Looks at one text. There is always a report: what could not be found out is part of it.
    pub async fn validate(&self, request: &Request<'_>) -> Report {
        let started = Instant::now();
        let mut report = match self.read(request) {
            Err(error) => self.malformed(request.text, error),
            Ok(known) => {
                let domain = self.domain_stage(&known, request).await;
                self.well_formed(request, known, domain)
            }
        };
        report.elapsed = started.elapsed();
        report
    }

    fn read(&self, request: &Request<'_>) -> Result<Known<'_>, SyntaxError> {
        let pasted = Pasted::clean(request.text);
        if let (Manner::Strict, Some(at)) = (request.manner, pasted.first_change()) {
            return Err(SyntaxError { code: SyntaxCode::NotClean, at });
        }
        let is_special_use = |label: &str| self.parts.catalog.is_special_use(label);
        let address = Address::parse(&pasted.text, SingleLabels::AcceptedIf(&is_special_use))
            .map_err(|error| SyntaxError { at: pasted.typed_offset(error.at), ..error })?;
        let (knowledge, suggestion) = match address.host() {
            Host::Literal(_) => (Knowledge::default(), None),
            Host::Domain(domain) => {
                let knowledge = self.parts.catalog.look_up(domain);
                let keeps = knowledge.is_known_real() || knowledge.reserved;
                let suggest = || self.parts.speller.suggest(domain.ascii());
                (knowledge, if keeps { None } else { suggest() })
            }
        };
        Ok(Known { address, cleaned: pasted.first_change().is_some(), knowledge, suggestion })
    }

    async fn domain_stage(&self, known: &Known<'_>, request: &Request<'_>) -> DomainStage {
        let domain = match known.address.host() {
            Host::Literal(_) => return DomainStage::Literal,
            Host::Domain(_) if known.knowledge.reserved => return DomainStage::Reserved,
            Host::Domain(domain) => domain,
        };
        let (Network::Online(routes), Depth::Domain | Depth::Mailbox) =
            (&self.parts.network, request.depth)
        else {
            return DomainStage::NotAsked;
        };
        let Some(name) = HostName::new(domain.ascii()) else { return DomainStage::NotAsked };
        match tokio::time::timeout(request.budget, routes.of(&name)).await {
            Ok((learned, freshness)) => DomainStage::Learned(learned, freshness),
            Err(_) => DomainStage::OutOfTime,
        }
    }

    fn malformed(&self, text: &str, error: SyntaxError) -> Report {
        let suggestion = self.meant_instead(text, error);
        let confidence = suggestion.as_ref().map(|suggestion| suggestion.confidence);
        let findings = Findings::Malformed { code: error.code, suggestion: confidence };
        let judgement = judge(&findings, &self.parts.policy);
        Report {
            message: message(&judgement, "", None),
            judgement,
            email: text.to_owned(),
            suggestion,
            syntax_error: Some(error),
            address: None,
            dns: DomainEvidence::Skipped,
            mailbox: None,
            made_at: self.parts.clock.now(),
            elapsed: Duration::ZERO,
        }
    }

    /// An address that was probably meant where the text is none.
    fn meant_instead(&self, text: &str, error: SyntaxError) -> Option<SuggestedAddress> {
        let text = Pasted::clean(text).text;
        let (email, confidence) = match error.code {
            SyntaxCode::NoAt => {
                let parted = self.parts.speller.part(&text)?;
                (format!("{}@{}", parted.local, parted.domain), parted.confidence)
            }
            SyntaxCode::DomainSingleLabel => {
                let (local, label) = text.rsplit_once('@')?;
                let meant = self.parts.speller.suggest(&label.to_lowercase())?;
                (format!("{local}@{}", meant.domain), meant.confidence)
            }
            _ => return None,
        };
        let address: Address = email.parse().ok()?;
        self.suggested(&address, confidence)
    }

    fn suggested(&self, address: &Address, confidence: Confidence) -> Option<SuggestedAddress> {
        (confidence >= self.parts.suggest_at).then(|| SuggestedAddress {
            email: address.normalized(),
            domain: address.host().unicode().into_owned(),
            confidence,
        })
    }

    fn well_formed(&self, request: &Request<'_>, known: Known<'_>, domain: DomainStage) -> Report {
        let Known { address, cleaned, knowledge, suggestion } = known;
        let suggestion = suggestion.and_then(|meant| self.joined(&address, &meant, &domain));
        let mailbox = match request.depth {
            Depth::Syntax | Depth::Domain => Mailbox::NotWanted,
            Depth::Mailbox => Mailbox::Wanted(MailboxEvidence::NotProbed(NotProbed::Off)),
        };
        let marks = Marks {
            disposable: knowledge.disposable,
            relay: knowledge.relay,
            role: self.parts.catalog.is_role(address.local()),
        };
        let findings = Findings::WellFormed(AddressFindings {
            quoting: address.local().quoting(),
            host: domain.findings(),
            mailbox,
            slip: suggestion
                .as_ref()
                .map(|meant| Slip { kind: SlipKind::Typo, confidence: meant.confidence }),
            marks,
            word: None,
        });
        let judgement = judge(&findings, &self.parts.policy);
        let meant = suggestion.as_ref().map(|meant| meant.domain.as_str());
        Report {
            message: message(&judgement, &address.host().unicode(), meant),
            judgement,
            email: request.text.to_owned(),
            suggestion,
            syntax_error: None,
            address: Some(AddressFacts {
                canonical: self.parts.catalog.canonical(&address, &knowledge),
                cleaned,
                flags: Flags {
                    disposable: marks.disposable,
                    relay: marks.relay,
                    role: marks.role,
                    free: knowledge.free,
                },
                provider: knowledge.provider.map(|provider| provider.id.clone()),
                address,
            }),
            dns: domain.evidence(),
            mailbox: match mailbox {
                Mailbox::NotWanted => None,
                Mailbox::Wanted(evidence) => Some(evidence),
            },
            made_at: self.parts.clock.now(),
            elapsed: Duration::ZERO,
        }
    }

    /// A suggestion, weighed with what the DNS says of the domain that was typed.
    fn joined(
        &self,
        address: &Address,
        meant: &Suggestion,
        domain: &DomainStage,
    ) -> Option<SuggestedAddress> {
        let confidence = weigh(meant.confidence, domain.typed_domain())?;
        let target = Domain::parse(&meant.domain).ok()?;
        self.suggested(&address.with_domain(target).ok()?, confidence)
    }
}

impl DomainStage {
    fn findings(&self) -> HostFindings<'_> {
        match self {
            Self::Literal => HostFindings::Literal,
            Self::Reserved => HostFindings::Reserved,
            Self::NotAsked => HostFindings::NotAsked,
            Self::OutOfTime => HostFindings::OutOfTime,
            Self::Learned(learned, _) => HostFindings::Route(&learned.route),
        }
    }

    fn typed_domain(&self) -> TypedDomain {
        let Self::Learned(learned, _) = self else { return TypedDomain::Unknown };
        match learned.route {
            MailRoute::Exchangers(_) | MailRoute::Implicit(_) => TypedDomain::TakesMail,
            MailRoute::Null | MailRoute::NoService | MailRoute::NoDomain | MailRoute::Unusable => {
                TypedDomain::TakesNone
            }
            MailRoute::Unresolved(_) => TypedDomain::Unknown,
        }
    }

    fn evidence(self) -> DomainEvidence {
        match self {
            Self::Literal | Self::Reserved | Self::NotAsked => DomainEvidence::Skipped,
            Self::OutOfTime => DomainEvidence::OutOfTime,
            Self::Learned(learned, freshness) => DomainEvidence::Learned(learned, freshness),
        }
    }
}

#[cfg(test)]
mod tests;
