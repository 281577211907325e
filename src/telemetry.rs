//! The log, on standard error as text or as JSON, and the metrics.
//!
//! Neither contains an address or a domain. This crate's own events leave them out; events of other crates,
//! which would print the names that they look up and the hosts that they connect to, are filtered out here.

mod writer;

use std::io::{self, IsTerminal};

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::{LogConfig, LogFormat, LogLevel};
use writer::LogWriter;

/// Writes the last lines of the log when it is dropped.
#[must_use]
pub struct Logging(LogWriter);

impl Drop for Logging {
    fn drop(&mut self) {
        self.0.flush_all();
    }
}

/// Starts the log. Does nothing if the process has a log already.
///
/// # Errors
/// The system cannot start a thread.
pub fn start(log: LogConfig) -> io::Result<Logging> {
    let level = match log.level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
    };
    let our_events = Targets::new().with_target("mailvet", level);
    let writer = LogWriter::to(io::stderr())?;
    let line_writer = writer.clone();
    let lines = tracing_subscriber::fmt::layer().with_writer(move || line_writer.clone());
    let on_terminal = io::stderr().is_terminal();
    let layer = match (log.format, on_terminal) {
        (LogFormat::Text, _) | (LogFormat::Auto, true) => {
            lines.with_ansi(on_terminal).with_target(false).with_filter(our_events).boxed()
        }
        (LogFormat::Json, _) | (LogFormat::Auto, false) => {
            lines.json().flatten_event(true).with_target(false).with_filter(our_events).boxed()
        }
    };
    let _ = tracing_subscriber::registry().with(layer).try_init();
    Ok(Logging(writer))
}

/// Buckets of times: from a cached answer to one past the default budget (1.5 s).
const SECONDS: [f64; 12] =
    [0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5];

/// The metrics of the process, for Prometheus.
#[derive(Clone)]
pub struct Metrics(PrometheusHandle);

impl Metrics {
    /// Starts collecting the metrics of the whole process. Metrics of a second call stay empty.
    pub fn start() -> Self {
        let seconds = Matcher::Suffix("_seconds".to_owned());
        let builder = PrometheusBuilder::new()
            .set_buckets_for_metric(seconds, &SECONDS)
            // It fails only for an empty list.
            .unwrap_or_default();
        let recorder = builder.build_recorder();
        let handle = recorder.handle();
        // It fails where there is a recorder already, which stays.
        let _ = metrics::set_global_recorder(recorder);
        Self(handle)
    }

    /// Moves recent measurements into the buckets. To be called every few seconds: until then each
    /// measurement takes memory.
    pub fn upkeep(&self) {
        self.0.run_upkeep();
    }

    /// The metrics in Prometheus's text format.
    pub fn render(&self) -> String {
        self.0.render()
    }
}
