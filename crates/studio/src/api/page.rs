//! The page and its files.

use crate::server::Token;
use crate::server::assets::{Asset, page};
use crate::server::reply::not_found;
use axum::Router;
use axum::extract::Path;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

/// The page; the token stands in it, where scripts of other origins cannot read it.
const INDEX: &str = include_str!("../assets/index.html");

/// What stands in the page where the token goes.
const TOKEN_PLACE: &str = "{{token}}";

/// Everything that the page loads.
const ASSETS: &[Asset] = crate::assets![
    "../assets/": "style.css", "roll.css", "icon.svg", "main.js", "dom.js", "api.js", "piece.js", "state.js", "roll.js", "pointer.js",
    "keys.js", "edit.js", "transport.js", "tracks.js", "make.js", "candidates.js", "findings.js", "history.js", "files.js",
    "learn.css", "learn.js", "samples.js", "chart.js", "inside.js", "heat.js", "midi-in.js", "midi-out.js", "sound.js",
];

/// The synthesiser of the pages of reports.
const SYNTHESISER: Asset = Asset { path: "synthesiser.js", bytes: composer_report::PLAYER.as_bytes() };

/// The page at `/`, its files at `/assets/`.
pub fn routes(token: &Token) -> Router {
    let html = INDEX.replace(TOKEN_PLACE, token.as_str());
    Router::new().route("/", get(async move || page(html.clone()))).route("/assets/{*path}", get(file))
}

async fn file(Path(path): Path<String>, headers: HeaderMap) -> Response {
    match ASSETS.iter().chain([&SYNTHESISER]).find(|asset| asset.path == path) {
        Some(asset) => asset.answer(&headers),
        None => not_found().await.into_response(),
    }
}
