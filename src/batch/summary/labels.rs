//! Labels for people, beside the codes of reasons.

use crate::address::SyntaxCode;
use crate::roster::RowFault;
use crate::verdict::{Reason, Verdict};

/// The label for the code of a reason or a row fault; none for other texts.
pub(super) fn label(code: &str) -> Option<&'static str> {
    let fault = || RowFault::ALL.into_iter().find(|fault| fault.code() == code);
    Reason::from_code(code).map(of_reason).or_else(|| fault().map(of_fault))
}

/// The verdict that the code leads to; none for reasons that never set one.
pub(super) fn verdict(code: &str) -> Option<Verdict> {
    match Reason::from_code(code) {
        Some(reason) => reason.verdict(),
        None => RowFault::ALL.iter().any(|fault| fault.code() == code).then_some(Verdict::Unknown),
    }
}

fn of_reason(reason: Reason) -> &'static str {
    match reason {
        Reason::Syntax(code) => of_syntax(code),
        Reason::DeniedByOperator => "on your own deny list",
        Reason::DomainReserved => "reserved name, not a real domain",
        Reason::DomainNotFound => "no such domain",
        Reason::DomainTakesNoMail => "domain says it accepts no mail",
        Reason::DomainHasNoMailServer => "domain without a mail server",
        Reason::MailServerUnusable => "mail servers that cannot be reached",
        Reason::MailboxNotFound => "no such mailbox",
        Reason::MailboxDisabled => "mailbox disabled",
        Reason::DomainTypo => "probable typo in the domain",
        Reason::DomainLookalike => "domain in look-alike letters",
        Reason::Disposable => "disposable mailbox",
        Reason::QuotedLocalPart => "quotation marks before the @",
        Reason::AddressLiteral => "IP address after the @",
        Reason::CatchAll => "domain accepts mail for any name",
        Reason::MailboxFull => "mailbox full",
        Reason::Smtputf8Unsupported => "mail server cannot take these letters",
        Reason::NullMxContradicted => "domain contradicts itself about mail",
        Reason::MxIsLiteral => "IP address in place of a mail server",
        Reason::DnsTimeout => "DNS did not answer in time",
        Reason::DnsFailure => "DNS gave no usable answer",
        Reason::TimeBudgetSpent => "time was over before the DNS answered",
        Reason::NotChecked => "domain was not looked up",
        Reason::Greylisted => "mail server defers unknown senders",
        Reason::ProbeRefused => "mail server refuses us, not the mailbox",
        Reason::ProbeRateLimited => "mail server was asked too often",
        Reason::ProbeDeferred => "mail server put the question off",
        Reason::ProbeTimeout => "mail server did not answer in time",
        Reason::ProbeUnreachable => "mail server out of reach",
        Reason::ProbeProtocolError => "mail server made no sense",
        Reason::ProbeTlsFailed => "no encrypted connection",
        Reason::MailboxAccepted => "mail server accepts the mailbox",
        Reason::DomainAcceptsMail => "domain accepts mail",
        Reason::ProbeOff => "asking mail servers is switched off",
        Reason::ProbePaused => "asking this mail server is paused",
        Reason::ProviderNotProbed => "provider that does not reveal mailboxes",
        Reason::RoleAccount => "a function, not a person",
        Reason::Relay => "forwards to a private address",
        Reason::AllowedByOperator => "on your own allow list",
    }
}

fn of_syntax(code: SyntaxCode) -> &'static str {
    match code {
        SyntaxCode::Empty => "no address in the row",
        SyntaxCode::TooLong => "address too long",
        SyntaxCode::NoAt => "no @",
        SyntaxCode::ManyAt => "more than one @",
        SyntaxCode::EmptyLocal => "nothing before the @",
        SyntaxCode::LocalTooLong => "too long before the @",
        SyntaxCode::LocalBadCharacter => "wrong character before the @",
        SyntaxCode::LocalDot => "misplaced dot before the @",
        SyntaxCode::BadQuote => "misplaced quotation mark",
        SyntaxCode::Comment => "parentheses in the address",
        SyntaxCode::WhiteSpace => "blank inside the address",
        SyntaxCode::ControlCharacter => "invisible control character",
        SyntaxCode::BidiControl => "invisible character that turns the text",
        SyntaxCode::NotNormalizable => "character that cannot be normalised",
        SyntaxCode::EmptyDomain => "nothing after the @",
        SyntaxCode::DomainTooLong => "domain too long",
        SyntaxCode::LabelEmpty => "misplaced dot in the domain",
        SyntaxCode::LabelTooLong => "part of the domain too long",
        SyntaxCode::LabelHyphen => "misplaced hyphen in the domain",
        SyntaxCode::DomainBadCharacter => "wrong character in the domain",
        SyntaxCode::DomainNotIdna => "no valid international domain",
        SyntaxCode::DomainSingleLabel => "domain without a dot",
        SyntaxCode::DomainNumeric => "domain that ends in a number",
        SyntaxCode::BadLiteral => "no IP address in the brackets",
        SyntaxCode::NotClean => "something around the address",
    }
}

fn of_fault(fault: RowFault) -> &'static str {
    match fault {
        RowFault::TooLong => "row longer than 1 MiB",
        RowFault::BrokenQuotes => "quotation mark that never closes",
        RowFault::Shifted => "more cells than the header",
        RowFault::NotUtf8 => "text that is not UTF-8",
        RowFault::NotJson => "row that is no JSON object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_label_of_its_own_that_is_short_and_plain() {
        let faults = RowFault::ALL.map(RowFault::code);
        let codes: Vec<&str> = Reason::all().map(Reason::code).chain(faults).collect();
        let mut seen = std::collections::HashSet::new();
        for code in codes {
            let label = label(code).unwrap();
            assert!(label.len() <= 40, "{code}: {label}");
            assert!(!label.contains(['<', '>', '&', '"', '.']), "{code}: {label}");
            assert!(seen.insert(label), "{code}: {label} stands twice");
        }
        assert_eq!(label("of_tomorrow"), None);
        assert_eq!(label(""), None);
    }

    #[test]
    fn codes_go_with_verdicts() {
        let cases = [
            ("domain_not_found", Some(Verdict::Undeliverable)),
            ("syntax_no_at", Some(Verdict::Undeliverable)),
            ("domain_typo", Some(Verdict::Risky)),
            ("row_not_utf8", Some(Verdict::Unknown)),
            ("role_account", None),
            ("", None),
        ];
        for (code, goes_with) in cases {
            assert_eq!(verdict(code), goes_with, "{code}");
        }
    }
}
