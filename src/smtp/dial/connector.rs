//! The dialer that makes real connections.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::net::{TcpSocket, TcpStream};

use super::{Connection, DialError, Dialer, Socks5, Target};

/// Makes real connections.
#[derive(Clone, Debug)]
pub enum Egress {
    Direct(SourceAddress),
    /// Through a proxy, whose address servers then see.
    Proxy(Socks5),
}

/// The source address of connections.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SourceAddress {
    /// Chosen by the system.
    #[default]
    System,
    /// One for each family. A family without one is not used: the reverse DNS and the reputation of the address
    /// that the system would choose are unknown.
    Fixed {
        /// For IPv4.
        v4: Option<Ipv4Addr>,
        /// For IPv6.
        v6: Option<Ipv6Addr>,
    },
}

impl Dialer for Egress {
    fn dial(&self, target: Target) -> BoxFuture<'_, Result<Connection, DialError>> {
        async move {
            match self {
                Self::Direct(source) => {
                    let stream = direct(*source, target.address()).await?;
                    Ok(Box::new(stream) as Connection)
                }
                Self::Proxy(socks) => socks.dial(target).await,
            }
        }
        .boxed()
    }
}

async fn direct(source: SourceAddress, address: SocketAddr) -> Result<TcpStream, DialError> {
    let (socket, source) = match (address, source) {
        (SocketAddr::V4(_), SourceAddress::System) => (TcpSocket::new_v4(), None),
        (SocketAddr::V6(_), SourceAddress::System) => (TcpSocket::new_v6(), None),
        (SocketAddr::V4(_), SourceAddress::Fixed { v4: Some(ip), .. }) => {
            (TcpSocket::new_v4(), Some(IpAddr::from(ip)))
        }
        (SocketAddr::V6(_), SourceAddress::Fixed { v6: Some(ip), .. }) => {
            (TcpSocket::new_v6(), Some(IpAddr::from(ip)))
        }
        (_, SourceAddress::Fixed { .. }) => return Err(DialError::NoRoute),
    };
    let socket = socket.map_err(|error| reason(&error))?;
    if let Some(ip) = source {
        socket.bind((ip, 0).into()).map_err(|_| DialError::BadSource)?;
    }
    socket.connect(address).await.map_err(|error| reason(&error))
}

fn reason(error: &io::Error) -> DialError {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => DialError::Refused,
        io::ErrorKind::HostUnreachable
        | io::ErrorKind::NetworkUnreachable
        | io::ErrorKind::NetworkDown => DialError::NoRoute,
        io::ErrorKind::TimedOut => DialError::TimedOut,
        _ => DialError::Failed,
    }
}
