//! Serves one connection: answers its requests until the client or the service closes it.
//!
//! hyper-util's `GracefulShutdown` is not used: it closes a connection from which nothing was read yet, also
//! where its request is on the way.

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
use tokio::time::timeout;
use tokio_io_timeout::TimeoutStream;
use tower::ServiceExt;

use super::shutdown::Shutdown;
use super::stream::SharedStream;

/// A shorter head is never refused. A longer one may pass, since hyper checks the length after each read.
const MAX_HEAD_BYTES: usize = 32 * 1024;
/// On shutdown, how long a connection without a request so far is kept open for one.
const FIRST_REQUEST_TIME: Duration = Duration::from_secs(1);

#[derive(Clone, Copy)]
pub(super) struct ConnectionOptions {
    /// How long the client may take to send the head of a request, and how long an unused connection is
    /// kept.
    pub(super) head_time: Duration,
    /// How long the client may read nothing of its answer.
    pub(super) write_time: Duration,
    pub(super) keep_alive: KeepAlive,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum KeepAlive {
    /// The connection carries any number of requests.
    On,
    /// The connection is closed after one answer.
    Off,
}

/// Answers the requests of one connection with these routes.
pub(super) async fn serve_connection(
    stream: TcpStream,
    peer: SocketAddr,
    routes: Router,
    options: ConnectionOptions,
    shutdown: &Shutdown,
) {
    // Answers are small and written whole: Nagle's algorithm would only delay them.
    let _ = stream.set_nodelay(true);
    let stream = SharedStream::new(stream);
    tokio::select! {
        biased;
        () = stream.closed_by_client() => {}
        () = drive(stream.clone(), peer, routes, options, shutdown) => {}
    }
}

/// Runs hyper on the connection.
async fn drive(
    stream: SharedStream,
    peer: SocketAddr,
    routes: Router,
    options: ConnectionOptions,
    shutdown: &Shutdown,
) {
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(options.write_time));
    let first_request = Notify::new();
    let answer = service_fn(|request: hyper::Request<Incoming>| {
        first_request.notify_one();
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        routes.clone().oneshot(request)
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(options.head_time)
        .max_buf_size(MAX_HEAD_BYTES)
        .keep_alive(options.keep_alive == KeepAlive::On);
    let mut connection = pin!(http.serve_connection(TokioIo::new(Box::pin(stream)), answer));
    // Errors are the client's: it broke off, was too slow, or sent no HTTP.
    tokio::select! {
        biased;
        _ = connection.as_mut() => return,
        () = shutdown.draining() => {}
    }
    tokio::select! {
        biased;
        _ = connection.as_mut() => return,
        _ = timeout(FIRST_REQUEST_TIME, first_request.notified()) => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = connection.await;
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use tokio::time::{Instant, sleep};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_head_has_its_time_once() {
        let head_time = Duration::from_secs(10);
        let options =
            ConnectionOptions { head_time, write_time: head_time, keep_alive: KeepAlive::On };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        // Each silent before its first byte, after it, and after a whole request line.
        for (first, later) in [(9, ""), (0, "GET /"), (9, "GET /"), (9, "GET / HTTP/1.1\r\n")] {
            let mut client = TcpStream::connect(address).await.unwrap();
            let (stream, peer) = listener.accept().await.unwrap();
            let began = Instant::now();
            let served = tokio::spawn(async move {
                serve_connection(stream, peer, Router::new(), options, &Shutdown::new()).await;
            });
            sleep(Duration::from_secs(first)).await;
            client.write_all(later.as_bytes()).await.unwrap();
            served.await.unwrap();
            let took = began.elapsed().as_secs();
            assert_eq!(took, head_time.as_secs(), "{first} s, {later:?}");
            let _ = client.read_to_end(&mut Vec::new()).await;
        }
    }
}
