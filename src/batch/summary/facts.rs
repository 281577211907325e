//! What the terminal summary and the page have in common.

use super::numbers::{counted, grouped};
use super::{MailServerCounts, RowCounts, Summary};
use crate::report::PORT_25_HINT;
use crate::verdict::Verdict;

impl RowCounts {
    /// The destinations of rows, with the number of rows. In a stopped run some have none yet.
    pub(super) fn destinations(&self) -> [(&'static str, u64); 5] {
        let accounted_for = [self.left_out, self.suppressed, self.rejected]
            .into_iter()
            .fold(self.written, u64::saturating_add);
        [
            ("written", self.written),
            ("left out", self.left_out),
            ("suppressed", self.suppressed),
            ("rejected", self.rejected),
            ("not yet written", self.read.saturating_sub(accounted_for)),
        ]
    }
}

impl Summary {
    /// How many rows have a verdict.
    pub(super) fn judged(&self) -> u64 {
        self.verdicts.iter().sum()
    }

    pub(super) fn by_verdict(&self) -> impl Iterator<Item = (Verdict, u64)> {
        Verdict::ALL.into_iter().zip(self.verdicts)
    }

    /// How many rows have this verdict.
    pub(super) fn with(&self, verdict: Verdict) -> u64 {
        self.by_verdict().filter(|(known, _)| *known == verdict).map(|(_, number)| number).sum()
    }

    /// The note where no mail server answered: then port 25 is probably blocked here.
    fn blocked_port(&self) -> Option<String> {
        let MailServerCounts { answered, silent } = self.mail_servers;
        (answered == 0 && silent > 0).then(|| format!("No mail server answered. {PORT_25_HINT}"))
    }

    /// Further facts, a sentence each.
    pub(super) fn notes(&self) -> Vec<String> {
        let row = |number: u64, one: &str, more: &str| match number {
            0 => None,
            1 => Some(format!("1 row {one}.")),
            _ => Some(format!("{} rows {more}.", grouped(number))),
        };
        let repeat = "an address of an earlier row";
        let several = "more than one address";
        let kept = "verdict from an earlier run";
        let asked = (self.domains_asked > 0).then(|| {
            format!("The DNS was asked about {}.", counted(self.domains_asked, "domain", "domains"))
        });
        [
            row(self.duplicates, &format!("repeats {repeat}"), &format!("repeat {repeat}")),
            row(self.several_addresses, &format!("has {several}"), &format!("have {several}")),
            row(self.kept, &format!("kept its {kept}"), &format!("kept their {kept}")),
            row(self.unreadable, "could not be read", "could not be read"),
            asked,
            self.blocked_port(),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}
