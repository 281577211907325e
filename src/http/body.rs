//! Reading the body of a request: as JSON, within bounds of size and time.

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, header};
use futures_util::StreamExt;

use super::problem::{Problem, ProblemKind};

/// The most bytes of a body. An address has 254; the rest is for what people paste around it.
pub(super) const MAX_BODY_BYTES: usize = 16 * 1024;
/// How long a client may take to send a body.
const MAX_BODY_TIME: Duration = Duration::from_secs(10);

/// The bytes of a body that is said to be JSON.
pub(super) async fn json_bytes(headers: &HeaderMap, body: Body) -> Result<Vec<u8>, Problem> {
    if !is_json(headers) {
        let detail = "Send the body with the header `Content-Type: application/json`.";
        return Err(Problem::new(ProblemKind::ContentType, detail));
    }
    tokio::time::timeout(MAX_BODY_TIME, bounded(body)).await.unwrap_or_else(|_| {
        let seconds = MAX_BODY_TIME.as_secs();
        let detail = format!("The whole body has to arrive within {seconds} seconds.");
        Err(Problem::new(ProblemKind::RequestTimeout, detail))
    })
}

async fn bounded(body: Body) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    let mut chunks = body.into_data_stream();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| {
            Problem::new(ProblemKind::BadJson, "The body broke off before its end.")
        })?;
        if bytes.len() + chunk.len() > MAX_BODY_BYTES {
            let detail = format!("The body may have {MAX_BODY_BYTES} bytes at most.");
            return Err(Problem::new(ProblemKind::TooLarge, detail));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
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
