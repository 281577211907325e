//! The service: validation as JSON over HTTP.
//!
//! [`router`] makes the routes, [`serve`] runs them on a socket until it is told to stop.
//! A request goes through the log (`log`), the question who may ask (`guard`) and the question whether
//! there is room for it (`admission`) to its route (`validate`, `batch`, `health`).

mod accept;
mod admission;
mod answer;
mod batch;
mod body;
mod connection;
mod forwarded;
mod guard;
mod health;
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
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tower_http::catch_panic::CatchPanicLayer;

use crate::telemetry::Metrics;
use crate::validator::{Manner, Validator};
use problem::{Problem, ProblemKind};

pub use admission::{Admission, Bounds};
pub use body::BodyBounds;
pub use guard::{Access, Guard};
pub use listen::{Inherited, InheritedError, Second, Socket, inherited, open};
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
    pub manner: Manner,
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
    let room = from_fn_with_state(app.clone(), admission::admit);
    let host = from_fn_with_state(app.clone(), guard::check_host);
    let mut routes = Router::new()
        .route("/v1/validate", post(validate::validate))
        .route("/v1/validate/batch", post(batch::batch))
        .route_layer(room);
    if admin == Admin::Here {
        routes = routes.route("/metrics", get(health::metrics));
    }
    routes = routes.route_layer(host);
    if admin == Admin::Here {
        routes = routes.route("/readyz", get(health::readyz));
    }
    finished(routes.route("/healthz", get(health::healthz)).with_state(app))
}

/// The routes for whoever watches over the service.
pub fn admin_router(app: Arc<App>) -> Router {
    let host = from_fn_with_state(app.clone(), guard::check_host);
    let routes = Router::new()
        .route("/metrics", get(health::metrics))
        .route_layer(host)
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

async fn not_found() -> Problem {
    Problem::new(
        ProblemKind::NotFound,
        "Addresses are sent to POST /v1/validate or, many at once, to POST /v1/validate/batch.",
    )
}

async fn method_not_allowed() -> Problem {
    Problem::new(ProblemKind::MethodNotAllowed, "The header Allow names the methods of this route.")
}

/// The panic's own words may hold anything, and stay out of the answer.
fn panicked(_: Box<dyn std::any::Any + Send>) -> Response {
    tracing::error!("a request met a fault of ours and was answered with 500");
    Problem::internal().into_response()
}
