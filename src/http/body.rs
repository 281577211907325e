//! Reading the body of a request: as JSON, within bounds of size and time.

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, header};
use futures_util::StreamExt;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::content_type;
use super::problem::{Problem, ProblemKind};
use super::request::Subject;

/// How long bodies may be, and how long they may take.
#[derive(Clone, Copy, Debug)]
pub struct BodyBounds {
    /// The most bytes of a body with one address.
    pub one_bytes: usize,
    /// The same for a batch.
    pub batch_bytes: usize,
    /// How long a client may take to send a body.
    pub time: Duration,
}

/// What is asked of one body.
#[derive(Clone, Copy)]
pub(super) struct BodyBound {
    bytes: usize,
    time: Duration,
    subject: Subject,
}

impl BodyBounds {
    pub(super) fn one(self) -> BodyBound {
        BodyBound { bytes: self.one_bytes, time: self.time, subject: Subject::One }
    }

    pub(super) fn batch(self) -> BodyBound {
        BodyBound { bytes: self.batch_bytes, time: self.time, subject: Subject::Many }
    }
}

/// The bytes of a body that is said to be JSON. While they come in they take up `memory`.
pub(super) async fn json_bytes(
    headers: &HeaderMap,
    body: Body,
    bound: BodyBound,
    memory: &Semaphore,
) -> Result<Vec<u8>, Problem> {
    content_type::check(headers, bound.subject)?;
    if announced_length(headers).is_some_and(|length| length > bound.bytes) {
        // Before a client that waits for our word (`Expect: 100-continue`) has sent any of it.
        return Err(too_large(bound.bytes));
    }
    let read = read(body, bound.bytes, memory);
    tokio::time::timeout(bound.time, read).await.unwrap_or_else(|_| {
        let detail = format!("The whole body has to arrive within {} ms.", bound.time.as_millis());
        Err(Problem::new(ProblemKind::RequestTimeout, detail))
    })
}

async fn read(body: Body, most: usize, memory: &Semaphore) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    let mut chunks = body.into_data_stream();
    let mut taken: Option<SemaphorePermit<'_>> = None;
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| {
            Problem::new(ProblemKind::BadJson, "The body broke off before its end.")
        })?;
        if bytes.len() + chunk.len() > most {
            return Err(too_large(most));
        }
        let wanted = u32::try_from(chunk.len()).unwrap_or(u32::MAX);
        let further = memory.try_acquire_many(wanted).map_err(|_| Problem::overloaded())?;
        match &mut taken {
            Some(taken) => taken.merge(further),
            None => taken = Some(further),
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

fn too_large(most: usize) -> Problem {
    Problem::new(ProblemKind::TooLarge, format!("The body may have {most} bytes at most."))
}

fn announced_length(headers: &HeaderMap) -> Option<usize> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Reads what is there of a body that nobody wants, for a moment.
pub(super) async fn discard(body: Body) {
    const MOMENT: Duration = Duration::from_secs(1);
    const MOST_BYTES: usize = 64 * 1024;
    // Whether it ends, breaks off or goes on is all the same.
    let _ = tokio::time::timeout(MOMENT, async {
        let mut left = MOST_BYTES;
        let mut chunks = body.into_data_stream();
        while let Some(Ok(chunk)) = chunks.next().await {
            left = left.saturating_sub(chunk.len());
            if left == 0 {
                return;
            }
        }
    })
    .await;
}
