//! The summary as a page to show: one file that needs nothing from elsewhere, for screens, phones,
//! paper and screen readers.
//!
//! Every element is closed, so that the page is well-formed XML too and tests can read it.

mod donut;
mod markup;
mod tables;
mod words;

use std::fmt;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use self::donut::{PATTERNS, donut};
use self::markup::{Foreign, Name};
use self::words::{looked, words};
use super::Summary;
use super::numbers::{a_second, counted, grouped, percent, took};
use crate::verdict::Verdict;

const STYLE: &str = include_str!("style.css");

/// What the page tells beside the summary.
#[derive(Clone, Copy)]
pub struct PageFacts<'a> {
    /// The name of the list, as its owner knows it.
    pub title: &'a str,
    /// When the summary was made.
    pub made_at: Timestamp,
}

/// A summary to be written as an HTML page.
pub struct Page<'a> {
    summary: &'a Summary,
    facts: PageFacts<'a>,
}

impl Summary {
    /// The summary in the form of a page.
    pub fn page<'a>(&'a self, facts: PageFacts<'a>) -> Page<'a> {
        Page { summary: self, facts }
    }
}

impl fmt::Display for Page<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let summary = self.summary;
        head(f, self.facts.title)?;
        opening(f, summary, &self.facts)?;
        if summary.judged() > 0 {
            tiles(f, summary)?;
            verdicts(f, summary)?;
        }
        f.write_str("<div class=\"pair\">\n")?;
        rows(f, summary)?;
        if summary.kinds != super::KindCounts::default() {
            let lead = "A row can be of several kinds, or of none.";
            section(f, "kinds", "Kinds of addresses", lead, |f| tables::kinds(f, summary))?;
        }
        f.write_str("</div>\n")?;
        if !summary.reasons.is_empty() {
            let lead = "A row can have several reasons.";
            section(f, "reasons", "Reasons", lead, |f| tables::reasons(f, summary))?;
        }
        f.write_str("<div class=\"pair\">\n")?;
        if !summary.typos.is_empty() {
            let lead = "Domains that were probably typed wrong.";
            section(f, "typos", "Typos", lead, |f| tables::typos(f, &summary.typos))?;
        }
        if !summary.failing.is_empty() {
            let lead = "Those with the most rows that are undeliverable or unknown.";
            let heading = "Domains that fail most";
            section(f, "failing", heading, lead, |f| tables::failing(f, &summary.failing))?;
        }
        f.write_str("</div>\n")?;
        if let Some(listed) = &summary.addresses {
            let lead = "In the order of the list, with row numbers as a spreadsheet counts them.";
            let heading = "Addresses that need attention";
            section(f, "addresses", heading, lead, |f| tables::addresses(f, listed))?;
        }
        closing(f, summary)
    }
}

fn head(f: &mut fmt::Formatter<'_>, title: &str) -> fmt::Result {
    write!(
        f,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\"/>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n\
         <meta name=\"robots\" content=\"noindex\"/>\n<title>{}: mailvet report</title>\n\
         <style>\n{STYLE}</style>\n</head>\n<body>\n{PATTERNS}\n",
        Foreign(title)
    )
}

fn opening(f: &mut fmt::Formatter<'_>, summary: &Summary, facts: &PageFacts<'_>) -> fmt::Result {
    let made_at = facts.made_at.to_zoned(TimeZone::UTC);
    write!(
        f,
        "<header><p class=\"kicker\">mailvet report</p><h1>{}</h1>\n<p>{} read in {}",
        Name(facts.title),
        counted(summary.rows.read, "row", "rows"),
        took(summary.elapsed),
    )?;
    if let Some(rate) = a_second(summary.rows.read, summary.elapsed) {
        write!(f, ", {rate} a second")?;
    }
    writeln!(
        f,
        ". {}</p>\n<p class=\"made\"><time datetime=\"{:.0}\">{}</time></p></header>\n<main>",
        looked(summary.depth),
        facts.made_at,
        made_at.strftime("%-d %B %Y, %H:%M UTC"),
    )
}

/// What there is to do, at a glance.
fn tiles(f: &mut fmt::Formatter<'_>, summary: &Summary) -> fmt::Result {
    let whole = summary.judged();
    let good = summary.with(Verdict::Deliverable) + summary.with(Verdict::Plausible);
    f.write_str("<ul class=\"tiles\">\n")?;
    for (verdict, number) in [
        (Verdict::Plausible, good),
        (Verdict::Risky, summary.with(Verdict::Risky)),
        (Verdict::Undeliverable, summary.with(Verdict::Undeliverable)),
        (Verdict::Unknown, summary.with(Verdict::Unknown)),
    ] {
        writeln!(
            f,
            "<li class=\"{}\"><span class=\"todo\">{}</span> <strong>{}</strong> <span>{} of rows</span></li>",
            verdict.code(),
            words(verdict).todo,
            grouped(number),
            Foreign(&percent(number, whole)),
        )?;
    }
    f.write_str("</ul>\n")
}

fn verdicts(f: &mut fmt::Formatter<'_>, summary: &Summary) -> fmt::Result {
    section(f, "verdicts", "Verdicts", "", |f| {
        f.write_str("<div class=\"spread\">")?;
        donut(f, summary)?;
        tables::verdicts(f, summary)?;
        f.write_str("</div>\n<dl class=\"meanings\">\n")?;
        for (verdict, _) in summary.by_verdict().filter(|(_, number)| *number > 0) {
            let said = words(verdict);
            writeln!(
                f,
                "<div class=\"{code}\"><dt>{code} <span class=\"todo\">{}</span></dt><dd>{} {}</dd></div>",
                said.todo,
                said.meaning,
                said.counsel,
                code = verdict.code(),
            )?;
        }
        let [accept, confirm, reject] = summary.advice.map(grouped);
        writeln!(
            f,
            "</dl>\n<p class=\"forms\">A form with the same settings would accept {accept} of them, ask \
             back about {confirm} and refuse {reject}.</p>"
        )
    })
}

fn rows(f: &mut fmt::Formatter<'_>, summary: &Summary) -> fmt::Result {
    section(f, "rows", "Where the rows went", "", |f| {
        if summary.rows.read > 0 {
            tables::places(f, summary)?;
        } else {
            f.write_str("<p>The list has no rows.</p>\n")?;
        }
        let mut notes = summary.notes();
        if summary.rows.asides > 0 {
            let asides =
                counted(summary.rows.asides, "blank line or comment", "blank lines or comments");
            notes.insert(0, format!("{asides} besides."));
        }
        if notes.is_empty() {
            return Ok(());
        }
        f.write_str("<ul class=\"notes\">\n")?;
        for note in notes {
            writeln!(f, "<li>{note}</li>")?;
        }
        f.write_str("</ul>\n")
    })
}

/// A section with its heading, by which others refer to it, and a sentence under it.
fn section(
    f: &mut fmt::Formatter<'_>,
    id: &str,
    heading: &str,
    lead: &str,
    body: impl FnOnce(&mut fmt::Formatter<'_>) -> fmt::Result,
) -> fmt::Result {
    writeln!(f, "<section class=\"{id}\"><h2 id=\"{id}\">{heading}</h2>")?;
    if !lead.is_empty() {
        writeln!(f, "<p class=\"lead\">{lead}</p>")?;
    }
    body(f)?;
    f.write_str("</section>\n")
}

fn closing(f: &mut fmt::Formatter<'_>, summary: &Summary) -> fmt::Result {
    let care = match summary.addresses {
        Some(_) => "This page holds addresses: treat it as you treat the list.",
        None => "This page holds no addresses. Names of domains can be personal data too.",
    };
    writeln!(
        f,
        "</main>\n<footer><p>{care}</p><p>It loads nothing from elsewhere.</p></footer>\n</body>\n</html>"
    )
}

#[cfg(test)]
mod tests;
