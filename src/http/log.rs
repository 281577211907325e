//! Logs one line for each request, with the identifier that the answer has in `X-Request-Id`. The line
//! contains neither the body nor the path, which may contain an address.

use std::hash::{BuildHasher, RandomState};
use std::pin::Pin;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use axum::Error;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use http_body::{Frame, SizeHint};
use tokio::time::Instant;

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Logs a request when its answer was sent, or when it was dropped.
pub(super) async fn log_request(request: Request, next: Next) -> Response {
    let is_head = request.method() == Method::HEAD;
    let mut line = RequestLine::begin(&request);
    let mut response = next.run(request).await;
    line.status = Some(response.status());
    if is_head || response.body().is_end_stream() {
        line.outcome = RequestOutcome::Answered;
    }
    // It never fails: the identifier has digits, letters and a hyphen.
    if let Ok(id) = HeaderValue::from_str(&line.id) {
        response.headers_mut().insert(X_REQUEST_ID, id);
    }
    response.map(|body| Body::new(LoggedBody { body, line }))
}

/// The log line of a request. It is written when this is dropped.
struct RequestLine {
    id: String,
    method: &'static str,
    route: Option<MatchedPath>,
    started: Instant,
    status: Option<StatusCode>,
    outcome: RequestOutcome,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum RequestOutcome {
    /// The whole answer was sent.
    Answered,
    /// The client disconnected before that, or the answer ended early.
    CutShort,
}

impl RequestOutcome {
    fn code(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::CutShort => "cut_short",
        }
    }
}

impl RequestLine {
    fn begin(request: &Request) -> Self {
        Self {
            id: next_id(),
            method: known_method(request.method()),
            route: request.extensions().get().cloned(),
            started: Instant::now(),
            status: None,
            outcome: RequestOutcome::CutShort,
        }
    }
}

impl Drop for RequestLine {
    fn drop(&mut self) {
        tracing::info!(
            request_id = self.id,
            method = self.method,
            route = self.route.as_ref().map_or("-", MatchedPath::as_str),
            status = self.status.map(|status| status.as_u16()),
            outcome = self.outcome.code(),
            duration_ms = (self.started.elapsed().as_secs_f64() * 10_000.0).round() / 10.0,
            "request"
        );
    }
}

/// The body of an answer, with the log line of its request.
struct LoggedBody {
    body: Body,
    line: RequestLine,
}

impl HttpBody for LoggedBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(context);
        // hyper does not poll a body of known length after its last byte.
        if matches!(frame, Poll::Ready(None)) || self.body.is_end_stream() {
            self.line.outcome = RequestOutcome::Answered;
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// An identifier that is unique over all processes. One from the client could be an address.
fn next_id() -> String {
    static PROCESS: LazyLock<u64> = LazyLock::new(|| RandomState::new().hash_one(()));
    static COUNT: AtomicU64 = AtomicU64::new(1);
    format!("{:016x}-{:x}", *PROCESS, COUNT.fetch_add(1, Ordering::Relaxed))
}

/// The name of a common method. Any other is the client's own text.
fn known_method(method: &Method) -> &'static str {
    const KNOWN: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    KNOWN.into_iter().find(|known| *known == method.as_str()).unwrap_or("other")
}
