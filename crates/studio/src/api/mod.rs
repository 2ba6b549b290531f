//! The routes of the studio: JSON in and out, under `/api`.

mod events;
mod export;
mod inside;
mod making;
mod models;
mod page;
mod pieces;
mod sounds;
mod state;
mod trainings;

use crate::app::App;
use crate::project::MAX_SOUND;
use crate::server::Token;
use crate::server::guard::Upload;
use axum::Router;
use std::sync::Arc;

/// Paths to which larger bodies go.
pub const UPLOADS: &[Upload] = &[(sounds::SOUNDS_PATH, MAX_SOUND)];

/// All of them.
pub fn routes(app: &Arc<App>, token: &Token) -> Router {
    Router::new()
        .merge(state::routes())
        .merge(events::routes())
        .merge(pieces::routes())
        .merge(making::routes())
        .merge(export::routes())
        .merge(sounds::routes())
        .merge(trainings::routes())
        .merge(inside::routes())
        .with_state(Arc::clone(app))
        .merge(page::routes(token))
}
