//! The built-in models as text and as JSON: a list, the card of each, and a model file with other numbers.

use crate::error::Result;
use crate::models::{BuiltIn, Card, Details, Packed};
use composer_models::WeightType;
use composer_report::text::thousands;
use serde_json::{Value, json};
use std::fmt::Write;
use std::path::Path;

/// A line for each built-in model.
///
/// # Errors
/// None in practice: the cards are part of the program.
pub fn list() -> Result<String> {
    let mut text = format!("{:<12} {:<12} {:>7}  writes\n", "name", "command", "size");
    for model in BuiltIn::ALL {
        let (card, megabytes) = (model.card()?, model.bytes().len() as f64 / 1e6);
        let _ =
            writeln!(text, "{:<12} {:<12} {megabytes:>4.1} MB  {}", model.name, card.task.name(), card.title);
    }
    text.push_str(
        "\ncomposer models NAME prints a card, and --model NAME uses one, with the command in its row.\n",
    );
    Ok(text)
}

/// The records of all built-in models.
///
/// # Errors
/// As [`record`].
pub fn records() -> Result<Vec<Value>> {
    BuiltIn::ALL.iter().map(record).collect()
}

/// The record of a built-in model: its card, and what its file says of itself.
///
/// # Errors
/// None in practice: models and cards are part of the program.
pub fn record(model: &BuiltIn) -> Result<Value> {
    let details = Details::of(model.bytes(), Path::new(model.name))?;
    let mut all = json!({ "name": model.name, "file": details });
    let card = serde_json::to_value(model.card()?).map_err(anyhow::Error::from)?;
    if let (Value::Object(all), Value::Object(card)) = (&mut all, card) {
        all.extend(card);
    }
    Ok(all)
}

/// The card of a built-in model, a line for each thing that it says.
///
/// # Errors
/// None in practice: models and cards are part of the program.
pub fn card(model: &BuiltIn) -> Result<String> {
    let (card, details) = (model.card()?, Details::of(model.bytes(), Path::new(model.name))?);
    let mut text = format!("{}: {}\n\n{}\n\n", model.name, card.title, card.description.trim());
    for (name, value) in lines(model, &card, &details) {
        let _ = writeln!(text, "  {name:<14}{value}");
    }
    Ok(text)
}

/// What the card says, with the name of each thing; a name is empty where a line belongs to that before.
fn lines(model: &BuiltIn, card: &Card, details: &Details) -> Vec<(&'static str, String)> {
    let Details { network, parameters, weights, bytes, .. } = details;
    let mut lines = vec![
        ("command", format!("composer {} --model {}", card.task.name(), model.name)),
        ("network", format!("{network}; {} parameters", thousands(*parameters as u64))),
        ("file", format!("{} bytes, weights stored as {weights}", thousands(*bytes as u64))),
        ("reads", details.representation.clone()),
    ];
    if !details.conditions.is_empty() {
        lines.push(("told", details.conditions.join(", ")));
    }
    if card.compose != Default::default() {
        lines.push(("defaults", card.compose.in_words()));
    }
    for set in &card.data {
        lines.push(("data", format!("{} ({} pieces; {})", set.name, set.pieces, set.licence)));
        if !set.attribution.is_empty() {
            lines.push(("", format!("by {}", set.attribution)));
        }
    }
    let minutes = card.training.minutes.map_or(String::new(), |minutes| format!(", {minutes:.0} minutes"));
    lines.push(("training", format!("{} (seed {}{minutes})", card.training.command, card.training.seed)));
    lines.extend(card.figures.lines());
    lines.extend(card.weaknesses.iter().map(|weakness| ("weakness", weakness.clone())));
    lines
}

/// What became of a model file that was written with other numbers.
pub fn packed(packed: &Packed) -> String {
    format!(
        "{} bytes ({} before); {} of {} weights were rounded, by {:.1e} at most\n",
        thousands(packed.bytes.len() as u64),
        thousands(packed.bytes_before as u64),
        thousands(packed.changed as u64),
        thousands(packed.parameters as u64),
        packed.largest_change
    )
}

/// The same as a record, with the file that was written.
pub fn packed_record(packed: &Packed, file: &Path, weights: WeightType) -> Value {
    json!({
        "file": file,
        "weights": weights,
        "bytes": packed.bytes.len(),
        "bytes_before": packed.bytes_before,
        "parameters": packed.parameters,
        "changed": packed.changed,
        "largest_change": packed.largest_change,
    })
}
