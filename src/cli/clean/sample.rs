//! `mailvet clean --sample`: estimates the result for a list from some of its rows.

use std::fmt::{self, Display};
use std::io::Write;
use std::num::NonZeroUsize;

use anyhow::{Context, anyhow};
use indicatif::{HumanCount, HumanDuration};

use super::stop_report::exit_of;
use super::work::CleanWork;
use crate::batch::{List, Sampled, Stop, sample};
use crate::cli::exit::{CliError, Exit, ExitContext};
use crate::cli::signals::Interrupts;
use crate::cli::written_to;
use crate::verdict::{Depth, Verdict};

pub(super) async fn run(rows: NonZeroUsize, work: CleanWork, list: List) -> Result<Exit, CliError> {
    let mut interrupts = Interrupts::new().context("cannot wait for signals").or_failure()?;
    let random = fastrand::Rng::new();
    let sampled = sample(list, &work.judge, &work.journal, work.depth, rows.get(), random);
    let sampled = tokio::select! {
        sampled = sampled => sampled,
        () = interrupts.next() => Err(Stop::Interrupted),
    };
    work.validator.shut_down().await;
    let sampled = sampled.map_err(|stop| CliError { exit: exit_of(&stop), why: anyhow!(stop) })?;
    written_to(anstream::stdout().lock(), |out| write!(out, "{}", Estimate(&sampled)))?;
    Ok(Exit::Done)
}

/// The estimate, for people.
struct Estimate<'a>(&'a Sampled);

impl Display for Estimate<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Sampled { summary, whole, domains, time } = self.0;
        let (chosen, suppressed) = (summary.rows.read, summary.rows.suppressed);
        if suppressed > 0 {
            writeln!(
                f,
                "{} of {} rows are of people who are not to be written to (--suppress); they count for \
                 nothing below.",
                HumanCount(suppressed),
                HumanCount(chosen)
            )?;
        }
        let (judged, left) = (HumanCount(self.0.judged()), self.0.left());
        if chosen >= *whole && suppressed > 0 {
            writeln!(f, "All other {judged} rows were judged: these are no estimates.")?;
        } else if chosen >= *whole {
            writeln!(f, "All {judged} rows were judged: these are no estimates.")?;
        } else {
            writeln!(
                f,
                "{judged} of {} rows were judged, chosen at random. With 95 % confidence the whole list has:",
                HumanCount(*whole)
            )?;
        }
        writeln!(f)?;
        for verdict in Verdict::ALL {
            let share = self.0.share(verdict);
            let (expected, rows) = share.rows(left);
            writeln!(
                f,
                "  {:<14}{:>6.1} %  ({:.1} to {:.1} %)  {:>12} rows  ({} to {})",
                verdict.code(),
                share.expected * 100.0,
                share.range.start() * 100.0,
                share.range.end() * 100.0,
                HumanCount(expected).to_string(),
                HumanCount(*rows.start()),
                HumanCount(*rows.end()),
            )?;
        }
        writeln!(f)?;
        let pace = match summary.depth {
            Depth::Syntax => "no server is asked".to_owned(),
            Depth::Domain => format!("{} domains to look up", HumanCount(*domains)),
            Depth::Mailbox => {
                "at the pace of its mail servers, of which none is asked more than [probe] allows"
                    .to_owned()
            }
        };
        writeln!(f, "The whole list takes about {}: {pace}.", HumanDuration(*time))
    }
}
