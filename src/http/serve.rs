//! Running the routes on a socket, and leaving in good order.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_io_timeout::TimeoutStream;
use tower::ServiceExt;

use super::listen::Socket;
use super::phase::{Phase, Phases};
use super::{draining, overloaded};

/// How many connections are told at once that there is no room for them; further ones wait.
const MAX_TURNED_AWAY: usize = 64;
/// How long they may take to say what they want.
const TURNED_AWAY_HEAD_TIME: Duration = Duration::from_secs(2);
/// The longest head of a request, about.
const MAX_HEAD_BYTES: usize = 32 * 1024;
/// Before the next try to accept a connection, after one failed for want of something of the system's.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

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
    let entrance = Entrance::new(bounds, routes, phases.clone());
    let (Socket::Own(listener) | Socket::Inherited(listener)) = &socket;
    tokio::select! {
        // First: who connects once the service has said that it is not ready is not let in.
        biased;
        () = phases.reached(Phase::Draining) => {}
        never = entrance.let_in(listener) => match never {},
    }
    let turn_away = async {
        match socket {
            Socket::Own(listener) => entrance.turn_away(&listener).await,
            Socket::Inherited(listener) => {
                drop(listener);
                std::future::pending().await
            }
        }
    };
    tokio::select! {
        never = turn_away => match never {},
        () = entrance.all_gone() => Drained::Wholly,
        () = tokio::time::sleep(bounds.drain_time) => Drained::CutShort,
        () = phases.reached(Phase::Leaving) => Drained::CutShort,
    }
}

/// What becomes of new connections.
struct Entrance {
    bounds: ConnectionBounds,
    phases: Phases,
    routes: Router,
    overloaded: Router,
    draining: Router,
    places: Arc<Semaphore>,
    places_to_turn_away: Arc<Semaphore>,
}

impl Entrance {
    fn new(bounds: ConnectionBounds, routes: Router, phases: Phases) -> Self {
        Self {
            bounds,
            phases,
            routes,
            overloaded: overloaded(),
            draining: draining(),
            places: Arc::new(Semaphore::new(bounds.connections)),
            places_to_turn_away: Arc::new(Semaphore::new(MAX_TURNED_AWAY)),
        }
    }

    /// Lets connections in as long as there are places, and tells others that there is none.
    async fn let_in(&self, listener: &TcpListener) -> Infallible {
        loop {
            let (stream, peer) = accept(listener).await;
            match self.places.clone().try_acquire_owned() {
                Ok(place) => self.attend(stream, peer, Stay::AsLongAsYouLike, place),
                Err(_) => self.say(self.overloaded.clone(), stream, peer).await,
            }
        }
    }

    /// Tells everybody that it is too late.
    async fn turn_away(&self, listener: &TcpListener) -> Infallible {
        loop {
            let (stream, peer) = accept(listener).await;
            self.say(self.draining.clone(), stream, peer).await;
        }
    }

    /// Has one request answered by these routes.
    async fn say(&self, routes: Router, stream: TcpStream, peer: SocketAddr) {
        // The semaphore is never closed.
        if let Ok(place) = self.places_to_turn_away.clone().acquire_owned().await {
            self.attend(stream, peer, Stay::ForOneAnswer(routes), place);
        }
    }

    /// Attends to one connection, on a task of its own.
    fn attend(&self, stream: TcpStream, peer: SocketAddr, stay: Stay, place: OwnedSemaphorePermit) {
        let (routes, head_time, keep_alive) = match stay {
            Stay::AsLongAsYouLike => (self.routes.clone(), self.bounds.head_time, true),
            Stay::ForOneAnswer(routes) => (routes, TURNED_AWAY_HEAD_TIME, false),
        };
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new())
            .header_read_timeout(head_time)
            .max_buf_size(MAX_HEAD_BYTES)
            .keep_alive(keep_alive);
        let (phases, write_time) = (self.phases.clone(), self.bounds.write_time);
        tokio::spawn(async move {
            if has_begun(&stream, head_time, &phases).await {
                converse(http, timed(stream, write_time), peer, routes, &phases).await;
            }
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

/// How long a connection lasts.
enum Stay {
    /// For as many requests as come.
    AsLongAsYouLike,
    /// For one request, answered by these routes.
    ForOneAnswer(Router),
}

/// Waits for the first byte of a client; false where none comes in time. Whoever connected before the
/// service was told to stop still has a moment to say what for.
async fn has_begun(stream: &TcpStream, patience: Duration, phases: &Phases) -> bool {
    const MOMENT: Duration = Duration::from_secs(1);
    let mut byte = [0];
    let too_late = async {
        phases.reached(Phase::Draining).await;
        tokio::time::sleep(MOMENT).await;
    };
    tokio::select! {
        biased;
        // Not `readable`, which can come true without anything to read.
        bytes = stream.peek(&mut byte) => bytes.is_ok_and(|bytes| bytes > 0),
        () = tokio::time::sleep(patience) => false,
        () = too_late => false,
    }
}

/// A stream that gives a client up who takes nothing of its answer for so long.
fn timed(stream: TcpStream, write_time: Duration) -> Pin<Box<TimeoutStream<TcpStream>>> {
    // Answers are small and whole: waiting for more to send with them only costs time.
    let _ = stream.set_nodelay(true);
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(write_time));
    Box::pin(stream)
}

/// Answers the requests of one connection on which a first byte has come.
async fn converse(
    http: http1::Builder,
    stream: Pin<Box<TimeoutStream<TcpStream>>>,
    peer: SocketAddr,
    routes: Router,
    phases: &Phases,
) {
    let answer = service_fn(move |request: hyper::Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        routes.clone().oneshot(request)
    });
    let mut connection = pin!(http.serve_connection(TokioIo::new(stream), answer));
    // hyper closes a connection that is told to end before it has read anything, so it reads first. A
    // client that breaks off has its own reasons.
    tokio::select! {
        biased;
        _ = connection.as_mut() => return,
        () = phases.reached(Phase::Draining) => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = connection.await;
}

/// The next connection. Failures pass: a client was gone already, or there is nothing left to open it with.
async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(error) if is_of_the_client(&error) => {}
            Err(error) => {
                tracing::error!(reason = %error.kind(), "cannot accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

fn is_of_the_client(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}
