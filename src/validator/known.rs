//! The first stage: what is known of a text without asking anybody.

use super::{InForce, Manner, Request};
use crate::address::{Address, Host, Pasted, SingleLabels, SyntaxCode, SyntaxError};
use crate::catalog::{Canonical, Knowledge, OperatorWord};
use crate::typo::Suggestion;

/// What is known of a well-formed address.
pub(super) struct Known<'c> {
    pub(super) address: Address,
    /// Whether something pasted around it was taken away.
    pub(super) cleaned: bool,
    pub(super) knowledge: Knowledge<'c>,
    pub(super) canonical: Canonical,
    /// Another domain that was probably meant.
    pub(super) suggestion: Option<Suggestion>,
    /// What the operator says, as far as the mail servers need not be known for it.
    pub(super) word: Option<OperatorWord>,
}

impl<'c> Known<'c> {
    /// Reads a text and looks its parts up.
    pub(super) fn read(lists: &'c InForce, request: &Request<'_>) -> Result<Self, SyntaxError> {
        let pasted = Pasted::clean(request.text);
        if let (Manner::Strict, Some(at)) = (request.manner, pasted.first_change()) {
            return Err(SyntaxError { code: SyntaxCode::NotClean, at });
        }
        let is_special_use = |label: &str| lists.catalog.is_special_use(label);
        let address = Address::parse(pasted.text(), SingleLabels::AcceptedIf(&is_special_use))
            .map_err(|error| SyntaxError { at: pasted.typed_offset(error.at), ..error })?;
        let (knowledge, suggestion) = match address.host() {
            Host::Literal(_) => (Knowledge::default(), None),
            Host::Domain(domain) => {
                let knowledge = lists.catalog.look_up(domain);
                let is_settled = knowledge.is_known_real() || knowledge.reserved;
                let suggestion =
                    if is_settled { None } else { lists.speller.suggest(domain, request.locale) };
                (knowledge, suggestion)
            }
        };
        let canonical = lists.catalog.canonical(&address, &knowledge);
        let word = lists.catalog.word_on_address(&address, &canonical);
        let cleaned = pasted.first_change().is_some();
        Ok(Self { address, cleaned, knowledge, canonical, suggestion, word })
    }
}
