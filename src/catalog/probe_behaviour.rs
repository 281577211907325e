//! How mail servers answer a probe, where that is known without asking: `data/probing.tsv`.

use std::collections::HashMap;

use strum::{EnumString, VariantNames};

use super::Provider;
use super::list::{ListEntries, ListError, SourceText};
use crate::address::and_parents;

/// What the answer to RCPT TO says about the mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumString, VariantNames)]
pub enum ProbeBehaviour {
    /// The server refuses a recipient that does not exist.
    #[strum(serialize = "truth")]
    Truthful,
    /// The server accepts every recipient, or refuses every unknown client.
    #[strum(serialize = "nothing")]
    Uninformative,
}

/// Probe behaviour by provider id and by MX host name.
#[derive(Default)]
pub(super) struct ProbeBehaviours {
    /// For the provider's own domains alone.
    providers: HashMap<Box<str>, ProbeBehaviour>,
    /// For all domains whose mail goes to this host or below it.
    mail_servers: HashMap<Box<str>, ProbeBehaviour>,
}

impl ProbeBehaviours {
    /// Reads a list and returns the number of its entries.
    pub(super) fn read(&mut self, source: &SourceText<'_>) -> Result<usize, ListError> {
        let mut entries = ListEntries::default();
        for row in source.rows() {
            let [subject, behaviour, _why] = row.columns()?;
            let behaviour = row.one_of("second column", behaviour)?;
            entries.add(&row, subject)?;
            match subject.strip_prefix("mx:") {
                Some(name) => self.mail_servers.insert(row.domain(name)?, behaviour),
                None => self.providers.insert(subject.into(), behaviour),
            };
        }
        Ok(entries.count())
    }

    /// What is known of a domain of this provider whose mail goes to these servers. What is known of one
    /// server counts for all.
    pub(super) fn of<'h>(
        &self,
        provider: Option<&Provider>,
        mail_servers: impl Iterator<Item = &'h str>,
    ) -> Option<ProbeBehaviour> {
        let mail_servers: Vec<&str> = mail_servers.collect();
        let of_server =
            |host: &&str| and_parents(host).find_map(|name| self.mail_servers.get(name));
        let by_server = mail_servers.iter().find_map(of_server);
        by_server.or_else(|| self.of_provider(provider?, &mail_servers)).copied()
    }

    /// A provider's entry holds only where all servers are its own.
    fn of_provider(&self, provider: &Provider, mail_servers: &[&str]) -> Option<&ProbeBehaviour> {
        let is_own =
            |host: &&str| and_parents(host).any(|name| provider.mx.iter().any(|mx| **mx == *name));
        let all_own = !mail_servers.is_empty() && mail_servers.iter().all(is_own);
        self.providers.get(&provider.id).filter(|_| all_own)
    }
}
