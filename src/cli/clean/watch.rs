//! The progress display of `mailvet clean`: a bar on a terminal, else a line from time to time.

use std::convert::Infallible;
use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::time::Duration;

use indicatif::{HumanDuration, ProgressBar, ProgressDrawTarget, ProgressStyle};
use rustix::termios::tcgetwinsize;
use tokio::time::{Instant, interval, interval_at};

use crate::batch::{ProgressSnapshot, RunProgress};
use crate::cli::console;
use crate::validator::Validator;
use crate::verdict::Verdict;

/// The time between two updates of the bar.
const BAR_INTERVAL: Duration = Duration::from_millis(200);
/// The time between two lines elsewhere than on a terminal.
const LINE_INTERVAL: Duration = Duration::from_secs(30);

/// Where the progress is read.
pub(super) struct ProgressSource {
    pub(super) progress: Arc<RunProgress>,
    /// The length of the list in bytes, if that is known.
    pub(super) size: Option<u64>,
    pub(super) validator: Arc<Validator>,
}

/// Shows the progress until the future is dropped.
pub(super) async fn watch(source: &ProgressSource) -> Infallible {
    if io::stderr().is_terminal() {
        let bar = Bar::new();
        let mut updates = interval(BAR_INTERVAL);
        let began = Instant::now();
        loop {
            updates.tick().await;
            bar.show(&source.line(began, columns_for_text()));
        }
    }
    let began = Instant::now();
    let mut times = interval_at(began + LINE_INTERVAL, LINE_INTERVAL);
    loop {
        times.tick().await;
        console::note(source.line(began, usize::MAX));
    }
}

/// A line on a terminal that is cleared at the end.
struct Bar(ProgressBar);

impl Bar {
    fn new() -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template("{spinner} {wide_msg}");
        Self(bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner())))
    }

    fn show(&self, line: &str) {
        self.0.set_message(line.to_owned());
        self.0.tick();
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// The columns of the terminal beside the spinner, without the last one, at which some terminals wrap.
fn columns_for_text() -> usize {
    const SPINNER: usize = 2;
    const USUAL: u16 = 80;
    let columns = tcgetwinsize(io::stderr()).map_or(USUAL, |size| size.ws_col);
    let columns = if columns == 0 { USUAL } else { columns };
    usize::from(columns).saturating_sub(SPINNER + 1)
}

impl ProgressSource {
    fn line(&self, began: Instant, columns: usize) -> String {
        let now = self.progress.snapshot();
        let share = self.size.filter(|size| *size > 0).map(|size| {
            // A file may grow while it is read.
            (now.position as f64 / size as f64).min(1.0)
        });
        let look_ups = self.validator.lookups_under_way();
        line(&now, share, began.elapsed(), look_ups, columns)
    }
}

/// A bar of text.
fn bar(share: f64) -> String {
    const WIDTH: usize = 20;
    let full = (share * WIDTH as f64).round() as usize;
    format!("[{}{}]", "#".repeat(full), "-".repeat(WIDTH - full.min(WIDTH)))
}

/// The progress in at most so many columns: what matters most comes first, and what does not fit is left out.
fn line(
    now: &ProgressSnapshot,
    share: Option<f64>,
    elapsed: Duration,
    look_ups: usize,
    columns: usize,
) -> String {
    /// A bar does not fit in fewer columns.
    const LEAST_FOR_BAR: usize = 60;
    let mut parts = Vec::new();
    let seconds = elapsed.as_secs_f64().max(0.001);
    if let Some(share) = share {
        let percent = format!("{:3.0} %", share * 100.0);
        if columns < LEAST_FOR_BAR {
            parts.push(percent);
        } else {
            parts.push(format!("{} {percent}", bar(share)));
        }
    }
    // Before that the estimate is too rough.
    if let Some(share) = share.filter(|share| (0.01..1.0).contains(share)) {
        let left = Duration::from_secs_f64(seconds * (1.0 - share) / share);
        parts.push(format!("{} left", HumanDuration(left)));
    }
    if now.is_first_pass {
        parts.push(format!("{} addresses asked about", now.probed));
        if now.waiting > 0 {
            parts.push(format!("{} to come back to", now.waiting));
        }
    } else {
        parts.push(format!("{} rows", now.rows));
        parts.push(format!("{:.0} rows/s", now.rows as f64 / seconds));
    }
    if look_ups > 0 {
        parts.push(format!("{look_ups} look-ups"));
    }
    if !now.is_first_pass {
        let verdicts = Verdict::ALL.into_iter().zip(now.verdicts).filter(|(_, count)| *count > 0);
        parts.extend(verdicts.map(|(verdict, count)| format!("{} {count}", verdict.code())));
    }
    let mut line = String::new();
    for part in parts {
        let gap = if line.is_empty() { "" } else { ", " };
        if line.len() + gap.len() + part.len() > columns {
            break;
        }
        line.push_str(gap);
        line.push_str(&part);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_tells_how_far_it_is() {
        let rows = ProgressSnapshot {
            is_first_pass: false,
            position: 0,
            rows: 5_000,
            probed: 0,
            waiting: 0,
            verdicts: [0, 4_000, 0, 900, 100],
        };
        let first_pass = ProgressSnapshot {
            is_first_pass: true,
            position: 0,
            rows: 0,
            probed: 70,
            waiting: 3,
            verdicts: [0; 5],
        };
        let ten_seconds = Duration::from_secs(10);
        let wide = usize::MAX;
        let cases = [
            (
                "rows of a file",
                line(&rows, Some(0.25), ten_seconds, 64, wide),
                "[#####---------------]  25 %, 30 seconds left, 5000 rows, 500 rows/s, 64 look-ups, \
                 plausible 4000, undeliverable 900, unknown 100",
            ),
            (
                "80 columns",
                line(&rows, Some(0.25), ten_seconds, 64, 77),
                "[#####---------------]  25 %, 30 seconds left, 5000 rows, 500 rows/s",
            ),
            (
                "40 columns",
                line(&rows, Some(0.25), ten_seconds, 64, 37),
                " 25 %, 30 seconds left, 5000 rows",
            ),
            ("no columns", line(&rows, Some(0.25), ten_seconds, 64, 0), ""),
            (
                "rows of a pipe",
                line(&rows, None, ten_seconds, 0, wide),
                "5000 rows, 500 rows/s, plausible 4000, undeliverable 900, unknown 100",
            ),
            (
                "mail servers",
                line(&first_pass, Some(1.0), ten_seconds, 0, wide),
                "[####################] 100 %, 70 addresses asked about, 3 to come back to",
            ),
        ];
        for (name, line, expected) in cases {
            assert_eq!(line, expected, "{name}");
        }
    }
}
