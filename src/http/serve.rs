//! Running the routes on a socket, and leaving in good order.

use std::convert::Infallible;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use rustix::io::Errno;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::connection::{ConnectionOptions, KeepAlive, serve_connection};
use super::listen::Socket;
use super::phase::{Phase, Phases};
use super::refusal::Refusal;

/// How many connections are listened to at once before they are told that there is no room for them.
const MAX_TURNED_AWAY: usize = 64;
/// How long they may take to say what they want.
const TURNED_AWAY_HEAD_TIME: Duration = Duration::from_secs(2);
/// Before the next try to accept a connection, after one failed for want of something of the system's.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Failures to accept that are no further apart are told once.
const EPISODE: Duration = Duration::from_secs(60);

/// How many connections, and how patient with them.
#[derive(Clone, Copy, Debug)]
pub struct ConnectionBounds {
    /// How many at once.
    pub connections: usize,
    /// How long a client may take to send the head of a request, and how long an unused connection is
    /// kept.
    pub head_time: Duration,
    /// How long a client may take no part of its answer.
    pub write_time: Duration,
    /// How long requests under way may go on once the service is told to stop.
    pub drain_time: Duration,
}

/// How a service ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drained {
    /// Every request that had been accepted was answered.
    Wholly,
    /// Some were still under way when the time for them was over.
    CutShort,
}

/// Answers requests until the service is told to stop, then finishes those on the connections that it has.
///
/// Meanwhile a socket of its own stays open, and who comes is told that it is too late. A socket that
/// was passed in is left alone: who comes is answered by the next service.
pub async fn serve(
    socket: Socket,
    routes: Router,
    bounds: ConnectionBounds,
    phases: Phases,
) -> Drained {
    let entrance = Acceptor::new(bounds, routes, phases.clone());
    tokio::select! {
        biased;
        () = phases.reached(Phase::Draining) => {}
        never = entrance.accept_loop(&socket) => match never {},
    }
    let reject_loop = async {
        match socket {
            Socket::Own(listener) => entrance.reject_loop(&listener).await,
            Socket::Inherited(listener) => {
                drop(listener);
                std::future::pending().await
            }
        }
    };
    tokio::select! {
        never = reject_loop => match never {},
        () = entrance.all_gone() => Drained::Wholly,
        () = tokio::time::sleep(bounds.drain_time) => Drained::CutShort,
        () = phases.reached(Phase::Leaving) => Drained::CutShort,
    }
}

/// Answers without having listened, and hangs up.
fn say_at_once(stream: TcpStream, answer: &[u8]) {
    // It fits into what the system keeps for a new connection, or else the client learns by our hanging up.
    let _ = stream.into_std().and_then(|mut stream| stream.write_all(answer));
}

/// What becomes of new connections.
struct Acceptor {
    bounds: ConnectionBounds,
    phases: Phases,
    routes: Router,
    overloaded: Refusal,
    draining: Refusal,
    places: Arc<Semaphore>,
    places_to_turn_away: Arc<Semaphore>,
}

impl Acceptor {
    fn new(bounds: ConnectionBounds, routes: Router, phases: Phases) -> Self {
        Self {
            bounds,
            phases,
            routes,
            overloaded: Refusal::overloaded(),
            draining: Refusal::draining(),
            places: Arc::new(Semaphore::new(bounds.connections)),
            places_to_turn_away: Arc::new(Semaphore::new(MAX_TURNED_AWAY)),
        }
    }

    /// Lets connections in as long as there are places, and tells others that there is none. Nothing is
    /// waited for with a connection in hand: no client holds up the next one, and none gets lost where
    /// this is told to stop.
    async fn accept_loop(&self, socket: &Socket) -> Infallible {
        let (Socket::Own(listener) | Socket::Inherited(listener)) = socket;
        let mut door = Listener { listener, last_failure: None };
        loop {
            let accepted = door.next().await;
            // Who connects once the service has said that it is not ready is not let in. On a socket that
            // was passed in nobody else would answer.
            let is_late = matches!(socket, Socket::Own(_)) && self.phases.now() > Phase::Running;
            match self.places.clone().try_acquire_owned() {
                _ if is_late => self.refuse(accepted, &self.draining),
                Ok(place) => self.serve_connection(accepted, &self.routes, self.manners(), place),
                Err(_) => self.refuse(accepted, &self.overloaded),
            }
        }
    }

    /// Tells everybody that it is too late.
    async fn reject_loop(&self, listener: &TcpListener) -> Infallible {
        let mut door = Listener { listener, last_failure: None };
        loop {
            self.refuse(door.next().await, &self.draining);
        }
    }

    fn manners(&self) -> ConnectionOptions {
        let ConnectionBounds { head_time, write_time, .. } = self.bounds;
        ConnectionOptions { head_time, write_time, stay: KeepAlive::AsLongAsYouLike }
    }

    /// Has one request refused, at once where too many are being refused already.
    fn refuse(&self, accepted: (TcpStream, SocketAddr), refusal: &Refusal) {
        let manners = ConnectionOptions {
            head_time: TURNED_AWAY_HEAD_TIME.min(self.bounds.head_time),
            stay: KeepAlive::ForOneAnswer,
            ..self.manners()
        };
        match self.places_to_turn_away.clone().try_acquire_owned() {
            Ok(place) => self.serve_connection(accepted, &refusal.routes, manners, place),
            Err(_) => say_at_once(accepted.0, &refusal.bare),
        }
    }

    /// Attends to one connection, on a task of its own.
    fn serve_connection(
        &self,
        (stream, peer): (TcpStream, SocketAddr),
        routes: &Router,
        manners: ConnectionOptions,
        place: OwnedSemaphorePermit,
    ) {
        let (routes, phases) = (routes.clone(), self.phases.clone());
        tokio::spawn(async move {
            serve_connection(stream, peer, routes, manners, &phases).await;
            drop(place);
        });
    }

    /// Comes true when nobody is let in any more and the last one has gone.
    async fn all_gone(&self) {
        // There are at most a million places, and the semaphore is never closed.
        let places = u32::try_from(self.bounds.connections).unwrap_or(u32::MAX);
        let _ = self.places.acquire_many(places).await;
    }
}

/// Where connections come in.
struct Listener<'a> {
    listener: &'a TcpListener,
    last_failure: Option<Instant>,
}

impl Listener<'_> {
    /// The next connection. Failures pass: a client was gone already, or there is nothing left to open it
    /// with.
    async fn next(&mut self) -> (TcpStream, SocketAddr) {
        loop {
            match self.listener.accept().await {
                Ok(accepted) => return accepted,
                Err(error) if is_of_the_client(&error) => {}
                Err(error) => {
                    self.tell(&error);
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    /// Logs a failure, unless it goes on from one that was logged.
    fn tell(&mut self, error: &io::Error) {
        let is_new = self.last_failure.is_none_or(|last| last.elapsed() > EPISODE);
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

fn is_of_the_client(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}
