//! One connection: its requests are answered until its client goes away, or the service does.

use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout_at};
use tokio_io_timeout::TimeoutStream;
use tower::ServiceExt;

use super::phase::{Phase, Phases};
use super::stream::Stream;

/// A head that fits into this is never too long. hyper looks only after each read, so a longer one may
/// pass.
const MAX_HEAD_BYTES: usize = 32 * 1024;

/// How a connection is treated.
#[derive(Clone, Copy)]
pub(super) struct ConnectionOptions {
    /// How long the client may take for the head of a request, and how long an unused connection is kept.
    pub(super) head_time: Duration,
    /// How long it may take no part of its answer.
    pub(super) write_time: Duration,
    /// How long it may stay.
    pub(super) stay: KeepAlive,
}

/// How long a connection lasts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum KeepAlive {
    /// For as many requests as come.
    AsLongAsYouLike,
    /// For one request.
    ForOneAnswer,
}

/// Answers what comes on a connection by these routes.
pub(super) async fn serve_connection(
    stream: TcpStream,
    peer: SocketAddr,
    routes: Router,
    manners: ConnectionOptions,
    phases: &Phases,
) {
    // Answers are small and whole: waiting for more to send with them only costs time.
    let _ = stream.set_nodelay(true);
    let stream = Stream::new(stream);
    let deadline = Instant::now() + manners.head_time;
    if !has_begun(&stream, deadline, phases).await {
        return;
    }
    let first_head = Notify::new();
    let too_slow = async {
        if timeout_at(deadline, first_head.notified()).await.is_ok() {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        biased;
        // hyper sees that by itself only where it has nothing left to read.
        () = stream.hung_up() => {}
        () = drive(stream.clone(), peer, routes, manners, phases, &first_head) => {}
        // hyper gives a head its whole time again once it has begun.
        () = too_slow => {}
    }
}

/// Waits for the first byte of a client; false where none comes in time. Whoever connected before the
/// service was told to stop still has a moment to say what for.
async fn has_begun(stream: &Stream, deadline: Instant, phases: &Phases) -> bool {
    const MOMENT: Duration = Duration::from_secs(1);
    let too_late = async {
        phases.reached(Phase::Draining).await;
        sleep(MOMENT).await;
    };
    tokio::select! {
        biased;
        has_begun = stream.has_begun() => has_begun,
        () = tokio::time::sleep_until(deadline) => false,
        () = too_late => false,
    }
}

/// Answers the requests of one connection on which a first byte has come.
async fn drive(
    stream: Stream,
    peer: SocketAddr,
    routes: Router,
    manners: ConnectionOptions,
    phases: &Phases,
    first_head: &Notify,
) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(manners.head_time)
        .max_buf_size(MAX_HEAD_BYTES)
        .keep_alive(manners.stay == KeepAlive::AsLongAsYouLike);
    // A client that takes nothing of its answer for so long is given up.
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(manners.write_time));
    let answer = service_fn(move |request: hyper::Request<Incoming>| {
        first_head.notify_one();
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        routes.clone().oneshot(request)
    });
    let mut connection = pin!(http.serve_connection(TokioIo::new(Box::pin(stream)), answer));
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

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_head_has_its_time_once() {
        let head_time = Duration::from_secs(10);
        let manners = ConnectionOptions {
            head_time,
            write_time: head_time,
            stay: KeepAlive::AsLongAsYouLike,
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        // Each silent before its first byte, after it, and after a whole request.
        for (first, later) in [(9, ""), (0, "GET /"), (9, "GET /"), (9, "GET / HTTP/1.1\r\n")] {
            let mut client = TcpStream::connect(address).await.unwrap();
            let (stream, peer) = listener.accept().await.unwrap();
            let began = Instant::now();
            let (_phase, phases) = Phases::new();
            let attended = tokio::spawn(async move {
                serve_connection(stream, peer, Router::new(), manners, &phases).await
            });
            sleep(Duration::from_secs(first)).await;
            client.write_all(later.as_bytes()).await.unwrap();
            attended.await.unwrap();
            let took = began.elapsed().as_secs();
            assert_eq!(took, head_time.as_secs(), "{first} s, {later:?}");
            let _ = client.read_to_end(&mut Vec::new()).await;
        }
    }
}
