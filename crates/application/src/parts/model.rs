//! The model of a part, from a file or built in.

use crate::error::wrong_input;
use crate::models::{BuiltIn, Source, task_name};
use composer_models::Seq2Seq;
use composer_models::seq2seq::{self, PartNotes, Task};
use std::path::Path;

/// The model that was asked for, or the built-in one.
pub(crate) fn load(model: Option<&Path>, task: Task) -> anyhow::Result<(Seq2Seq, PartNotes)> {
    let source = match model {
        Some(model) => Source::find(model)?,
        None => Source::BuiltIn(BuiltIn::of_task(Some(task))?),
    };
    let (model, notes) = match source {
        Source::File(path) => seq2seq::load(&path)?,
        Source::BuiltIn(model) => {
            model.check_task(Some(task))?;
            seq2seq::from_bytes(model.bytes(), &model.label())?
        }
    };
    if notes.task != task {
        return Err(wrong_input(format!(
            "this model was trained for composer {}, and this command needs one of composer train --task {}",
            task_name(notes.task),
            task_name(task)
        )));
    }
    Ok((model, notes))
}
