//! The address to use from now on (`mailvet_fixed`): one rule for new reports and for rows of an earlier run.

use std::borrow::Cow;

use super::Report;
use crate::typo::Confidence;
use crate::verdict::{Advice, Reason, Verdict};

/// The input of the rule.
pub(crate) struct FixInput<'a> {
    pub(crate) verdict: Verdict,
    pub(crate) advice: Advice,
    pub(crate) reasons: &'a [Reason],
    /// The address that was probably meant, and how likely.
    pub(crate) suggestion: Option<(&'a str, Confidence)>,
    /// The normal form of the address; none where the text is no address.
    pub(crate) normalized: Option<Cow<'a, str>>,
}

impl<'a> FixInput<'a> {
    pub(super) fn of(report: &'a Report) -> Self {
        let judgement = &report.judgement;
        let suggestion = report.suggestion.as_ref();
        Self {
            verdict: judgement.verdict,
            advice: judgement.advice,
            reasons: &judgement.reasons,
            suggestion: suggestion.map(|meant| (meant.email.as_str(), meant.confidence)),
            normalized: report.address.as_ref().map(|facts| facts.address.normalized().into()),
        }
    }

    /// The suggested address from the confidence `fix_at` on, else the normal form of the typed one; none where no
    /// mail should be sent to either.
    pub(crate) fn fixed(self, fix_at: Confidence) -> Option<Cow<'a, str>> {
        let corrected = self
            .suggestion
            .filter(|(_, confidence)| *confidence >= fix_at)
            .map(|(email, _)| Cow::Borrowed(email));
        let is_hopeless = self.verdict == Verdict::Undeliverable && corrected.is_none();
        let is_allowed = self.reasons.contains(&Reason::AllowedByOperator);
        if !is_allowed && (self.advice == Advice::Reject || is_hopeless) {
            return None;
        }
        corrected.or(self.normalized)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::SyntaxCode;

    #[test]
    fn one_rule_for_all_rows() {
        use Advice::{Accept, Confirm, Reject};
        use Reason::{AllowedByOperator, DeniedByOperator, DomainAcceptsMail, DomainNotFound};
        use Verdict::{Plausible, Risky, Undeliverable, Unknown};
        const SYNTAX: Reason = Reason::Syntax(SyntaxCode::NoAt);
        const TYPED: Option<&str> = Some("typed");
        // Verdict, advice, first reason, confidence of a suggestion, normal form, what is left.
        let cases = [
            ("nothing to fix", Plausible, Accept, DomainAcceptsMail, None, TYPED, TYPED),
            ("not found out", Unknown, Accept, Reason::NotChecked, None, TYPED, TYPED),
            (
                "at the threshold",
                Risky,
                Confirm,
                Reason::DomainTypo,
                Some(90),
                TYPED,
                Some("meant"),
            ),
            ("below the threshold", Risky, Confirm, Reason::DomainTypo, Some(89), TYPED, TYPED),
            ("a weak suggestion", Plausible, Accept, DomainAcceptsMail, Some(60), TYPED, TYPED),
            (
                "absent, corrected",
                Undeliverable,
                Confirm,
                DomainNotFound,
                Some(99),
                TYPED,
                Some("meant"),
            ),
            ("absent, not sure", Undeliverable, Confirm, DomainNotFound, Some(80), TYPED, None),
            ("absent", Undeliverable, Reject, DomainNotFound, None, TYPED, None),
            (
                "absent, accepted by policy",
                Undeliverable,
                Accept,
                DomainNotFound,
                None,
                TYPED,
                None,
            ),
            (
                "no address, corrected",
                Undeliverable,
                Confirm,
                SYNTAX,
                Some(95),
                None,
                Some("meant"),
            ),
            ("no address, not sure", Undeliverable, Confirm, SYNTAX, Some(60), None, None),
            ("no address", Undeliverable, Reject, SYNTAX, None, None, None),
            ("denied", Plausible, Reject, DeniedByOperator, None, TYPED, None),
            ("denied, corrected", Risky, Reject, DeniedByOperator, Some(98), TYPED, None),
            ("rejected by policy", Risky, Reject, Reason::Disposable, None, TYPED, None),
            ("allowed, absent", Undeliverable, Accept, AllowedByOperator, None, TYPED, TYPED),
            (
                "allowed, rejected by policy",
                Plausible,
                Reject,
                AllowedByOperator,
                None,
                TYPED,
                TYPED,
            ),
        ];
        for (name, verdict, advice, reason, percent, normalized, expected) in cases {
            let input = FixInput {
                verdict,
                advice,
                reasons: &[reason],
                suggestion: percent.map(|percent| ("meant", Confidence::from_percent(percent))),
                normalized: normalized.map(Cow::Borrowed),
            };
            assert_eq!(input.fixed(Confidence::from_percent(90)).as_deref(), expected, "{name}");
        }
    }
}
