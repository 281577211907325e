//! The one sentence that tells a person what the verdict rests on.

use super::{Judgement, Reason};

/// The sentence for the first reason. `domain` is the address's own, in U-labels (or the literal in its
/// brackets), `meant` the domain that is suggested instead.
pub fn message(judgement: &Judgement, domain: &str, meant: Option<&str>) -> String {
    let Some(reason) = judgement.reasons.first() else { return String::new() };
    match reason {
        Reason::Syntax(code) => code.message().to_owned(),
        Reason::DeniedByOperator => "This address is not accepted here.".to_owned(),
        Reason::DomainAcceptsMail if judgement.reasons.contains(&Reason::ProbeOff) => format!(
            "{domain} accepts mail; whether this mailbox exists was not checked: the probe is off."
        ),
        Reason::DomainReserved => {
            format!("{domain} is a reserved name: nobody can receive mail there.")
        }
        Reason::DomainNotFound => format!("There is no domain {domain}."),
        Reason::DomainTakesNoMail => format!("{domain} says that it takes no mail."),
        Reason::DomainHasNoMailServer => format!("{domain} exists, but has no mail server."),
        Reason::MailServerUnusable => {
            format!("The mail servers that {domain} names cannot be reached by anybody.")
        }
        Reason::MailboxNotFound => format!("{domain} says that there is no such mailbox."),
        Reason::MailboxDisabled => format!("{domain} says that this mailbox is switched off."),
        Reason::DomainTypo => match meant {
            Some(meant) => format!("{domain} looks like a slip for {meant}."),
            None => format!("{domain} looks like a slip."),
        },
        Reason::DomainLookalike => match meant {
            Some(meant) => format!("{domain} only looks like {meant}: its letters are others."),
            None => format!("{domain} is made of letters that look like others."),
        },
        Reason::Disposable => format!("{domain} gives out mailboxes to throw away."),
        Reason::QuotedLocalPart => {
            "The part before the @ is in quotation marks, which many mail systems do not take."
                .to_owned()
        }
        Reason::AddressLiteral => {
            "The mail would go to an IP address, which most mail systems do not do.".to_owned()
        }
        Reason::CatchAll => {
            format!("{domain} takes mail for any name, so nobody can tell whether this one exists.")
        }
        Reason::MailboxFull => format!("{domain} says that this mailbox is full."),
        Reason::Smtputf8Unsupported => {
            format!("The mail server of {domain} does not take addresses with such characters.")
        }
        Reason::NullMxContradicted => {
            format!("{domain} says that it takes no mail, and names mail servers all the same.")
        }
        Reason::MxIsLiteral => {
            format!("{domain} names an IP address as its mail server, which some senders refuse.")
        }
        Reason::DnsTimeout => format!("The DNS did not answer in time about {domain}."),
        Reason::DnsFailure => format!("The DNS could not tell about {domain}."),
        Reason::TimeBudgetSpent => format!("Time was over before the DNS answered about {domain}."),
        Reason::NotChecked => {
            format!("The address is well-formed; whether {domain} takes mail was not checked.")
        }
        Reason::Greylisted => {
            format!("The mail server of {domain} asks strangers to come back later.")
        }
        Reason::ProbeRefused => {
            format!("The mail server of {domain} refuses us; that says nothing about the mailbox.")
        }
        Reason::ProbeRateLimited => format!("The mail server of {domain} was asked too often."),
        Reason::ProbeDeferred => format!("The mail server of {domain} put the question off."),
        Reason::ProbeTimeout => format!("The mail server of {domain} did not answer in time."),
        Reason::ProbeUnreachable => format!("The mail server of {domain} could not be reached."),
        Reason::ProbeProtocolError => {
            format!("The mail server of {domain} gave an answer that makes no sense.")
        }
        Reason::ProbeTlsFailed => {
            format!("No encrypted connection to the mail server of {domain} came about.")
        }
        Reason::MailboxAccepted => format!("The mail server of {domain} accepts this address."),
        Reason::DomainAcceptsMail
        | Reason::ProbeOff
        | Reason::ProbePaused
        | Reason::ProviderNotProbed
        | Reason::RoleAccount
        | Reason::Relay
        | Reason::AllowedByOperator => {
            format!("{domain} takes mail; whether this mailbox exists was not asked.")
        }
    }
}
