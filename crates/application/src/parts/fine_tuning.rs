//! A model for a new part that a training starts from: it keeps its network and its styles where nothing else is asked for.

use super::model::load;
use super::options::{Conditioning, Recipe, TrainPartOptions, configuration};
use crate::error::{wrong_input, wrong_option};
use crate::humanise::Kind;
use crate::models::task_name;
use composer_models::seq2seq::PartNotes;
use composer_models::{Encoding, Seq2Seq, Seq2SeqConfig};
use composer_report::FineTuning;
use std::path::Path;

/// A model that a training starts from.
pub(super) struct GivenPart {
    name: String,
    model: Seq2Seq,
    notes: PartNotes,
}

impl GivenPart {
    /// That of the options; `None` if they begin with random weights.
    ///
    /// # Errors
    /// It cannot be read, or is for another task.
    pub fn of(options: &TrainPartOptions) -> anyhow::Result<Option<Self>> {
        let Some(path) = options.init_from.as_deref() else {
            return match options.compare_from_nothing {
                true => Err(wrong_option(
                    "compare_from_nothing",
                    "is for a training that starts from a model: name one with --init-from",
                )),
                false => Ok(None),
            };
        };
        let (model, notes) = load(Some(path), options.task)?;
        Ok(Some(Self { name: path.display().to_string(), model, notes }))
    }

    /// The model.
    pub fn model(&self) -> &Seq2Seq {
        &self.model
    }

    /// What it is.
    pub fn config(&self) -> &Seq2SeqConfig {
        self.model.config()
    }

    /// The styles that it knows.
    pub fn styles(&self) -> &[String] {
        &self.notes.styles
    }

    /// What it performs, if it humanises.
    pub fn kind(&self) -> Kind {
        Kind::read_by(&self.config().source)
    }

    /// The program of its part.
    pub fn program(&self) -> u8 {
        self.notes.program
    }

    /// The model to train: this one, with the dropout that is asked for.
    ///
    /// # Errors
    /// Another network is asked for, or the model reads music on another grid than its task does now; the text names the first difference.
    pub fn with(&self, options: &TrainPartOptions, recipe: &Recipe) -> anyhow::Result<Seq2SeqConfig> {
        let own = self.config();
        let way = |way: Conditioning| recipe.conditioning.contains(&way);
        let asked = [
            ("cell", options.cell.map(|cell| cell.to_string()), own.decoder.cell.to_string()),
            ("hidden", options.hidden.map(|hidden| hidden.to_string()), own.decoder.hidden.to_string()),
            (
                "note_hidden",
                options.note_hidden.map(|hidden| hidden.to_string()),
                own.note_wise.as_ref().map_or(0, |notes| notes.recurrent.hidden).to_string(),
            ),
            ("encoder", options.encoder.map(|hidden| hidden.to_string()), own.encoder.hidden.to_string()),
        ];
        for (name, asked, own) in asked {
            if let Some(asked) = asked.filter(|asked| *asked != own) {
                return Err(self.differs(name, &asked, &own));
            }
        }
        let ways = [way(Conditioning::Aligned), way(Conditioning::Attention), way(Conditioning::Bridge)];
        if ways != [own.aligned, own.attention.is_some(), own.bridge] {
            return Err(wrong_option("conditioning", format!("is not that of {}: leave it out", self.name)));
        }
        if let (Some(asked), Some(attention)) = (options.score, own.attention)
            && asked != attention.score
        {
            return Err(wrong_option("score", format!("is not that of {}: leave it out", self.name)));
        }
        let usual = configuration(options.task, own.styles, self.kind(), options, recipe);
        for (name, own, usual) in
            [("source", &own.source, &usual.source), ("target", &own.target, &usual.target)]
        {
            if grid(own) != grid(usual) {
                let task = task_name(options.task);
                return Err(wrong_input(format!(
                    "{} has a {name} on another grid than composer train --task {task} makes: start from random weights",
                    self.name
                )));
            }
        }
        Ok(Seq2SeqConfig { output_dropout: options.dropout.unwrap_or(own.output_dropout), ..own.clone() })
    }

    fn differs(&self, name: &'static str, asked: &str, own: &str) -> anyhow::Error {
        wrong_option(name, format!("is {asked}, and {} has {own}: leave it out", self.name))
    }
}

/// The representation of frames, or what tokens and features are.
fn grid(encoding: &Encoding) -> String {
    match encoding {
        Encoding::Frames { representation, .. } => format!("{representation:?}"),
        other => format!("{other:?}"),
    }
}

/// A model with the weights of another of its shape.
pub(super) fn copy_of(given: &Seq2Seq, config: &Seq2SeqConfig) -> anyhow::Result<Seq2Seq> {
    let mut model = Seq2Seq::zeros(config.clone())?;
    model.params_mut().values_mut().copy_from_slice(given.params().values());
    Ok(model)
}

/// What starting from a model gained.
pub(super) fn fine_tuned(
    options: &TrainPartOptions,
    before: f64,
    best: f64,
    from_nothing: Option<f64>,
) -> FineTuning {
    let from = options.init_from.as_deref().unwrap_or(Path::new(""));
    FineTuning { from: from.display().to_string(), before, best, from_nothing }
}

/// The number of a style among those that a model knows.
///
/// # Errors
/// It knows no such style.
pub(super) fn known_style(styles: &[String], name: &str) -> anyhow::Result<u32> {
    let found = styles.iter().position(|known| known == name);
    found.map(|number| number as u32).ok_or_else(|| {
        wrong_input(format!("the model to start from has no style {name}; it has {}", styles.join(", ")))
    })
}
