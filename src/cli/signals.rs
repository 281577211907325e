//! The signals that stop a command: SIGTERM and SIGINT (Ctrl-C). The first one stops it in good order. The second one
//! ends `serve` at once; of `check` and `clean` it only ends the wait for mail servers.
//! The steps: `http::shutdown`, `cli::clean`.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::http::Shutdown;

/// The shutdown of `serve`, which follows the signals, and the task that makes it do so, which never ends. From now on
/// SIGTERM and SIGINT no longer end the process. To be called within a tokio runtime.
///
/// # Errors
/// The system refuses the signal handlers.
pub(super) fn service_shutdown() -> io::Result<(Shutdown, impl Future<Output = ()> + Send + 'static)>
{
    let mut interrupts = Interrupts::new()?;
    let shutdown = Shutdown::new();
    let signalled = shutdown.clone();
    let work = async move {
        interrupts.next().await;
        signalled.drain();
        tracing::info!("stopping: requests under way are finished first");
        interrupts.next().await;
        signalled.abort();
        tracing::warn!("stopping at once");
        std::future::pending::<()>().await;
    };
    Ok((shutdown, work))
}

/// SIGTERM and SIGINT.
pub(super) struct Interrupts {
    interrupt: Signal,
    terminate: Signal,
}

impl Interrupts {
    /// From now on those signals no longer end the process. To be called within a tokio runtime.
    ///
    /// # Errors
    /// The system refuses the signal handlers.
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// Waits for the next one.
    pub(super) async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
