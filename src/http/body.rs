//! Reads the body of a request, within bounds of size, time and memory.

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, header};
use futures_util::StreamExt;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::content_type;
use super::problem::{Problem, ProblemKind};
use super::request::Subject;

/// Bounds of bodies.
#[derive(Clone, Copy, Debug)]
pub struct BodyBounds {
    /// Most bytes of a body with one address.
    pub one_bytes: usize,
    /// Most bytes of the body of a batch.
    pub batch_bytes: usize,
    /// How long a client may take to send a body.
    pub time: Duration,
}

/// Bounds of one body.
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

/// Reads a body whose head says that it is JSON. While it is read, its bytes take permits of `memory`.
pub(super) async fn json_bytes(
    headers: &HeaderMap,
    body: Body,
    bound: BodyBound,
    memory: &Semaphore,
) -> Result<Vec<u8>, Problem> {
    content_type::check(headers, bound.subject)?;
    if announced_length(headers).is_some_and(|length| length > bound.bytes) {
        // Before hyper answers `Expect: 100-continue`, so that the client need not send the body.
        return Err(too_large(bound.bytes));
    }
    let read = read(body, bound.bytes, memory);
    tokio::time::timeout(bound.time, read).await.unwrap_or_else(|_| {
        let detail = format!("The whole body must arrive within {} ms.", bound.time.as_millis());
        Err(Problem::new(ProblemKind::RequestTimeout, detail))
    })
}

async fn read(body: Body, max_bytes: usize, memory: &Semaphore) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    let mut chunks = body.into_data_stream();
    let mut permit: Option<SemaphorePermit<'_>> = None;
    while let Some(chunk) = chunks.next().await {
        let chunk =
            chunk.map_err(|_| Problem::new(ProblemKind::BadJson, "The body ended early."))?;
        if bytes.len() + chunk.len() > max_bytes {
            return Err(too_large(max_bytes));
        }
        let wanted = u32::try_from(chunk.len()).unwrap_or(u32::MAX);
        let more = memory.try_acquire_many(wanted).map_err(|_| Problem::overloaded())?;
        match &mut permit {
            Some(permit) => permit.merge(more),
            None => permit = Some(more),
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

fn too_large(max_bytes: usize) -> Problem {
    Problem::new(ProblemKind::TooLarge, format!("The body may have at most {max_bytes} bytes."))
}

fn announced_length(headers: &HeaderMap) -> Option<usize> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Reads and drops a body, for a bounded time and size.
pub(super) async fn discard(body: Body) {
    const TIME: Duration = Duration::from_secs(1);
    const MAX_BYTES: usize = 64 * 1024;
    // Whether it is complete does not matter.
    let _ = tokio::time::timeout(TIME, async {
        let mut left = MAX_BYTES;
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
