//! Who is at work, so that nobody is left standing when the process ends: a server that is hung up on takes
//! note of it, and other processes would wait for a connection of which nobody says that it is over.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

/// How long the end of the process waits for mail servers.
const TIMEOUT: Duration = Duration::from_secs(10);

/// How many are at work, and whether it is time to stop.
#[derive(Default)]
pub(super) struct RunningTasks {
    count: Arc<watch::Sender<usize>>,
    is_over: watch::Sender<bool>,
}

/// Somebody is at work as long as this is kept.
pub(super) struct TaskGuard(Arc<watch::Sender<usize>>);

impl RunningTasks {
    pub(super) fn begin(&self) -> TaskGuard {
        self.count.send_modify(|count| *count += 1);
        TaskGuard(self.count.clone())
    }

    /// What comes of waiting; none where it is time to stop.
    pub(super) async fn unless_over<T>(&self, waiting: impl Future<Output = T>) -> Option<T> {
        let mut is_over = self.is_over.subscribe();
        tokio::select! {
            biased;
            // It never fails: the sender is ours.
            _ = is_over.wait_for(|is_over| *is_over) => None,
            waited = waiting => Some(waited),
        }
    }

    /// Whether it is time to stop.
    pub(super) fn is_over(&self) -> bool {
        *self.is_over.borrow()
    }

    /// Nobody shall begin anything, and those who have begun may finish it.
    pub(super) async fn shut_down(&self) {
        self.is_over.send_replace(true);
        let mut count = self.count.subscribe();
        // Whoever takes longer is left behind.
        let _ = timeout(TIMEOUT, count.wait_for(|count| *count == 0)).await;
    }
}

impl Drop for TaskGuard {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::{Instant, sleep};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_has_begun_may_finish_and_nobody_waits_any_longer() {
        // How long the work takes, and how long the end waits for it.
        for (work, expected) in [(0, 0), (3, 3), (60, 10)] {
            let at_work = Arc::new(RunningTasks::default());
            let worker = at_work.clone();
            let (begun, has_begun) = tokio::sync::oneshot::channel();
            tokio::spawn(async move {
                let _guard = worker.begin();
                begun.send(()).unwrap();
                sleep(Duration::from_secs(work)).await;
            });
            has_begun.await.unwrap();
            let begin = Instant::now();
            let waiting = async {
                let waited = at_work.unless_over(std::future::pending::<()>()).await;
                (waited, begin.elapsed())
            };
            let (waited, ()) = tokio::join!(waiting, at_work.shut_down());
            assert_eq!(waited, (None, Duration::ZERO), "work of {work} s");
            assert_eq!(begin.elapsed().as_secs(), expected, "work of {work} s");
        }
    }
}
