//! The tables of the page. Each number is beside its bar, for eyes and ears alike.

use maud::{Markup, html};

use super::foreign_name;
use super::words::verdict_words;
use crate::batch::summary::labels::{label, verdict as verdict_of};
use crate::batch::summary::numbers::{grouped, percent, share};
use crate::batch::summary::tally::MAX_LISTED_ADDRESSES;
use crate::batch::summary::{FailingDomain, ListedAddress, Summary, TypoCount};
use crate::verdict::Verdict;

/// A table with these columns, labelled by the heading with this id.
fn table(class: &str, heading: &str, columns: &[&str], rows: &Markup) -> Markup {
    let class_of = |column: &str| matches!(column, "Rows" | "Share" | "Row").then_some("number");
    html! {
        table class=(class) aria-labelledby=(heading) {
            thead { tr { @for column in columns { th scope="col" class=[class_of(column)] { (column) } } } }
            tbody { (rows) }
        }
    }
}

/// A row with a number.
fn count_row(name: &Markup, number: u64) -> Markup {
    html! { tr { th scope="row" { (name) } td.number { (grouped(number)) } } }
}

/// A row with a number and its share of the whole.
fn share_row(name: &Markup, number: u64, whole: u64) -> Markup {
    html! {
        tr {
            th scope="row" { (name) }
            td.number { (grouped(number)) }
            td.number { (percent(number, whole)) }
        }
    }
}

/// A bar of this length, from 0 to 1, in the colour and pattern of a verdict. Screen readers skip it: its
/// number is beside it.
fn bar(length: f64, verdict: Option<Verdict>) -> Markup {
    // A number that is not 0 shows.
    let percent = if length > 0.0 { (length * 100.0).max(0.5) } else { 0.0 };
    let fill = verdict.map_or("plain", Verdict::code);
    html! {
        svg.bar aria-hidden="true" {
            rect.track width="100%" height="100%" {}
            rect class=(format_args!("fill {fill}")) width=(format_args!("{percent:.2}%")) height="100%" {}
        }
    }
}

/// A patch in the colour and pattern of a verdict.
fn patch(verdict: Verdict) -> Markup {
    html! {
        svg.patch aria-hidden="true" {
            rect class=(format_args!("fill {}", verdict.code())) width="100%" height="100%" rx="3" {}
        }
    }
}

pub(super) fn verdicts(summary: &Summary) -> Markup {
    let whole = summary.judged();
    let rows = html! {
        @for (verdict, number) in summary.by_verdict() {
            @let name = html! {
                (patch(verdict)) " " (verdict.code()) " "
                span class=(format_args!("todo {}", verdict.code())) { (verdict_words(verdict).todo) }
            };
            (share_row(&name, number, whole))
        }
    };
    table("counts", "verdicts", &["Verdict", "Rows", "Share"], &rows)
}

/// Where the rows went.
pub(super) fn destinations(summary: &Summary) -> Markup {
    let explained = |destination: &str| match destination {
        "left out" => Some("as you chose"),
        "suppressed" => Some("not to be written to"),
        "rejected" => Some("could not be read"),
        _ => None,
    };
    let read = summary.rows.read;
    // The output is shown even if it is empty, the others only if they are not.
    let is_shown = |(name, number): &(&str, u64)| *number > 0 || *name == "written";
    let rows = html! {
        @for (destination, number) in summary.rows.destinations().into_iter().filter(is_shown) {
            @let name = html! {
                (destination)
                @if let Some(explained) = explained(destination) { " " small { (explained) } }
                (bar(share(number, read), None))
            };
            (share_row(&name, number, read))
        }
    };
    table("counts", "rows", &["Place", "Rows", "Share"], &rows)
}

pub(super) fn reasons(summary: &Summary) -> Markup {
    let whole = summary.judged();
    let rows = html! {
        @for (code, number) in &summary.reasons {
            @let name = html! {
                @if let Some(label) = label(code) { (label) " " }
                code { (code) }
                (bar(share(*number, whole), verdict_of(code)))
            };
            (share_row(&name, *number, whole))
        }
    };
    table("counts", "reasons", &["Reason", "Rows", "Share"], &rows)
}

pub(super) fn typos(typos: &[TypoCount]) -> Markup {
    let most = typos.iter().map(|typo| typo.rows).max().unwrap_or(0);
    let rows = html! {
        @for typo in typos {
            @let name = html! {
                (foreign_name(&typo.typed)) " " span aria-hidden="true" { "→" } span.unseen { " for " } " "
                (foreign_name(&typo.meant)) (bar(share(typo.rows, most), Some(Verdict::Risky)))
            };
            (count_row(&name, typo.rows))
        }
    };
    table("counts", "typos", &["Typo", "Rows"], &rows)
}

pub(super) fn failing(domains: &[FailingDomain]) -> Markup {
    let most = domains.iter().map(|domain| domain.rows).max().unwrap_or(0);
    let rows = html! {
        @for FailingDomain { domain, reason, rows } in domains {
            @let verdict = verdict_of(reason).unwrap_or(Verdict::Unknown);
            @let name = html! {
                (foreign_name(domain))
                @if let Some(label) = label(reason) { " " small { (label) } }
                (bar(share(*rows, most), Some(verdict)))
            };
            (count_row(&name, *rows))
        }
    };
    table("counts", "failing", &["Domain", "Rows"], &rows)
}

pub(super) fn kinds(summary: &Summary) -> Markup {
    // The kinds of rows that kept their verdict, or could not be read, are not known.
    let whole = summary.judged().saturating_sub(summary.kept.saturating_add(summary.unreadable));
    let kinds = [
        ("free", "mailboxes that anyone can get", summary.kinds.free),
        ("role", "a function, not a person", summary.kinds.role),
        ("disposable", "mailboxes to throw away", summary.kinds.disposable),
        ("relay", "forwards to a private address", summary.kinds.relay),
    ];
    let rows = html! {
        @for (kind, explained, number) in kinds {
            @let name = html! { (kind) " " small { (explained) } (bar(share(number, whole), None)) };
            (share_row(&name, number, whole))
        }
    };
    table("counts", "kinds", &["Kind", "Rows", "Share"], &rows)
}

pub(super) fn addresses(listed: &[ListedAddress]) -> Markup {
    let columns = ["Row", "Address", "Verdict", "Reason", "Probably meant"];
    let rows = html! {
        @for address in listed {
            tr {
                td.number { (grouped(address.row)) }
                th scope="row" { (foreign_name(&address.email)) }
                td.verdict { (patch(address.verdict)) " " (address.verdict.code()) }
                td.why { (label(address.reason).unwrap_or(address.reason)) }
                td.meant { @if let Some(meant) = &address.suggestion { (foreign_name(meant)) } }
            }
        }
    };
    html! {
        @if listed.len() >= MAX_LISTED_ADDRESSES {
            p.cut {
                "No more than " (grouped(MAX_LISTED_ADDRESSES as u64)) " addresses are listed here. "
                "The list itself has the verdict of every row."
            }
        }
        @if listed.is_empty() {
            p { "There are none." }
        } @else {
            (table("listed", "addresses", &columns, &rows))
        }
    }
}
