//! What conditions cost and what they do: asked against got, and likelihoods of held-out pieces, as a table in Markdown.
//!
//! Usage: `measure_conditions FOLDER MODEL MODEL_WITHOUT [PIECES]`: the folder that both models of frames were trained on, one with
//! conditions and one without, and how many pieces of 16 bars are composed for each value. `scripts/measure_conditions.sh` trains both.
//! `measure_conditions MODEL` asks a model alone, which may be the name of a built-in one.

use anyhow::{Context, Result};
use composer::TrainedModel;
use composer::compose::{ComposeOptions, compose};
use composer_models::conditions::{Condition, ConditionTrack, ConditionValues, measure};
use composer_models::{Encoding, Sequence, SequenceModel, Workspace, scoring};
use composer_music::corpus;
use composer_music::representation::frames::FrameRepresentation;
use std::path::Path;

/// Attributes, and the values that are asked for.
const ATTRIBUTES: [(Condition, [f64; 8]); 3] = [
    (Condition::Density, [1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0]),
    (Condition::Polyphony, [1.2, 1.7, 2.2, 2.7, 3.2, 3.7, 4.2, 5.0]),
    (Condition::Register, [48.0, 52.0, 55.0, 58.0, 61.0, 64.0, 67.0, 72.0]),
];

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let [model] = &args[..] {
        return ask(&TrainedModel::load(model)?, 8);
    }
    let [folder, with, without, rest @ ..] = &args[..] else {
        anyhow::bail!("usage: measure_conditions FOLDER MODEL MODEL_WITHOUT [PIECES]");
    };
    let pieces = rest.first().map_or(Ok(8), |text| text.parse().context("PIECES is a number"))?;
    let (with, without) = (TrainedModel::load(with)?, TrainedModel::load(without)?);
    let Encoding::Frames { representation, .. } = with.model.encoding() else {
        anyhow::bail!("the models must be of frames");
    };
    likelihoods(Path::new(folder), representation, &with.model, &without.model)?;
    ask(&with, pieces)
}

/// Asked against got, for each attribute.
fn ask(model: &TrainedModel, pieces: usize) -> Result<()> {
    let Encoding::Frames { representation, .. } = model.model.encoding() else {
        anyhow::bail!("the models must be of frames");
    };
    for (attribute, values) in ATTRIBUTES {
        control(model, representation, (attribute, &values), pieces)?;
    }
    Ok(())
}

/// Nats per step of the test pieces.
fn likelihoods(
    folder: &Path,
    representation: &FrameRepresentation,
    with: &SequenceModel,
    without: &SequenceModel,
) -> Result<()> {
    let test = corpus::split(corpus::load(folder)?.pieces).test;
    let sequence = |piece: &corpus::Piece| {
        let (frames, bars) = (representation.encode(&piece.score), representation.bars(&piece.score));
        let style = piece.name.split_once('/').map(|(style, _)| style);
        let track = ConditionTrack::of_frames(&frames, Some(&bars), representation.steps_per_quarter, style);
        Sequence::frames_in(frames, bars).with_conditions(track)
    };
    let told: Vec<Sequence> = test.iter().map(sequence).collect();
    let only = |keep: &dyn Fn(Condition) -> bool| -> Vec<Sequence> {
        told.iter().map(|piece| piece.clone().with_conditions(kept(piece, keep))).collect()
    };
    let nll = |model: &SequenceModel, pieces: &[Sequence]| -> Result<f64> {
        let scores = scoring::score(model, pieces, &mut Workspace::default())?;
        let steps: usize = scores.iter().map(scoring::SequenceNll::len).sum();
        Ok(scores.iter().map(|score| score.total().sum()).sum::<f64>() / steps as f64)
    };
    println!("| {} test pieces | nats per step |\n|---|---|", told.len());
    println!("| the model without conditions | {:.3} |", nll(without, &told)?);
    println!("| with conditions, all dropped | {:.3} |", nll(with, &only(&|_| false))?);
    for condition in with.config().conditions.known() {
        println!("| {condition} alone given | {:.3} |", nll(with, &only(&|kept| kept == condition))?);
    }
    println!("| all given | {:.3} |", nll(with, &told)?);
    Ok(())
}

/// The track of a piece with some of its conditions.
fn kept(piece: &Sequence, keep: &dyn Fn(Condition) -> bool) -> ConditionTrack {
    let Some(track) = piece.conditions() else { return ConditionTrack::default() };
    track.map(|values| ConditionValues {
        style: values.style.clone().filter(|_| keep(Condition::Style)),
        metre: values.metre.filter(|_| keep(Condition::Metre)),
        density: values.density.filter(|_| keep(Condition::Density)),
        polyphony: values.polyphony.filter(|_| keep(Condition::Polyphony)),
        register: values.register.filter(|_| keep(Condition::Register)),
        key: values.key.filter(|_| keep(Condition::Key)),
        bars_left: values.bars_left.filter(|_| keep(Condition::BarsLeft)),
        form: values.form && keep(Condition::Form),
        harmony: values.harmony.filter(|_| keep(Condition::Harmony)),
    })
}

/// Composes with each value of an attribute, the others not given, and measures what came.
fn control(
    model: &TrainedModel,
    representation: &FrameRepresentation,
    (attribute, values): (Condition, &[f64]),
    pieces: usize,
) -> Result<()> {
    let boundaries = model.model.config().conditions.boundaries(attribute);
    println!("\n| {attribute}, {pieces} pieces each | {} |", values.map_text(|value| format!("{value}")));
    println!("|---|{}", "---|".repeat(values.len()));
    let (mut pairs, mut means, mut ranges) = (Vec::new(), Vec::new(), Vec::new());
    for &value in values {
        let mut conditions = ConditionValues::default();
        match attribute {
            Condition::Density => conditions.density = Some(value),
            Condition::Polyphony => conditions.polyphony = Some(value),
            _ => conditions.register = Some(value),
        }
        let options = ComposeOptions { num_outputs: pieces, conditions, ..ComposeOptions::default() };
        let got: Vec<f64> = compose(model, &options)?
            .iter()
            .filter_map(|piece| {
                measure(&representation.encode(&piece.score), representation.steps_per_quarter)
                    .attribute(attribute)
            })
            .collect();
        means.push(got.iter().sum::<f64>() / got.len() as f64);
        let spread = |pick: fn(f64, f64) -> f64| got.iter().copied().reduce(pick).unwrap_or(f64::NAN);
        ranges.push((spread(f64::min), spread(f64::max)));
        pairs.extend(got.iter().map(|&got| (value, got)));
    }
    println!("| got, mean | {} |", means.map_text(|mean| format!("{mean:.2}")));
    println!(
        "| lowest to highest piece | {} |",
        ranges.map_text(|(low, high)| format!("{low:.1}–{high:.1}"))
    );
    println!(
        "\nRank correlation over {} pieces: {:.3}. Boundaries of levels: {boundaries:.2?}",
        pairs.len(),
        spearman(&pairs)
    );
    Ok(())
}

/// Spearman's rank correlation, ties with their mean rank.
fn spearman(pairs: &[(f64, f64)]) -> f64 {
    let ranks = |values: Vec<f64>| -> Vec<f64> {
        let rank = |value: &f64| {
            let below = values.iter().filter(|other| *other < value).count() as f64;
            let equal = values.iter().filter(|other| *other == value).count() as f64;
            below + 0.5 * (equal - 1.0)
        };
        values.iter().map(rank).collect()
    };
    let x = ranks(pairs.iter().map(|pair| pair.0).collect());
    let y = ranks(pairs.iter().map(|pair| pair.1).collect());
    let middle = 0.5 * (pairs.len() as f64 - 1.0);
    let sum =
        |a: &[f64], b: &[f64]| -> f64 { a.iter().zip(b).map(|(a, b)| (a - middle) * (b - middle)).sum() };
    sum(&x, &y) / (sum(&x, &x) * sum(&y, &y)).sqrt()
}

/// Cells of a row.
trait Cells<T> {
    fn map_text(&self, text: impl Fn(&T) -> String) -> String;
}

impl<T> Cells<T> for [T] {
    fn map_text(&self, text: impl Fn(&T) -> String) -> String {
        self.iter().map(text).collect::<Vec<_>>().join(" | ")
    }
}
