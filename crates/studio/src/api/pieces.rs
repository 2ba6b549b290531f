//! Pieces: opened, shown, changed by hand, kept.

use crate::app::App;
use crate::project::{Edited, NewPiece, Node, Opened, Operation};
use crate::server::reply::{Refusal, Reply, blocking};
use crate::view::{self, PlacedNote};
use crate::work::splice;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use composer_application::rewrite::Tune;
use composer_music::corpus::sha256_hex;
use composer_music::notation::{self, Format};
use composer_music::{Note, Score, Tempo, TimeSignature, Track, TrackName, midi};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

/// Largest file that is opened, in bytes.
pub const MAX_FILE: usize = 16 << 20;

/// Most notes of a file that is opened.
const MAX_NOTES: usize = 200_000;

/// Largest change by hand, in bytes.
const MAX_EDIT: usize = 8 << 20;

/// Most tracks of a piece that is changed by hand.
const MAX_TRACKS: usize = 256;

pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/api/open", post(open).layer(DefaultBodyLimit::max(MAX_FILE)))
        .route("/api/nodes/{id}/music", get(music))
        .route("/api/nodes/{id}/edit", post(edit).layer(DefaultBodyLimit::max(MAX_EDIT)))
        .route("/api/new", post(begin).layer(DefaultBodyLimit::max(MAX_EDIT)))
        .route("/api/nodes/{id}/keep", post(keep))
        .route("/api/nodes/{id}/judge", post(judge))
        .route("/api/current/{id}", post(current))
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

async fn open(State(app): State<Arc<App>>, Query(named): Query<Named>, body: Bytes) -> Reply<Json<Node>> {
    blocking(move || Ok(Json(open_file(&app, &named.name, &body)?))).await
}

/// Opens a file by its name and its bytes.
///
/// # Errors
/// It is no music, or has too many notes.
pub fn open_file(app: &Arc<App>, name: &str, body: &[u8]) -> Reply<Node> {
    let name: String = name.chars().filter(|c| !c.is_control()).take(200).collect();
    let wrong = |error: &dyn std::fmt::Display| Refusal::wrong(format!("{name}: {error}"));
    let file =
        notation::read_bytes(body, &name, &notation::Options::default()).map_err(|error| wrong(&error))?;
    let notes = file.score.notes().count();
    if notes == 0 || notes > MAX_NOTES {
        return Err(wrong(&format!("it has {notes} notes, and the studio opens files of 1 to {MAX_NOTES}")));
    }
    let midi = match notation::format_of(body, &name) {
        // As it stands, with all that no score holds.
        Format::Midi => body.to_vec(),
        _ => midi::write(&file.score).map_err(|error| wrong(&error))?,
    };
    let damage = file.report.damage_in_words().map(|damage| format!("The file is damaged: {damage}."));
    let operation = Operation::Open(Opened { name: name.clone(), sha256: sha256_hex(body) });
    let piece = NewPiece {
        parent: None,
        operation,
        midi,
        remarks: damage.into_iter().collect(),
        nats_per_step: None,
        kept: true,
        group: None,
    };
    let node = app.add(piece, None)?;
    app.project().set_current(node.id)?;
    app.ask_judge(node.id);
    Ok(node)
}

async fn music(State(app): State<Arc<App>>, Path(id): Path<u64>) -> Reply<Json<Value>> {
    blocking(move || Ok(Json(view::music(&app.score(id)?)))).await
}

/// A change by hand: notes that go, and notes that come.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Edit {
    what: String,
    remove: Vec<PlacedNote>,
    add: Vec<PlacedNote>,
}

async fn edit(
    State(app): State<Arc<App>>,
    Path(id): Path<u64>,
    Json(edit): Json<Edit>,
) -> Reply<Json<Value>> {
    blocking(move || {
        let node = app.node(id)?;
        let mut tune = Tune::read(&app.project().path_of(&node))?;
        change(&mut tune.score, &edit)?;
        let operation = Operation::Edit(Edited { what: words(&edit.what) });
        add_by_hand(&app, Some(id), operation, tune.to_midi()?, &tune.score)
    })
    .await
}

fn words(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(100).collect()
}

/// Keeps a piece that was changed by hand; `exact`: whether its file has just what was asked for.
fn add_by_hand(
    app: &App,
    parent: Option<u64>,
    operation: Operation,
    midi: Vec<u8>,
    wanted: &Score,
) -> Reply<Json<Value>> {
    let written = midi::read(&midi).map_err(|error| Refusal::wrong(error.to_string()))?.score;
    let exact = written == *wanted;
    let piece = NewPiece {
        parent,
        operation,
        midi,
        remarks: Vec::new(),
        nats_per_step: None,
        kept: true,
        group: None,
    };
    let node = app.add(piece, None)?;
    app.project().set_current(node.id)?;
    Ok(Json(json!({ "node": node, "music": (!exact).then(|| view::music(&written)) })))
}

fn change(score: &mut Score, edit: &Edit) -> Reply<()> {
    let gone = || Refusal::wrong("a note that was changed is no longer there: load the piece again");
    let bad = || Refusal::wrong("a note has a pitch, a time or a velocity that no note has");
    for placed in &edit.remove {
        let note = placed.read(score).ok_or_else(bad)?;
        let notes = &mut score.tracks.get_mut(placed.track).ok_or_else(gone)?.notes;
        let place = notes.iter().position(|other| *other == note).ok_or_else(gone)?;
        notes.remove(place);
    }
    for placed in &edit.add {
        let note = placed.read(score).ok_or_else(bad)?;
        if placed.track == score.tracks.len() && placed.track < MAX_TRACKS {
            score.tracks.push(Track::default());
        }
        score.tracks.get_mut(placed.track).ok_or_else(gone)?.notes.push(note);
    }
    score.tracks.iter_mut().for_each(splice::sort);
    Ok(())
}

/// A piece begun by hand, or played on a keyboard.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Begin {
    what: String,
    qpm: f64,
    numerator: u8,
    denominator: u8,
    notes: Vec<[u64; 6]>,
}

/// Ticks in a quarter of a piece that is begun here.
const TICKS: u16 = 480;

async fn begin(State(app): State<Arc<App>>, Json(begin): Json<Begin>) -> Reply<Json<Value>> {
    blocking(move || {
        if !(10.0..=400.0).contains(&begin.qpm)
            || begin.numerator == 0
            || !begin.denominator.is_power_of_two()
        {
            return Err(Refusal::wrong("a piece needs a tempo of 10 to 400 and a metre such as 3/4"));
        }
        let mut score = Score::new(TICKS);
        score.tempos.push(Tempo { tick: 0, micros_per_quarter: (60e6 / begin.qpm).round() as u32 });
        let (numerator, denominator) = (begin.numerator, begin.denominator);
        score.time_signatures.push(TimeSignature { tick: 0, numerator, denominator });
        let read = |note: &[u64; 6]| PlacedNote { track: 0, note: *note }.read(&score);
        let notes: Option<Vec<Note>> = begin.notes.iter().map(read).collect();
        let notes = notes.ok_or_else(|| Refusal::wrong("a note has a pitch or a time that no note has"))?;
        let mut track = Track { name: Some(TrackName::from_bytes(b"piano")), notes };
        splice::sort(&mut track);
        score.tracks.push(track);
        let midi = midi::write(&score).map_err(|error| Refusal::wrong(error.to_string()))?;
        add_by_hand(&app, None, Operation::Edit(Edited { what: words(&begin.what) }), midi, &score)
    })
    .await
}

async fn keep(State(app): State<Arc<App>>, Path(id): Path<u64>) -> Reply<Json<Node>> {
    blocking(move || {
        app.node(id)?;
        {
            let mut project = app.project();
            project.keep(id)?;
            project.set_current(id)?;
        }
        app.hub.send("kept", &json!({ "id": id }));
        Ok(Json(app.node(id)?))
    })
    .await
}

async fn judge(State(app): State<Arc<App>>, Path(id): Path<u64>) -> Reply<Json<Value>> {
    blocking(move || {
        app.node(id)?;
        app.ask_judge(id);
        Ok(Json(json!({})))
    })
    .await
}

async fn current(State(app): State<Arc<App>>, Path(id): Path<u64>) -> Reply<Json<Value>> {
    blocking(move || {
        app.node(id)?;
        app.project().set_current(id)?;
        Ok(Json(json!({})))
    })
    .await
}
