//! Liveness, readiness and metrics, for monitoring.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;

use super::App;
use crate::route::Trust;

pub(super) async fn healthz() -> &'static str {
    "ok\n"
}

/// Ready: the service does not drain, and its DNS resolver can be trusted.
pub(super) async fn readyz(State(app): State<Arc<App>>) -> impl IntoResponse {
    let unready = |why: &str| (StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n"));
    if app.shutdown.is_draining() {
        return unready("draining");
    }
    match app.validator.dns_trust() {
        Some(Trust::Sound) => (StatusCode::OK, "ready\n".to_owned()),
        Some(trust @ (Trust::Invents | Trust::Denies)) => {
            unready(&format!("the DNS resolver {}", trust.code()))
        }
        None => unready("the DNS resolver is being tested"),
    }
}

pub(super) async fn metrics(State(app): State<Arc<App>>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], app.metrics.render())
}
