//! The service: validation as JSON over HTTP.
//!
//! [`router`] makes the routes, [`serve`] runs them on a socket until it is told to stop.

mod body;
mod guard;
mod log;
mod problem;
mod request;
mod serve;
mod validate;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tower_http::catch_panic::CatchPanicLayer;

use crate::route::Trust;
use crate::telemetry::Metrics;
use crate::validator::{Manner, Validator};
use problem::{Problem, ProblemKind};

pub use guard::Access;
pub use serve::{Drained, listen, serve};

/// What the routes share.
#[derive(Clone)]
pub struct App {
    /// The pipeline.
    pub validator: Arc<Validator>,
    /// How long an answer may take where the request does not say.
    pub timeout: Duration,
    /// The same for requests that want the mailbox.
    pub mailbox_timeout: Duration,
    /// What to do about what is pasted around an address, unless the request is stricter.
    pub manner: Manner,
    /// Who may ask.
    pub access: Access,
    /// What was counted.
    pub metrics: Metrics,
}

/// The routes of the service.
pub fn router(app: App) -> Router {
    let host = from_fn_with_state(app.access, guard::check_host);
    Router::new()
        .route("/v1/validate", post(validate::validate))
        .route("/metrics", get(metrics))
        .route_layer(host)
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .with_state(app)
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn(log::log_request))
}

async fn healthz() -> &'static str {
    "ok\n"
}

/// Ready is who can give answers that are worth something.
async fn readyz(State(app): State<App>) -> impl IntoResponse {
    match app.validator.dns_trust() {
        Some(Trust::Sound) => (StatusCode::OK, "ready\n".to_owned()),
        Some(trust @ (Trust::Invents | Trust::Denies)) => {
            (StatusCode::SERVICE_UNAVAILABLE, format!("the DNS resolver {}\n", trust.code()))
        }
        None => (StatusCode::SERVICE_UNAVAILABLE, "the DNS resolver is being tested\n".to_owned()),
    }
}

async fn metrics(State(app): State<App>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], app.metrics.render())
}

async fn not_found() -> Problem {
    Problem::new(ProblemKind::NotFound, "Addresses are sent to POST /v1/validate.")
}

async fn method_not_allowed() -> Problem {
    Problem::new(ProblemKind::MethodNotAllowed, "The header Allow names the methods of this route.")
}

/// The panic's own words may hold anything, and stay out of the answer.
fn panicked(_: Box<dyn std::any::Any + Send>) -> Response {
    tracing::error!("a request met a fault of ours and was answered with 500");
    Problem::new(ProblemKind::Internal, "The request could not be answered; it can be tried again.")
        .into_response()
}
