//! What happens inside a network while it reads a piece.

use crate::app::App;
use crate::server::reply::{Refusal, Reply, blocking};
use crate::work::make::model_path;
use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use composer_application::TrainedModel;
use composer_application::inside::{self, Choice, Inside, LayerInside};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

pub fn routes() -> Router<Arc<App>> {
    Router::new().route("/api/inside", post(look)).route("/api/inside/gradient", post(gradient))
}

/// A model, a piece, and a step of it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    model: String,
    node: u64,
    step: usize,
    count: usize,
}

impl Asked {
    fn model(&self, app: &App) -> Reply<TrainedModel> {
        let path = model_path(app.project().folder(), &self.model)?;
        Ok(TrainedModel::load(path)?)
    }
}

/// Values from −1 to 1 as whole hundredths: what a colour can show. Cell states are squashed, as the output gate sees them.
fn hundredths(values: &[f32]) -> Vec<i8> {
    values.iter().map(|value| (100.0 * value.clamp(-1.0, 1.0)).round() as i8).collect()
}

fn layer(layer: &LayerInside) -> Value {
    let squashed: Vec<f32> = layer.c.iter().map(|value| value.tanh()).collect();
    json!({
        "hidden": layer.hidden,
        "gates": layer.gates.iter().map(|gate| hundredths(gate)).collect::<Vec<_>>(),
        "h": hundredths(&layer.h),
        "c": hundredths(&squashed),
    })
}

/// ln P in whole hundredths; null: impossible.
fn choice(choice: &Choice) -> Value {
    let rounded = |value: &f64| value.is_finite().then(|| (100.0 * value).round() as i64);
    json!({
        "chosen": choice.chosen,
        "log_probs": choice.log_probs.iter().map(rounded).collect::<Vec<_>>(),
    })
}

fn view(found: &Inside) -> Value {
    let bars = found.bars.bars(found.length as u64).map(|bar| bar.start);
    json!({
        "first": found.steps.start,
        "length": found.length,
        "low": found.representation.pitch_low,
        "pitches": found.representation.num_pitches(),
        "onsets": found.representation.onset_plane,
        "steps_per_quarter": found.representation.steps_per_quarter,
        "bars": bars.collect::<Vec<_>>(),
        "cell": found.cell,
        "gates": found.gates,
        "by_note": found.by_note,
        "nll": found.nll,
        "layers": found.layers.iter().map(layer).collect::<Vec<_>>(),
        "frames": found.frames.iter().map(|frame| frame.pitches().collect::<Vec<_>>()).collect::<Vec<_>>(),
        "choices": found.choices.iter().map(|step| step.iter().map(choice).collect::<Vec<_>>()).collect::<Vec<_>>(),
    })
}

async fn look(State(app): State<Arc<App>>, Json(asked): Json<Asked>) -> Reply<Json<Value>> {
    blocking(move || {
        let (model, score) = (asked.model(&app)?, app.score(asked.node)?);
        Ok(Json(view(&inside::inside(&model, &score, asked.step, asked.count)?)))
    })
    .await
}

async fn gradient(State(app): State<Arc<App>>, Json(asked): Json<Asked>) -> Reply<Json<Value>> {
    blocking(move || {
        let (model, score) = (asked.model(&app)?, app.score(asked.node)?);
        let flow = inside::gradient_flow(&model, &score, asked.step, asked.count)?;
        let layers = serde_json::to_value(&flow.layers).map_err(|error| Refusal::wrong(error.to_string()))?;
        Ok(Json(json!({ "first": flow.steps.start, "nll": flow.nll, "layers": layers })))
    })
    .await
}
