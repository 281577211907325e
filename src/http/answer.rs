//! Answers with reports.

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use serde::Serialize;

use super::problem::Problem;

/// A report is usually shorter, so that its buffer need not grow.
const USUAL_REPORT_BYTES: usize = 1024;

/// Writes a report as JSON.
pub(super) fn json(report: &impl Serialize) -> Result<Vec<u8>, Problem> {
    let mut json = Vec::with_capacity(USUAL_REPORT_BYTES);
    serde_json::to_writer(&mut json, report).map_err(|_| Problem::internal())?;
    Ok(json)
}

/// An answer with this body.
pub(super) fn of_type(content_type: &'static str, body: Body) -> Response {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    // An address is personal data: no proxy may store the answer.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
