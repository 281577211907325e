//! The answer to connections beyond the bound, and to those that come while the service drains.

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderValue, header};
use axum::middleware::from_fn;
use axum::response::IntoResponse;
use axum::routing::get;

use super::problem::{Problem, ProblemKind};
use super::{body, health, log};

/// One problem as the answer to every request but `/healthz`.
pub(super) struct Refusal {
    /// For connections whose request is read.
    pub(super) routes: Router,
    /// The bytes of a whole answer, for connections that are not read.
    pub(super) bare: Vec<u8>,
}

impl Refusal {
    pub(super) fn overloaded() -> Self {
        Self::of(Problem::overloaded())
    }

    pub(super) fn draining() -> Self {
        let detail = "The service is stopping; send the request again, or to another server.";
        Self::of(Problem::new(ProblemKind::Draining, detail))
    }

    fn of(problem: Problem) -> Self {
        let bare = problem.bare();
        let refuse = async move |request: Request| {
            // Closing a connection with unread data can reset it before the client has read the answer.
            // With `Expect: 100-continue`, reading would ask the client for the body.
            if !request.headers().contains_key(header::EXPECT) {
                body::discard(request.into_body()).await;
            }
            let mut response = problem.clone().into_response();
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            response
        };
        let routes = Router::new().route("/healthz", get(health::healthz)).fallback(refuse);
        Self { routes: routes.layer(from_fn(log::log_request)), bare }
    }
}
