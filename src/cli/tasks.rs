//! The background tasks of the service. None of them ever ends: if one does, it panicked or has a bug, and
//! the service stops instead of running on without it.

use std::fmt;

use tokio::task::JoinSet;
use tokio_util::task::AbortOnDropHandle;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Task {
    AdminSocket,
    ListReloader,
    MetricsUpkeep,
    Signals,
    DnsWatch,
}

impl fmt::Display for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AdminSocket => "the socket for readiness and metrics",
            Self::ListReloader => "the reloading of lists",
            Self::MetricsUpkeep => "the upkeep of metrics",
            Self::Signals => "the handling of signals",
            Self::DnsWatch => "the test of the DNS servers",
        })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} ended, so the service stops; this is an internal error, please report it")]
pub(super) struct TaskEnded(Task);

/// The running tasks. Dropping this aborts them.
#[derive(Default)]
pub(super) struct ServiceTasks(JoinSet<Task>);

impl ServiceTasks {
    /// Starts a task. To be called within a tokio runtime.
    pub(super) fn spawn(&mut self, task: Task, work: impl Future<Output = ()> + Send + 'static) {
        let work = AbortOnDropHandle::new(tokio::spawn(work));
        self.0.spawn(async move {
            // An error is a panic, which is the end of the task as well.
            let _ = work.await;
            task
        });
    }

    /// Runs `service` to its end, unless a task ends or panics before.
    pub(super) async fn watch<T>(
        &mut self,
        service: impl Future<Output = T>,
    ) -> Result<T, TaskEnded> {
        tokio::select! {
            biased;
            done = service => Ok(done),
            Some(Ok(task)) = self.0.join_next() => Err(TaskEnded(task)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use super::*;

    #[tokio::test]
    async fn a_task_that_ends_or_panics_ends_the_service() {
        for panics in [false, true] {
            let mut tasks = ServiceTasks::default();
            tasks.spawn(Task::AdminSocket, pending());
            tasks.spawn(Task::ListReloader, async move { assert!(!panics, "joe@example.org") });
            let ended = tasks.watch(pending::<()>()).await.unwrap_err();
            assert_eq!(ended, TaskEnded(Task::ListReloader), "panics: {panics}");
            let message = ended.to_string();
            assert!(
                message.starts_with("the reloading of lists ended") && !message.contains('@'),
                "{message}"
            );
        }
    }

    #[tokio::test]
    async fn a_service_that_ends_is_done() {
        let mut tasks = ServiceTasks::default();
        assert_eq!(tasks.watch(ready(7)).await, Ok(7));
        tasks.spawn(Task::MetricsUpkeep, pending());
        assert_eq!(tasks.watch(ready(7)).await, Ok(7));
    }
}
