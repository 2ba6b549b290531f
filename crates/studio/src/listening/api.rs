//! The routes of a study: JSON in and out, and sounds, under `/api`.

use super::ledger::Ledger;
use super::people::People;
use super::tokens::Tokens;
use super::{page, sound};
use crate::server::Token;
use crate::server::reply::{Refusal, Reply, blocking};
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use composer_application::listening::{CLIPS_FOLDER, Given, Kind, Study, Trial, VOLUME_CLIP};
use composer_music::corpus::sha256_hex;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// Largest body of a request, in bytes.
const MAX_BODY: usize = 32 << 10;
/// How long a browser keeps the secret, in seconds: a month.
const COOKIE_AGE: u64 = 30 * 24 * 3600;

/// What all routes share.
pub struct App {
    /// The study.
    pub study: Arc<Study>,
    /// Who takes part, on disk.
    pub ledger: Arc<Ledger>,
    /// Needed to take part; `None`: everybody may who reaches the page.
    pub tokens: Option<Tokens>,
    /// The folder of the study.
    pub folder: PathBuf,
    /// The name of the cookie with the secret.
    pub cookie: String,
}

/// All of them, and the page.
pub fn routes(app: &Arc<App>) -> Router {
    Router::new()
        .route("/api/study", get(study))
        .route("/api/state", get(state))
        .route("/api/join", post(join))
        .route("/api/questionnaire", post(questionnaire))
        .route("/api/answers", post(answer))
        .route("/api/leave", post(leave))
        .route("/api/volume", get(volume))
        .route("/api/sounds/{trial}/{slot}", get(clip))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(Arc::clone(app))
        .merge(page::routes())
}

impl App {
    /// The hash of the secret that a request has in its cookie.
    fn secret(&self, headers: &HeaderMap) -> Option<String> {
        let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut pairs =
            cookies.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
        let (_, secret) = pairs.find(|(name, _)| *name == self.cookie)?;
        Token::of_text(secret).map(|token| sha256_hex(token.as_str().as_bytes()))
    }

    /// What somebody proves themselves by from now on: their token, or where none is needed a new one.
    fn token_of(&self, join: &Join) -> Reply<Token> {
        let Some(tokens) = &self.tokens else {
            let fault =
                |error: crate::Error| Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string());
            return Token::new().map_err(fault);
        };
        let token = join.token.as_deref().filter(|text| tokens.contain(text)).and_then(Token::of_text);
        token.ok_or_else(|| {
            let text = "this study needs a link of your own: open the one that you were given";
            Refusal::new(StatusCode::FORBIDDEN, text)
        })
    }

    /// Does something for the participant that a request is of.
    async fn participant<T: Send + 'static>(
        &self,
        headers: &HeaderMap,
        work: impl FnOnce(&mut People, usize) -> Reply<T> + Send + 'static,
    ) -> Reply<T> {
        let secret = self.secret(headers);
        let stranger =
            || Refusal::new(StatusCode::FORBIDDEN, "take part in the study first: load the page again");
        self.ledger
            .ask(move |people| {
                let place = secret.and_then(|secret| people.find(&secret)).ok_or_else(stranger)?;
                work(people, place)
            })
            .await
    }
}

/// The body of a request as JSON. A form of another site cannot say that it sends JSON.
fn body<T: DeserializeOwned>(headers: &HeaderMap, bytes: &[u8]) -> Reply<T> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if kind.split(';').next().map(str::trim) != Some("application/json") {
        return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "requests must be JSON"));
    }
    serde_json::from_slice(bytes)
        .map_err(|error| Refusal::wrong(format!("the request makes no sense: {error}")))
}

/// What everybody may know of the study.
async fn study(State(app): State<Arc<App>>) -> Json<Value> {
    let study = &app.study;
    Json(json!({
        "title": study.title,
        "kind": study.kind,
        "question": study.question,
        "consent": study.consent,
        "questionnaire": study.questionnaire,
        "scales": study.scales,
        "allow_equal": study.allow_equal,
        "minimum_seconds": study.minimum_seconds,
        "needs_token": app.tokens.is_some(),
    }))
}

/// Where a participant is.
async fn state(State(app): State<Arc<App>>, headers: HeaderMap) -> Reply<Json<Value>> {
    let secret = app.secret(&headers);
    let study = Arc::clone(&app.study);
    app.ledger
        .ask(move |people| match secret.and_then(|secret| people.find(&secret)) {
            Some(place) => Ok(Json(stage(&study, people, place))),
            None => Ok(Json(json!({ "stage": if people.is_full() { "full" } else { "consent" } }))),
        })
        .await
}

/// What the page of a participant shows now.
fn stage(study: &Study, people: &mut People, place: usize) -> Value {
    let participant = people.at(place);
    let (done, total) = participant.progress();
    let listener = participant.listener.clone();
    if !participant.has_answered_questions {
        return json!({ "stage": "questionnaire", "listener": listener, "done": done, "total": total });
    }
    let Some(trial) = participant.next() else {
        return json!({ "stage": "end", "listener": listener, "done": done, "total": total });
    };
    let trial = shown(study, trial);
    people.show(place);
    json!({ "stage": "trial", "listener": listener, "done": done, "total": total, "trial": trial })
}

/// A trial without anything that tells what the sounds are or why it is there.
fn shown(study: &Study, trial: &Trial) -> Value {
    let sounds = trial.sounds(study);
    let sound = |(slot, id): (usize, &&str)| {
        let label = match study.kind {
            Kind::Abx if slot == 2 => "X".to_owned(),
            Kind::Mushra if slot == sounds.len() - 1 => "Reference".to_owned(),
            Kind::HumanOrMachine | Kind::Rating => "Music".to_owned(),
            _ => char::from(b'A' + slot as u8).to_string(),
        };
        let seconds = study.clip(id).map_or(0.0, |clip| clip.seconds);
        json!({ "label": label, "url": format!("/api/sounds/{}/{slot}", trial.number), "seconds": seconds })
    };
    json!({ "number": trial.number, "sounds": sounds.iter().enumerate().map(sound).collect::<Vec<_>>() })
}

/// Who takes part.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Join {
    /// They read the consent and agree.
    consent: bool,
    /// Their token, where one is needed.
    #[serde(default)]
    token: Option<String>,
}

/// Takes part, or goes on where this browser or this token was. Without consent, a token only goes on.
async fn join(State(app): State<Arc<App>>, headers: HeaderMap, bytes: Bytes) -> Reply<Response> {
    let join: Join = body(&headers, &bytes)?;
    let known = app.secret(&headers).filter(|_| app.tokens.is_none());
    let token = app.token_of(&join)?;
    let hash = sha256_hex(token.as_str().as_bytes());
    let study = Arc::clone(&app.study);
    let (state, needs_cookie) = app
        .ledger
        .ask(move |people| {
            let known = known.and_then(|known| people.find(&known));
            let place = match known.or_else(|| people.find(&hash)) {
                Some(place) => place,
                None if join.consent => people.join(hash)?,
                None => {
                    return Ok((
                        json!({ "stage": if people.is_full() { "full" } else { "consent" } }),
                        false,
                    ));
                }
            };
            Ok((stage(&study, people, place), known.is_none()))
        })
        .await?;
    let mut response = Json(state).into_response();
    if needs_cookie {
        set_cookie(&app, &mut response, token.as_str(), COOKIE_AGE)?;
    }
    Ok(response)
}

/// The page can neither read nor change it, and no other site makes a browser send it.
fn set_cookie(app: &App, response: &mut Response, value: &str, age: u64) -> Reply<()> {
    let text = format!("{}={value}; Path=/; Max-Age={age}; HttpOnly; SameSite=Strict", app.cookie);
    let value = HeaderValue::from_str(&text)
        .map_err(|error| Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
    response.headers_mut().insert(header::SET_COOKIE, value);
    Ok(())
}

async fn questionnaire(State(app): State<Arc<App>>, headers: HeaderMap, bytes: Bytes) -> Reply<Json<Value>> {
    let answers: BTreeMap<String, String> = body(&headers, &bytes)?;
    let study = Arc::clone(&app.study);
    app.participant(&headers, move |people, place| {
        people.answer_questions(place, answers)?;
        Ok(Json(stage(&study, people, place)))
    })
    .await
}

/// An answer to a trial.
#[derive(Deserialize)]
struct AnswerTo {
    /// Its number.
    trial: usize,
    /// The answer.
    given: Given,
}

async fn answer(State(app): State<Arc<App>>, headers: HeaderMap, bytes: Bytes) -> Reply<Json<Value>> {
    let AnswerTo { trial, given } = body(&headers, &bytes)?;
    let study = Arc::clone(&app.study);
    app.participant(&headers, move |people, place| {
        people.answer(place, trial, &given)?;
        Ok(Json(stage(&study, people, place)))
    })
    .await
}

/// Makes room for the next participant at this browser; the answers stay. With tokens, the link is what distinguishes participants.
async fn leave(State(app): State<Arc<App>>, headers: HeaderMap, bytes: Bytes) -> Reply<Response> {
    let _: BTreeMap<String, Value> = body(&headers, &bytes)?;
    let mut response = Json(json!({ "stage": "consent" })).into_response();
    set_cookie(&app, &mut response, "", 0)?;
    Ok(response)
}

async fn volume(State(app): State<Arc<App>>, headers: HeaderMap) -> Reply<Response> {
    let path = app.folder.join(CLIPS_FOLDER).join(format!("{VOLUME_CLIP}.wav"));
    blocking(move || sound::answer(&path, &headers)).await
}

/// A sound of the trial that a participant is at.
async fn clip(
    State(app): State<Arc<App>>,
    Path((number, slot)): Path<(usize, usize)>,
    headers: HeaderMap,
) -> Reply<Response> {
    let study = Arc::clone(&app.study);
    let id = app
        .participant(&headers, move |people, place| {
            let missing = || Refusal::missing("there is no such sound now");
            let trial = people.at(place).next().filter(|trial| trial.number == number).ok_or_else(missing)?;
            trial.sounds(&study).get(slot).map(|&id| id.to_owned()).ok_or_else(missing)
        })
        .await?;
    let path = app.folder.join(CLIPS_FOLDER).join(format!("{id}.wav"));
    blocking(move || sound::answer(&path, &headers)).await
}
