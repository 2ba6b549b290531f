//! Lesson 6: from likelihood to music: what temperatures do, how unlikely real music is, and what scheduled sampling does.

mod common;

use common::{Outcome, Results};
use composer_bptt::{Cell, Init, RecurrentConfig};
use composer_decoding::{TokenOptions, continue_tokens};
use composer_models::scoring::score;
use composer_models::{Encoding, ModelConfig, Sequence, SequenceModel, Workspace};
use composer_music::corpus;
use composer_music::representation::{AnyRepresentation, Representation, Symbols};
use composer_report::charts::{self, Axes, BLUE, GREY, Line, OCHRE, RGBColor, plain};
use composer_training::sampling::{Curve, Sampling};
use composer_training::{TrainingConfig, train};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::HashSet;

/// Tokens of true music that a composition begins with, and tokens that are composed.
const KNOWN: usize = 64;
const NEW: usize = 500;
/// Tokens that are replaced, and tokens after them that are scored.
const WRONG: usize = 16;
const AFTER: usize = 48;
/// Length of the repetitions that are counted.
const RUN: usize = 8;

/// A network trained on these pieces, by teacher forcing or with a schedule.
fn trained(
    vocabulary: usize,
    music: &[Sequence],
    held_out: &[Sequence],
    sampling: Sampling,
) -> Outcome<SequenceModel> {
    let stack = RecurrentConfig { cell: Cell::Lstm, hidden: 64, ..Default::default() };
    let config = ModelConfig::new(Encoding::tokens(vocabulary), stack);
    let mut model = SequenceModel::new(config, &Init::RECOMMENDED, 6)?;
    let config = TrainingConfig {
        updates: 900,
        epochs: 0,
        batch_size: 8,
        transpose: 0,
        learning_rate: 0.006,
        sampling,
        ..Default::default()
    };
    train(&mut model, music, held_out, &config, &mut ())?;
    Ok(model)
}

/// −ln P of each token, in nats, given all before.
fn nlls(model: &SequenceModel, tokens: Vec<u32>) -> Outcome<Vec<f64>> {
    let scored = score(model, &[Sequence::tokens(tokens)], &mut Workspace::default())?;
    Ok(scored[0].total().to_vec())
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The share of runs of tokens that are there for the first time.
fn new_runs(tokens: &[u32]) -> f64 {
    let runs: HashSet<&[u32]> = tokens.windows(RUN).collect();
    runs.len() as f64 / (tokens.len() - RUN + 1) as f64
}

/// How much more each token costs after so many wrong ones than after true ones, mean over places in the music.
fn excess(model: &SequenceModel, piece: &[u32], noise: &[u32]) -> Outcome<Vec<f64>> {
    let mut rng = ChaCha8Rng::seed_from_u64(6);
    let (places, mut sums) = (40, vec![0.0; AFTER]);
    for _ in 0..places {
        let from = rng.random_range(0..piece.len() - KNOWN - WRONG - AFTER);
        let truth = piece[from..from + KNOWN + WRONG + AFTER].to_vec();
        let mut wrong = truth.clone();
        let start = rng.random_range(0..noise.len() - WRONG);
        wrong[KNOWN..KNOWN + WRONG].copy_from_slice(&noise[start..start + WRONG]);
        let (wrong, truth) = (nlls(model, wrong)?, nlls(model, truth)?);
        for (at, sum) in sums.iter_mut().enumerate() {
            *sum += (wrong[KNOWN + WRONG + at] - truth[KNOWN + WRONG + at]) / f64::from(places);
        }
    }
    Ok(sums)
}

/// What each temperature writes after the beginning of `piece`: how likely the network finds it, and how much of it is new.
fn temperatures(results: &mut Results, model: &SequenceModel, piece: &[u32]) -> Outcome<()> {
    let real = nlls(model, piece[..KNOWN + NEW].to_vec())?;
    let real = mean(&real[KNOWN..]);
    results.number("real.nll", real);
    results.number("real.new_runs_percent", 100.0 * new_runs(&piece[..NEW]));
    let mut curve = Vec::new();
    for temperature in [0.0, 0.4, 0.6, 0.8, 1.0, 1.2] {
        let (mut cost, mut new) = (0.0, 0.0);
        let seeds = if temperature == 0.0 { 1 } else { 4 };
        for seed in 0..seeds {
            let options = TokenOptions { temperature, ..TokenOptions::default() };
            let written = continue_tokens(model, &piece[..KNOWN], NEW, options, seed)?;
            new += new_runs(&written) / seeds as f64;
            // How likely is what was written, to the model itself and at temperature 1?
            let all = nlls(model, [&piece[..KNOWN], &written].concat())?;
            cost += mean(&all[KNOWN..]) / seeds as f64;
        }
        results.number(format!("temperature.{temperature}.nll"), cost);
        results.number(format!("temperature.{temperature}.new_runs_percent"), 100.0 * new);
        curve.push((temperature, cost));
    }
    let top = curve.iter().map(|point| point.1).fold(real, f64::max);
    let axes = Axes {
        levels: &[("real music", real)],
        ..axes("temperature", "nats per token", 1.25, 0.0..top * 1.08)
    };
    let line = Line::new("what the network writes, as it judges it itself", BLUE, curve).with_points();
    results.figure("temperature", charts::lines(&axes, &[line])?);
    Ok(())
}

/// What wrong tokens cost each of the networks, and how well each predicts `piece`.
fn wrong_pasts(
    results: &mut Results,
    networks: [(&str, &str, RGBColor, SequenceModel); 3],
    piece: &[u32],
    noise: &[u32],
) -> Outcome<()> {
    let mut lines = Vec::new();
    for (name, title, color, model) in networks {
        let excess = excess(&model, piece, noise)?;
        results.number(format!("{name}.nll"), mean(&nlls(&model, piece.to_vec())?));
        results.number(format!("{name}.excess.first"), mean(&excess[..8]));
        results.number(format!("{name}.excess.last"), mean(&excess[AFTER - 16..]));
        let fours = excess.chunks(4).enumerate().map(|(at, four)| (4.0 * at as f64 + 2.0, mean(four)));
        lines.push(Line::new(title, color, fours.collect()));
    }
    let all = || lines.iter().flat_map(|line| &line.points).map(|point| point.1);
    let heights = all().fold(0.0, f64::min) * 1.1..all().fold(0.1, f64::max) * 1.1;
    let axes = axes("true tokens after 16 wrong ones", "extra nats per token", AFTER as f64, heights);
    results.figure("wrong", charts::lines(&axes, &lines)?);
    Ok(())
}

fn axes<'a>(x: &'a str, y: &'a str, to: f64, y_range: std::ops::Range<f64>) -> Axes<'a> {
    let (size, x_range, levels) = ((600, 420), 0.0..to, &[]);
    Axes { size, x, y, x_range, y_range, log: false, x_labels: 7, x_label: &plain, levels }
}

fn main() -> Outcome<()> {
    let mut results = Results::of("lesson_6");
    let representation = AnyRepresentation::by_name("metrical-events")?;
    let mut pieces = Vec::new();
    for piece in corpus::shipped::piano().pieces {
        if let Symbols::Tokens(tokens) = representation.encode(&piece.score)? {
            pieces.push(tokens);
        }
    }
    let held_out = pieces.pop().ok_or("the built-in corpus has piano pieces")?;
    let sequences: Vec<Sequence> = pieces.iter().cloned().map(Sequence::tokens).collect();
    let valid = [Sequence::tokens(held_out.clone())];
    let vocabulary = representation.vocabulary().size();
    let by = |sampling| trained(vocabulary, &sequences, &valid, sampling);
    let forced = by(Sampling::default())?;
    temperatures(&mut results, &forced, &held_out)?;
    let schedule = Sampling { curve: Curve::LinearToEnd, floor: 0.0, ..Sampling::default() };
    let networks = [
        ("forced", "teacher forcing", BLUE, forced),
        ("gentle", "scheduled sampling to 0.75", OCHRE, by(Sampling { floor: 0.75, ..schedule })?),
        ("scheduled", "scheduled sampling to 0", GREY, by(schedule)?),
    ];
    wrong_pasts(&mut results, networks, &held_out, &pieces[0])?;
    results.finish()
}
