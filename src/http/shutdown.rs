//! How the service stops.
//!
//! ```text
//! SIGTERM or SIGINT    cli::signals     drains: Shutdown::drain
//!   GET /readyz        http::health     answers 503 `draining`
//!   new connections    http::serve      get 503 `draining`; those on an inherited socket wait for the next process
//!   open connections   http::connection finish the request under way, then close; one without a request has
//!                                       FIRST_REQUEST_TIME (1 s) to send one
//! the last one closed, or [http.limits] drain_timeout_ms (20 s) passed: http::serve returns `Drained`
//!   SMTP connections   Validator::shut_down has up to 10 s to end them and to store their results
//!   the log            telemetry::Logging writes the last lines, for up to 1 s
//! a second signal      cli::signals     aborts: Shutdown::abort; nothing but the log is waited for
//! ```

use tokio_util::sync::CancellationToken;

/// Stops the parts of the service. Clones share it.
#[derive(Clone)]
pub struct Shutdown {
    abort: CancellationToken,
    /// A child of `abort`.
    drain: CancellationToken,
}

impl Shutdown {
    /// A shutdown that has not been asked for yet.
    #[cfg_attr(
        feature = "testing",
        expect(
            clippy::new_without_default,
            reason = "a default would look like no shutdown at all"
        )
    )]
    pub fn new() -> Self {
        let abort = CancellationToken::new();
        Self { drain: abort.child_token(), abort }
    }

    /// Has the service finish the requests under way, and take no others.
    pub fn drain(&self) {
        self.drain.cancel();
    }

    /// Has the service stop at once.
    pub fn abort(&self) {
        self.abort.cancel();
    }

    pub fn is_draining(&self) -> bool {
        self.drain.is_cancelled()
    }

    /// Waits until the service drains, or is aborted.
    pub async fn draining(&self) {
        self.drain.cancelled().await;
    }

    /// Waits until the service is aborted.
    pub async fn aborted(&self) {
        self.abort.cancelled().await;
    }
}
