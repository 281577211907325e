//! The report for people, in a terminal.

use std::borrow::Cow;
use std::fmt::{self, Write as _};

use anstyle::{AnsiColor, Style};

use super::{DomainEvidence, MailboxFacts, Report, visible};
use crate::evidence::{MailboxStatus, NotProbed};
use crate::route::MailRoute;
use crate::verdict::{Advice, Reason, Verdict};

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();

/// A report in the form for people. It has colours; anstream removes them where the output is no terminal.
pub struct TextReport<'a> {
    report: &'a Report,
    server_text: ServerText,
}

/// Whether the mail server's own words are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerText {
    Hidden,
    Shown,
}

impl Report {
    /// The report in the form for people.
    pub fn text(&self, server_text: ServerText) -> TextReport<'_> {
        TextReport { report: self, server_text }
    }
}

impl fmt::Display for TextReport<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let report = self.report;
        let verdict = report.judgement.verdict;
        let (sign, style) = style_for(verdict);
        writeln!(
            f,
            "{style}{sign} {}{style:#}  {BOLD}{}{BOLD:#}",
            verdict.code(),
            shown(&report.email)
        )?;
        writeln!(f, "  {}", visible(&report.message))?;
        if let Some(meant) = &report.suggestion {
            writeln!(f, "  Did you mean {BOLD}{}{BOLD:#}?", visible(&meant.email))?;
        }
        if let Some(error) = report.syntax_error {
            pointer(f, &report.email, error.at)?;
        }
        if let Some(route) = route_line(&report.dns) {
            writeln!(f, "  {DIM}{}{DIM:#}", visible(&route))?;
        }
        if let Some(answer) = report.mailbox.as_ref().and_then(answer_line) {
            writeln!(f, "  {DIM}{}{DIM:#}", visible(&answer))?;
        }
        let words = report.mailbox.as_ref().and_then(|mailbox| mailbox.evidence.text.as_deref());
        if let (ServerText::Shown, Some(words)) = (self.server_text, words) {
            writeln!(f, "  {DIM}it said: {}{DIM:#}", visible(words))?;
        }
        if let Some(hint) = hint(report) {
            writeln!(f, "  {hint}")?;
        }
        let codes: Vec<&str> =
            report.judgement.reasons.iter().map(|reason| reason.code()).collect();
        let advice = match report.judgement.advice {
            Advice::Accept => "let it in",
            Advice::Confirm => "ask the user to confirm",
            Advice::Reject => "reject it",
        };
        writeln!(f, "  {DIM}{}; a form should {advice}{DIM:#}", codes.join(", "))
    }
}

/// The sign and the style of a verdict in a terminal.
pub(crate) fn style_for(verdict: Verdict) -> (&'static str, Style) {
    let colour = |colour: AnsiColor| Style::new().bold().fg_color(Some(colour.into()));
    match verdict {
        Verdict::Deliverable | Verdict::Plausible => ("✓", colour(AnsiColor::Green)),
        Verdict::Risky => ("!", colour(AnsiColor::Yellow)),
        Verdict::Undeliverable => ("✗", colour(AnsiColor::Red)),
        Verdict::Unknown => ("?", colour(AnsiColor::Cyan)),
    }
}

/// The most characters that are shown of a text; an address has 254 bytes.
const LONGEST_SHOWN: usize = 254;

/// The text made visible, cut where it is far too long for an address.
fn shown(email: &str) -> Cow<'_, str> {
    match email.char_indices().nth(LONGEST_SHOWN) {
        Some((end, _)) => Cow::Owned(format!("{}…", visible(&email[..end]))),
        None => visible(email),
    }
}

/// The longest text that is repeated with a mark under the error.
const LONGEST_POINTED_AT: usize = 70;

/// Marks the place of the error, if the text is short and all ASCII, so that columns are bytes.
fn pointer(f: &mut fmt::Formatter<'_>, email: &str, at: usize) -> fmt::Result {
    let plain = email.bytes().all(|b| matches!(b, b' '..=b'~'));
    if email.is_empty() || email.len() > LONGEST_POINTED_AT || !plain {
        return Ok(());
    }
    writeln!(f, "    {email}")?;
    writeln!(f, "    {:at$}{BOLD}^{BOLD:#}", "")
}

/// What the mail server answered, in a line.
fn answer_line(mailbox: &MailboxFacts) -> Option<String> {
    let evidence = &mailbox.evidence;
    let mut answer = format!("answer: {}", evidence.code?);
    if let Some(enhanced) = evidence.enhanced {
        let _ = write!(answer, " {enhanced}");
    }
    if let Some(host) = &evidence.host {
        let _ = write!(answer, " from {}", host.as_str());
    }
    if let Some(detail) = &evidence.detail {
        let _ = write!(answer, " ({detail})");
    }
    Some(answer)
}

pub const PROBE_OFF_HINT: &str = "the probe is off; to switch it on, set `enabled = true`, `helo` and `mail_from` in `[probe]` \
     of the configuration (`mailvet config` names its file)";

pub const PORT_25_HINT: &str = "Many networks block outgoing connections to port 25: try from a machine that may send mail, or name \
     a proxy with `[probe] proxy`.";

/// What the operator can do about a mailbox that was not probed or a server that was not reached.
fn hint(report: &Report) -> Option<Cow<'static, str>> {
    let off = MailboxStatus::NotProbed(NotProbed::Off);
    let is_off = report.mailbox.as_ref().is_some_and(|mailbox| mailbox.evidence.status == off);
    // Where there is no mail server to ask, the probe may well be on.
    if is_off && report.judgement.reasons.contains(&Reason::ProbeOff) {
        return Some(format!("To check the mailbox: {PROBE_OFF_HINT}.").into());
    }
    let is_silent = report.mailbox.as_ref().is_some_and(MailboxFacts::never_answered);
    is_silent.then_some(PORT_25_HINT.into())
}

/// Where the mail goes, in a line.
fn route_line(dns: &DomainEvidence) -> Option<String> {
    let DomainEvidence::Learned(learned, _) = dns else { return None };
    match &learned.route {
        MailRoute::Exchangers(exchangers) => {
            let first = exchangers.hosts.first()?;
            Some(match exchangers.hosts.len() - 1 {
                0 => format!("mail server: {}", first.host.as_str()),
                more => format!("mail servers: {} and {more} more", first.host.as_str()),
            })
        }
        MailRoute::Implicit(_) => {
            Some("no MX record: mail goes to the domain's own address".into())
        }
        _ => None,
    }
}
