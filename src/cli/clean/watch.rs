//! Shows how far `mailvet clean` is: a bar on a terminal, else a line now and then.

use std::convert::Infallible;
use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::time::Duration;

use indicatif::{HumanDuration, ProgressBar, ProgressDrawTarget, ProgressStyle};
use rustix::termios::tcgetwinsize;
use tokio::time::{Instant, interval, interval_at};

use crate::batch::{Progress, ProgressSnapshot};
use crate::cli::console;
use crate::validator::Validator;
use crate::verdict::Verdict;

/// Between two looks, on a terminal and elsewhere.
const LOOK_EVERY: Duration = Duration::from_millis(200);
const TELL_EVERY: Duration = Duration::from_secs(30);

/// What is watched.
pub(super) struct Watched {
    pub(super) progress: Arc<Progress>,
    /// How many bytes the list has, if that is known.
    pub(super) size: Option<u64>,
    pub(super) validator: Arc<Validator>,
}

/// Watches for ever; whoever has enough of it drops it.
pub(super) async fn watch(watched: &Watched) -> Infallible {
    if io::stderr().is_terminal() {
        let bar = Bar::new();
        let mut looks = interval(LOOK_EVERY);
        let began = Instant::now();
        loop {
            looks.tick().await;
            bar.show(&watched.line(began, columns_for_text()));
        }
    }
    let began = Instant::now();
    let mut times = interval_at(began + TELL_EVERY, TELL_EVERY);
    loop {
        times.tick().await;
        console::note(watched.line(began, usize::MAX));
    }
}

/// A line on a terminal that is gone in the end.
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

/// How many columns of the terminal are left beside the spinner. In the last one some terminals wrap.
fn columns_for_text() -> usize {
    const SPINNER: usize = 2;
    const USUAL: u16 = 80;
    let columns = tcgetwinsize(io::stderr()).map_or(USUAL, |size| size.ws_col);
    let columns = if columns == 0 { USUAL } else { columns };
    usize::from(columns).saturating_sub(SPINNER + 1)
}

impl Watched {
    fn line(&self, began: Instant, columns: usize) -> String {
        let now = self.progress.now();
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

/// How far it is, in at most so many columns: what matters most comes first, and what has no room is left
/// out.
fn line(
    now: &ProgressSnapshot,
    share: Option<f64>,
    elapsed: Duration,
    look_ups: usize,
    columns: usize,
) -> String {
    /// A narrower terminal has no room for a bar.
    const FOR_A_BAR: usize = 60;
    let mut parts = Vec::new();
    let seconds = elapsed.as_secs_f64().max(0.001);
    if let Some(share) = share {
        let percent = format!("{:3.0} %", share * 100.0);
        if columns < FOR_A_BAR {
            parts.push(percent);
        } else {
            parts.push(format!("{} {percent}", bar(share)));
        }
    }
    // Before that it is anybody's guess.
    if let Some(share) = share.filter(|share| (0.01..1.0).contains(share)) {
        let left = Duration::from_secs_f64(seconds * (1.0 - share) / share);
        parts.push(format!("{} left", HumanDuration(left)));
    }
    if now.is_asking {
        parts.push(format!("{} addresses asked about", now.asked));
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
    if !now.is_asking {
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
            is_asking: false,
            position: 0,
            rows: 5_000,
            asked: 0,
            waiting: 0,
            verdicts: [0, 4_000, 0, 900, 100],
        };
        let asking = ProgressSnapshot {
            is_asking: true,
            position: 0,
            rows: 0,
            asked: 70,
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
                line(&asking, Some(1.0), ten_seconds, 0, wide),
                "[####################] 100 %, 70 addresses asked about, 3 to come back to",
            ),
        ];
        for (name, line, expected) in cases {
            assert_eq!(line, expected, "{name}");
        }
    }
}
