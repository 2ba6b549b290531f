//! What a training that started from a model gained.

use serde::Serialize;

/// A training that started from a model: losses on the validation pieces, in nats per step.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FineTuning {
    /// The model: a file, or the name of a built-in one.
    pub from: String,
    /// Before the first update.
    pub before: f64,
    /// The lowest.
    pub best: f64,
    /// The lowest of the same training from random weights, if there was one.
    pub from_nothing: Option<f64>,
}

impl FineTuning {
    /// What it gained, in a sentence or two.
    pub fn in_words(&self) -> String {
        let Self { from, before, best, from_nothing } = self;
        let own = format!(
            "Started from {from}: validation loss {before:.3} nats per step before the first update, {best:.3} at best."
        );
        match from_nothing {
            None => own,
            Some(nothing) if best < nothing => format!(
                "{own} The same training from random weights reached {nothing:.3}: starting from the model gained {:.3}.",
                nothing - best
            ),
            Some(nothing) => format!(
                "{own} The same training from random weights reached {nothing:.3}: starting from the model gained nothing."
            ),
        }
    }
}
