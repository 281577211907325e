//! What tells a command to stop: SIGTERM or SIGINT, and the same again for who cannot wait.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::http::{Phase, Phases};

/// The phases of the service, and the work that has signals bring them about, which never ends. From now
/// on SIGTERM and SIGINT no longer end the process. To be called within a tokio runtime.
///
/// # Errors
/// The system does not let us wait for signals.
pub(super) fn phases() -> io::Result<(Phases, impl Future<Output = ()> + Send + 'static)> {
    let mut interrupts = Interrupts::new()?;
    let (phase, phases) = Phases::new();
    let work = async move {
        for next in [Phase::Draining, Phase::Leaving] {
            interrupts.next().await;
            phase.send_replace(next);
            match next {
                Phase::Draining => {
                    tracing::info!("stopping: requests under way are finished first");
                }
                Phase::Running | Phase::Leaving => tracing::warn!("stopping at once"),
            }
        }
        // Whoever watches the phases must not take the end of this for their end.
        std::future::pending::<()>().await;
    };
    Ok((phases, work))
}

/// What ends the work in good order: SIGINT, which is Ctrl-C, and SIGTERM.
pub(super) struct Interrupts {
    interrupt: Signal,
    terminate: Signal,
}

impl Interrupts {
    /// From now on those signals no longer end the process. To be called within a tokio runtime.
    ///
    /// # Errors
    /// The system does not let us wait for signals.
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
