//! The sockets of the service: opened here, or inherited from the process manager (systemd socket
//! activation).

use std::io;
use std::net::SocketAddr;

use listenfd::ListenFd;
use rustix::net::sockopt::socket_acceptconn;
use tokio::net::{TcpListener, TcpSocket};

/// The listen(2) backlog. A client whose connection does not fit in tries again after a second.
const BACKLOG: u32 = 1_024;

/// A socket to serve on.
pub enum Socket {
    /// Opened by this process. It is closed when the service stops.
    Own(TcpListener),
    /// Passed in by the process manager (`LISTEN_FDS`). Connections wait in it for the next process.
    Inherited(TcpListener),
}

impl Socket {
    /// The address that it listens on.
    ///
    /// # Errors
    /// `getsockname` fails.
    pub fn address(&self) -> io::Result<SocketAddr> {
        match self {
            Self::Own(listener) | Self::Inherited(listener) => listener.local_addr(),
        }
    }
}

/// The sockets that the process manager has opened for this process.
#[derive(Default)]
pub struct Inherited {
    pub main: Option<Socket>,
    pub admin: Option<Socket>,
}

/// Whether a second socket is the admin socket although it is not named so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdminSocket {
    /// It is: the configuration asks for an admin socket.
    Expected,
    /// It is not.
    Unexpected,
}

/// The sockets that were passed in cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum InheritedError {
    #[error("socket {0} of LISTEN_FDS: {1}")]
    NoTcp(usize, io::Error),
    /// It is a single connection, or listen(2) was not called.
    #[error("socket {0} of LISTEN_FDS does not listen")]
    NotListening(usize),
    #[error(
        "socket {0} of LISTEN_FDS is one too many: the service takes one socket, and one more for readiness \
         and metrics if it is called admin (FileDescriptorName=admin) or [http] admin_listen is set"
    )]
    TooMany(usize),
}

/// The name of the admin socket (`LISTEN_FDNAMES`).
const ADMIN_NAME: &str = "admin";

/// The sockets as they were passed in, with their names.
pub struct PassedIn {
    sockets: ListenFd,
    names: Vec<String>,
}

impl PassedIn {
    /// `names` is separated by colons (`sd_listen_fds_with_names(3)`).
    pub fn new(sockets: ListenFd, names: &str) -> Self {
        Self { sockets, names: names.split(':').map(str::to_owned).collect() }
    }
}

/// Takes the main socket, and the admin socket: the one that is named so, or the second one where it is
/// expected. To be called within a tokio runtime.
///
/// # Errors
/// A socket is no listening TCP socket, or there are too many.
pub fn inherited(
    passed_in: PassedIn,
    admin_socket: AdminSocket,
) -> Result<Inherited, InheritedError> {
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
        // Names count all descriptors, also those that are no sockets.
        let is_admin = names.get(index).is_some_and(|name| name == ADMIN_NAME)
            || (taken.main.is_some() && admin_socket == AdminSocket::Expected);
        let slot = if is_admin { &mut taken.admin } else { &mut taken.main };
        if slot.is_some() {
            return Err(InheritedError::TooMany(number));
        }
        *slot = Some(Socket::Inherited(listener));
    }
    Ok(taken)
}

fn take(passed_in: &mut ListenFd, index: usize) -> io::Result<Option<TcpListener>> {
    let Some(listener) = passed_in.take_tcp_listener(index)? else { return Ok(None) };
    listener.set_nonblocking(true)?;
    TcpListener::from_std(listener).map(Some)
}

/// Listens on an address. To be called within a tokio runtime.
///
/// # Errors
/// The system refuses it.
pub fn open(address: SocketAddr) -> io::Result<Socket> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // Connections of the previous process may still be closing.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG).map(Socket::Own)
}
