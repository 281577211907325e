//! The life of a service: it runs, finishes what is under way, leaves.

use tokio::sync::watch;

/// Where in its life a service is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// It takes requests.
    Running,
    /// It finishes those that it took.
    Draining,
    /// It leaves, whatever is under way.
    Leaving,
}

/// Tells in which phase the service is.
#[derive(Clone)]
pub struct Phases(watch::Receiver<Phase>);

impl Phases {
    /// The phases, and what makes them go on.
    pub fn new() -> (watch::Sender<Phase>, Self) {
        let (sender, receiver) = watch::channel(Phase::Running);
        (sender, Self(receiver))
    }

    /// The phase.
    pub fn now(&self) -> Phase {
        *self.0.borrow()
    }

    /// Comes true when this phase or a later one has come. Never, where nobody is left to say so.
    pub async fn reached(&self, phase: Phase) {
        if self.0.clone().wait_for(|now| *now >= phase).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
