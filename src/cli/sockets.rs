//! Where `serve` listens: whether it may, and what to do where it cannot.

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
    /// For those who ask.
    pub(super) main: Socket,
    /// For whoever watches over it, where that is elsewhere.
    pub(super) admin: Option<Socket>,
}

/// Sockets that may be served on, some of them still to be opened.
pub(super) struct Planned {
    main: SocketSource,
    admin: Option<SocketSource>,
}

/// A socket, or where to open one.
enum SocketSource {
    Given(Socket),
    At(SocketAddr, &'static str),
}

/// The sockets that whoever started the process has opened for it. To be called before there are other
/// threads: the variables that tell of the sockets are taken out of the environment.
pub(super) fn passed_in(settings: &Settings) -> PassedIn {
    PassedIn::new(
        ListenFd::from_env(),
        settings.variable("LISTEN_FDNAMES").and_then(OsStr::to_str).unwrap_or_default(),
    )
}

const LISTEN: &str = "--listen or [http] listen";
const ADMIN_LISTEN: &str = "[http] admin_listen";

impl Planned {
    /// What the flags, the configuration and whoever started the process have in mind. To be called within
    /// a tokio runtime.
    pub(super) fn new(
        listen: Option<&str>,
        config: &HttpConfig,
        access: Access,
        passed_in: PassedIn,
    ) -> Result<Self, CliError> {
        let listen = listen.map_or(Ok(config.listen), flag).or_usage()?;
        let admin_listen = config.admin_listen;
        let second = admin_listen.map_or(AdminSocket::Unclear, |_| AdminSocket::Admin);
        let Inherited { main, admin } = http::inherited(passed_in, second).or_usage()?;
        if let (None, None, Some(admin_listen)) = (&main, &admin, admin_listen) {
            are_apart(listen, admin_listen).or_usage()?;
        }
        let main = main.map_or(SocketSource::At(listen.0, LISTEN), SocketSource::Given);
        let configured =
            admin_listen.map(|Listen(address)| SocketSource::At(address, ADMIN_LISTEN));
        let admin = admin.map(SocketSource::Given).or(configured);
        for place in [&main].into_iter().chain(&admin) {
            place.may_be_served(access)?;
        }
        Ok(Self { main, admin })
    }

    /// The sockets, open.
    pub(super) fn open(self) -> Result<Sockets, CliError> {
        let admin = self.admin.map(SocketSource::open).transpose().or_failure()?;
        Ok(Sockets { main: self.main.open().or_failure()?, admin })
    }
}

impl SocketSource {
    fn may_be_served(&self, access: Access) -> Result<(), CliError> {
        let (address, name) = match self {
            Self::At(address, name) => (*address, *name),
            Self::Given(socket) => (address_of(socket)?, "LISTEN_FDS"),
        };
        is_allowed(address, name, access).or_usage()
    }

    fn open(self) -> anyhow::Result<Socket> {
        match self {
            Self::Given(socket) => Ok(socket),
            Self::At(address, setting) => {
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

/// Two services cannot have one port.
pub(super) fn are_apart(listen: Listen, admin_listen: Listen) -> anyhow::Result<()> {
    if listen.collides_with(admin_listen) {
        bail!(
            "[http] admin_listen {admin_listen} is where the service itself listens ({listen}): give one \
             of them another port"
        );
    }
    Ok(())
}

/// Without keys anybody who can connect can ask, so only this machine may connect, unless that is meant.
fn is_allowed(address: SocketAddr, name: &str, access: Access) -> anyhow::Result<()> {
    if access == Access::LocalHost && !address.ip().is_loopback() {
        bail!(
            "{address} ({name}) can be reached from other machines, and there are no keys: anybody could \
             ask. Listen on 127.0.0.1, or add --open (`[http] open = true`) if that is meant"
        );
    }
    Ok(())
}

/// What of a configuration has to be meant, with `--open`.
pub(super) fn wanting_open(config: &HttpConfig) -> String {
    if config.open {
        return String::new();
    }
    let places = [("listen", Some(&config.listen)), ("admin_listen", config.admin_listen.as_ref())];
    let reachable = places.into_iter().filter_map(|(key, listen)| {
        let Listen(address) = listen?;
        let note = || {
            format!(
                "`http.{key}` {address} can be reached from other machines: serve wants --open\n"
            )
        };
        (!address.ip().is_loopback()).then(note)
    });
    reachable.collect()
}

/// What keeps us from listening, and what to do about it.
fn cannot_listen(address: SocketAddr, setting: &str, error: io::Error) -> anyhow::Error {
    let hint = match error.kind() {
        io::ErrorKind::AddrInUse => {
            format!(
                ": something listens there already; stop it, or take another port with {setting}"
            )
        }
        io::ErrorKind::PermissionDenied => format!(
            ": ports below 1024 are for the system's own services; take one above with {setting}, or \
             have systemd pass the socket in"
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
        // What the system says, what we say about it.
        let cases = [
            (io::ErrorKind::AddrInUse, "cannot listen on 192.0.2.1:80: something listens there"),
            (io::ErrorKind::PermissionDenied, "cannot listen on 192.0.2.1:80: ports below 1024"),
            (io::ErrorKind::AddrNotAvailable, "cannot listen on 192.0.2.1:80: this machine has no"),
            (io::ErrorKind::OutOfMemory, "cannot listen on 192.0.2.1:80: out of memory"),
        ];
        for (kind, said) in cases {
            let error = format!("{:#}", cannot_listen(address, ADMIN_LISTEN, kind.into()));
            assert!(error.starts_with(said) && error.lines().count() == 1, "{kind:?}: {error}");
            let has_hint = kind != io::ErrorKind::OutOfMemory;
            assert_eq!(error.contains("[http] admin_listen"), has_hint, "{kind:?}: {error}");
        }
    }

    #[test]
    fn sockets_that_are_apart() {
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
            let told = are_apart(listen.parse().unwrap(), admin.parse().unwrap());
            assert_eq!(told.is_ok(), expected, "{listen} {admin}: {told:?}");
        }
    }
}
