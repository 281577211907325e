//! The summary for people, in a terminal.

use std::borrow::Cow;
use std::fmt;

use anstyle::Style;

use super::labels::label;
use super::numbers::{counted, grouped, percent, rate_per_second, rounded_time, share};
use super::{FailingDomain, Summary, TypoCount};
use crate::report::{style_for, visible};
use crate::verdict::Verdict;

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();

/// The most reasons, typos and domains shown.
const MOST_SHOWN: usize = 10;
/// The columns of a full bar.
const BAR: f64 = 24.0;
/// The most columns for a domain.
const WIDEST_DOMAIN: usize = 44;
/// The same where a line has two.
const WIDEST_OF_TWO: usize = 28;

/// The summary for people, with colours. `anstream` strips them where they are not wanted.
pub struct TextSummary<'a> {
    summary: &'a Summary,
}

impl Summary {
    pub fn text(&self) -> TextSummary<'_> {
        TextSummary { summary: self }
    }
}

impl fmt::Display for TextSummary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let summary = self.summary;
        rows(f, summary)?;
        verdicts(f, summary)?;
        let reasons: Vec<CountLine<'_>> =
            summary.reasons.iter().take(MOST_SHOWN).map(reason).collect();
        lines(f, "Reasons", &reasons)?;
        let more = summary.reasons.len().saturating_sub(MOST_SHOWN);
        if more > 0 {
            writeln!(f, "  {DIM}and {more} more{DIM:#}")?;
        }
        let typos: Vec<CountLine<'_>> = summary.typos.iter().take(MOST_SHOWN).map(typo).collect();
        lines(f, "Typos", &typos)?;
        let failing: Vec<CountLine<'_>> =
            summary.failing.iter().take(MOST_SHOWN).map(domain).collect();
        lines(f, "Domains that fail most", &failing)?;
        notes(f, summary)
    }
}

/// How many rows were read, and where they went.
fn rows(f: &mut fmt::Formatter<'_>, summary: &Summary) -> fmt::Result {
    let rows = summary.rows;
    let read = counted(rows.read, "row", "rows");
    write!(f, "{BOLD}{read} read{BOLD:#} in {}", rounded_time(summary.elapsed))?;
    if let Some(rate) = rate_per_second(rows.read, summary.elapsed) {
        write!(f, ", {rate} rows/s")?;
    }
    writeln!(f)?;
    let parts: Vec<String> = rows
        .destinations()
        .into_iter()
        .filter(|(_, number)| *number > 0)
        .map(|(destination, number)| format!("{} {destination}", grouped(number)))
        .collect();
    let balance = match parts.as_slice() {
        [] => None,
        [_] if rows.written == rows.read => Some("all written".to_owned()),
        _ => Some(format!("= {}", parts.join(" + "))),
    };
    let non_data = (rows.non_data > 0)
        .then(|| counted(rows.non_data, "blank line or comment", "blank lines or comments"));
    match (balance, non_data) {
        (None, None) => Ok(()),
        (Some(balance), None) => writeln!(f, "{balance}"),
        (None, Some(non_data)) => writeln!(f, "{non_data}"),
        (Some(balance), Some(non_data)) if rows.non_data_left_out == rows.non_data => {
            writeln!(f, "{balance}; {non_data} left out")
        }
        (Some(balance), Some(non_data)) => writeln!(f, "{balance}, and {non_data}"),
    }
}

fn verdicts(f: &mut fmt::Formatter<'_>, summary: &Summary) -> fmt::Result {
    let whole = summary.judged();
    if whole == 0 {
        return Ok(());
    }
    let seen: Vec<(Verdict, u64)> =
        summary.by_verdict().filter(|(_, number)| *number > 0).collect();
    let names = seen.iter().map(|(verdict, _)| verdict.code().len()).max().unwrap_or(0);
    let numbers = seen.iter().map(|(_, number)| grouped(*number).len()).max().unwrap_or(0);
    writeln!(f, "\n{BOLD}Verdicts{BOLD:#}")?;
    for (verdict, number) in seen {
        let (sign, style) = style_for(verdict);
        writeln!(
            f,
            "  {style}{sign} {:names$}{style:#}  {:>numbers$}  {:>6}  {style}{}{style:#}",
            verdict.code(),
            grouped(number),
            percent(number, whole),
            bar(share(number, whole)),
        )?;
    }
    Ok(())
}

/// A bar, exact to an eighth of a column. A share that is not 0 shows.
fn bar(share: f64) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let eighths = ((share * BAR * 8.0).round() as usize).max(1);
    format!("{}{}", "█".repeat(eighths / 8), EIGHTHS[eighths % 8])
}

/// A line with a number.
struct CountLine<'a> {
    name: Cow<'a, str>,
    number: u64,
    note: &'static str,
}

fn reason((code, number): &(&'static str, u64)) -> CountLine<'static> {
    CountLine { name: Cow::Borrowed(code), number: *number, note: label(code).unwrap_or_default() }
}

fn typo(typo: &TypoCount) -> CountLine<'_> {
    let typed = shortened(visible(&typo.typed), WIDEST_OF_TWO);
    let meant = shortened(visible(&typo.meant), WIDEST_OF_TWO);
    CountLine { name: format!("{typed} → {meant}").into(), number: typo.rows, note: "" }
}

fn domain(failing: &FailingDomain) -> CountLine<'_> {
    CountLine {
        name: shortened(visible(&failing.domain), WIDEST_DOMAIN),
        number: failing.rows,
        note: label(failing.reason).unwrap_or(failing.reason),
    }
}

/// Cuts the middle out of a text that is too wide: the start and the end of a name say most.
fn shortened(text: Cow<'_, str>, widest: usize) -> Cow<'_, str> {
    let length = text.chars().count();
    if length <= widest {
        return text;
    }
    let tail = widest / 2;
    let head = widest - tail - 1;
    let head: String = text.chars().take(head).collect();
    let tail: String = text.chars().skip(length - tail).collect();
    Cow::Owned(format!("{head}…{tail}"))
}

fn lines(f: &mut fmt::Formatter<'_>, heading: &str, lines: &[CountLine<'_>]) -> fmt::Result {
    if lines.is_empty() {
        return Ok(());
    }
    let names = lines.iter().map(|line| line.name.chars().count()).max().unwrap_or(0);
    let numbers = lines.iter().map(|line| grouped(line.number).len()).max().unwrap_or(0);
    writeln!(f, "\n{BOLD}{heading}{BOLD:#}")?;
    for CountLine { name, number, note } in lines {
        let number = grouped(*number);
        match *note {
            "" => writeln!(f, "  {name:names$}  {number:>numbers$}")?,
            note => writeln!(f, "  {name:names$}  {number:>numbers$}  {DIM}{note}{DIM:#}")?,
        }
    }
    Ok(())
}

fn notes(f: &mut fmt::Formatter<'_>, summary: &Summary) -> fmt::Result {
    let notes = summary.notes();
    if notes.is_empty() {
        return Ok(());
    }
    writeln!(f)?;
    for note in notes {
        writeln!(f, "{note}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::{RowCounts, samples};
    use super::*;

    fn plain(summary: &Summary) -> String {
        anstream::adapter::strip_str(&summary.text().to_string()).to_string()
    }

    #[test]
    fn a_full_summary() {
        let expected = "\
1,000,000 rows read in 1 min 52 s, 8,901 rows/s
= 990,000 written + 8,000 left out + 1,500 suppressed + 500 rejected, and 3 blank lines or comments

Verdicts
  ✓ plausible      936,500   93.8%  ██████████████████████▌
  ! risky           21,000    2.1%  ▌
  ✗ undeliverable   30,000    3.0%  ▊
  ? unknown         11,000    1.1%  ▎

Reasons
  domain_accepts_mail  936,500  domain accepts mail
  role_account          31,000  a function, not a person
  domain_not_found      24,000  no such domain
  domain_typo           19,800  probable typo in the domain
  dns_timeout           10,500  DNS did not answer in time
  syntax_no_at           6,000  no @
  disposable             1,200  disposable mailbox
  row_not_utf8             500  text that is not UTF-8

Typos
  gmal.com → gmail.com    1,204
  yahooo.com → yahoo.com      1

Domains that fail most
  firma-alt.example  312  no such domain
  langsam.example     97  DNS did not answer in time

12,030 rows repeat an address of an earlier row.
31 rows have more than one address.
4,000 rows kept their verdict from an earlier run.
500 rows could not be read.
The DNS was asked about 40,112 domains.
";
        assert_eq!(plain(&samples::full()), expected);
    }

    #[test]
    fn where_the_rows_went() {
        let rows = |read, written, rejected, non_data| RowCounts {
            read,
            written,
            rejected,
            non_data,
            ..RowCounts::default()
        };
        let cases = [
            ("none", rows(0, 0, 0, 0), "0 rows read in 0 ms\n"),
            ("a comment", rows(0, 0, 0, 1), "0 rows read in 0 ms\n1 blank line or comment\n"),
            ("one row", rows(1, 1, 0, 0), "1 row read in 0 ms\nall written\n"),
            (
                "all written, and asides",
                rows(2, 2, 0, 2),
                "2 rows read in 0 ms\nall written, and 2 blank lines or comments\n",
            ),
            (
                "all written but asides",
                RowCounts { non_data_left_out: 2, ..rows(2, 2, 0, 2) },
                "2 rows read in 0 ms\nall written; 2 blank lines or comments left out\n",
            ),
            ("none written", rows(2, 0, 2, 0), "2 rows read in 0 ms\n= 2 rejected\n"),
            (
                "stopped part-way",
                rows(9, 4, 1, 0),
                "9 rows read in 0 ms\n= 4 written + 1 rejected + 4 not yet written\n",
            ),
        ];
        for (name, rows, expected) in cases {
            assert_eq!(plain(&Summary { rows, ..samples::empty() }), expected, "{name}");
        }
    }

    #[test]
    fn what_is_foreign_is_made_visible() {
        let text = plain(&samples::hostile());
        assert!(text.contains("<b>\\u{202e}\"x'&.com → \\u{1b}[2Jx.com"), "{text}");
        // Also in the colours' absence nothing of it may be left out.
        let whole = samples::hostile().text().to_string();
        assert!(!whole.contains('\u{202e}') && !whole.contains("\u{1b}[2J"), "{whole}");
        assert!(!text.contains("@gmal.com"), "addresses belong to the reports: {text}");
    }

    #[test]
    fn long_lists_and_names_are_cut() {
        let long = format!("{}.example", "a".repeat(245));
        let summary = Summary {
            reasons: vec![("domain_typo", 2); 12],
            typos: vec![samples::typo(&long, &long, 2); 12],
            failing: vec![samples::failing(&long, "domain_not_found", 2); 12],
            ..samples::full()
        };
        let text = plain(&summary);
        assert!(text.contains("\n  and 2 more\n"), "{text}");
        assert_eq!(text.matches("…").count(), 30, "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    }

    #[test]
    fn bars() {
        let cases = [(1.0, 24, "█"), (0.5, 12, "█"), (0.000_001, 1, "▏"), (1.0 / 48.0, 1, "▌")];
        for (share, columns, last) in cases {
            let bar = bar(share);
            assert_eq!(bar.chars().count(), columns, "{share}");
            assert!(bar.ends_with(last), "{share}: {bar}");
        }
    }
}
