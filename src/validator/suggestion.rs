//! The address that was probably meant by a text that is none.

use super::{ActiveLists, Request, Validator};
use crate::address::{Domain, Pasted, SyntaxError};
use crate::report::SuggestedAddress;
use crate::typo::{DomainStatus, Repaired};

impl Validator {
    /// The address that was probably meant by a text with this error.
    pub(super) fn meant_instead(
        &self,
        lists: &ActiveLists,
        request: &Request<'_>,
        error: SyntaxError,
    ) -> Option<SuggestedAddress> {
        let pasted = Pasted::clean(request.text);
        let status_of = |domain: &Domain| {
            let knowledge = lists.catalog.look_up(domain);
            match (knowledge.reserved, knowledge.is_known_real()) {
                (true, _) => DomainStatus::Impossible,
                (false, true) => DomainStatus::Real,
                (false, false) => DomainStatus::Unknown,
            }
        };
        let Repaired { address, confidence } =
            lists.suggester.repair(pasted.text(), error.code, request.locale, status_of)?;
        self.suggested(&address, confidence)
    }
}
