//! The socket of a service: opened here, or passed in by whoever started the process.

use std::io;
use std::net::SocketAddr;

use listenfd::ListenFd;
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

/// Takes the sockets passed in: the first for the service, a second for readiness and metrics. To be
/// called within a tokio runtime.
///
/// # Errors
/// What was passed in is no TCP socket that listens.
pub fn inherited() -> io::Result<Inherited> {
    let mut passed_in = ListenFd::from_env();
    let mut take = |index| {
        if index >= passed_in.len() {
            return Ok(None);
        }
        let Some(listener) = passed_in.take_tcp_listener(index)? else { return Ok(None) };
        listener.set_nonblocking(true)?;
        TcpListener::from_std(listener).map(|listener| Some(Socket::Inherited(listener)))
    };
    Ok(Inherited { main: take(0)?, admin: take(1)? })
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
