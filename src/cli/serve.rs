//! `mailvet serve`: the service.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use clap::{Args, ValueHint};

use super::Global;
use super::exit::{CliError, Exit, ExitContext};
use super::reload::Reloader;
use super::settings::Settings;
use super::sockets::{Planned, Sockets, address_of};
use super::tasks::{ServiceTasks, Task};
use super::{signals, system};
use crate::config::{Config, Http, Limits};
use crate::http::{
    self, Access, Admin, Admission, App, BodyBounds, Bounds, ConnectionBounds, Drained, Guard,
    PassedIn, Phase, Phases,
};
use crate::telemetry::Metrics;
use crate::validator::Validator;

const EXAMPLES: &str = "Example:
  mailvet serve --listen 127.0.0.1:8080
  curl -H 'Content-Type: application/json' -d '{\"email\": \"sue@yahooo.com\"}' \\
    http://127.0.0.1:8080/v1/validate";

/// The arguments of `mailvet serve`.
#[derive(Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct ServeArgs {
    /// Listen here [default: 127.0.0.1:8080]; port 0 takes a free one
    #[arg(long, value_name = "ADDR", value_hint = ValueHint::Other)]
    listen: Option<String>,
    /// Let anybody ask who can connect, also from other machines and through proxies
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
    let sockets = Planned::new(arguments.listen.as_deref(), &config.http, access, passed_in)?;
    let guard = Guard::new(access, &config.http).or_usage()?;
    let bounds = connection_bounds(&config.http.limits, system::raise_open_files());
    // Before anything counts.
    let metrics = Metrics::start();
    // Before the lists are read: a file that changes meanwhile is read again.
    let files = settings.fingerprint(&config);
    let validator = Arc::new(
        Validator::from_config(&config, global.network(), config.state.folder()).or_usage()?,
    );
    let mut tasks = ServiceTasks::default();
    // Before the socket: whoever sees it open may already send a signal.
    let (phases, signals) = signals::phases().context("cannot wait for signals").or_failure()?;
    tasks.spawn(Task::Signals, signals);
    let reloader = Reloader::new(validator.clone(), settings, &config, files)
        .context("cannot wait for signals")
        .or_failure()?;
    let app = Arc::new(app(
        &config,
        global,
        guard,
        SharedParts { validator, metrics, phases: phases.clone() },
    ));
    let Sockets { main, admin } = sockets.open()?;
    let place = match admin {
        None => Admin::Here,
        Some(socket) => {
            let bound = address_of(&socket)?;
            tracing::info!(admin_address = %bound, "readiness and metrics on http://{bound}");
            // It is watched until the end: no phase of the service is one of this socket.
            let (running, its_phases) = Phases::new();
            let routes = http::admin_router(app.clone());
            let bounds = ConnectionBounds { connections: MAX_WATCHERS, ..bounds };
            tasks.spawn(Task::AdminSocket, async move {
                http::serve(socket, routes, bounds, its_phases).await;
                drop(running);
            });
            Admin::Elsewhere
        }
    };
    let bound = address_of(&main)?;
    tracing::info!(address = %bound, "listening on http://{bound}");
    tasks.spawn(Task::ListReloader, reloader.run());
    tasks.spawn(Task::Metrics, sum_up(app.metrics.clone()));
    let watched = app.validator.clone();
    tasks.spawn(Task::DnsWatch, async move { match watched.watch_dns().await {} });
    let validator = app.validator.clone();
    let served = http::serve(main, http::router(app, place), bounds, phases.clone());
    let drained = tasks.watch(served).await;
    let farewell = shut_down(&validator, &phases).await;
    match (drained.or_failure()?, farewell) {
        (Drained::Wholly, Farewell::Said) => tracing::info!("stopped"),
        (Drained::CutShort, _) => tracing::warn!("stopped with requests still under way"),
        (Drained::Wholly, Farewell::CutShort) => {
            tracing::warn!("stopped with mail servers still being asked");
        }
    }
    Ok(Exit::Done)
}

/// Whether mail servers that were being asked were left in good order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Farewell {
    Said,
    CutShort,
}

/// Leaves the mail servers that are being asked in good order, unless a second signal says at once.
async fn shut_down(validator: &Validator, phases: &Phases) -> Farewell {
    tokio::select! {
        biased;
        () = phases.reached(Phase::Leaving) => Farewell::CutShort,
        () = validator.shut_down() => Farewell::Said,
    }
}

/// Connections of those who watch over the service, on a socket of their own.
const MAX_WATCHERS: usize = 64;

impl ServeArgs {
    fn access(&self, config: &Http) -> Access {
        if self.open || config.open { Access::Open } else { Access::LocalHost }
    }
}

/// What the routes share with others.
struct SharedParts {
    validator: Arc<Validator>,
    metrics: Metrics,
    phases: Phases,
}

/// What the routes share, as configured.
fn app(
    config: &Config,
    global: &Global,
    guard: Guard,
    SharedParts { validator, metrics, phases }: SharedParts,
) -> App {
    let limits = &config.http.limits;
    App {
        validator,
        timeout: Duration::from_millis(config.budget.timeout_ms),
        mailbox_timeout: Duration::from_millis(config.budget.mailbox_timeout_ms),
        batch_timeout: Duration::from_millis(limits.batch_timeout_ms),
        strictness: global.strictness(),
        guard,
        admission: Admission::new(Bounds {
            requests: limits.max_requests,
            batches: limits.max_batches,
            of_a_batch: limits.batch_side_by_side,
            of_all_batches: limits.batches_side_by_side,
        }),
        bodies: BodyBounds {
            one_bytes: limits.max_body_kib << 10,
            batch_bytes: limits.max_batch_body_kib << 10,
            time: Duration::from_millis(limits.body_timeout_ms),
        },
        metrics,
        phases,
    }
}

fn connection_bounds(limits: &Limits, files: Option<u64>) -> ConnectionBounds {
    let possible = files.map_or(u64::MAX, system::connections_within);
    let connections = limits.max_connections.min(usize::try_from(possible).unwrap_or(usize::MAX));
    if connections < limits.max_connections {
        tracing::warn!(
            connections,
            "max_connections is more than the system allows for with its limit on open files; \
             LimitNOFILE or ulimit -n raise it"
        );
    }
    ConnectionBounds {
        connections,
        head_time: Duration::from_millis(limits.head_timeout_ms),
        write_time: Duration::from_millis(limits.write_timeout_ms),
        drain_time: Duration::from_millis(limits.drain_timeout_ms),
    }
}

/// Keeps measurements from piling up.
async fn sum_up(metrics: Metrics) {
    let mut times = tokio::time::interval(Duration::from_secs(5));
    loop {
        times.tick().await;
        metrics.sum_up();
    }
}
