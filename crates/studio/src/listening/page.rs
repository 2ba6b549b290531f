//! The page of a study and its files.

use crate::server::assets::{Asset, page};
use crate::server::reply::not_found;
use axum::Router;
use axum::extract::Path;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

/// The page.
const INDEX: &str = include_str!("../assets/listen/index.html");

/// Everything that it loads.
const ASSETS: &[Asset] = crate::assets!["../assets/listen/": "listen.css", "listen.js"];

/// The icon of the studio.
const ICON: &[Asset] = crate::assets!["../assets/": "icon.svg"];

/// The page at `/`, its files at `/assets/`.
pub fn routes() -> Router {
    Router::new().route("/", get(async || page(INDEX.to_owned()))).route("/assets/{*path}", get(file))
}

async fn file(Path(path): Path<String>, headers: HeaderMap) -> Response {
    match ASSETS.iter().chain(ICON).find(|asset| asset.path == path) {
        Some(asset) => asset.answer(&headers),
        None => not_found().await.into_response(),
    }
}
