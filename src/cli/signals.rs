//! What tells the service to stop: SIGTERM or SIGINT, and the same again for who cannot wait.

use std::io;

use tokio::signal::unix::{SignalKind, signal};

use crate::http::{Phase, Phases};

/// The phases of the service, and the work that has signals bring them about, which never ends. From now
/// on SIGTERM and SIGINT no longer end the process. To be called within a tokio runtime.
///
/// # Errors
/// The system does not let us wait for signals.
pub(super) fn phases() -> io::Result<(Phases, impl Future<Output = ()> + Send + 'static)> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let (phase, phases) = Phases::new();
    let work = async move {
        for next in [Phase::Draining, Phase::Leaving] {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
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
