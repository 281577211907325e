//! Sends a question again while its answer is late (a hedged request), and still listens for the late answers.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, timeout, timeout_at};

use super::{Answered, ServerId};
use crate::route::{Answer, Failure};

/// How many tries of one question are listened for at the same time: the latest ones. Each holds a socket.
pub(super) const LISTENED: usize = 3;
/// How often one server may answer a question with a failure. Asking a second time is worth it: a recursive server
/// that ran out of time has found out more by then. A packet that could not be sent does not count: it is like a
/// packet that was lost.
const MAX_FAILURES: usize = 2;

/// When a question is sent again, and when it counts as unanswered.
#[derive(Clone, Copy, Debug)]
pub(super) struct HedgeTiming {
    repeat: Duration,
    timeout: Duration,
    tries: usize,
}

impl HedgeTiming {
    /// Repeats a try whose answer is so late, and waits for the answer to the last of so many until its timeout.
    pub(super) fn new(repeat: Duration, timeout: Duration, tries: usize) -> Self {
        Self { repeat: repeat.min(timeout), timeout, tries: tries.max(1) }
    }

    /// The same with at most so many tries.
    pub(super) fn at_most(self, tries: usize) -> Self {
        Self { tries: self.tries.min(tries), ..self }
    }

    pub(super) fn tries(&self) -> usize {
        self.tries
    }

    /// The longest that a question can take.
    pub(super) fn longest(&self) -> Duration {
        let repeats = u32::try_from(self.tries - 1).unwrap_or(u32::MAX);
        self.repeat.saturating_mul(repeats).saturating_add(self.timeout)
    }
}

/// Sends a question until it is answered. `next` returns the server to ask, from a number on, in turn. `send` takes a
/// server and how many tries were sent before, to any server.
///
/// The first answer to any try counts. A failure starts the next try at once where a server is left that did not
/// fail, and counts only when no server answers.
pub(super) async fn hedged<T, F>(
    pace: HedgeTiming,
    first: usize,
    next: impl Fn(usize) -> Option<usize>,
    send: impl Fn(usize, usize) -> F,
) -> Answered<T>
where
    F: Future<Output = Result<Answer<T>, Failure>>,
{
    let Some(server) = next(first) else { return Answered::by_none(Failure::Unreachable) };
    let sent_at = Instant::now();
    let mut attempt = pin!(Some(send(server, 0)));
    let early = match attempt.as_mut().as_pin_mut() {
        Some(attempt) => timeout(pace.repeat, attempt).await,
        None => return Answered::by_none(Failure::Unreachable),
    };
    let mut question = PendingQuestion {
        pace,
        next,
        asked: vec![ServerTries { server, times: 1, ended: 0, failures: 0 }],
        sent: 1,
        last_sent: sent_at,
        turn: server + 1,
        failure: None,
    };
    let mut pending = Vec::with_capacity(LISTENED);
    match early {
        Ok(Ok(answer)) => return Answered::by(ServerId(server), Ok(answer)),
        Ok(Err(failure)) => question.failed(server, failure),
        Err(_) => pending.push(PendingTries { server, attempt: SentTry::First(attempt) }),
    }
    // Only late and failed questions need all of this.
    Box::pin(question.finish(pending, send)).await
}

/// A question that was sent at least once.
struct PendingQuestion<N> {
    pace: HedgeTiming,
    next: N,
    asked: Vec<ServerTries>,
    sent: usize,
    last_sent: Instant,
    /// The search for the next server begins with this one.
    turn: usize,
    failure: Option<(Failure, usize)>,
}

/// The tries that one server got.
struct ServerTries {
    server: usize,
    times: usize,
    /// How many of these tries ended without an answer.
    ended: usize,
    /// How many of those ended with a failure that the server sent.
    failures: usize,
}

/// A server that may be asked next.
enum NextServer {
    /// None of its tries ended.
    Fresh(usize),
    /// All others failed too; this one is tried again.
    Failed(usize),
}

impl<N: Fn(usize) -> Option<usize>> PendingQuestion<N> {
    async fn finish<T, F>(
        mut self,
        mut pending: Vec<PendingTries<'_, F>>,
        send: impl Fn(usize, usize) -> F,
    ) -> Answered<T>
    where
        F: Future<Output = Result<Answer<T>, Failure>>,
    {
        loop {
            let candidate = self.candidate();
            if pending.is_empty() {
                match &candidate {
                    Some(fresh @ NextServer::Fresh(_)) => {
                        self.send(fresh, &mut pending, &send);
                        continue;
                    }
                    Some(NextServer::Failed(_)) => {}
                    None => return self.unanswered(),
                }
            }
            let wait = if candidate.is_some() { self.pace.repeat } else { self.pace.timeout };
            match (timeout_at(self.last_sent + wait, ready(&mut pending)).await, candidate) {
                (Ok((server, Ok(answer))), _) => return Answered::by(ServerId(server), Ok(answer)),
                (Ok((server, Err(failure))), _) => {
                    self.failed(server, failure);
                    if let Some(fresh @ NextServer::Fresh(_)) = self.candidate() {
                        self.send(&fresh, &mut pending, &send);
                    }
                }
                (Err(_), Some(candidate)) => self.send(&candidate, &mut pending, &send),
                (Err(_), None) => return self.unanswered(),
            }
        }
    }

    fn send<F>(
        &mut self,
        candidate: &NextServer,
        pending: &mut Vec<PendingTries<'_, F>>,
        send: impl Fn(usize, usize) -> F,
    ) {
        let (NextServer::Fresh(server) | NextServer::Failed(server)) = *candidate;
        if pending.len() == LISTENED {
            pending.remove(0);
        }
        let attempt = SentTry::Again(Box::pin(send(server, self.sent)));
        self.tries_of(server).times += 1;
        pending.push(PendingTries { server, attempt });
        self.sent += 1;
        self.last_sent = Instant::now();
        self.turn = server + 1;
    }

    /// The server to ask next: the next in turn that did not fail, else the next that may fail again.
    fn candidate(&self) -> Option<NextServer> {
        if self.sent == self.pace.tries {
            return None;
        }
        let first = (self.next)(self.turn)?;
        let mut failed = None;
        let mut server = first;
        loop {
            let asked = self.asked.iter().find(|asked| asked.server == server);
            match asked {
                None | Some(ServerTries { ended: 0, .. }) => {
                    return Some(NextServer::Fresh(server));
                }
                Some(asked) if asked.failures < MAX_FAILURES => failed = failed.or(Some(server)),
                Some(_) => {}
            }
            server = (self.next)(server + 1)?;
            if server == first {
                return failed.map(NextServer::Failed);
            }
        }
    }

    fn failed(&mut self, server: usize, failure: Failure) {
        let asked = self.tries_of(server);
        asked.ended += 1;
        asked.failures += usize::from(is_from_server(failure));
        // A server's failure says more than that no server could be asked.
        match self.failure {
            Some((known, _)) if is_from_server(known) || !is_from_server(failure) => {}
            _ => self.failure = Some((failure, server)),
        }
    }

    fn tries_of(&mut self, server: usize) -> &mut ServerTries {
        let known = self.asked.iter().position(|asked| asked.server == server);
        let index = known.unwrap_or_else(|| {
            self.asked.push(ServerTries { server, times: 0, ended: 0, failures: 0 });
            self.asked.len() - 1
        });
        &mut self.asked[index]
    }

    fn unanswered<T>(&self) -> Answered<T> {
        let was_silent = self.asked.iter().any(|asked| asked.ended < asked.times);
        match self.failure {
            Some((failure, server)) if is_from_server(failure) => {
                Answered::by(ServerId(server), Err(failure))
            }
            Some((failure, _)) if !was_silent => Answered::by_none(failure),
            Some(_) | None => Answered::by_none(Failure::Timeout),
        }
    }
}

/// Whether a server sent the failure.
fn is_from_server(failure: Failure) -> bool {
    match failure {
        Failure::ServFail
        | Failure::Refused
        | Failure::Malformed
        | Failure::Contradicted
        | Failure::Untrusted
        | Failure::Unconfirmed => true,
        Failure::Timeout | Failure::Unreachable | Failure::Overloaded | Failure::TooManyServers => {
            false
        }
    }
}

/// A try that is listened for.
struct PendingTries<'a, F> {
    server: usize,
    attempt: SentTry<'a, F>,
}

enum SentTry<'a, F> {
    /// The first one, which needs no allocation.
    First(Pin<&'a mut Option<F>>),
    Again(Pin<Box<F>>),
}

impl<F: Future> SentTry<'_, F> {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<F::Output> {
        match self {
            Self::First(attempt) => match attempt.as_mut().as_pin_mut() {
                Some(attempt) => attempt.poll(context),
                None => Poll::Pending,
            },
            Self::Again(attempt) => attempt.as_mut().poll(context),
        }
    }
}

/// Closes the socket of a try that is listened for no more.
impl<F> Drop for SentTry<'_, F> {
    fn drop(&mut self) {
        if let Self::First(attempt) = self {
            attempt.set(None);
        }
    }
}

/// Removes the first of these that ends.
async fn ready<F: Future>(pending: &mut Vec<PendingTries<'_, F>>) -> (usize, F::Output) {
    poll_fn(|context| {
        let polled = pending.iter_mut().enumerate().find_map(|(index, pending)| {
            match pending.attempt.poll(context) {
                Poll::Ready(output) => Some((index, output)),
                Poll::Pending => None,
            }
        });
        match polled {
            Some((index, output)) => Poll::Ready((pending.remove(index).server, output)),
            None => Poll::Pending,
        }
    })
    .await
}

#[cfg(test)]
mod tests;
