//! The tasks beside the service's own work. None of them ever ends: where one does, something is broken,
//! and the process must not go on as if nothing had happened.

use std::collections::HashMap;
use std::fmt;

use tokio::task::{Id, JoinSet};

/// What a task does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Task {
    /// Serves readiness and metrics on a socket of their own.
    AdminSocket,
    /// Reads the lists again.
    ListReloader,
    /// Sums up what was measured.
    Metrics,
    /// Waits for signals.
    Signals,
    /// Tests the DNS servers.
    DnsWatch,
}

impl fmt::Display for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AdminSocket => "the socket for readiness and metrics",
            Self::ListReloader => "the reloading of lists",
            Self::Metrics => "the summing up of metrics",
            Self::Signals => "the handling of signals",
            Self::DnsWatch => "the test of the DNS servers",
        })
    }
}

/// A task ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} ended, so the service stops; this is an internal error, please report it")]
pub(super) struct TaskEnded(Task);

/// The tasks. They are aborted when this is dropped.
#[derive(Default)]
pub(super) struct ServiceTasks {
    running: JoinSet<()>,
    tasks: HashMap<Id, Task>,
}

impl ServiceTasks {
    /// Starts a task. To be called within a tokio runtime.
    pub(super) fn spawn(&mut self, task: Task, work: impl Future<Output = ()> + Send + 'static) {
        let handle = self.running.spawn(work);
        self.tasks.insert(handle.id(), task);
    }

    /// What comes of the work, unless a task ends or panics before.
    pub(super) async fn watch<T>(&mut self, work: impl Future<Output = T>) -> Result<T, TaskEnded> {
        tokio::select! {
            biased;
            done = work => Ok(done),
            task = self.first_to_end() => Err(TaskEnded(task)),
        }
    }

    async fn first_to_end(&mut self) -> Task {
        let id = match self.running.join_next_with_id().await {
            None => return std::future::pending().await,
            Some(Ok((id, ()))) => id,
            Some(Err(error)) => error.id(),
        };
        match self.tasks.get(&id) {
            Some(task) => *task,
            // Every task that was started is there.
            None => std::future::pending().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use super::*;

    #[tokio::test]
    async fn a_task_that_ends_or_panics_ends_the_work() {
        for panics in [false, true] {
            let mut tasks = ServiceTasks::default();
            tasks.spawn(Task::AdminSocket, pending());
            tasks.spawn(Task::ListReloader, async move { assert!(!panics, "joe@example.org") });
            let ended = tasks.watch(pending::<()>()).await.unwrap_err();
            assert_eq!(ended, TaskEnded(Task::ListReloader), "panics: {panics}");
            let said = ended.to_string();
            assert!(
                said.starts_with("the reloading of lists ended") && !said.contains('@'),
                "{said}"
            );
        }
    }

    #[tokio::test]
    async fn work_that_is_done_is_done() {
        let mut tasks = ServiceTasks::default();
        assert_eq!(tasks.watch(ready(7)).await, Ok(7));
        tasks.spawn(Task::Metrics, pending());
        assert_eq!(tasks.watch(ready(7)).await, Ok(7));
    }
}
