//! The service: validation as JSON over HTTP.
//!
//! ```text
//! cli::serve ─ serve         accepts connections (listen), refuses those beyond the bound (refusal)
//!                └ connection    serves one connection (stream) with hyper
//!                    └ router        layers, in the order of `with_layers`: log, panics, guard (forwarded, host)
//!                        ├ validate, batch   read the body (body, content_type, request), admit the request
//!                        │                   (admission), ask the validator, answer with reports (answer, accept)
//!                        └ health            liveness, readiness, metrics
//! ```
//!
//! [`router`] makes the routes, [`serve()`] runs them on a socket, `problem` has every error, [`Shutdown`]
//! explains how the service stops.

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
mod problem;
mod refusal;
mod request;
mod serve;
mod shutdown;
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

pub use admission::{Admission, AdmissionBounds};
pub use body::BodyBounds;
pub use forwarded::InvalidClientHeader;
pub use guard::{Access, ClientGuard};
pub use listen::{AdminSocket, Inherited, InheritedError, PassedIn, Socket, inherited, open};
pub use serve::{ConnectionBounds, Drained, serve};
pub use shutdown::Shutdown;

/// What the routes share. The connection semaphores are in `serve::Acceptor`; lists, caches,
/// look-ups, probes and their limits in [`Validator`].
pub struct App {
    pub validator: Arc<Validator>,
    /// How long an answer may take where the request sets no `timeout_ms`.
    pub timeout: Duration,
    /// The same for requests of depth mailbox.
    pub mailbox_timeout: Duration,
    pub batch_timeout: Duration,
    /// How to treat text pasted around an address, unless the request is stricter.
    pub strictness: Strictness,
    pub guard: ClientGuard,
    pub admission: Admission,
    pub bodies: BodyBounds,
    pub metrics: Metrics,
    pub shutdown: Shutdown,
}

/// Where readiness and metrics are served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdminRoutes {
    /// With the other routes.
    OnMainSocket,
    /// On a socket of their own.
    OnOwnSocket,
}

/// The routes of the service.
pub fn router(app: Arc<App>, admin: AdminRoutes) -> Router {
    let guarded =
        Router::new().route(VALIDATE, post(validate::validate)).route(BATCH, post(batch::batch));
    let open = Router::new().route("/healthz", get(health::healthz));
    match admin {
        AdminRoutes::OnMainSocket => with_layers(
            guarded.route("/metrics", get(health::metrics)),
            open.route("/readyz", get(health::readyz)),
            app,
        ),
        AdminRoutes::OnOwnSocket => with_layers(guarded, open, app),
    }
}

/// The routes of the admin socket.
pub fn admin_router(app: Arc<App>) -> Router {
    let guarded = Router::new().route("/metrics", get(health::metrics));
    let open =
        Router::new().route("/healthz", get(health::healthz)).route("/readyz", get(health::readyz));
    with_layers(guarded, open, app)
}

/// Puts all layers around the routes. Before them, [`serve()`] bounds the connections, and `connection` the
/// time of a head, of an unused connection and of writing an answer. After them, each route with a body
/// bounds its size and time and then admits the request; as layers, tower-http and tower would not do:
///
/// - `RequestBodyLimit` answers without a problem body, and does not bound the memory of all bodies
///   together;
/// - `RequestBodyTimeout` bounds the time between two chunks, so that a byte every few seconds keeps a body
///   open;
/// - `load_shed` with `concurrency_limit` gives its permit before the body is read, so that slow clients
///   hold all;
/// - `SetRequestId` repeats an identifier of the client's, which may be an address;
/// - `Trace` logs no line for a client that disconnects before its answer.
fn with_layers(guarded: Router<Arc<App>>, open: Router<Arc<App>>, app: Arc<App>) -> Router {
    guarded
        // 3. Refuses clients that may not ask. `/healthz` and `/readyz` answer all.
        .route_layer(from_fn_with_state(app.clone(), guard::check))
        .merge(open)
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        // 2. Answers 500 when a request panics.
        .layer(CatchPanicLayer::custom(panicked))
        // 1. Logs the request, and adds `X-Request-Id` to the answer.
        .layer(from_fn(log::log_request))
        .with_state(app)
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
        None => format!("{how} For many addresses at once, use POST {BATCH}."),
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
            format!("Do not send an address in the URL, which ends up in logs. {how}")
        }
        (Some(how), None) => how,
        (None, _) => "The header Allow names the methods of this route.".to_owned(),
    };
    Problem::new(ProblemKind::MethodNotAllowed, detail)
}

/// An example of a request. It repeats nothing of the client's, which may be an address.
fn how_to_ask(route: &str, subject: Subject) -> String {
    format!("Use POST {route}. {}", content_type::what_to_send(subject))
}

/// The message of the panic may contain an address, and is left out.
fn panicked(_: Box<dyn std::any::Any + Send>) -> Response {
    tracing::error!("internal error: a request was answered with 500; please report it");
    Problem::internal().into_response()
}
