//! What happens, as server-sent events.

use crate::app::App;
use crate::server::events;
use crate::server::reply::{Refusal, Reply};
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use std::sync::Arc;

pub fn routes() -> Router<Arc<App>> {
    Router::new().route("/api/events", get(listen))
}

async fn listen(State(app): State<Arc<App>>) -> Reply<Response> {
    let events = app.hub.listen().ok_or_else(|| {
        Refusal::new(StatusCode::TOO_MANY_REQUESTS, "too many pages are open: close some of them")
    })?;
    Ok(events::answer(events, app.stop.clone()))
}
