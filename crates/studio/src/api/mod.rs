//! The routes of the studio: JSON in and out, under `/api`.

mod events;
mod export;
mod inside;
mod making;
mod models;
mod page;
mod pieces;
mod state;
mod trainings;

use crate::app::App;
use crate::server::Token;
use axum::Router;
use std::sync::Arc;

/// All of them.
pub fn routes(app: &Arc<App>, token: &Token) -> Router {
    Router::new()
        .merge(state::routes())
        .merge(events::routes())
        .merge(pieces::routes())
        .merge(making::routes())
        .merge(export::routes())
        .merge(trainings::routes())
        .merge(inside::routes())
        .with_state(Arc::clone(app))
        .merge(page::routes(token))
}

/// Text as the name of a file that is downloaded: letters, digits, and hyphens for the rest.
fn file_name(text: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') { c } else { '-' };
    let name: String = text.chars().take(80).map(plain).collect();
    let name = name.trim_matches(['-', '.']).to_owned();
    if name.is_empty() { "music".to_owned() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_are_plain() {
        assert_eq!(file_name("Ma\u{df}e \"x\"\r\n.mid"), "Ma-e--x---.mid");
        assert_eq!((file_name("../../etc").as_str(), file_name("…").as_str()), ("etc", "music"));
    }
}
