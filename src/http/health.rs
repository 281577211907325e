//! For whoever watches over the service: whether it lives, whether it can answer, what it counted.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;

use super::{App, Phase};
use crate::route::Trust;

pub(super) async fn healthz() -> &'static str {
    "ok\n"
}

/// Ready is who can give answers that are worth something, and will be there to give them.
pub(super) async fn readyz(State(app): State<Arc<App>>) -> impl IntoResponse {
    let unready = |why: &str| (StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n"));
    match (app.phases.now(), app.validator.dns_trust()) {
        (Phase::Draining | Phase::Leaving, _) => unready("draining"),
        (Phase::Running, Some(Trust::Sound)) => (StatusCode::OK, "ready\n".to_owned()),
        (Phase::Running, Some(trust @ (Trust::Invents | Trust::Denies))) => {
            unready(&format!("the DNS resolver {}", trust.code()))
        }
        (Phase::Running, None) => unready("the DNS resolver is being tested"),
    }
}

pub(super) async fn metrics(State(app): State<Arc<App>>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], app.metrics.render())
}
