//! The tables of the page. Each number stands beside its bar, for eyes and ears alike.

use std::fmt;

use super::markup::{Bar, Foreign, Name, Patch};
use super::words::words;
use crate::batch::summary::labels::{label, verdict as verdict_of};
use crate::batch::summary::numbers::{grouped, percent, share};
use crate::batch::summary::tally::MOST_ADDRESSES;
use crate::batch::summary::{FailingDomain, ListedAddress, Summary, TypoCount};
use crate::verdict::Verdict;

/// Opens a table whose heading has this id, with these columns.
fn open(f: &mut fmt::Formatter<'_>, class: &str, heading: &str, columns: &[&str]) -> fmt::Result {
    write!(f, "<table class=\"{class}\" aria-labelledby=\"{heading}\"><thead><tr>")?;
    for column in columns {
        let numeric = matches!(*column, "Rows" | "Share" | "Row");
        let class = if numeric { " class=\"number\"" } else { "" };
        write!(f, "<th scope=\"col\"{class}>{column}</th>")?;
    }
    f.write_str("</tr></thead><tbody>\n")
}

fn close(f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str("</tbody></table>\n")
}

/// A reason for people, with its code.
fn reason(f: &mut fmt::Formatter<'_>, code: &str) -> fmt::Result {
    match label(code) {
        Some(label) => write!(f, "{label} <code>{code}</code>"),
        None => write!(f, "<code>{code}</code>"),
    }
}

pub(super) fn verdicts(f: &mut fmt::Formatter<'_>, summary: &Summary) -> fmt::Result {
    let whole = summary.judged();
    open(f, "counts", "verdicts", &["Verdict", "Rows", "Share"])?;
    for (verdict, number) in summary.by_verdict() {
        writeln!(
            f,
            "<tr><th scope=\"row\">{} {} <span class=\"todo {}\">{}</span></th>\
             <td class=\"number\">{}</td><td class=\"number\">{}</td></tr>",
            Patch(verdict),
            verdict.code(),
            verdict.code(),
            words(verdict).todo,
            grouped(number),
            Foreign(&percent(number, whole)),
        )?;
    }
    close(f)
}

pub(super) fn places(f: &mut fmt::Formatter<'_>, summary: &Summary) -> fmt::Result {
    let rows = summary.rows;
    open(f, "counts", "rows", &["Place", "Rows", "Share"])?;
    for (place, number) in rows.places() {
        // What did not happen is left out, but the output is always of interest.
        if number > 0 || place == "written" {
            let explained = match place {
                "left out" => " <small>at your word</small>",
                "suppressed" => " <small>not to be written to</small>",
                "rejected" => " <small>could not be read</small>",
                _ => "",
            };
            writeln!(
                f,
                "<tr><th scope=\"row\">{place}{explained}{}</th><td class=\"number\">{}</td>\
                 <td class=\"number\">{}</td></tr>",
                Bar { length: share(number, rows.read), tone: None },
                grouped(number),
                Foreign(&percent(number, rows.read)),
            )?;
        }
    }
    close(f)
}

pub(super) fn reasons(f: &mut fmt::Formatter<'_>, summary: &Summary) -> fmt::Result {
    let whole = summary.judged();
    open(f, "counts", "reasons", &["Reason", "Rows", "Share"])?;
    for (code, number) in &summary.reasons {
        f.write_str("<tr><th scope=\"row\">")?;
        reason(f, code)?;
        writeln!(
            f,
            "{}</th><td class=\"number\">{}</td><td class=\"number\">{}</td></tr>",
            Bar { length: share(*number, whole), tone: verdict_of(code) },
            grouped(*number),
            Foreign(&percent(*number, whole)),
        )?;
    }
    close(f)
}

pub(super) fn typos(f: &mut fmt::Formatter<'_>, typos: &[TypoCount]) -> fmt::Result {
    let most = typos.iter().map(|typo| typo.rows).max().unwrap_or(0);
    open(f, "counts", "typos", &["Typo", "Rows"])?;
    for typo in typos {
        writeln!(
            f,
            "<tr><th scope=\"row\">{} <span aria-hidden=\"true\">→</span><span class=\"unseen\"> for </span> {}{}</th>\
             <td class=\"number\">{}</td></tr>",
            Name(&typo.typed),
            Name(&typo.meant),
            Bar { length: share(typo.rows, most), tone: Some(Verdict::Risky) },
            grouped(typo.rows),
        )?;
    }
    close(f)
}

pub(super) fn failing(f: &mut fmt::Formatter<'_>, domains: &[FailingDomain]) -> fmt::Result {
    let most = domains.iter().map(|domain| domain.rows).max().unwrap_or(0);
    open(f, "counts", "failing", &["Domain", "Rows"])?;
    for domain in domains {
        write!(f, "<tr><th scope=\"row\">{}", Name(&domain.domain))?;
        if let Some(label) = label(domain.reason) {
            write!(f, " <small>{label}</small>")?;
        }
        let tone = Some(verdict_of(domain.reason).unwrap_or(Verdict::Unknown));
        writeln!(
            f,
            "{}</th><td class=\"number\">{}</td></tr>",
            Bar { length: share(domain.rows, most), tone },
            grouped(domain.rows),
        )?;
    }
    close(f)
}

pub(super) fn kinds(f: &mut fmt::Formatter<'_>, summary: &Summary) -> fmt::Result {
    let kinds = summary.kinds;
    // Of rows that kept their verdict, and of those that could not be read, nothing else is known.
    let whole = summary.judged().saturating_sub(summary.kept.saturating_add(summary.unreadable));
    open(f, "counts", "kinds", &["Kind", "Rows", "Share"])?;
    for (kind, explained, number) in [
        ("free", "mailboxes open to anybody", kinds.free),
        ("role", "a function, not a person", kinds.role),
        ("disposable", "mailboxes to throw away", kinds.disposable),
        ("relay", "forwards to a private address", kinds.relay),
    ] {
        writeln!(
            f,
            "<tr><th scope=\"row\">{kind} <small>{explained}</small>{}</th><td class=\"number\">{}</td>\
             <td class=\"number\">{}</td></tr>",
            Bar { length: share(number, whole), tone: None },
            grouped(number),
            Foreign(&percent(number, whole)),
        )?;
    }
    close(f)
}

pub(super) fn addresses(f: &mut fmt::Formatter<'_>, listed: &[ListedAddress]) -> fmt::Result {
    if listed.is_empty() {
        return f.write_str("<p>There are none.</p>\n");
    }
    if listed.len() >= MOST_ADDRESSES {
        let most = grouped(MOST_ADDRESSES as u64);
        writeln!(
            f,
            "<p class=\"cut\">No more than {most} addresses are listed here. The list itself has the verdict of \
             every row.</p>"
        )?;
    }
    let columns = ["Row", "Address", "Verdict", "Reason", "Probably meant"];
    open(f, "listed", "addresses", &columns)?;
    for address in listed {
        write!(
            f,
            "<tr><td class=\"number\">{}</td><th scope=\"row\">{}</th><td class=\"verdict\">{} {}</td><td class=\"why\">",
            grouped(address.row),
            Name(&address.email),
            Patch(address.verdict),
            address.verdict.code(),
        )?;
        f.write_str(label(address.reason).unwrap_or(address.reason))?;
        f.write_str("</td><td class=\"meant\">")?;
        if let Some(meant) = &address.suggestion {
            write!(f, "{}", Name(meant))?;
        }
        f.write_str("</td></tr>\n")?;
    }
    close(f)
}
