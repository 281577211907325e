//! The rule table: findings in, judgement out.

use super::findings::{AddressFindings, Findings, HostFindings, Typo};
use super::{Advice, Check, Checks, Depth, Judgement, Policy, Reason, Verdict};
use crate::address::Quoting;
use crate::catalog::OperatorDecision;
use crate::evidence::{CatchAll, MailboxStatus, NotProbed};
use crate::route::{Failure, MailRoute, NullMx, Targets};
use crate::typo::TypoKind;

/// Judges the findings. The first reason that has a verdict decides; every reason that holds is listed, in the order
/// of the table.
pub fn judge(findings: &Findings<'_>, policy: &Policy) -> Judgement {
    let reasons = match findings {
        Findings::Malformed { code, .. } => vec![Reason::Syntax(*code)],
        Findings::WellFormed(address) => reasons(address, policy),
    };
    // `reasons` always has a reason with a verdict.
    let verdict = reasons.iter().find_map(|reason| reason.verdict()).unwrap_or(Verdict::Unknown);
    let checks = checks(findings, policy);
    let depth = depth(findings, checks);
    Judgement { verdict, advice: advice(findings, &reasons, policy), reasons, checks, depth }
}

/// Every reason that holds, in the order of the table.
fn reasons(address: &AddressFindings<'_>, policy: &Policy) -> Vec<Reason> {
    let mut reasons = Vec::with_capacity(4);
    if address.decision == Some(OperatorDecision::Denied) {
        reasons.push(Reason::DeniedByOperator);
    }
    reasons.extend(no_route(address.host, policy));
    reasons.extend(no_mailbox(address.mailbox));
    risks(address, policy, &mut reasons);
    reasons.extend(domain_unknown(address.host));
    reasons.extend(mailbox_unknown(address.mailbox));
    if address.mailbox == Some(MailboxStatus::Accepted { catch_all: CatchAll::No }) {
        reasons.push(Reason::MailboxAccepted);
    }
    if reasons.iter().all(|reason| reason.verdict().is_none()) {
        reasons.push(Reason::DomainAcceptsMail);
        reasons.extend(why_not_asked(address.mailbox));
    }
    if address.flags.role && !is_allowed(address) {
        reasons.push(Reason::RoleAccount);
    }
    if address.flags.relay {
        reasons.push(Reason::Relay);
    }
    if is_allowed(address) {
        reasons.push(Reason::AllowedByOperator);
    }
    reasons
}

/// The operator allows the address: neither lists nor typo suggestions count against it.
fn is_allowed(address: &AddressFindings<'_>) -> bool {
    address.decision == Some(OperatorDecision::Allowed)
}

/// Undeliverable: mail to the domain has nowhere to go.
fn no_route(host: HostFindings<'_>, policy: &Policy) -> Option<Reason> {
    match host {
        HostFindings::Reserved => Some(Reason::DomainReserved),
        HostFindings::Literal(ip) if !policy.reach.allows(ip) => Some(Reason::MailServerUnusable),
        HostFindings::Route(route) => match route {
            MailRoute::NoDomain | MailRoute::NoTarget => Some(Reason::DomainNotFound),
            MailRoute::Null => Some(Reason::DomainTakesNoMail),
            MailRoute::NoService => Some(Reason::DomainHasNoMailServer),
            MailRoute::Unusable => Some(Reason::MailServerUnusable),
            MailRoute::Exchangers(_) | MailRoute::Implicit(_) | MailRoute::Unresolved(_) => None,
        },
        HostFindings::Literal(_) | HostFindings::NotAsked | HostFindings::OutOfTime => None,
    }
}

/// Undeliverable: the mail server says that there is no such mailbox.
fn no_mailbox(mailbox: Option<MailboxStatus>) -> Option<Reason> {
    match mailbox {
        Some(MailboxStatus::NotFound) => Some(Reason::MailboxNotFound),
        Some(MailboxStatus::Disabled) => Some(Reason::MailboxDisabled),
        _ => None,
    }
}

/// Risky: mail may arrive, but something counts against the address.
fn risks(address: &AddressFindings<'_>, policy: &Policy, reasons: &mut Vec<Reason>) {
    if !is_allowed(address) {
        match address.typo {
            Some(Typo { kind: TypoKind::Typo, confidence }) if confidence >= policy.risky_at => {
                reasons.push(Reason::DomainTypo);
            }
            Some(Typo { kind: TypoKind::Lookalike, .. }) => reasons.push(Reason::DomainLookalike),
            _ => {}
        }
        if address.flags.disposable {
            reasons.push(Reason::Disposable);
        }
    }
    if address.quoting == Quoting::Quoted {
        reasons.push(Reason::QuotedLocalPart);
    }
    if matches!(address.host, HostFindings::Literal(_)) {
        reasons.push(Reason::AddressLiteral);
    }
    match address.mailbox {
        Some(MailboxStatus::Accepted { catch_all: CatchAll::Yes }) => {
            reasons.push(Reason::CatchAll);
        }
        Some(MailboxStatus::Full) => reasons.push(Reason::MailboxFull),
        Some(MailboxStatus::Smtputf8Unsupported) => {
            reasons.push(Reason::Smtputf8Unsupported);
        }
        _ => {}
    }
    if let HostFindings::Route(MailRoute::Exchangers(exchangers)) = address.host {
        if exchangers.null_mx == NullMx::Beside {
            reasons.push(Reason::NullMxContradicted);
        }
        if exchangers.targets == Targets::LiteralsOnly {
            reasons.push(Reason::MxIsLiteral);
        }
    }
}

/// Unknown: nothing was learned about the domain.
fn domain_unknown(host: HostFindings<'_>) -> Option<Reason> {
    match host {
        HostFindings::NotAsked => Some(Reason::NotChecked),
        HostFindings::OutOfTime => Some(Reason::TimeBudgetSpent),
        HostFindings::Route(MailRoute::Unresolved(failure)) => Some(match failure {
            Failure::Timeout => Reason::DnsTimeout,
            Failure::ServFail
            | Failure::Refused
            | Failure::Overloaded
            | Failure::TooManyServers
            | Failure::Unreachable
            | Failure::Malformed
            | Failure::Contradicted
            | Failure::Untrusted
            | Failure::Unconfirmed => Reason::DnsFailure,
        }),
        HostFindings::Literal(_) | HostFindings::Reserved | HostFindings::Route(_) => None,
    }
}

/// Unknown: the mail server was probed and said nothing about the mailbox.
fn mailbox_unknown(mailbox: Option<MailboxStatus>) -> Option<Reason> {
    let evidence = mailbox?;
    match evidence {
        MailboxStatus::Greylisted => Some(Reason::Greylisted),
        MailboxStatus::Refused => Some(Reason::ProbeRefused),
        MailboxStatus::RateLimited => Some(Reason::ProbeRateLimited),
        MailboxStatus::Deferred => Some(Reason::ProbeDeferred),
        MailboxStatus::Timeout => Some(Reason::ProbeTimeout),
        MailboxStatus::Unreachable => Some(Reason::ProbeUnreachable),
        MailboxStatus::ProtocolError => Some(Reason::ProbeProtocolError),
        MailboxStatus::TlsFailed => Some(Reason::ProbeTlsFailed),
        MailboxStatus::Accepted { .. }
        | MailboxStatus::NotFound
        | MailboxStatus::Disabled
        | MailboxStatus::Full
        | MailboxStatus::Smtputf8Unsupported
        | MailboxStatus::Paused
        | MailboxStatus::NotProbed(_) => None,
    }
}

/// Beside `domain_accepts_mail`: why the mailbox was not probed, though the depth was `mailbox`.
fn why_not_asked(mailbox: Option<MailboxStatus>) -> Option<Reason> {
    match mailbox {
        Some(MailboxStatus::NotProbed(NotProbed::Off | NotProbed::Never)) => Some(Reason::ProbeOff),
        Some(MailboxStatus::Paused) => Some(Reason::ProbePaused),
        Some(MailboxStatus::NotProbed(NotProbed::Provider)) => Some(Reason::ProviderNotProbed),
        _ => None,
    }
}

/// The strictest advice of all reasons; a suggestion turns a rejection into a question; the operator's decision is final.
fn advice(findings: &Findings<'_>, reasons: &[Reason], policy: &Policy) -> Advice {
    let (decision, suggested) = match findings {
        Findings::Malformed { suggestion, .. } => (None, suggestion.is_some()),
        Findings::WellFormed(address) => (address.decision, address.typo.is_some()),
    };
    match decision {
        Some(OperatorDecision::Allowed) => return policy.advice(Reason::AllowedByOperator),
        Some(OperatorDecision::Denied) => return policy.advice(Reason::DeniedByOperator),
        None => {}
    }
    let strictest = reasons.iter().map(|reason| policy.advice(*reason)).max();
    match strictest.unwrap_or(Advice::Accept) {
        Advice::Reject if suggested => Advice::Confirm,
        advice => advice,
    }
}

fn checks(findings: &Findings<'_>, policy: &Policy) -> Checks {
    let Findings::WellFormed(address) = findings else {
        return Checks { syntax: Check::Fail, domain: Check::Skipped, mailbox: Check::Skipped };
    };
    let domain = match address.host {
        HostFindings::Literal(ip) if !policy.reach.allows(ip) => Check::Fail,
        HostFindings::Literal(_) | HostFindings::Reserved | HostFindings::NotAsked => {
            Check::Skipped
        }
        HostFindings::OutOfTime | HostFindings::Route(MailRoute::Unresolved(_)) => Check::Unknown,
        HostFindings::Route(MailRoute::Exchangers(_) | MailRoute::Implicit(_)) => Check::Pass,
        HostFindings::Route(
            MailRoute::Null
            | MailRoute::NoService
            | MailRoute::NoDomain
            | MailRoute::NoTarget
            | MailRoute::Unusable,
        ) => Check::Fail,
    };
    let mailbox = match address.mailbox {
        None | Some(MailboxStatus::Paused | MailboxStatus::NotProbed(_)) => Check::Skipped,
        Some(MailboxStatus::Accepted { .. }) => Check::Pass,
        Some(
            MailboxStatus::NotFound
            | MailboxStatus::Disabled
            | MailboxStatus::Full
            | MailboxStatus::Smtputf8Unsupported,
        ) => Check::Fail,
        Some(_) => Check::Unknown,
    };
    Checks { syntax: Check::Pass, domain, mailbox }
}

/// How deep the evidence goes, whatever depth was requested.
fn depth(findings: &Findings<'_>, checks: Checks) -> Depth {
    let found = |check| matches!(check, Check::Pass | Check::Fail);
    match findings {
        // The text alone shows that an IP address cannot be reached.
        Findings::Malformed { .. }
        | Findings::WellFormed(AddressFindings { host: HostFindings::Literal(_), .. }) => {
            Depth::Syntax
        }
        Findings::WellFormed(_) if found(checks.mailbox) => Depth::Mailbox,
        Findings::WellFormed(_) if found(checks.domain) => Depth::Domain,
        Findings::WellFormed(_) => Depth::Syntax,
    }
}
