//! What the page needs when it is opened.

use super::models;
use crate::app::App;
use crate::server::reply::{Reply, blocking};
use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};
use std::sync::Arc;

pub fn routes() -> Router<Arc<App>> {
    Router::new().route("/api/state", get(state)).route("/api/version", get(version))
}

async fn version() -> Json<Value> {
    Json(json!({ "composer": env!("CARGO_PKG_VERSION") }))
}

async fn state(State(app): State<Arc<App>>) -> Reply<Json<Value>> {
    blocking(move || {
        let project = app.project();
        let folder = project.folder().file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Json(json!({
            "composer": env!("CARGO_PKG_VERSION"),
            "folder": folder,
            "nodes": project.nodes().collect::<Vec<_>>(),
            "current": project.current(),
            "models": models::list(project.folder())?,
        })))
    })
    .await
}
