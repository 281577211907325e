//! `mailvet serve`: the service.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use clap::{Args, ValueHint};

use super::Global;
use super::exit::{CliError, Exit, ExitContext};
use super::reload::Reloader;
use super::settings::Settings;
use super::sockets::{SocketPlan, Sockets, address_of};
use super::tasks::{ServiceTasks, Task};
use super::{signals, system};
use crate::config::{Config, HttpConfig, HttpLimits};
use crate::http::{
    self, Access, AdminRoutes, Admission, AdmissionBounds, App, BodyBounds, ClientGuard,
    ConnectionBounds, Drained, PassedIn, Shutdown,
};
use crate::telemetry::Metrics;
use crate::validator::Validator;

const EXAMPLES: &str = "Example:
  mailvet serve --listen 127.0.0.1:8080
  curl -H 'Content-Type: application/json' -d '{\"email\": \"sue@yahooo.com\"}' \\
    http://127.0.0.1:8080/v1/validate";

#[derive(Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct ServeArgs {
    /// Listen here [default: 127.0.0.1:8080]; port 0 takes a free one
    #[arg(long, value_name = "ADDR", value_hint = ValueHint::Other)]
    listen: Option<String>,
    /// Answer every client that can connect, also from other machines and through proxies
    #[arg(long)]
    open: bool,
}

pub(super) async fn run(
    arguments: &ServeArgs,
    global: &Global,
    config: Config,
    settings: Settings,
    passed_in: PassedIn,
) -> Result<Exit, CliError> {
    let access = arguments.access(&config.http);
    let sockets = SocketPlan::new(arguments.listen.as_deref(), &config.http, access, passed_in)?;
    let guard = ClientGuard::new(access, &config.http).or_usage()?;
    let bounds = connection_bounds(&config.http.limits, system::raise_open_files());
    // Before anything is counted.
    let metrics = Metrics::start();
    // Before the lists are read: a file that changes in between is read again.
    let files = settings.fingerprint(&config);
    let validator = Arc::new(
        Validator::from_config(&config, global.network(), config.state.folder()).or_usage()?,
    );
    let mut tasks = ServiceTasks::default();
    // Before the socket is open: once it is, a signal may come.
    let (shutdown, signals) =
        signals::service_shutdown().context("cannot wait for signals").or_failure()?;
    tasks.spawn(Task::Signals, signals);
    let reloader = Reloader::new(validator.clone(), settings, &config, files)
        .context("cannot wait for signals")
        .or_failure()?;
    let app = Arc::new(app(&config, global, guard, validator, metrics, shutdown.clone()));
    let Sockets { main, admin } = sockets.open()?;
    let admin_routes = match admin {
        None => AdminRoutes::OnMainSocket,
        Some(socket) => {
            let bound = address_of(&socket)?;
            tracing::info!(admin_address = %bound, "readiness and metrics on http://{bound}");
            let routes = http::admin_router(app.clone());
            let bounds = ConnectionBounds { connections: MAX_ADMIN_CONNECTIONS, ..bounds };
            tasks.spawn(Task::AdminSocket, async move {
                // Served until the process ends: readiness is asked for while the service drains.
                http::serve(socket, routes, bounds, Shutdown::new()).await;
            });
            AdminRoutes::OnOwnSocket
        }
    };
    let bound = address_of(&main)?;
    tracing::info!(address = %bound, "listening on http://{bound}");
    tasks.spawn(Task::ListReloader, reloader.run());
    tasks.spawn(Task::MetricsUpkeep, metrics_upkeep(app.metrics.clone()));
    let watched = app.validator.clone();
    tasks.spawn(Task::DnsWatch, async move { match watched.watch_dns().await {} });
    let validator = app.validator.clone();
    let served = http::serve(main, http::router(app, admin_routes), bounds, shutdown.clone());
    let drained = tasks.watch(served).await;
    let is_aborted = tokio::select! {
        biased;
        () = shutdown.aborted() => true,
        () = validator.shut_down() => false,
    };
    match drained.or_failure()? {
        Drained::CutShort => tracing::warn!("stopped with requests still under way"),
        Drained::Completely if is_aborted => {
            tracing::warn!("stopped with mail servers still being asked");
        }
        Drained::Completely => tracing::info!("stopped"),
    }
    Ok(Exit::Done)
}

/// Connections to the admin socket.
const MAX_ADMIN_CONNECTIONS: usize = 64;

impl ServeArgs {
    fn access(&self, config: &HttpConfig) -> Access {
        if self.open || config.open { Access::Open } else { Access::LocalHost }
    }
}

/// What the routes share, as configured.
fn app(
    config: &Config,
    global: &Global,
    guard: ClientGuard,
    validator: Arc<Validator>,
    metrics: Metrics,
    shutdown: Shutdown,
) -> App {
    let limits = &config.http.limits;
    App {
        validator,
        timeout: Duration::from_millis(config.budget.timeout_ms),
        mailbox_timeout: Duration::from_millis(config.budget.mailbox_timeout_ms),
        batch_timeout: Duration::from_millis(limits.batch_timeout_ms),
        strictness: global.strictness(),
        guard,
        admission: Admission::new(AdmissionBounds {
            requests: limits.max_requests,
            batches: limits.max_batches,
            addresses_per_batch: limits.batch_side_by_side,
            batch_addresses: limits.batches_side_by_side,
        }),
        bodies: BodyBounds {
            one_bytes: limits.max_body_kib << 10,
            batch_bytes: limits.max_batch_body_kib << 10,
            time: Duration::from_millis(limits.body_timeout_ms),
        },
        metrics,
        shutdown,
    }
}

fn connection_bounds(limits: &HttpLimits, open_files: Option<u64>) -> ConnectionBounds {
    let possible = open_files.map_or(u64::MAX, system::connections_within);
    let connections = limits.max_connections.min(usize::try_from(possible).unwrap_or(usize::MAX));
    if connections < limits.max_connections {
        tracing::warn!(
            connections,
            "max_connections is more than the limit on open files allows; raise it with LimitNOFILE or ulimit -n"
        );
    }
    ConnectionBounds {
        connections,
        head_time: Duration::from_millis(limits.head_timeout_ms),
        write_time: Duration::from_millis(limits.write_timeout_ms),
        drain_time: Duration::from_millis(limits.drain_timeout_ms),
    }
}

async fn metrics_upkeep(metrics: Metrics) {
    let mut interval = tokio::time::interval(Duration::from_secs(5));
    loop {
        interval.tick().await;
        metrics.upkeep();
    }
}
