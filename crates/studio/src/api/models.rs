//! The models that the page offers: the built-in ones, and those of trainings in the project.

use crate::server::reply::Reply;
use composer_application::TrainedModel;
use composer_application::models::{BuiltIn, CardTask};
use composer_models::{Condition, Encoding};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::OnceLock;

/// All of them, with what each can be asked for.
///
/// # Errors
/// None in practice: a model of a training that cannot be read is left out.
pub fn list(folder: &Path) -> Reply<Vec<Value>> {
    static BUILT_IN: OnceLock<Vec<Value>> = OnceLock::new();
    let built_in = BUILT_IN.get_or_init(|| BuiltIn::ALL.iter().filter_map(built_in).collect());
    let mut all = built_in.clone();
    let runs = folder.join("runs");
    let Ok(entries) = std::fs::read_dir(&runs) else { return Ok(all) };
    let mut names: Vec<String> =
        entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    for name in names {
        let model = format!("runs/{name}/model.safetensors");
        if let Ok(trained) = TrainedModel::load(folder.join(&model)) {
            all.push(entry(&model, &format!("trained here: {name}"), "compose", &trained));
        }
    }
    Ok(all)
}

fn built_in(model: &'static BuiltIn) -> Option<Value> {
    let card = model.card().ok()?;
    if card.task == CardTask::Compose {
        let trained = TrainedModel::of_built_in(model).ok()?;
        return Some(entry(model.name, &card.title, "compose", &trained));
    }
    let styles = match card.task {
        CardTask::Reharmonise => styles_of(model),
        _ => Vec::new(),
    };
    Some(json!({ "name": model.name, "title": card.title, "task": card.task.name(), "styles": styles }))
}

fn styles_of(model: &BuiltIn) -> Vec<String> {
    composer_models::seq2seq::from_bytes(model.bytes(), Path::new(model.name))
        .map_or_else(|_| Vec::new(), |(_, notes)| notes.styles)
}

fn entry(name: &str, title: &str, task: &str, trained: &TrainedModel) -> Value {
    let conditions = &trained.model.config().conditions;
    let frames = matches!(trained.model.encoding(), Encoding::Frames { .. });
    json!({
        "name": name,
        "title": title,
        "task": task,
        "frames": frames,
        "styles": conditions.style.clone().unwrap_or_default(),
        "density": conditions.has(Condition::Density),
        "metres": conditions.metre.as_ref().map(|metres| metres.iter().map(ToString::to_string).collect::<Vec<_>>()),
        "temperature": trained.defaults.temperature,
    })
}
