//! `POST /v1/validate`: one address in, one report out.

use std::net::SocketAddr;

use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderValue, header};
use axum::response::Response;

use super::App;
use super::body::json_bytes;
use super::problem::{Problem, ProblemKind};
use super::request::ValidateBody;
use crate::report::Form;
use crate::validator::{self, Manner};
use crate::verdict::Depth;

/// A report is about this long; room for it is made at once.
const USUAL_REPORT_BYTES: usize = 1024;

pub(super) async fn validate(
    State(app): State<App>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let bytes = json_bytes(&parts.headers, body).await?;
    let body = ValidateBody::parse(&bytes)?;
    let default_timeout = match body.depth {
        Depth::Syntax | Depth::Domain => app.timeout,
        Depth::Mailbox => app.mailbox_timeout,
    };
    let request = validator::Request {
        text: &body.email,
        depth: body.depth,
        manner: if body.strict { Manner::Strict } else { app.manner },
        budget: body.timeout.unwrap_or(default_timeout),
        caller: app.access.caller(peer),
        locale: body.locale.as_ref(),
    };
    let report = app.validator.validate(&request).await;
    let mut json = Vec::with_capacity(USUAL_REPORT_BYTES);
    serde_json::to_writer(&mut json, &report.json(Form::Full))
        .map_err(|_| Problem::new(ProblemKind::Internal, "The report could not be written."))?;
    let mut response = Response::new(Body::from(json));
    let content_type = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, content_type);
    // An address is personal data: no proxy keeps the answer.
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}
