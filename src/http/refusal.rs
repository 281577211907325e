//! What connections are told for which there is no room, or no time.

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderValue, header};
use axum::middleware::from_fn;
use axum::response::IntoResponse;
use axum::routing::get;

use super::problem::{Problem, ProblemKind};
use super::{body, health, log};

/// The same answer to every request, except that the process lives.
pub(super) struct Refusal {
    /// The routes for those who can be listened to.
    pub(super) routes: Router,
    /// A whole answer, for those for whom there is no time.
    pub(super) bare: Vec<u8>,
}

impl Refusal {
    /// There are too many connections.
    pub(super) fn overloaded() -> Self {
        Self::of(Problem::overloaded())
    }

    /// The service was told to stop.
    pub(super) fn draining() -> Self {
        let detail = "The service is about to stop; ask another.";
        Self::of(Problem::new(ProblemKind::Draining, detail))
    }

    fn of(problem: Problem) -> Self {
        let bare = problem.bare();
        let refuse = async move |request: Request| {
            // Closing a connection with something unread in it can cost the client the answer. Who waits
            // for our word before sending (`Expect: 100-continue`) would be asked for more.
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
