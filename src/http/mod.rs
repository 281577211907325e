//! The service: validation as JSON over HTTP.
//!
//! [`router`] makes the routes, [`serve`] runs them on a socket until it is told to stop.
//! A request goes through the log (`log`) and the question who may ask (`guard`) to its route (`validate`,
//! `batch`, `health`). Those with a body read it, then ask whether there is room for it (`admission`).

mod accept;
mod admission;
mod answer;
mod batch;
mod body;
mod connection;
mod content_type;
mod forwarded;
mod guard;
mod health;
mod host;
mod listen;
mod log;
mod phase;
mod problem;
mod refusal;
mod request;
mod serve;
mod stream;
mod validate;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::Uri;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tower_http::catch_panic::CatchPanicLayer;

use crate::telemetry::Metrics;
use crate::validator::{Strictness, Validator};
use problem::{Problem, ProblemKind};
use request::Subject;

pub use admission::{Admission, Bounds};
pub use body::BodyBounds;
pub use forwarded::ClientHeaderError;
pub use guard::{Access, Guard};
pub use listen::{AdminSocket, Inherited, InheritedError, PassedIn, Socket, inherited, open};
pub use phase::{Phase, Phases};
pub use serve::{ConnectionBounds, Drained, serve};

/// What the routes share.
pub struct App {
    /// The pipeline.
    pub validator: Arc<Validator>,
    /// How long an answer may take where the request does not say.
    pub timeout: Duration,
    /// The same for requests that want the mailbox.
    pub mailbox_timeout: Duration,
    /// How long a batch may take.
    pub batch_timeout: Duration,
    /// What to do about what is pasted around an address, unless the request is stricter.
    pub strictness: Strictness,
    /// Who may ask.
    pub guard: Guard,
    /// How much at once.
    pub admission: Admission,
    /// How long bodies may be.
    pub bodies: BodyBounds,
    /// What was counted.
    pub metrics: Metrics,
    /// Whether the service is about to stop.
    pub phases: Phases,
}

/// Where readiness and metrics are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admin {
    /// Beside the other routes.
    Here,
    /// On a socket of their own.
    Elsewhere,
}

/// The routes of the service.
pub fn router(app: Arc<App>, admin: Admin) -> Router {
    let guard = from_fn_with_state(app.clone(), guard::check);
    let mut routes =
        Router::new().route(VALIDATE, post(validate::validate)).route(BATCH, post(batch::batch));
    if admin == Admin::Here {
        routes = routes.route("/metrics", get(health::metrics));
    }
    routes = routes.route_layer(guard);
    if admin == Admin::Here {
        routes = routes.route("/readyz", get(health::readyz));
    }
    finished(routes.route("/healthz", get(health::healthz)).with_state(app))
}

/// The routes for whoever watches over the service.
pub fn admin_router(app: Arc<App>) -> Router {
    let guard = from_fn_with_state(app.clone(), guard::check);
    let routes = Router::new()
        .route("/metrics", get(health::metrics))
        .route_layer(guard)
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz));
    finished(routes.with_state(app))
}

/// What every request meets, whatever its route.
fn finished(routes: Router) -> Router {
    routes
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn(log::log_request))
}

const VALIDATE: &str = "/v1/validate";
const BATCH: &str = "/v1/validate/batch";

async fn not_found(uri: Uri) -> Problem {
    let route = [VALIDATE, BATCH, "/healthz", "/readyz", "/metrics"]
        .into_iter()
        .find(|route| uri.path().strip_suffix('/') == Some(route));
    let how = how_to_ask(VALIDATE, Subject::One);
    let detail = match route {
        Some(BATCH) => format!("{NO_SLASH} {}", how_to_ask(BATCH, Subject::Many)),
        Some(VALIDATE) => format!("{NO_SLASH} {how}"),
        Some(_) => NO_SLASH.to_owned(),
        None => format!("{how} Many addresses at once go to POST {BATCH}."),
    };
    Problem::new(ProblemKind::NotFound, detail)
}

const NO_SLASH: &str = "The path must not end with a slash.";

async fn method_not_allowed(uri: Uri) -> Problem {
    let how = match uri.path() {
        VALIDATE => Some(how_to_ask(VALIDATE, Subject::One)),
        BATCH => Some(how_to_ask(BATCH, Subject::Many)),
        _ => None,
    };
    let detail = match (how, uri.query()) {
        (Some(how), Some(_)) => {
            format!("An address is not sent in the URL, which ends up in logs. {how}")
        }
        (Some(how), None) => how,
        (None, _) => "The header Allow names the methods of this route.".to_owned(),
    };
    Problem::new(ProblemKind::MethodNotAllowed, detail)
}

/// What to send, never what was sent: that may be an address.
fn how_to_ask(route: &str, subject: Subject) -> String {
    format!("Use POST {route}. {}", content_type::what_to_send(subject))
}

/// The panic's own words may hold anything, and stay out of the answer.
fn panicked(_: Box<dyn std::any::Any + Send>) -> Response {
    tracing::error!("a request met a fault of ours and was answered with 500");
    Problem::internal().into_response()
}
