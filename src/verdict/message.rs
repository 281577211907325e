//! The sentence that explains a verdict to the user.

use super::{Findings, HostFindings, Judgement, Reason};
use crate::evidence::{CatchAll, MailboxStatus, NotProbed};
use crate::route::{Failure, MailRoute};

/// The sentence for the first reason. `domain` is the typed one in U-labels (or the literal in its brackets), `meant`
/// the suggested one.
pub fn message(
    findings: &Findings<'_>,
    judgement: &Judgement,
    domain: &str,
    meant: Option<&str>,
) -> String {
    let Some(reason) = judgement.reasons.first() else { return String::new() };
    let (host, mailbox) = match findings {
        Findings::Malformed { .. } => (HostFindings::NotAsked, None),
        Findings::WellFormed(address) => (address.host, address.mailbox),
    };
    match reason {
        Reason::Syntax(code) => code.message().to_owned(),
        Reason::DeniedByOperator => "This address is not accepted here.".to_owned(),
        Reason::DomainReserved => {
            format!("{domain} is a reserved name: nobody can receive mail there.")
        }
        Reason::DomainNotFound => match host {
            HostFindings::Route(MailRoute::NoTarget) => {
                format!("{domain} is an alias of a domain that does not exist.")
            }
            _ => format!("There is no domain {domain}."),
        },
        Reason::DomainTakesNoMail => format!("{domain} says that it accepts no mail."),
        Reason::DomainHasNoMailServer => format!("{domain} exists, but has no mail server."),
        Reason::MailServerUnusable => match host {
            HostFindings::Literal(_) => {
                format!("{domain} is not a public IP address: mail cannot be delivered there.")
            }
            _ => format!("{domain} has no mail server that can be reached from the internet."),
        },
        Reason::MailboxNotFound => {
            format!("The mail server of {domain} says that there is no such mailbox.")
        }
        Reason::MailboxDisabled => {
            format!("The mail server of {domain} says that this mailbox is disabled.")
        }
        Reason::DomainTypo => match meant {
            Some(meant) => format!("{domain} looks like a typo for {meant}."),
            None => format!("{domain} looks like a typo."),
        },
        Reason::DomainLookalike => match meant {
            Some(meant) => format!("{domain} looks like {meant}, but has other letters."),
            None => format!("{domain} has letters that look like others."),
        },
        Reason::Disposable => format!("{domain} provides disposable mailboxes."),
        Reason::QuotedLocalPart => {
            "The part before the @ is in quotation marks, which many mail systems do not accept."
                .to_owned()
        }
        Reason::AddressLiteral => {
            format!(
                "{domain} is an IP address instead of a domain, which most mail systems refuse."
            )
        }
        Reason::CatchAll => {
            format!("{domain} accepts mail for any name, so it is unknown whether this one exists.")
        }
        Reason::MailboxFull => {
            format!("The mail server of {domain} says that this mailbox is full.")
        }
        Reason::Smtputf8Unsupported => {
            format!("The mail server of {domain} does not accept addresses with such characters.")
        }
        Reason::NullMxContradicted => {
            format!("{domain} says that it accepts no mail, and yet names mail servers.")
        }
        Reason::MxIsLiteral => {
            format!("{domain} names an IP address as its mail server, which some senders refuse.")
        }
        Reason::DnsTimeout => format!("The DNS did not answer in time about {domain}."),
        Reason::DnsFailure => dns_failure(host, domain),
        Reason::TimeBudgetSpent => {
            format!("There was no time left to wait for the DNS about {domain}.")
        }
        Reason::NotChecked => {
            format!("The address is well-formed; whether {domain} accepts mail was not checked.")
        }
        Reason::Greylisted => {
            format!("The mail server of {domain} asks unknown senders to try again later.")
        }
        Reason::ProbeRefused => {
            format!("The mail server of {domain} refuses us; that says nothing about the mailbox.")
        }
        Reason::ProbeRateLimited => {
            format!("The mail server of {domain} says that we asked too often.")
        }
        Reason::ProbeDeferred => {
            format!("The mail server of {domain} gave no answer for now.")
        }
        Reason::ProbeTimeout => format!("The mail server of {domain} did not answer in time."),
        Reason::ProbeUnreachable => format!("The mail server of {domain} could not be reached."),
        Reason::ProbeProtocolError => {
            format!("The mail server of {domain} gave an answer that makes no sense.")
        }
        Reason::ProbeTlsFailed => {
            format!("There was no encrypted connection to the mail server of {domain}.")
        }
        Reason::MailboxAccepted => format!("The mail server of {domain} accepts this address."),
        Reason::DomainAcceptsMail
        | Reason::ProbeOff
        | Reason::ProbePaused
        | Reason::ProviderNotProbed
        | Reason::RoleAccount
        | Reason::Relay
        | Reason::AllowedByOperator => domain_accepts_mail(mailbox, domain),
    }
}

/// Why the DNS gave no answer about the domain.
fn dns_failure(host: HostFindings<'_>, domain: &str) -> String {
    let failure = match host {
        HostFindings::Route(MailRoute::Unresolved(failure)) => Some(*failure),
        _ => None,
    };
    match failure {
        Some(Failure::TooManyServers) => {
            format!("{domain} names so many mail servers that not all were looked up.")
        }
        Some(Failure::Overloaded) => {
            format!("{domain} was not looked up: too many look-ups were waiting.")
        }
        Some(Failure::Untrusted) => {
            format!("{domain} was not checked: the DNS resolver gives false answers.")
        }
        Some(Failure::Unconfirmed) => {
            format!(
                "The DNS gave a surprising answer about {domain}, and nothing confirmed it yet."
            )
        }
        Some(Failure::Contradicted) => {
            format!("The DNS gave contradictory answers about {domain}.")
        }
        Some(Failure::Unreachable) => {
            format!("{domain} was not looked up: no DNS server could be reached.")
        }
        Some(Failure::Timeout | Failure::ServFail | Failure::Refused | Failure::Malformed)
        | None => format!("The DNS gave no usable answer about {domain}."),
    }
}

/// The domain accepts mail and nothing counts against the address: what is known of the mailbox.
fn domain_accepts_mail(mailbox: Option<MailboxStatus>, domain: &str) -> String {
    let Some(evidence) = mailbox else {
        return format!("{domain} accepts mail; whether this mailbox exists was not checked.");
    };
    match evidence {
        MailboxStatus::Accepted { catch_all: CatchAll::Unknown } => format!(
            "The mail server of {domain} accepted this address, but it may accept anything."
        ),
        MailboxStatus::Paused => format!(
            "{domain} accepts mail; its mail server was not asked about this mailbox for now."
        ),
        MailboxStatus::NotProbed(NotProbed::Provider) => {
            format!("{domain} accepts mail; its provider does not reveal which mailboxes exist.")
        }
        MailboxStatus::NotProbed(NotProbed::Off | NotProbed::Never) => {
            format!("{domain} accepts mail; whether this mailbox exists was not checked.")
        }
        // Each of these has a reason of its own, which is listed before this one.
        MailboxStatus::Accepted { catch_all: CatchAll::Yes | CatchAll::No }
        | MailboxStatus::NotFound
        | MailboxStatus::Disabled
        | MailboxStatus::Full
        | MailboxStatus::Greylisted
        | MailboxStatus::Refused
        | MailboxStatus::RateLimited
        | MailboxStatus::Deferred
        | MailboxStatus::Timeout
        | MailboxStatus::Unreachable
        | MailboxStatus::ProtocolError
        | MailboxStatus::TlsFailed
        | MailboxStatus::Smtputf8Unsupported => format!("{domain} accepts mail."),
    }
}
