//! The address that was probably meant by a text that is not one.

use super::{ActiveLists, Request, Validator};
use crate::address::{Domain, Pasted, SyntaxError};
use crate::report::SuggestedAddress;
use crate::typo::{DomainStatus, Repaired};

impl Validator {
    pub(super) fn suggest_for_malformed(
        &self,
        lists: &ActiveLists,
        request: &Request<'_>,
        error: SyntaxError,
    ) -> Option<SuggestedAddress> {
        let pasted = Pasted::clean(request.text);
        let domain_status = |domain: &Domain| {
            let knowledge = lists.catalog.look_up(domain);
            match (knowledge.reserved, knowledge.is_known_real()) {
                (true, _) => DomainStatus::Impossible,
                (false, true) => DomainStatus::Real,
                (false, false) => DomainStatus::Unknown,
            }
        };
        let Repaired { address, confidence } =
            lists.suggester.repair(pasted.text(), error.code, request.locale, domain_status)?;
        self.suggested(&address, confidence)
    }
}
