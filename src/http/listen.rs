//! The socket of a service: opened here, or passed in by whoever started the process.

use std::io;
use std::net::SocketAddr;

use listenfd::ListenFd;
use rustix::net::sockopt::socket_acceptconn;
use tokio::net::{TcpListener, TcpSocket};

/// How many connections the system keeps for us until we come to accept them. Whoever is beyond that
/// tries again after a second.
const MAX_WAITING: u32 = 1_024;

/// A socket to serve on.
pub enum Socket {
    /// Ours. It closes when the service stops.
    Own(TcpListener),
    /// That of whoever started the process (`LISTEN_FDS`). Connections wait in it for the next service.
    Inherited(TcpListener),
}

impl Socket {
    /// Where it listens.
    ///
    /// # Errors
    /// The system does not tell.
    pub fn address(&self) -> io::Result<SocketAddr> {
        match self {
            Self::Own(listener) | Self::Inherited(listener) => listener.local_addr(),
        }
    }
}

/// The sockets that whoever started the process has opened for it, in systemd's way.
#[derive(Default)]
pub struct Inherited {
    /// For the service.
    pub main: Option<Socket>,
    /// For whoever watches over it.
    pub admin: Option<Socket>,
}

/// What a second socket is for that has no name of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdminSocket {
    /// For readiness and metrics: they are wanted on a socket of their own.
    Admin,
    /// Nobody knows.
    Unclear,
}

/// What was passed in cannot be served on.
#[derive(Debug, thiserror::Error)]
pub enum InheritedError {
    /// It is no TCP socket.
    #[error("socket {0} of LISTEN_FDS: {1}")]
    NoTcp(usize, io::Error),
    /// It is one connection, or nobody has called listen(2).
    #[error("socket {0} of LISTEN_FDS does not listen")]
    NotListening(usize),
    /// Nobody knows what it is for.
    #[error(
        "socket {0} of LISTEN_FDS is one too many: there is one for the service, and one for readiness \
         and metrics if it is called admin (FileDescriptorName=admin) or [http] admin_listen is set"
    )]
    TooMany(usize),
}

/// The name of a socket for readiness and metrics (`LISTEN_FDNAMES`).
const ADMIN: &str = "admin";

/// The sockets as they were passed in, and the names that they have.
pub struct PassedIn {
    sockets: ListenFd,
    names: Vec<String>,
}

impl PassedIn {
    /// These sockets, and the text that names them, with colons between (`sd_listen_fds_with_names(3)`).
    pub fn new(sockets: ListenFd, names: &str) -> Self {
        Self { sockets, names: names.split(':').map(str::to_owned).collect() }
    }
}

/// Takes the sockets passed in: one for the service, and one for readiness and metrics, which is called
/// so or is the `second`. To be called within a tokio runtime.
///
/// # Errors
/// What was passed in is no TCP socket that listens, or nobody knows what it is for.
pub fn inherited(passed_in: PassedIn, second: AdminSocket) -> Result<Inherited, InheritedError> {
    let PassedIn { mut sockets, names } = passed_in;
    let mut taken = Inherited::default();
    for index in 0..sockets.len() {
        let number = index + 1;
        let socket =
            take(&mut sockets, index).map_err(|error| InheritedError::NoTcp(number, error))?;
        let Some(listener) = socket else { continue };
        if !socket_acceptconn(&listener).unwrap_or(false) {
            return Err(InheritedError::NotListening(number));
        }
        // By its own number, whatever became of those before it.
        let is_admin = names.get(index).is_some_and(|name| name == ADMIN)
            || (taken.main.is_some() && second == AdminSocket::Admin);
        let place = if is_admin { &mut taken.admin } else { &mut taken.main };
        if place.is_some() {
            return Err(InheritedError::TooMany(number));
        }
        *place = Some(Socket::Inherited(listener));
    }
    Ok(taken)
}

fn take(passed_in: &mut ListenFd, index: usize) -> io::Result<Option<TcpListener>> {
    let Some(listener) = passed_in.take_tcp_listener(index)? else { return Ok(None) };
    listener.set_nonblocking(true)?;
    TcpListener::from_std(listener).map(Some)
}

/// Opens a socket. To be called within a tokio runtime.
///
/// # Errors
/// The address cannot be listened on.
pub fn open(address: SocketAddr) -> io::Result<Socket> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // Connections of the process before us may still be closing.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(MAX_WAITING).map(Socket::Own)
}
