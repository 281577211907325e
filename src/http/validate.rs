//! `POST /v1/validate`: the report of one address.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::response::Response;

use super::App;
use super::answer;
use super::body::json_bytes;
use super::problem::Problem;
use super::request::{Options, ValidateBody};
use crate::report::JsonForm;
use crate::validator::{self, Client, Priority, Strictness};
use crate::verdict::Depth;

pub(super) async fn validate(
    State(app): State<Arc<App>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let memory = app.admission.one_bytes();
    let mut bytes = json_bytes(&parts.headers, body, app.bodies.one(), memory).await?;
    // After the body was read: a slow client takes no permit from others.
    let _permit = app.admission.request()?;
    let ValidateBody { email, options } = ValidateBody::parse(&mut bytes)?;
    let client = app.guard.client(peer, &parts);
    let report = app.validator.validate(&app.request(&email, &options, client)).await;
    let json = answer::json(&report.json(JsonForm::Full))?;
    Ok(answer::of_type("application/json", Body::from(json)))
}

impl App {
    /// The request to the validator for one text.
    pub(super) fn request<'a>(
        &self,
        text: &'a str,
        options: &'a Options,
        client: Client,
    ) -> validator::Request<'a> {
        let default_timeout = match options.depth {
            Depth::Syntax | Depth::Domain => self.timeout,
            Depth::Mailbox => self.mailbox_timeout,
        };
        validator::Request {
            text,
            depth: options.depth,
            strictness: match options.strictness {
                Strictness::Strict => Strictness::Strict,
                Strictness::Lenient => self.strictness,
            },
            budget: options.timeout.unwrap_or(default_timeout),
            client,
            priority: Priority::Now,
            locale: options.locale.as_ref(),
        }
    }
}
