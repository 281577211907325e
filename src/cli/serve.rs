//! `mailvet serve`: the service.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::Global;
use super::exit::{Exit, OrStop, Stopped};
use super::reload::Reloader;
use super::settings::Settings;
use crate::config::Config;
use crate::http::{self, Access, App, Drained};
use crate::telemetry::Metrics;
use crate::validator::Validator;

/// How long requests under way may go on once the service is told to stop.
const DRAIN: Duration = Duration::from_secs(20);

const EXAMPLES: &str = "Example:
  mailvet serve --listen 127.0.0.1:8080
  curl -H 'Content-Type: application/json' -d '{\"email\": \"sue@yahooo.com\"}' \\
    http://127.0.0.1:8080/v1/validate";

/// The arguments of `mailvet serve`.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct ServeArgs {
    /// Listen here [default: 127.0.0.1:8080]; port 0 takes a free one
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
    /// Let anybody ask who can connect, also from other machines
    #[arg(long)]
    open: bool,
}

pub(super) async fn run(
    arguments: &ServeArgs,
    global: &Global,
    settings: Settings,
) -> Result<Exit, Stopped> {
    let (config, _) = settings.read().or_usage()?;
    let address = address(arguments, &config).or_usage()?;
    let access = access(address, arguments).or_usage()?;
    raise_limits();
    let metrics = Metrics::start();
    // Before the lists are read: a file that changes meanwhile is read again.
    let files = settings.fingerprint(&config);
    let validator = Arc::new(Validator::from_config(&config, global.connection()).or_usage()?);
    let app = App {
        validator: validator.clone(),
        timeout: Duration::from_millis(config.budget.timeout_ms),
        mailbox_timeout: Duration::from_millis(config.budget.mailbox_timeout_ms),
        manner: global.manner(),
        access,
        metrics: metrics.clone(),
    };
    // Before the socket: whoever sees it open may already send a signal.
    let stop = stop_signal().context("cannot wait for signals").or_failure()?;
    let reloader = Reloader::new(validator, settings, &config, files)
        .context("cannot wait for signals")
        .or_failure()?;
    let listener = http::listen(address)
        .with_context(|| format!("cannot listen on {address}"))
        .or_failure()?;
    let bound = listener.local_addr().context("cannot tell the port").or_failure()?;
    tracing::info!(address = %bound, "listening on http://{bound}");
    tokio::spawn(reloader.run());
    tokio::spawn(sum_up(metrics));
    let shutdown = async move {
        stop.await;
        tracing::info!("stopping: requests under way are finished first");
    };
    match http::serve(listener, http::router(app), shutdown, DRAIN).await {
        Drained::Wholly => tracing::info!("stopped"),
        Drained::CutShort => tracing::warn!("stopped with requests still under way"),
    }
    Ok(Exit::Done)
}

/// As many sockets as the system lets us have, for connections and for questions to the DNS; and no core
/// dump, which would hold addresses.
fn raise_limits() {
    let files = getrlimit(Resource::Nofile);
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    // Where the system says no, the limits that there are still hold.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: files.maximum, ..files });
    let _ = setrlimit(Resource::Core, none);
}

/// Keeps measurements from piling up.
async fn sum_up(metrics: Metrics) {
    let mut times = tokio::time::interval(Duration::from_secs(5));
    loop {
        times.tick().await;
        metrics.sum_up();
    }
}

fn address(arguments: &ServeArgs, config: &Config) -> anyhow::Result<SocketAddr> {
    let Some(text) = &arguments.listen else { return Ok(config.http.listen) };
    let numeric = match text.strip_prefix("localhost:") {
        Some(port) => format!("127.0.0.1:{port}"),
        None => text.clone(),
    };
    numeric.parse().with_context(|| {
        format!("--listen {text}: not an IP address with a port, such as 127.0.0.1:8080")
    })
}

/// Without keys anybody who can connect can ask, so only this machine may connect, unless that is meant.
fn access(address: SocketAddr, arguments: &ServeArgs) -> anyhow::Result<Access> {
    if arguments.open {
        return Ok(Access::Open);
    }
    if address.ip().is_loopback() {
        return Ok(Access::LocalHost);
    }
    bail!(
        "{address} can be reached from other machines, and there are no keys: anybody could ask. \
         Listen on 127.0.0.1, or add --open if that is meant"
    )
}

/// Comes true with the first SIGTERM or SIGINT.
fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    let mut terminate: Signal = signal(SignalKind::terminate())?;
    let mut interrupt: Signal = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
