//! Requests to make pieces.

use crate::app::{App, Wanted};
use crate::server::reply::{Reply, blocking};
use axum::extract::{Path, State};
use axum::routing::{delete, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use std::sync::Arc;

pub fn routes() -> Router<Arc<App>> {
    Router::new().route("/api/make", post(make)).route("/api/jobs/{id}", delete(cancel))
}

async fn make(State(app): State<Arc<App>>, Json(wanted): Json<Wanted>) -> Reply<Json<Value>> {
    blocking(move || Ok(Json(json!({ "job": app.make(wanted)? })))).await
}

async fn cancel(State(app): State<Arc<App>>, Path(id): Path<u64>) -> Reply<Json<Value>> {
    // One that has ended in the meantime is what was wanted, too.
    Ok(Json(json!({ "cancelled": app.makers.cancel(id) })))
}
