//! The sockets of `serve`: inherited or opened, and whether they may be served.

use std::ffi::OsStr;
use std::io;
use std::net::SocketAddr;

use anyhow::{Context, bail};
use listenfd::ListenFd;

use super::exit::{CliError, ExitContext};
use super::settings::Settings;
use crate::config::{HttpConfig, Listen};
use crate::http::{self, Access, AdminSocket, Inherited, PassedIn, Socket};

/// The sockets of a service.
pub(super) struct Sockets {
    pub(super) main: Socket,
    /// For readiness and metrics, unless they are on the main socket.
    pub(super) admin: Option<Socket>,
}

/// Sockets that may be served, some of them still to be opened.
pub(super) struct SocketPlan {
    main: SocketSource,
    admin: Option<SocketSource>,
}

/// A socket, or the address and the setting to open one.
enum SocketSource {
    Inherited(Socket),
    Address(SocketAddr, &'static str),
}

/// The sockets that the process manager has opened. To be called before there are other threads: it removes
/// `LISTEN_FDS` and the like from the environment.
pub(super) fn passed_in(settings: &Settings) -> PassedIn {
    PassedIn::new(
        ListenFd::from_env(),
        settings.variable("LISTEN_FDNAMES").and_then(OsStr::to_str).unwrap_or_default(),
    )
}

const LISTEN: &str = "--listen or [http] listen";
const ADMIN_LISTEN: &str = "[http] admin_listen";

impl SocketPlan {
    /// The sockets that the flags, the configuration and the process manager ask for. To be called within a
    /// tokio runtime.
    pub(super) fn new(
        listen: Option<&str>,
        config: &HttpConfig,
        access: Access,
        passed_in: PassedIn,
    ) -> Result<Self, CliError> {
        let listen = listen.map_or(Ok(config.listen), flag).or_usage()?;
        let admin_listen = config.admin_listen;
        let admin_socket = admin_listen.map_or(AdminSocket::Unexpected, |_| AdminSocket::Expected);
        let Inherited { main, admin } = http::inherited(passed_in, admin_socket).or_usage()?;
        if let (None, None, Some(admin_listen)) = (&main, &admin, admin_listen) {
            differ(listen, admin_listen).or_usage()?;
        }
        let main = main.map_or(SocketSource::Address(listen.0, LISTEN), SocketSource::Inherited);
        let configured =
            admin_listen.map(|Listen(address)| SocketSource::Address(address, ADMIN_LISTEN));
        let admin = admin.map(SocketSource::Inherited).or(configured);
        for source in [&main].into_iter().chain(&admin) {
            source.check(access)?;
        }
        Ok(Self { main, admin })
    }

    pub(super) fn open(self) -> Result<Sockets, CliError> {
        let admin = self.admin.map(SocketSource::open).transpose().or_failure()?;
        Ok(Sockets { main: self.main.open().or_failure()?, admin })
    }
}

impl SocketSource {
    fn check(&self, access: Access) -> Result<(), CliError> {
        let (address, name) = match self {
            Self::Address(address, name) => (*address, *name),
            Self::Inherited(socket) => (address_of(socket)?, "LISTEN_FDS"),
        };
        check_reachable(address, name, access).or_usage()
    }

    fn open(self) -> anyhow::Result<Socket> {
        match self {
            Self::Inherited(socket) => Ok(socket),
            Self::Address(address, setting) => {
                http::open(address).map_err(|error| cannot_listen(address, setting, error))
            }
        }
    }
}

/// The address of a socket, with the port that the system chose.
pub(super) fn address_of(socket: &Socket) -> Result<SocketAddr, CliError> {
    socket.address().context("cannot tell the port of a socket").or_failure()
}

fn flag(text: &str) -> anyhow::Result<Listen> {
    text.parse().or_else(|wrong| bail!("--listen {text}: {wrong}"))
}

/// Refuses two sockets with one port.
pub(super) fn differ(listen: Listen, admin_listen: Listen) -> anyhow::Result<()> {
    if listen.collides_with(admin_listen) {
        bail!(
            "[http] admin_listen {admin_listen} is the address of the service itself ({listen}): give one \
             of them another port"
        );
    }
    Ok(())
}

/// Without keys every client that can connect is answered, so other machines may connect only with
/// `--open`.
fn check_reachable(address: SocketAddr, name: &str, access: Access) -> anyhow::Result<()> {
    if access == Access::LocalHost && !address.ip().is_loopback() {
        bail!(
            "{address} ({name}) can be reached from other machines, and there are no keys: every client \
             would be answered. Listen on 127.0.0.1, or add --open (`[http] open = true`) if that is intended"
        );
    }
    Ok(())
}

/// A note for each address of a configuration that needs `--open`.
pub(super) fn needing_open(config: &HttpConfig) -> String {
    if config.open {
        return String::new();
    }
    let addresses =
        [("listen", Some(&config.listen)), ("admin_listen", config.admin_listen.as_ref())];
    let reachable = addresses.into_iter().filter_map(|(key, listen)| {
        let Listen(address) = listen?;
        let note = || {
            format!(
                "`http.{key}` {address} can be reached from other machines: serve needs --open\n"
            )
        };
        (!address.ip().is_loopback()).then(note)
    });
    reachable.collect()
}

/// The error, with what to do about it.
fn cannot_listen(address: SocketAddr, setting: &str, error: io::Error) -> anyhow::Error {
    let hint = match error.kind() {
        io::ErrorKind::AddrInUse => {
            format!(
                ": something listens there already; stop it, or take another port with {setting}"
            )
        }
        io::ErrorKind::PermissionDenied => format!(
            ": ports below 1024 are reserved for root; take one above with {setting}, or have systemd pass the \
             socket in"
        ),
        io::ErrorKind::AddrNotAvailable => {
            format!(": this machine has no such address; take another with {setting}")
        }
        _ => String::new(),
    };
    anyhow::Error::new(error).context(format!("cannot listen on {address}{hint}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_that_cannot_be_opened() {
        let address = SocketAddr::from(([192, 0, 2, 1], 80));
        // The error of the system, the message.
        let cases = [
            (io::ErrorKind::AddrInUse, "cannot listen on 192.0.2.1:80: something listens there"),
            (io::ErrorKind::PermissionDenied, "cannot listen on 192.0.2.1:80: ports below 1024"),
            (io::ErrorKind::AddrNotAvailable, "cannot listen on 192.0.2.1:80: this machine has no"),
            (io::ErrorKind::OutOfMemory, "cannot listen on 192.0.2.1:80: out of memory"),
        ];
        for (kind, message) in cases {
            let error = format!("{:#}", cannot_listen(address, ADMIN_LISTEN, kind.into()));
            assert!(error.starts_with(message) && error.lines().count() == 1, "{kind:?}: {error}");
            let has_hint = kind != io::ErrorKind::OutOfMemory;
            assert_eq!(error.contains("[http] admin_listen"), has_hint, "{kind:?}: {error}");
        }
    }

    #[test]
    fn sockets_that_differ() {
        let cases = [
            ("127.0.0.1:8080", "127.0.0.1:9090", true),
            ("127.0.0.1:8080", "127.0.0.1:8080", false),
            ("127.0.0.1:8080", "localhost:8080", false),
            ("127.0.0.1:0", "127.0.0.1:0", true),
            ("127.0.0.1:8080", "127.0.0.2:8080", true),
            ("0.0.0.0:8080", "127.0.0.1:8080", false),
            ("127.0.0.1:8080", "[::]:8080", false),
            ("127.0.0.1:8080", "[::1]:8080", true),
        ];
        for (listen, admin, expected) in cases {
            let differ = differ(listen.parse().unwrap(), admin.parse().unwrap());
            assert_eq!(differ.is_ok(), expected, "{listen} {admin}: {differ:?}");
        }
    }
}
