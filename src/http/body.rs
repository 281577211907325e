//! Reading the body of a request: as JSON, within bounds of size and time.

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, header};
use futures_util::StreamExt;

use super::problem::{Problem, ProblemKind};

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

/// The bounds of one body.
#[derive(Clone, Copy)]
pub(super) struct BodyBound {
    bytes: usize,
    time: Duration,
}

impl BodyBounds {
    pub(super) fn one(self) -> BodyBound {
        BodyBound { bytes: self.one_bytes, time: self.time }
    }

    pub(super) fn batch(self) -> BodyBound {
        BodyBound { bytes: self.batch_bytes, time: self.time }
    }
}

/// The bytes of a body that is said to be JSON.
pub(super) async fn json_bytes(
    headers: &HeaderMap,
    body: Body,
    bound: BodyBound,
) -> Result<Vec<u8>, Problem> {
    if !is_json(headers) {
        let detail = "Send the body with the header `Content-Type: application/json`.";
        return Err(Problem::new(ProblemKind::ContentType, detail));
    }
    if is_encoded(headers) {
        let detail = "Send the body as it is, without `Content-Encoding`.";
        return Err(Problem::new(ProblemKind::ContentType, detail));
    }
    if announced_length(headers).is_some_and(|length| length > bound.bytes) {
        // Before a client that waits for our word (`Expect: 100-continue`) has sent any of it.
        return Err(too_large(bound.bytes));
    }
    tokio::time::timeout(bound.time, read(body, bound.bytes)).await.unwrap_or_else(|_| {
        let detail = format!("The whole body has to arrive within {} ms.", bound.time.as_millis());
        Err(Problem::new(ProblemKind::RequestTimeout, detail))
    })
}

async fn read(body: Body, most: usize) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    let mut chunks = body.into_data_stream();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| {
            Problem::new(ProblemKind::BadJson, "The body broke off before its end.")
        })?;
        if bytes.len() + chunk.len() > most {
            return Err(too_large(most));
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

/// `application/json`, with or without parameters, or a type built on it.
fn is_json(headers: &HeaderMap) -> bool {
    let Some(Ok(value)) = headers.get(header::CONTENT_TYPE).map(|value| value.to_str()) else {
        return false;
    };
    let essence = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json"
        || (essence.starts_with("application/") && essence.ends_with("+json"))
}

/// Whether something was done to the body, such as packing it (RFC 9110 §8.4).
fn is_encoded(headers: &HeaderMap) -> bool {
    let mut lines = headers.get_all(header::CONTENT_ENCODING).iter();
    lines.any(|line| !line.is_empty() && !line.as_bytes().eq_ignore_ascii_case(b"identity"))
}
