//! Answers that hold reports.

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use serde::Serialize;

use super::problem::Problem;

/// A report is about this long; room for it is made at once.
const USUAL_REPORT_BYTES: usize = 1024;

/// A report, alone or with something around it, in the form of JSON.
pub(super) fn json(report: &impl Serialize) -> Result<Vec<u8>, Problem> {
    let mut json = Vec::with_capacity(USUAL_REPORT_BYTES);
    serde_json::to_writer(&mut json, report).map_err(|_| Problem::internal())?;
    Ok(json)
}

/// An answer of this type.
pub(super) fn of_type(content_type: &'static str, body: Body) -> Response {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    // An address is personal data: no proxy keeps the answer.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
