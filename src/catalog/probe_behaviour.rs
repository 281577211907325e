//! What mail servers tell about mailboxes, where that is known without asking.

use std::collections::HashMap;

use super::Provider;
use super::list::{ListEntries, ListError, ListProblem, Source};
use crate::address::and_parents;

/// What mail servers tell about mailboxes when they are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProbeBehaviour {
    /// Whether there is one: a recipient that does not exist is refused.
    Truth,
    /// Nothing: they accept every recipient, or refuse every stranger.
    Nothing,
}

/// Who tells what.
#[derive(Default)]
pub(super) struct ProbeBehaviours {
    /// By id, for the provider's own domains.
    providers: HashMap<Box<str>, ProbeBehaviour>,
    /// By name, for all domains whose mail goes there or below.
    mail_servers: HashMap<Box<str>, ProbeBehaviour>,
}

impl ProbeBehaviours {
    /// Reads a list, and tells how many entries it has.
    pub(super) fn read(&mut self, source: &Source<'_>) -> Result<usize, ListError> {
        let mut entries = ListEntries::default();
        for row in source.rows() {
            let [who, tells, _why] = row.columns()?;
            let tells = match tells {
                "truth" => ProbeBehaviour::Truth,
                "nothing" => ProbeBehaviour::Nothing,
                _ => {
                    let allowed = "truth, nothing";
                    return Err(row.error(ListProblem::Value { column: "second column", allowed }));
                }
            };
            entries.note(&row, who)?;
            match who.strip_prefix("mx:") {
                Some(name) => self.mail_servers.insert(row.domain(name)?, tells),
                None => self.providers.insert(who.into(), tells),
            };
        }
        Ok(entries.count())
    }

    /// What is known of a domain of this provider whose mail goes to these servers. What any of the
    /// servers is known for counts for all.
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

    /// What is known of a provider is known of its own servers.
    fn of_provider(&self, provider: &Provider, mail_servers: &[&str]) -> Option<&ProbeBehaviour> {
        let is_own =
            |host: &&str| and_parents(host).any(|name| provider.mx.iter().any(|mx| **mx == *name));
        let all_own = !mail_servers.is_empty() && mail_servers.iter().all(is_own);
        self.providers.get(&provider.id).filter(|_| all_own)
    }
}
