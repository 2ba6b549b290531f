//! Trainings: begun, watched, stopped, resumed.

use super::models;
use super::pieces::open_file;
use crate::app::App;
use crate::project::Node;
use crate::server::reply::{Refusal, Reply, blocking};
use crate::view;
use crate::work::TrainingWanted;
use axum::extract::{Path, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use composer_application::settings::Preset;
use composer_music::midi;
use serde_json::{Value, json};
use std::sync::Arc;

pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/api/trainings", get(list).post(begin))
        .route("/api/trainings/{name}", get(curve))
        .route("/api/trainings/{name}/resume", post(resume))
        .route("/api/trainings/{name}/samples/{file}", get(sample).post(open_sample))
        .route("/api/trainings/stop", post(stop))
        .route("/api/models", get(all_models))
}

async fn list(State(app): State<Arc<App>>) -> Reply<Json<Value>> {
    blocking(move || {
        let presets = Preset::ALL.map(|preset| json!({ "name": preset.name, "time": preset.time }));
        Ok(Json(json!({
            "runs": app.trainings.list(),
            "running": app.trainings.running(),
            "music": app.trainings.music(),
            "presets": presets,
        })))
    })
    .await
}

async fn all_models(State(app): State<Arc<App>>) -> Reply<Json<Value>> {
    blocking(move || {
        let folder = app.project().folder().to_owned();
        Ok(Json(json!(models::list(&folder)?)))
    })
    .await
}

async fn begin(State(app): State<Arc<App>>, Json(wanted): Json<TrainingWanted>) -> Reply<Json<Value>> {
    blocking(move || Ok(Json(json!({ "name": app.trainings.begin(&wanted, &app.hub)? })))).await
}

async fn curve(State(app): State<Arc<App>>, Path(name): Path<String>) -> Reply<Json<Value>> {
    blocking(move || {
        let (epochs, samples) = (app.trainings.curve(&name)?, app.trainings.samples(&name)?);
        Ok(Json(json!({ "epochs": epochs, "samples": samples })))
    })
    .await
}

async fn sample(
    State(app): State<Arc<App>>,
    Path((name, file)): Path<(String, String)>,
) -> Reply<Json<Value>> {
    blocking(move || {
        let bytes = app.trainings.sample(&name, &file)?;
        let score = midi::read(&bytes).map_err(|error| Refusal::wrong(error.to_string()))?.score;
        Ok(Json(view::music(&score)))
    })
    .await
}

/// Opens a sample as a piece of the project.
async fn open_sample(
    State(app): State<Arc<App>>,
    Path((name, file)): Path<(String, String)>,
) -> Reply<Json<Node>> {
    blocking(move || {
        let bytes = app.trainings.sample(&name, &file)?;
        Ok(Json(open_file(&app, &format!("{name} {file}"), &bytes)?))
    })
    .await
}

async fn resume(State(app): State<Arc<App>>, Path(name): Path<String>) -> Reply<Json<Value>> {
    blocking(move || Ok(Json(json!({ "name": app.trainings.resume(&name, &app.hub)? })))).await
}

async fn stop(State(app): State<Arc<App>>) -> Reply<Json<Value>> {
    if app.trainings.stop() {
        Ok(Json(json!({})))
    } else {
        Err(Refusal::missing("no training is in progress"))
    }
}
