//! What went wrong, where it began, what probably caused it, and what to try.

use composer_bptt::Parameters;
use composer_bptt::divergence::Breakdown;
use std::fmt;

/// Something became non-finite.
#[derive(Clone, Debug, PartialEq)]
pub struct Diagnosis {
    /// "loss", "gradient" or "weights".
    pub what: &'static str,
    /// Its value.
    pub value: f64,
    /// At which update.
    pub update: u64,
    /// Where it appeared first, in words: layer, gate and step or parameter.
    pub place: String,
    /// The likely cause, and the option to try.
    pub advice: &'static str,
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, value, update, place, advice } = self;
        write!(f, "the {what} became {value} at update {update}, first in {place}: {advice}")
    }
}

const FORWARD: &str = "the weights have grown until their products overflow; try a smaller training.learning_rate (a \
    third) or a smaller training.clip_grad_norm, or continue from the last checkpoint with them";
const STATE: &str = "the state grows from step to step; try model.layer_norm, another model.cell (lstm and gru keep \
    their state within bounds), or a smaller training.learning_rate";
const BACKWARD: &str = "the gradient explodes on its way back through time; try a shorter training.tbptt_len, another \
    model.cell, or a smaller training.learning_rate";
const WEIGHTS: &str = "the update before was too large; try a smaller training.learning_rate (a third) or a longer \
    training.schedule.warmup";

/// After a forward pass whose loss is `value`, and in which this broke down first, in a stack of this name.
pub(crate) fn of_loss(breakdown: Option<(&str, Breakdown)>, value: f64, update: u64) -> Diagnosis {
    let (place, advice) = match breakdown {
        Some((stack, found)) => {
            let gate = match found.gate {
                "h" | "c" => format!("state {}", found.gate),
                gate => format!("gate {gate}"),
            };
            let advice = if matches!(found.gate, "h" | "c") { STATE } else { FORWARD };
            let of = if stack.is_empty() { String::new() } else { format!("{stack} ") };
            (format!("{gate} of {of}layer {} at step {} of the batch", found.layer + 1, found.step), advice)
        }
        None => ("the output layer".to_owned(), FORWARD),
    };
    Diagnosis { what: "loss", value, update, place, advice }
}

/// The name of the gate that a row of a parameter belongs to, by the parameter's name.
pub(crate) type GateOf<'a> = &'a dyn Fn(&str, usize) -> Option<&'static str>;

/// After a backward pass: the first gradient on the way back that is not finite. Layers come in the order of the
/// parameters, so the way back begins at the end.
pub(crate) fn of_gradient(params: &Parameters<f32>, gate: GateOf<'_>, value: f64, update: u64) -> Diagnosis {
    let place = first_bad(params, params.grads(), gate, true).unwrap_or_else(|| "their sum".to_owned());
    Diagnosis { what: "gradient", value, update, place, advice: BACKWARD }
}

/// The first weight that is not finite, if there is one.
pub(crate) fn of_weights(params: &Parameters<f32>, gate: GateOf<'_>, update: u64) -> Option<Diagnosis> {
    let value = params.values().iter().copied().find(|value| !value.is_finite())?;
    let place = first_bad(params, params.values(), gate, false)?;
    Some(Diagnosis { what: "weights", value: f64::from(value), update, place, advice: WEIGHTS })
}

fn first_bad(
    params: &Parameters<f32>,
    values: &[f32],
    gate: GateOf<'_>,
    from_the_end: bool,
) -> Option<String> {
    let mut entries: Vec<_> = params.entries().iter().collect();
    if from_the_end {
        // The output layer comes after the stack, and within the stack the top layer comes last.
        entries.reverse();
    }
    entries.into_iter().find_map(|entry| {
        let index = values[entry.range.clone()].iter().position(|value| !value.is_finite())?;
        let row = index / entry.shape.iter().skip(1).product::<usize>().max(1);
        let gate = gate(&entry.name, row).map(|gate| format!(", gate {gate}")).unwrap_or_default();
        Some(format!("{}{gate}", entry.name))
    })
}

/// A training that goes on, but not well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Advice {
    /// The loss is far above where it already was.
    Explodes,
    /// The loss is where it was at the beginning.
    DoesNotFall,
}

impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Explodes => {
                "the training loss has risen far above its best: the learning rate is too large; try a smaller \
                 training.learning_rate (a third) or a smaller training.clip_grad_norm"
            }
            Self::DoesNotFall => {
                "the training loss has hardly fallen since the first epoch: try a larger training.learning_rate (three \
                 times), less dropout, more units (model.hidden), or check with `composer inspect` how the music was read"
            }
        })
    }
}

/// Rise above the best epoch, as a share, that counts as an explosion.
const EXPLOSION: f64 = 0.5;
/// Fall below the first epoch, as a share, that counts as learning.
const LEARNING: f64 = 0.01;
/// Epochs that a training has to show it.
const GRACE: usize = 3;

/// What can be said after an epoch; `losses` are the training losses of all epochs.
pub(crate) fn advice(losses: &[f64]) -> Option<Advice> {
    let (&now, &first) = (losses.last()?, losses.first()?);
    let best = losses.iter().copied().fold(f64::INFINITY, f64::min);
    if now > best * (1.0 + EXPLOSION) && now > best + 0.1 {
        return Some(Advice::Explodes);
    }
    (losses.len() == GRACE + 1 && best > first * (1.0 - LEARNING)).then_some(Advice::DoesNotFall)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advice_comes_when_it_is_needed_and_only_then() {
        assert_eq!(advice(&[5.0, 4.0, 3.0, 2.9]), None);
        assert_eq!(advice(&[5.0, 2.0, 3.5]), Some(Advice::Explodes));
        assert_eq!(advice(&[0.01, 0.02]), None, "near zero, a factor means nothing");
        assert_eq!(advice(&[5.0, 5.01, 5.0]), None, "too early to say");
        assert_eq!(advice(&[5.0, 5.01, 5.0, 4.99]), Some(Advice::DoesNotFall));
        assert_eq!(advice(&[5.0, 5.01, 5.0, 4.99, 4.99]), None, "said once");
    }
}
