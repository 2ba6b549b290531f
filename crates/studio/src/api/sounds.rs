//! SoundFonts, and pieces played with them: the page gets the sound of a whole piece.

use crate::app::App;
use crate::project::{HEAD, MAX_SOUND, is_head};
use crate::server::guard::too_large;
use crate::server::reply::{Refusal, Reply, blocking};
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use composer_application::prelude::{RenderOptions, render, wav_bytes};
use composer_music::Score;
use futures_util::StreamExt;
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::{Arc, PoisonError};

/// Longest piece that is turned into sound, in seconds.
const MAX_SECONDS: f64 = 1800.0;

/// The path to which SoundFonts are sent.
pub const SOUNDS_PATH: &str = "/api/sounds";

pub fn routes() -> Router<Arc<App>> {
    Router::new().route(SOUNDS_PATH, get(list).post(add)).route("/api/nodes/{id}/sound", get(sound))
}

async fn list(State(app): State<Arc<App>>) -> Reply<Json<Value>> {
    blocking(move || Ok(Json(json!({ "sounds": app.sounds.names() })))).await
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

/// Large files come in pieces, which go to the disk one by one.
async fn add(State(app): State<Arc<App>>, Query(named): Query<Named>, body: Body) -> Reply<Json<Value>> {
    let own = Arc::clone(&app);
    let mut arriving = blocking(move || own.sounds.receive(&named.name)).await?;
    let (mut length, mut head) = (0, Vec::new());
    let mut stream = body.into_data_stream();
    while let Some(piece) = stream.next().await {
        let piece = piece.map_err(|_| Refusal::wrong("the file did not arrive whole: send it again"))?;
        length += piece.len() as u64;
        if length > MAX_SOUND {
            return Err(too_large(MAX_SOUND));
        }
        if head.len() < HEAD {
            head.extend(piece.iter().take(HEAD));
            // What is no SoundFont need not come to its end.
            if head.len() >= HEAD && !is_head(&head) {
                break;
            }
        }
        arriving.push(&piece)?;
    }
    let name = blocking(move || arriving.finish()).await?;
    Ok(Json(json!({ "name": name })))
}

/// With what a piece is played, and which of its tracks: numbers from 0 with commas between them; absent: all.
#[derive(Deserialize)]
struct Played {
    font: String,
    tracks: Option<String>,
}

async fn sound(
    State(app): State<Arc<App>>,
    Path(id): Path<u64>,
    Query(played): Query<Played>,
) -> Reply<Response> {
    blocking(move || {
        let mut score = app.score(id)?;
        if let Some(tracks) = &played.tracks {
            let wanted: Vec<&str> = tracks.split(',').collect();
            for (index, track) in score.tracks.iter_mut().enumerate() {
                if !wanted.contains(&index.to_string().as_str()) {
                    track.notes.clear();
                }
            }
        }
        Ok(([(header::CONTENT_TYPE, "audio/wav")], rendered(&app, &score, Some(&played.font))?)
            .into_response())
    })
    .await
}

/// A piece as a WAV file, by a SoundFont of the project or the built-in synthesiser.
///
/// # Errors
/// There is no such SoundFont, or the piece is too long.
pub fn rendered(app: &App, score: &Score, font: Option<&str>) -> Reply<Vec<u8>> {
    let soundfont = font.map(|font| app.sounds.path(font)).transpose()?;
    let options = RenderOptions { max_seconds: MAX_SECONDS, soundfont, ..RenderOptions::default() };
    // One at a time: a long piece takes much memory.
    let _turn = app.rendering.lock().unwrap_or_else(PoisonError::into_inner);
    let audio = render(score, &options).map_err(|error| {
        // The page is told the name of the file, not where it is.
        let path = options.soundfont.as_ref().map(|path| path.display().to_string());
        Refusal::wrong(error.to_string().replace(path.as_deref().unwrap_or("\0"), font.unwrap_or_default()))
    })?;
    Ok(wav_bytes(&audio))
}
