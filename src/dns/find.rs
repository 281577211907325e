//! Finding where a domain's mail goes: the questions of a [`RouteResolver`], and a second opinion on denials.

use futures_util::future::join_all;

use super::{Dns, Servers};
use crate::reach::ReachPolicy;
use crate::route::{
    Answered, Denial, DnsQuestion, Failure, HostName, RouteOutcome, RouteResolver, RouteWithTtl,
    SecondOpinion, ServerId, confirmed,
};

/// Finds where a domain's mail goes, and which server answered about the MX records.
///
/// Asks what [`RouteResolver`] wants until it is done. The addresses of names for which `may_ask` is false stay
/// unknown. `asking` is called before each question.
pub async fn find_route(
    dns: &dyn Dns,
    domain: HostName,
    policy: &ReachPolicy,
    may_ask: impl Fn(&HostName) -> bool,
    asking: impl Fn(),
) -> (RouteOutcome, Option<ServerId>) {
    let mut resolver = RouteResolver::start(domain, policy);
    let mut mx_by = None;
    loop {
        resolver = match resolver {
            RouteResolver::Done(outcome) => return (outcome, mx_by),
            RouteResolver::AskMx(ask) => {
                asking();
                let answered = dns.mx(ask.name(), Servers::InUse).await;
                mx_by = answered.by;
                ask.answer(answered)
            }
            RouteResolver::AskAddresses(ask) => {
                let answered = if may_ask(ask.name()) {
                    asking();
                    dns.addresses(ask.name(), ask.family(), Servers::InUse).await
                } else {
                    Answered::by_none(Failure::Refused)
                };
                ask.answer(answered)
            }
        };
    }
}

/// Asks other servers all questions again that were answered with a denial. Returns the route that is left, and
/// whether a server agreed.
pub async fn second_opinion(
    dns: &dyn Dns,
    outcome: RouteOutcome,
    policy: &ReachPolicy,
) -> (RouteWithTtl, bool) {
    let RouteOutcome { routed, denials } = outcome;
    let opinions = join_all(denials.iter().map(|denial| opinion(dns, denial, policy))).await;
    let agreed = opinions.contains(&SecondOpinion::Agrees);
    (confirmed(routed, denials.iter().zip(opinions)), agreed)
}

/// The route that is left where no other server is asked.
pub fn without_opinion(outcome: &RouteOutcome) -> RouteWithTtl {
    let opinions = outcome.denials.iter().map(|denial| (denial, SecondOpinion::None));
    confirmed(outcome.routed.clone(), opinions)
}

/// Whether [`second_opinion`] has a server to ask.
pub fn can_be_asked_again(dns: &dyn Dns, outcome: &RouteOutcome) -> bool {
    outcome.denials.iter().filter_map(|denial| denial.by).any(|by| dns.has_other(by))
}

async fn opinion(dns: &dyn Dns, denial: &Denial, policy: &ReachPolicy) -> SecondOpinion {
    let Some(by) = denial.by.filter(|by| dns.has_other(*by)) else { return SecondOpinion::None };
    let of = Servers::Except(by);
    match &denial.question {
        DnsQuestion::Mx(name) => denial.weigh_mx(&dns.mx(name, of).await.result),
        DnsQuestion::Addresses(name, family) => {
            let answered = dns.addresses(name, *family, of).await;
            denial.weigh_addresses(&answered.result, policy)
        }
    }
}
