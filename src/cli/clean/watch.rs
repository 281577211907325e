//! Shows how far `mailvet clean` is: a bar on a terminal, else a line now and then.

use std::convert::Infallible;
use std::io::{self, IsTerminal, Write};
use std::sync::Arc;
use std::time::Duration;

use indicatif::{HumanDuration, ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::time::{Instant, interval, interval_at};

use crate::batch::{Moment, Progress};
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
            bar.show(&watched.line(began));
        }
    }
    let began = Instant::now();
    let mut times = interval_at(began + TELL_EVERY, TELL_EVERY);
    loop {
        times.tick().await;
        // Nobody is left to tell where this fails.
        let _ = writeln!(io::stderr(), "mailvet: {}", watched.line(began));
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

impl Watched {
    fn line(&self, began: Instant) -> String {
        let now = self.progress.now();
        let share = self.size.filter(|size| *size > 0).map(|size| {
            // A file may grow while it is read.
            (now.position as f64 / size as f64).min(1.0)
        });
        let look_ups = self.validator.look_ups_under_way();
        line(&now, share, began.elapsed(), look_ups)
    }
}

/// A bar of text.
fn bar(share: f64) -> String {
    const WIDTH: usize = 20;
    let full = (share * WIDTH as f64).round() as usize;
    format!("[{}{}]", "#".repeat(full), "-".repeat(WIDTH - full.min(WIDTH)))
}

fn line(now: &Moment, share: Option<f64>, elapsed: Duration, look_ups: usize) -> String {
    let mut parts = Vec::new();
    if let Some(share) = share {
        parts.push(format!("{} {:3.0} %", bar(share), share * 100.0));
    }
    let seconds = elapsed.as_secs_f64().max(0.001);
    if now.is_asking {
        parts.push(format!("{} addresses asked about", now.asked));
        if now.waiting > 0 {
            parts.push(format!("{} to come back to", now.waiting));
        }
    } else {
        parts.push(format!("{} rows", now.rows));
        parts.push(format!("{:.0} rows/s", now.rows as f64 / seconds));
        let verdicts = Verdict::ALL.into_iter().zip(now.verdicts).filter(|(_, count)| *count > 0);
        parts.extend(verdicts.map(|(verdict, count)| format!("{} {count}", verdict.code())));
    }
    if look_ups > 0 {
        parts.push(format!("{look_ups} look-ups"));
    }
    // Before that it is anybody's guess.
    if let Some(share) = share.filter(|share| (0.01..1.0).contains(share)) {
        let left = Duration::from_secs_f64(seconds * (1.0 - share) / share);
        parts.push(format!("{} left", HumanDuration(left)));
    }
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_tells_how_far_it_is() {
        let rows = Moment {
            is_asking: false,
            position: 0,
            rows: 5_000,
            asked: 0,
            waiting: 0,
            verdicts: [0, 4_000, 0, 900, 100],
        };
        let asking = Moment {
            is_asking: true,
            position: 0,
            rows: 0,
            asked: 70,
            waiting: 3,
            verdicts: [0; 5],
        };
        let cases = [
            (
                "rows of a file",
                line(&rows, Some(0.25), Duration::from_secs(10), 64),
                "[#####---------------]  25 %, 5000 rows, 500 rows/s, plausible 4000, \
                 undeliverable 900, unknown 100, 64 look-ups, 30 seconds left",
            ),
            (
                "rows of a pipe",
                line(&rows, None, Duration::from_secs(10), 0),
                "5000 rows, 500 rows/s, plausible 4000, undeliverable 900, unknown 100",
            ),
            (
                "mail servers",
                line(&asking, Some(1.0), Duration::from_secs(10), 0),
                "[####################] 100 %, 70 addresses asked about, 3 to come back to",
            ),
        ];
        for (name, line, expected) in cases {
            assert_eq!(line, expected, "{name}");
        }
    }
}
