//! The routes of the studio.

mod page;

use crate::server::Token;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

/// All of them.
pub fn routes(token: &Token) -> Router {
    Router::new().route("/api/version", get(version)).merge(page::routes(token))
}

async fn version() -> Json<Value> {
    Json(json!({ "composer": env!("CARGO_PKG_VERSION") }))
}
