//! Running the routes on a socket, and leaving in good order.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// How a service ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drained {
    /// Every request that had been accepted was answered.
    Wholly,
    /// Some were still under way when the time for them was over.
    CutShort,
}

/// Answers requests until `shutdown` comes true, then finishes those under way, `drain` at most.
///
/// # Errors
/// The socket cannot be used.
pub async fn serve(
    listener: TcpListener,
    app: Router,
    shutdown: impl Future<Output = ()> + Send + 'static,
    drain: Duration,
) -> io::Result<Drained> {
    let listener = listener.tap_io(|connection| {
        // Answers are small and whole: waiting for more to send with them only costs time.
        let _ = connection.set_nodelay(true);
    });
    let (stopping, stopped) = oneshot::channel();
    let app = app.into_make_service_with_connect_info::<SocketAddr>();
    let server = axum::serve(listener, app).with_graceful_shutdown(async move {
        shutdown.await;
        // The receiver may be gone: then nobody waits for the drain any more.
        let _ = stopping.send(());
    });
    let out_of_time = async {
        match stopped.await {
            Ok(()) => tokio::time::sleep(drain).await,
            // The server ended by itself; its own result is the one that counts.
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        ended = server.into_future() => ended.map(|()| Drained::Wholly),
        () = out_of_time => Ok(Drained::CutShort),
    }
}
