//! The first stage: what is known of a text without any network.

use super::{ActiveLists, Request, Strictness};
use crate::address::{Address, Host, Pasted, SingleLabels, SyntaxCode, SyntaxError};
use crate::catalog::{Canonical, Knowledge, OperatorDecision};
use crate::report::DomainEvidence;
use crate::typo::Suggestion;

/// What is known of a well-formed address.
pub(super) struct ParsedInput<'c> {
    pub(super) address: Address,
    /// Whether something pasted around it was removed.
    pub(super) cleaned: bool,
    pub(super) knowledge: Knowledge<'c>,
    pub(super) canonical: Canonical,
    /// Another domain that was probably meant.
    pub(super) suggestion: Option<Suggestion>,
    /// What the DNS said of that domain, where it was asked.
    pub(super) suggested_dns: DomainEvidence,
    /// The operator's decision, as far as the address alone decides it.
    pub(super) decision: Option<OperatorDecision>,
}

impl<'c> ParsedInput<'c> {
    /// Parses a text and looks its parts up in the lists.
    pub(super) fn parse(
        lists: &'c ActiveLists,
        request: &Request<'_>,
    ) -> Result<Self, SyntaxError> {
        let (address, cleaned) = address_in(lists, request.text, request.strictness)?;
        let (knowledge, suggestion) = match address.host() {
            Host::Literal(_) => (Knowledge::default(), None),
            Host::Domain(domain) => {
                let knowledge = lists.catalog.look_up(domain);
                let is_meant_as_typed = knowledge.is_known_real() || knowledge.reserved;
                let suggestion = if is_meant_as_typed {
                    None
                } else {
                    lists.suggester.suggest(domain, request.locale)
                };
                (knowledge, suggestion)
            }
        };
        let canonical = lists.catalog.canonical(&address, &knowledge);
        let decision = lists.catalog.decision_on_address(&address, &canonical);
        let suggested_dns = DomainEvidence::NotAsked;
        Ok(Self { address, cleaned, knowledge, canonical, suggestion, suggested_dns, decision })
    }
}

/// The address in a text, and whether something pasted around it was removed.
fn address_in(
    lists: &ActiveLists,
    text: &str,
    strictness: Strictness,
) -> Result<(Address, bool), SyntaxError> {
    let pasted = Pasted::clean(text);
    if let (Strictness::Strict, Some(at)) = (strictness, pasted.first_change()) {
        return Err(SyntaxError { code: SyntaxCode::NotClean, at });
    }
    let is_special_use = |label: &str| lists.catalog.is_special_use(label);
    let address = Address::parse(pasted.text(), SingleLabels::AcceptedIf(&is_special_use))
        .map_err(|error| SyntaxError { at: pasted.typed_offset(error.at), ..error })?;
    Ok((address, pasted.first_change().is_some()))
}

/// The address in a text and its canonical form; none where there is none.
pub(super) fn canonical_in(
    lists: &ActiveLists,
    text: &str,
    strictness: Strictness,
) -> Option<(Address, Canonical)> {
    let (address, _) = address_in(lists, text, strictness).ok()?;
    let knowledge = match address.host() {
        Host::Literal(_) => Knowledge::default(),
        Host::Domain(domain) => lists.catalog.look_up(domain),
    };
    let canonical = lists.catalog.canonical(&address, &knowledge);
    Some((address, canonical))
}
