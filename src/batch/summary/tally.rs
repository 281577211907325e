//! Counts rows for the summary.

use std::collections::HashMap;
use std::time::Duration;

use super::top::FrequentKeys;
use super::{
    FailingDomain, KindCounts, ListedAddress, MailServerCounts, RowCounts, Summary, TypoCount,
};
use crate::address::Host;
use crate::report::Report;
use crate::roster::RowFault;
use crate::verdict::{Advice, Depth, Reason, Verdict};

/// The most typos and failing domains in the summary.
const MAX_REPORTED: usize = 25;
/// The most addresses listed.
pub(super) const MAX_LISTED_ADDRESSES: usize = 10_000;

/// Counts rows.
pub struct Tally {
    rows: RowCounts,
    verdicts: [u64; Verdict::ALL.len()],
    advice: [u64; Advice::ALL.len()],
    reasons: HashMap<&'static str, u64>,
    duplicates: u64,
    several_addresses: u64,
    unreadable: u64,
    kept: u64,
    typos: FrequentKeys<(String, String)>,
    failing: FrequentKeys<(String, &'static str)>,
    kinds: KindCounts,
    mail_servers: MailServerCounts,
    addresses: Option<Vec<ListedAddress>>,
}

/// What is counted for a row.
pub enum TallyEntry<'a> {
    Judged(&'a Report),
    /// The verdict of an earlier run.
    Kept {
        verdict: Verdict,
        advice: Option<Advice>,
        reasons: &'a [Reason],
    },
    Unreadable(RowFault),
}

/// Whether the summary lists addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listing {
    Addresses,
    /// Numbers only.
    Numbers,
}

impl Tally {
    pub fn new(listing: Listing) -> Self {
        let addresses = match listing {
            Listing::Addresses => Some(Vec::new()),
            Listing::Numbers => None,
        };
        Self {
            rows: RowCounts::default(),
            verdicts: [0; Verdict::ALL.len()],
            advice: [0; Advice::ALL.len()],
            reasons: HashMap::new(),
            duplicates: 0,
            several_addresses: 0,
            unreadable: 0,
            kept: 0,
            typos: FrequentKeys::default(),
            failing: FrequentKeys::default(),
            kinds: KindCounts::default(),
            mail_servers: MailServerCounts::default(),
            addresses,
        }
    }

    pub fn rows(&mut self) -> &mut RowCounts {
        &mut self.rows
    }

    /// Counts the row of this number.
    pub fn row(&mut self, number: u64, entry: &TallyEntry<'_>) {
        match entry {
            TallyEntry::Judged(report) => self.judged(number, report),
            TallyEntry::Kept { verdict, advice, reasons } => {
                self.kept += 1;
                self.verdict(*verdict);
                if let Some(advice) = advice {
                    self.advice(*advice);
                }
                self.reasons(reasons);
            }
            TallyEntry::Unreadable(fault) => {
                self.unreadable += 1;
                self.verdict(Verdict::Unknown);
                self.advice(Advice::Accept);
                *self.reasons.entry(fault.code()).or_insert(0) += 1;
            }
        }
    }

    /// Counts a row whose address is in an earlier one.
    pub fn duplicate(&mut self) {
        self.duplicates += 1;
    }

    /// Counts a row with more than one address.
    pub fn several_addresses(&mut self) {
        self.several_addresses += 1;
    }

    fn judged(&mut self, number: u64, report: &Report) {
        let judgement = &report.judgement;
        self.verdict(judgement.verdict);
        self.advice(judgement.advice);
        self.reasons(&judgement.reasons);
        let reason = judgement.reasons.first().map_or("", |reason| reason.code());
        if let Some(mailbox) = &report.mailbox {
            self.mail_servers.answered += u64::from(mailbox.evidence.code.is_some());
            self.mail_servers.silent += u64::from(mailbox.never_answered());
        }
        if let Some(facts) = &report.address {
            self.kinds.free += u64::from(facts.flags.free);
            self.kinds.disposable += u64::from(facts.flags.disposable);
            self.kinds.role += u64::from(facts.flags.role);
            self.kinds.relay += u64::from(facts.flags.relay);
            if let Host::Domain(domain) = facts.address.host() {
                let typed = domain.unicode().to_owned();
                if let Some(reason) = failure_of_domain(&judgement.reasons) {
                    self.failing.add((typed.clone(), reason.code()));
                }
                if let Some(meant) = &report.suggestion {
                    self.typos.add((typed, meant.domain.clone()));
                }
            }
        }
        let needs_attention = match judgement.verdict {
            Verdict::Risky | Verdict::Undeliverable | Verdict::Unknown => true,
            Verdict::Deliverable | Verdict::Plausible => report.suggestion.is_some(),
        };
        if let Some(addresses) = &mut self.addresses
            && needs_attention
            && addresses.len() < MAX_LISTED_ADDRESSES
        {
            addresses.push(ListedAddress {
                row: number,
                email: report.email.clone(),
                verdict: judgement.verdict,
                reason,
                suggestion: report.suggestion.as_ref().map(|meant| meant.email.clone()),
            });
        }
    }

    fn verdict(&mut self, verdict: Verdict) {
        for (count, known) in self.verdicts.iter_mut().zip(Verdict::ALL) {
            *count += u64::from(known == verdict);
        }
    }

    fn advice(&mut self, advice: Advice) {
        for (count, known) in self.advice.iter_mut().zip(Advice::ALL) {
            *count += u64::from(known == advice);
        }
    }

    fn reasons(&mut self, reasons: &[Reason]) {
        for reason in reasons {
            *self.reasons.entry(reason.code()).or_insert(0) += 1;
        }
    }

    /// Rows by verdict, in the order of [`Verdict::ALL`].
    pub fn verdicts(&self) -> [u64; Verdict::ALL.len()] {
        self.verdicts
    }

    pub fn summary(self, depth: Depth, domains_asked: u64, elapsed: Duration) -> Summary {
        let mut reasons: Vec<(&'static str, u64)> = self.reasons.into_iter().collect();
        reasons
            .sort_unstable_by(|(one, ones), (other, others)| others.cmp(ones).then(one.cmp(other)));
        let typos = self.typos.most(MAX_REPORTED).into_iter();
        let failing = self.failing.most(MAX_REPORTED).into_iter();
        Summary {
            depth,
            rows: self.rows,
            verdicts: self.verdicts,
            advice: self.advice,
            reasons,
            duplicates: self.duplicates,
            several_addresses: self.several_addresses,
            unreadable: self.unreadable,
            kept: self.kept,
            typos: typos.map(|((typed, meant), rows)| TypoCount { typed, meant, rows }).collect(),
            failing: failing
                .map(|((domain, reason), rows)| FailingDomain { domain, reason, rows })
                .collect(),
            kinds: self.kinds,
            domains_asked,
            mail_servers: self.mail_servers,
            elapsed,
            addresses: self.addresses,
        }
    }
}

/// The reason why mail to any mailbox of the domain fails; none for reasons that concern one mailbox or us.
fn failure_of_domain(reasons: &[Reason]) -> Option<Reason> {
    let is_of_domain = |reason: &Reason| {
        matches!(
            reason,
            Reason::DomainReserved
                | Reason::DomainNotFound
                | Reason::DomainTakesNoMail
                | Reason::DomainHasNoMailServer
                | Reason::MailServerUnusable
                | Reason::DnsTimeout
                | Reason::DnsFailure
        )
    };
    reasons.iter().copied().find(is_of_domain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_fails_only_where_nobody_at_it_gets_mail() {
        let cases: [(&[Reason], Option<Reason>); 9] = [
            (&[Reason::DomainNotFound, Reason::DomainTypo], Some(Reason::DomainNotFound)),
            (&[Reason::DomainTypo, Reason::DnsTimeout], Some(Reason::DnsTimeout)),
            (&[Reason::DnsFailure, Reason::RoleAccount], Some(Reason::DnsFailure)),
            (&[Reason::NotChecked], None),
            (&[Reason::TimeBudgetSpent], None),
            (&[Reason::MailboxNotFound], None),
            (&[Reason::DeniedByOperator], None),
            (&[Reason::Greylisted], None),
            (&[Reason::ProbeTimeout], None),
        ];
        for (reasons, expected) in cases {
            assert_eq!(failure_of_domain(reasons), expected, "{reasons:?}");
        }
    }
}
