//! What tells the service to stop: SIGTERM or SIGINT, and the same again for who cannot wait.

use std::io;

use tokio::signal::unix::{SignalKind, signal};

use crate::http::{Phase, Phases};

/// The phases of the service as signals bring them about. From now on SIGTERM and SIGINT no longer end
/// the process. To be called within a tokio runtime.
///
/// # Errors
/// The system does not let us wait for signals.
pub(super) fn phases() -> io::Result<Phases> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let (phase, phases) = Phases::new();
    tokio::spawn(async move {
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
        // Whoever watches the phases must not take the end of this task for their end.
        phase.closed().await;
    });
    Ok(phases)
}
