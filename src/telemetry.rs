//! The log, to standard error as text for people or JSON for machines, and the metrics.
//!
//! No address and no domain gets into either. Ours are left out where events are made; crates of others
//! that would print names they look up or hosts they connect to are silenced here.

mod writer;

use std::io::{self, IsTerminal};

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::{LogConfig, LogFormat, LogLevel};
use writer::Queue;

/// The log while it is written. At its end the last lines are.
#[must_use]
pub struct Logging(Queue);

impl Drop for Logging {
    fn drop(&mut self) {
        self.0.flush();
    }
}

/// Starts logging. Does nothing where something logs already.
///
/// # Errors
/// The system gives no thread to write with.
pub fn start(log: LogConfig) -> io::Result<Logging> {
    let level = match log.level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
    };
    let ours_alone = Targets::new().with_target("mailvet", level);
    let queue = Queue::to(io::stderr())?;
    let ours = queue.clone();
    let lines = tracing_subscriber::fmt::layer().with_writer(move || ours.clone());
    let on_terminal = io::stderr().is_terminal();
    let layer = match (log.format, on_terminal) {
        (LogFormat::Text, _) | (LogFormat::Auto, true) => {
            lines.with_ansi(on_terminal).with_target(false).with_filter(ours_alone).boxed()
        }
        (LogFormat::Json, _) | (LogFormat::Auto, false) => {
            lines.json().flatten_event(true).with_target(false).with_filter(ours_alone).boxed()
        }
    };
    let _ = tracing_subscriber::registry().with(layer).try_init();
    Ok(Logging(queue))
}

/// The bounds of what is measured in seconds: from a local answer to a DNS that gives up.
const SECONDS: [f64; 12] =
    [0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5];

/// What was counted since the start, for Prometheus.
#[derive(Clone)]
pub struct Metrics(PrometheusHandle);

impl Metrics {
    /// Starts counting, in the whole process. A second call counts into nothing.
    pub fn start() -> Self {
        let seconds = Matcher::Suffix("_seconds".to_owned());
        let builder = PrometheusBuilder::new()
            .set_buckets_for_metric(seconds, &SECONDS)
            // Only a list without buckets is refused.
            .unwrap_or_default();
        let recorder = builder.build_recorder();
        let handle = recorder.handle();
        // Whoever counts already goes on counting.
        let _ = metrics::set_global_recorder(recorder);
        Self(handle)
    }

    /// Sums up what was measured lately. Has to be done every few seconds: until then each measurement
    /// is kept by itself.
    pub fn sum_up(&self) {
        self.0.run_upkeep();
    }

    /// The text format of Prometheus.
    pub fn render(&self) -> String {
        self.0.render()
    }
}
