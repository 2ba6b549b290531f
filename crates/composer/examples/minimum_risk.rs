//! Lets a network of frames learn from its own compositions, by how far each is from real music.
//!
//! Usage: `minimum_risk MODEL FOLDER OUT [UPDATES] [SEED]`: a model of frames; the music that it has learnt from, or `built-in`; where the model that comes of it
//! is written; updates (200) and the seed (1).
//!
//! In every update the network composes eight times what it is told of one excerpt of 16 bars of its training pieces, as `compose` would, and learns from the distances
//! of these compositions from the training pieces as a whole ([`composer_studies::minimum_risk`]). A line for each update goes to the standard output.

use anyhow::{Context, Result, bail};
use composer::TrainedModel;
use composer::compose::{NOTE_RHYTHM_MIN_P, NOTE_TOP_P};
use composer_decoding::{FrameOptions, Generator};
use composer_evaluation::failure::DetectorsByLength;
use composer_evaluation::grid::Grid;
use composer_models::conditions::ConditionTrack;
use composer_models::{Encoding, Form, FrameSequence, Sequence, SequenceModel, Stepper, file};
use composer_music::corpus;
use composer_music::representation::frames::{DecodeOptions, Frame, FrameRepresentation};
use composer_music::{BarMap, Score};
use composer_studies::minimum_risk::{Candidate, Config, MinimumRisk};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::ops::RangeInclusive;
use std::path::Path;

/// Compositions of an update.
const CANDIDATES: usize = 8;
/// Bars of a composition.
const BARS: u64 = 16;
/// Steps of an excerpt: fewer are no whole piece, more are slow pieces of long bars.
const STEPS: RangeInclusive<usize> = 128..=512;
/// Beyond it, a piece is as bad as can be.
const LARGEST_COST: f64 = 20.0;

/// What a composition is told: that of an excerpt.
struct Told {
    steps: usize,
    form: Form,
    bars: BarMap,
    conditions: ConditionTrack,
}

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [model, folder, out, rest @ ..] = &args[..] else {
        bail!("usage: minimum_risk MODEL FOLDER OUT [UPDATES] [SEED]");
    };
    let number = |place: usize, usual: u64| {
        rest.get(place).map_or(Ok(usual), |text| text.parse().context("a number is expected"))
    };
    let (updates, seed) = (number(0, 200)?, number(1, 1)?);
    let TrainedModel { mut model, notes, .. } = TrainedModel::load(Path::new(model))?;
    let Encoding::Frames { representation, .. } = model.encoding().clone() else {
        bail!("the model must be of frames");
    };
    let corpus = if folder == "built-in" { corpus::shipped() } else { corpus::load(Path::new(folder))? };
    let train = corpus::split(corpus.pieces).train;
    let grids: Vec<Grid> = train.iter().map(|piece| Grid::new(&piece.score)).collect();
    let excerpts: Vec<Told> =
        train.iter().flat_map(|piece| excerpts(&representation, &piece.score)).collect();
    let quarters = |told: &Told| (told.steps / representation.steps_per_quarter as usize) as u32;
    let mut lengths: Vec<u32> = excerpts.iter().map(quarters).collect();
    lengths.sort_unstable();
    lengths.dedup();
    let judge = DetectorsByLength::for_lengths(&grids, &lengths, 1)?;
    let mut learner = MinimumRisk::new(&model, Config::default());
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    for update in 1..=updates {
        let told = &excerpts[rng.random_range(0..excerpts.len())];
        let candidates = compose(&model, &representation, told, &judge, rng.random())?;
        let mean = candidates.iter().map(|candidate| candidate.cost).sum::<f64>() / candidates.len() as f64;
        let risk = learner.update(&mut model, &candidates)?;
        println!("update {update}: mean distance {mean:.3}, risk {:.3}", risk.risk);
    }
    file::save(&model, &notes, Path::new(out))?;
    Ok(())
}

/// The excerpts of a piece that begin at every eighth bar, in one metre.
fn excerpts(representation: &FrameRepresentation, score: &Score) -> Vec<Told> {
    let whole = FrameSequence::new(representation.encode(score), Some(representation.bars(score)));
    let excerpt = |bar: u64| {
        let later = whole.from_bar(bar)?;
        let bars = later.bars()?.clone();
        let length = bars.bar(BARS).start as usize;
        let fits = STEPS.contains(&length) && length <= later.len() && bars.changes().count() == 1;
        let frames = later.get(..length).filter(|_| fits)?.to_vec();
        let conditions =
            ConditionTrack::of_frames(&frames, Some(&bars), representation.steps_per_quarter, None);
        Some(Told { form: Form::of_frames(&frames, &bars), steps: length, bars, conditions })
    };
    (0..whole.bar_count()).step_by(8).filter_map(excerpt).collect()
}

/// Compositions that are told the same, and what they cost.
fn compose(
    model: &SequenceModel,
    representation: &FrameRepresentation,
    told: &Told,
    judge: &DetectorsByLength,
    seed: u64,
) -> Result<Vec<Candidate>> {
    let options =
        FrameOptions { top_p: NOTE_TOP_P, rhythm_min_p: NOTE_RHYTHM_MIN_P, ..FrameOptions::default() };
    let stepper = Stepper::new(model).with_conditions(told.conditions.clone());
    let options = options.on_grid(representation.steps_per_quarter);
    let generator = Generator::new(stepper, options, CANDIDATES, seed)?
        .with_bars(told.bars.clone())
        .with_forms(vec![told.form.clone(); CANDIDATES]);
    let mut pieces: Vec<Vec<Frame>> = vec![Vec::new(); CANDIDATES];
    for step in generator.take(told.steps) {
        pieces.iter_mut().zip(step?).for_each(|(piece, drawn)| piece.push(drawn.frame));
    }
    let metre = told.bars.metre_at(0);
    let layout =
        DecodeOptions { time_signature: (metre.numerator, metre.denominator), ..DecodeOptions::default() };
    let candidate = |frames: Vec<Frame>| {
        let score = representation.decode(&frames, &layout);
        let cost = judge.of(&score).distance(&Grid::new(&score)).min(LARGEST_COST);
        let sequence =
            Sequence::frames_in(frames, told.bars.clone()).with_conditions(told.conditions.clone());
        Candidate { sequence, cost }
    };
    Ok(pieces.into_iter().map(candidate).collect())
}
