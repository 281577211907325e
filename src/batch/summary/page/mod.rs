//! The summary as an HTML page: one file that loads nothing from elsewhere, for screens, phones, paper and
//! screen readers.

mod donut;
mod tables;
mod words;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use self::donut::{PATTERNS, donut};
use self::words::{depth_sentence, verdict_words};
use super::numbers::{counted, grouped, percent, rate_per_second, rounded_time};
use super::{KindCounts, Summary};
use crate::report::visible;
use crate::verdict::Verdict;

const STYLE: &str = include_str!("style.css");

/// What the page shows besides the summary.
#[derive(Clone, Copy)]
pub struct PageFacts<'a> {
    /// The name of the list, as its owner knows it.
    pub title: &'a str,
    pub made_at: Timestamp,
}

impl Summary {
    /// The summary as an HTML page.
    pub fn page(&self, facts: PageFacts<'_>) -> String {
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                (head(facts.title))
                body {
                    (PreEscaped(PATTERNS))
                    (opening(self, &facts))
                    main { (sections(self)) }
                    (closing(self))
                }
            }
        };
        page.into_string()
    }
}

fn head(title: &str) -> Markup {
    html! {
        head {
            meta charset="utf-8";
            meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'";
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="robots" content="noindex";
            title { (visible(title)) ": mailvet report" }
            style { (PreEscaped(STYLE)) }
        }
    }
}

fn opening(summary: &Summary, facts: &PageFacts<'_>) -> Markup {
    let read = summary.rows.read;
    let made_at = facts.made_at.to_zoned(TimeZone::UTC);
    html! {
        header {
            p.kicker { "mailvet report" }
            h1 { (foreign_name(facts.title)) }
            p {
                (counted(read, "row", "rows")) " read in " (rounded_time(summary.elapsed))
                @if let Some(rate) = rate_per_second(read, summary.elapsed) { ", " (rate) " a second" }
                ". " (depth_sentence(summary.depth))
            }
            p.made {
                time datetime=(format_args!("{:.0}", facts.made_at)) {
                    (made_at.strftime("%-d %B %Y, %H:%M UTC").to_string())
                }
            }
        }
    }
}

fn sections(summary: &Summary) -> Markup {
    let failing = "Those with the most rows that are undeliverable or unknown.";
    let in_order = "In the order of the list, with row numbers as a spreadsheet counts them.";
    html! {
        @if summary.judged() > 0 {
            (tiles(summary))
            (section("verdicts", "Verdicts", "", &verdicts(summary)))
        }
        div.pair {
            (section("rows", "Where the rows went", "", &rows(summary)))
            @if summary.kinds != KindCounts::default() {
                @let lead = "A row can be of several kinds, or of none.";
                (section("kinds", "Kinds of addresses", lead, &tables::kinds(summary)))
            }
        }
        @if !summary.reasons.is_empty() {
            @let lead = "A row can have several reasons.";
            (section("reasons", "Reasons", lead, &tables::reasons(summary)))
        }
        div.pair {
            @if !summary.typos.is_empty() {
                @let lead = "Domains that were probably typed wrong.";
                (section("typos", "Typos", lead, &tables::typos(&summary.typos)))
            }
            @if !summary.failing.is_empty() {
                (section("failing", "Domains that fail most", failing, &tables::failing(&summary.failing)))
            }
        }
        @if let Some(listed) = &summary.addresses {
            (section("addresses", "Addresses that need attention", in_order, &tables::addresses(listed)))
        }
    }
}

/// What to do with how many rows, at a glance.
fn tiles(summary: &Summary) -> Markup {
    let whole = summary.judged();
    let keep = summary.with(Verdict::Deliverable) + summary.with(Verdict::Plausible);
    let tiles = [
        (Verdict::Plausible, keep),
        (Verdict::Risky, summary.with(Verdict::Risky)),
        (Verdict::Undeliverable, summary.with(Verdict::Undeliverable)),
        (Verdict::Unknown, summary.with(Verdict::Unknown)),
    ];
    html! {
        ul.tiles {
            @for (verdict, number) in tiles {
                li class=(verdict.code()) {
                    span.todo { (verdict_words(verdict).todo) } " "
                    strong { (grouped(number)) } " "
                    span { (percent(number, whole)) " of rows" }
                }
            }
        }
    }
}

fn verdicts(summary: &Summary) -> Markup {
    let [accept, confirm, reject] = summary.advice.map(grouped);
    html! {
        div.spread { (donut(summary)) (tables::verdicts(summary)) }
        dl.meanings {
            @for (verdict, _) in summary.by_verdict().filter(|(_, number)| *number > 0) {
                @let words = verdict_words(verdict);
                div class=(verdict.code()) {
                    dt { (verdict.code()) " " span.todo { (words.todo) } }
                    dd { (words.meaning) " " (words.counsel) }
                }
            }
        }
        p.forms {
            "A form with the same settings would accept " (accept) " of them, ask the user to confirm "
            (confirm) " and refuse " (reject) "."
        }
    }
}

fn rows(summary: &Summary) -> Markup {
    let mut notes = summary.notes();
    if summary.rows.non_data > 0 {
        let one = "blank line or comment";
        let non_data = counted(summary.rows.non_data, one, "blank lines or comments");
        notes.insert(0, format!("{non_data} besides."));
    }
    html! {
        @if summary.rows.read > 0 { (tables::destinations(summary)) } @else { p { "The list has no rows." } }
        @if !notes.is_empty() {
            ul.notes { @for note in notes { li { (note) } } }
        }
    }
}

/// A section with its heading, which labels its table, and a sentence below it.
fn section(id: &str, heading: &str, lead: &str, body: &Markup) -> Markup {
    html! {
        section class=(id) {
            h2 id=(id) { (heading) }
            @if !lead.is_empty() { p.lead { (lead) } }
            (body)
        }
    }
}

fn closing(summary: &Summary) -> Markup {
    html! {
        footer {
            p {
                @if summary.addresses.is_some() {
                    "This page holds addresses: treat it as you treat the list."
                } @else {
                    "This page holds no addresses. Names of domains can be personal data too."
                }
            }
            p { "It loads nothing from elsewhere." }
        }
    }
}

/// A foreign name, isolated: letters that run from right to left must not reorder the text around it, nor may
/// parts of the name change places.
fn foreign_name(name: &str) -> Markup {
    html! { bdi.name dir="ltr" { (visible(name)) } }
}

#[cfg(test)]
mod tests;
