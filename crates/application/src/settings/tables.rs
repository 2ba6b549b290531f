//! Settings from several sources, each over the one before, as tables until the end: so that an unknown key is found in all of
//! them by the same rule. It is not in the defaults, which have every key.

use crate::error::wrong_input;
use composer_models::Network;
use composer_music::representation::frames::FrameParts;
use composer_training::TrainingConfig;
use toml::{Table, Value};

/// Where a key that is not known came from, for people: a file, or nothing.
pub(super) type Source<'a> = Option<&'a str>;

/// Sets one key of a table that has it already. The name may leave out its first parts where no other key ends the same.
pub(super) fn set(table: &mut Table, key: &str, value: Value) -> anyhow::Result<()> {
    let mut nested = value;
    let path = full_key(table, key, None)?;
    for part in path.rsplit('.') {
        nested = Value::Table(Table::from_iter([(part.to_owned(), nested)]));
    }
    match nested {
        Value::Table(over) => merge(table, over, None),
        _ => Ok(()),
    }
}

/// Lays `over` on `table`, key by key; what `table` does not know is refused with the nearest name that it does.
pub(super) fn merge(table: &mut Table, over: Table, source: Source<'_>) -> anyhow::Result<()> {
    let mut known = Vec::new();
    collect_keys(table, "", &mut known);
    for (key, value) in over {
        if table.contains_key(&key) || value.is_table() {
            merge_below(table, Table::from_iter([(key, value)]), "", &known, source)?;
        } else {
            // A flat name at the top of a file.
            let path = full_key(table, &key, source)?;
            set(table, &path, value)?;
        }
    }
    Ok(())
}

fn merge_below(
    table: &mut Table,
    over: Table,
    prefix: &str,
    known: &[String],
    source: Source<'_>,
) -> anyhow::Result<()> {
    for (key, value) in over {
        let path = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
        match (table.get_mut(&key), value) {
            (None, value) => return Err(unknown(&first_leaf(path, &value), known, source)),
            (Some(Value::Table(section)), Value::Table(inner)) => {
                merge_below(section, inner, &path, known, source)?;
            }
            (Some(Value::Table(_)), _) => {
                return Err(wrong_input(from(
                    source,
                    &format!("{path} is a section, and needs a key in it"),
                )));
            }
            (Some(setting), value) => *setting = value,
        }
    }
    Ok(())
}

/// Adds the settings that are not written where they are the usual ones.
pub(super) fn add_unwritten(
    table: &mut Table,
    style_from: &str,
    training: &TrainingConfig,
) -> anyhow::Result<()> {
    for (section, key, value) in [
        ("model", "bar_attention", Value::Integer(0)),
        ("model", "embedding", Value::Integer(0)),
        ("model", "tie_weights", Value::Boolean(false)),
        ("model", "embedding_dropout", Value::Float(0.0)),
        ("model", "softmaxes", Value::Integer(1)),
        ("music", "parts", Value::try_from(FrameParts::default())?),
        ("music", "note_lengths", Value::Integer(0)),
        ("music", "note_velocities", Value::Integer(0)),
        ("music", "style_from", Value::String(style_from.to_owned())),
        ("training", "condition_dropout", Value::Float(training.condition_dropout)),
        ("training", "micro_shards", Value::Integer(training.micro_shards as i64)),
        ("training", "gradient_type", Value::try_from(training.gradient_type)?),
        ("run", "beside", Value::String(String::new())),
    ] {
        if let Some(Value::Table(section)) = table.get_mut(section) {
            section.entry(key).or_insert(value);
        }
    }
    Ok(())
}

/// Brings settings that an earlier version wrote under the names of this one: `coupled`, yes or no, is a network now.
pub(super) fn rename_old(table: &mut Table) {
    let Some(Value::Table(model)) = table.get_mut("model") else { return };
    if let Some(Value::Boolean(coupled)) = model.remove("coupled") {
        let network = if coupled { Network::Coupled } else { Network::Independent };
        model.entry("network").or_insert(Value::String(network.name().to_owned()));
    }
}

/// The whole name of a key: itself, or the one that ends with it.
fn full_key(table: &Table, key: &str, source: Source<'_>) -> anyhow::Result<String> {
    let mut at = Some(table);
    let mut known = true;
    for part in key.split('.') {
        let value = at.and_then(|table| table.get(part));
        known &= value.is_some();
        at = value.and_then(Value::as_table);
    }
    if known {
        return Ok(key.to_owned());
    }
    let mut keys = Vec::new();
    collect_keys(table, "", &mut keys);
    let ending = format!(".{key}");
    let meant: Vec<&str> = keys.iter().map(String::as_str).filter(|known| known.ends_with(&ending)).collect();
    match &meant[..] {
        [] => Err(unknown(key, &keys, source)),
        [path] => Ok((*path).to_owned()),
        several => Err(wrong_input(from(
            source,
            &format!("{key} may mean {}: write the whole name", several.join(" or ")),
        ))),
    }
}

/// The path of the first setting below `path`: an unknown section is told by the setting that was meant.
fn first_leaf(path: String, value: &Value) -> String {
    match value.as_table().and_then(|inner| inner.iter().next()) {
        Some((key, inner)) => first_leaf(format!("{path}.{key}"), inner),
        None => path,
    }
}

fn from(source: Source<'_>, text: &str) -> String {
    source.map_or_else(|| text.to_owned(), |source| format!("{source}: {text}"))
}

fn unknown(path: &str, known: &[String], source: Source<'_>) -> anyhow::Error {
    let last = |key: &str| key.rsplit('.').next().unwrap_or_default().to_owned();
    let likeness =
        |key: &str| strsim::jaro_winkler(key, path).max(strsim::jaro_winkler(&last(key), &last(path)));
    let nearest = known.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    let hint = nearest.map(|key| format!("; did you mean {key}?")).unwrap_or_default();
    wrong_input(from(source, &format!("there is no setting {path}{hint}")))
}

fn collect_keys(table: &Table, prefix: &str, keys: &mut Vec<String>) {
    for (key, value) in table {
        let path = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
        match value {
            Value::Table(inner) => collect_keys(inner, &path, keys),
            _ => keys.push(path),
        }
    }
}
