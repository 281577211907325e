//! Accepts connections, refuses those beyond the bound, and drains them on shutdown.
//!
//! The semaphore of connections is not a tower layer: a connection that is refused is answered as well,
//! with 503 and a problem body.

use std::convert::Infallible;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use rustix::io::Errno;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tokio_util::task::TaskTracker;

use super::connection::{ConnectionOptions, KeepAlive, serve_connection};
use super::listen::Socket;
use super::refusal::Refusal;
use super::shutdown::Shutdown;

/// How many requests are read at once only to be refused; beyond that connections are refused unread.
const MAX_REFUSING: usize = 64;
/// How long the client may take to send the head of a request that is refused.
const REFUSED_HEAD_TIME: Duration = Duration::from_secs(2);
/// Pause after the system could not accept a connection for lack of resources.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// A failure to accept is logged if the last one is longer ago than this.
const FAILURE_LOG_INTERVAL: Duration = Duration::from_secs(60);

/// Bounds of the connections of one socket.
#[derive(Clone, Copy, Debug)]
pub struct ConnectionBounds {
    /// How many connections are served at once.
    pub connections: usize,
    /// How long a client may take to send the head of a request, and how long an unused connection is kept.
    pub head_time: Duration,
    /// How long a client may read nothing of its answer.
    pub write_time: Duration,
    /// How long requests under way may go on once the service drains.
    pub drain_time: Duration,
}

/// How a service ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drained {
    /// Every accepted request was answered.
    Completely,
    /// Some requests were still under way after `drain_time`, or when the service was aborted.
    CutShort,
}

/// Serves the routes on a socket until the service drains, then finishes the requests under way.
///
/// Meanwhile new connections to a socket of its own are refused. An inherited socket is left alone:
/// connections to it wait for the next process.
pub async fn serve(
    socket: Socket,
    routes: Router,
    bounds: ConnectionBounds,
    shutdown: Shutdown,
) -> Drained {
    let acceptor = Acceptor::new(bounds, routes, shutdown.clone());
    tokio::select! {
        biased;
        () = shutdown.draining() => {}
        never = acceptor.accept_loop(&socket) => match never {},
    }
    let reject_loop = async {
        match socket {
            Socket::Own(listener) => acceptor.reject_loop(&listener).await,
            Socket::Inherited(listener) => {
                drop(listener);
                std::future::pending().await
            }
        }
    };
    acceptor.accepted.close();
    tokio::select! {
        never = reject_loop => match never {},
        () = acceptor.accepted.wait() => Drained::Completely,
        () = tokio::time::sleep(bounds.drain_time) => Drained::CutShort,
        () = shutdown.aborted() => Drained::CutShort,
    }
}

/// Accepts or refuses new connections.
struct Acceptor {
    bounds: ConnectionBounds,
    shutdown: Shutdown,
    routes: Router,
    overloaded: Refusal,
    draining: Refusal,
    connection_permits: Arc<Semaphore>,
    refusing_permits: Arc<Semaphore>,
    /// The tasks of accepted connections.
    accepted: TaskTracker,
}

impl Acceptor {
    fn new(bounds: ConnectionBounds, routes: Router, shutdown: Shutdown) -> Self {
        Self {
            bounds,
            shutdown,
            routes,
            overloaded: Refusal::overloaded(),
            draining: Refusal::draining(),
            connection_permits: Arc::new(Semaphore::new(bounds.connections)),
            refusing_permits: Arc::new(Semaphore::new(MAX_REFUSING)),
            accepted: TaskTracker::new(),
        }
    }

    /// Serves new connections while there are permits, and refuses the others. It never awaits while it
    /// holds a connection: no client delays the next one, and none is lost when this is dropped.
    async fn accept_loop(&self, socket: &Socket) -> Infallible {
        let (Socket::Own(listener) | Socket::Inherited(listener)) = socket;
        let mut listener = Listener { listener, last_failure: None };
        loop {
            let (stream, peer) = listener.next().await;
            // Once `/readyz` says draining, new connections are refused. Those on an inherited socket are
            // served: the next process may not be there yet.
            let is_late = matches!(socket, Socket::Own(_)) && self.shutdown.is_draining();
            match self.connection_permits.clone().try_acquire_owned() {
                _ if is_late => self.refuse(stream, peer, &self.draining),
                Ok(permit) => {
                    let (routes, options) = (self.routes.clone(), self.options());
                    let shutdown = self.shutdown.clone();
                    self.accepted.spawn(async move {
                        serve_connection(stream, peer, routes, options, &shutdown).await;
                        drop(permit);
                    });
                }
                Err(_) => self.refuse(stream, peer, &self.overloaded),
            }
        }
    }

    /// Refuses every new connection, because the service drains.
    async fn reject_loop(&self, listener: &TcpListener) -> Infallible {
        let mut listener = Listener { listener, last_failure: None };
        loop {
            let (stream, peer) = listener.next().await;
            self.refuse(stream, peer, &self.draining);
        }
    }

    fn options(&self) -> ConnectionOptions {
        let ConnectionBounds { head_time, write_time, .. } = self.bounds;
        ConnectionOptions { head_time, write_time, keep_alive: KeepAlive::On }
    }

    /// Refuses one request of a connection, unread where too many are being refused already.
    fn refuse(&self, stream: TcpStream, peer: SocketAddr, refusal: &Refusal) {
        let Ok(permit) = self.refusing_permits.clone().try_acquire_owned() else {
            // The answer fits into the socket's send buffer; if it does not, the client sees a closed
            // connection.
            let _ = stream.into_std().and_then(|mut stream| stream.write_all(&refusal.bare));
            return;
        };
        let options = ConnectionOptions {
            head_time: REFUSED_HEAD_TIME.min(self.bounds.head_time),
            keep_alive: KeepAlive::Off,
            ..self.options()
        };
        let (routes, shutdown) = (refusal.routes.clone(), self.shutdown.clone());
        tokio::spawn(async move {
            serve_connection(stream, peer, routes, options, &shutdown).await;
            drop(permit);
        });
    }
}

/// A listening socket, and when it last failed.
struct Listener<'a> {
    listener: &'a TcpListener,
    last_failure: Option<Instant>,
}

impl Listener<'_> {
    /// Waits for the next connection. After a failure it tries again.
    async fn next(&mut self) -> (TcpStream, SocketAddr) {
        loop {
            match self.listener.accept().await {
                Ok(accepted) => return accepted,
                Err(error) if is_client_error(&error) => {}
                Err(error) => {
                    self.log(&error);
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    /// Logs a failure, unless it follows one that was logged.
    fn log(&mut self, error: &io::Error) {
        let is_new = self.last_failure.is_none_or(|last| last.elapsed() > FAILURE_LOG_INTERVAL);
        self.last_failure = Some(Instant::now());
        if is_new {
            let reason = match error.raw_os_error() {
                Some(code) if code == Errno::MFILE.raw_os_error() => {
                    "no more open files allowed".to_owned()
                }
                _ => error.kind().to_string(),
            };
            tracing::error!(reason, "cannot accept connections");
        }
    }
}

/// Whether the client closed the connection before it was accepted.
fn is_client_error(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}
