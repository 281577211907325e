//! `mailvet serve`: the service.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::Global;
use super::exit::{Exit, OrStop, Stopped};
use super::reload::Reloader;
use super::settings::Settings;
use super::signals;
use crate::config::{Config, Limits, Listen};
use crate::http::{
    self, Access, Admin, Admission, App, BodyBounds, Bounds, ConnectionBounds, Drained, Guard,
    Inherited, Phases, Socket,
};
use crate::telemetry::Metrics;
use crate::validator::Validator;

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
    config: Config,
    settings: Settings,
) -> Result<Exit, Stopped> {
    let address = address(arguments, &config).or_usage()?;
    let Inherited { main, admin } =
        http::inherited().context("cannot use the sockets of LISTEN_FDS").or_usage()?;
    let reachable =
        main.as_ref().map_or(Ok(address), Socket::address).context(NO_PORT).or_failure()?;
    let access = access(reachable, arguments).or_usage()?;
    raise_limits();
    // Before anything counts.
    let metrics = Metrics::start();
    // Before the lists are read: a file that changes meanwhile is read again.
    let files = settings.fingerprint(&config);
    let validator = Arc::new(
        Validator::from_config(&config, global.connection(), config.state.folder()).or_usage()?,
    );
    // Before the socket: whoever sees it open may already send a signal.
    let phases = signals::phases().context("cannot wait for signals").or_failure()?;
    let reloader = Reloader::new(validator.clone(), settings, &config, files)
        .context("cannot wait for signals")
        .or_failure()?;
    let app = Arc::new(app(
        &config,
        global,
        access,
        Shared { validator, metrics, phases: phases.clone() },
    ));
    let admin = match (admin, config.http.admin_listen.get()) {
        (Some(inherited), _) => Some(inherited),
        (None, Some(Listen(address))) => Some(open(*address).or_failure()?),
        (None, None) => None,
    };
    let main = main.map_or_else(|| open(address), Ok).or_failure()?;
    let bounds = connection_bounds(&config.http.limits);
    let place = match admin {
        None => Admin::Here,
        Some(socket) => {
            let bound = socket.address().context(NO_PORT).or_failure()?;
            tracing::info!(admin_address = %bound, "readiness and metrics on http://{bound}");
            // It is watched until the end: no phase of the service is one of this socket.
            let (running, its_phases) = Phases::new();
            let routes = http::admin_router(app.clone());
            tokio::spawn(async move {
                http::serve(socket, routes, bounds, its_phases).await;
                drop(running);
            });
            Admin::Elsewhere
        }
    };
    let bound = main.address().context(NO_PORT).or_failure()?;
    tracing::info!(address = %bound, "listening on http://{bound}");
    tokio::spawn(reloader.run());
    tokio::spawn(sum_up(app.metrics.clone()));
    match http::serve(main, http::router(app, place), bounds, phases).await {
        Drained::Wholly => tracing::info!("stopped"),
        Drained::CutShort => tracing::warn!("stopped with requests still under way"),
    }
    Ok(Exit::Done)
}

const NO_PORT: &str = "cannot tell the port of a socket";

/// What the routes share with others.
struct Shared {
    validator: Arc<Validator>,
    metrics: Metrics,
    phases: Phases,
}

/// What the routes share, as configured.
fn app(
    config: &Config,
    global: &Global,
    access: Access,
    Shared { validator, metrics, phases }: Shared,
) -> App {
    let limits = &config.http.limits;
    App {
        validator,
        timeout: Duration::from_millis(config.budget.timeout_ms),
        mailbox_timeout: Duration::from_millis(config.budget.mailbox_timeout_ms),
        manner: global.manner(),
        guard: Guard { access, trusted_proxies: config.http.trusted_proxies.clone() },
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

fn connection_bounds(limits: &Limits) -> ConnectionBounds {
    ConnectionBounds {
        connections: limits.max_connections,
        head_time: Duration::from_millis(limits.head_timeout_ms),
        write_time: Duration::from_millis(limits.write_timeout_ms),
        drain_time: Duration::from_millis(limits.drain_timeout_ms),
    }
}

fn open(address: SocketAddr) -> anyhow::Result<Socket> {
    http::open(address).map_err(|error| cannot_listen(address, error))
}

/// What keeps us from listening, and what to do about it.
fn cannot_listen(address: SocketAddr, error: io::Error) -> anyhow::Error {
    let hint = match error.kind() {
        io::ErrorKind::AddrInUse => {
            ": something listens there already; stop it, or take another port with --listen"
        }
        io::ErrorKind::PermissionDenied => {
            ": ports below 1024 are for the system's own services; take one above, or have systemd \
             pass the socket in"
        }
        io::ErrorKind::AddrNotAvailable => ": this machine has no such address",
        _ => "",
    };
    anyhow::Error::new(error).context(format!("cannot listen on {address}{hint}"))
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
    let Some(text) = &arguments.listen else { return Ok(config.http.listen.0) };
    match text.parse() {
        Ok(Listen(address)) => Ok(address),
        Err(wrong) => bail!("--listen {text}: {wrong}"),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_that_cannot_be_opened() {
        let address = SocketAddr::from(([192, 0, 2, 1], 80));
        // What the system says, what we say about it.
        let cases = [
            (io::ErrorKind::AddrInUse, "cannot listen on 192.0.2.1:80: something listens there"),
            (io::ErrorKind::PermissionDenied, "cannot listen on 192.0.2.1:80: ports below 1024"),
            (io::ErrorKind::AddrNotAvailable, "cannot listen on 192.0.2.1:80: this machine has no"),
            (io::ErrorKind::OutOfMemory, "cannot listen on 192.0.2.1:80: out of memory"),
        ];
        for (kind, said) in cases {
            let error = format!("{:#}", cannot_listen(address, kind.into()));
            assert!(error.starts_with(said) && error.lines().count() == 1, "{kind:?}: {error}");
        }
    }
}
