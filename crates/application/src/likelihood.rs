//! The likelihood of held-out pieces under a model, compared with simple baselines.

use crate::train::material::{Material, Subset};
use composer_decoding::{FrameOptions, Generator};
use composer_evaluation::likelihood::Nll;
use composer_evaluation::likelihood::accuracy::FrameCounts;
use composer_evaluation::likelihood::marginal::Marginal;
use composer_evaluation::likelihood::markov::MarkovChain;
use composer_evaluation::likelihood::summary::{Figures, PieceCost};
use composer_models::Stepper;
use composer_models::output_bias::output_bias;
use composer_models::{ConditionTrack, Encoding, Sequence, SequenceModel, Workspace, scoring};
use composer_music::representation::frames::Frame;
use composer_music::representation::{Representation, Symbols};
use composer_report::Likelihood;
use composer_report::likelihood::TOLD;

/// Seed of the resampling behind the intervals.
const SEED: u64 = 1;

/// Sums the NLL of pieces under one predictor.
fn summed(name: &'static str, what: &'static str, pieces: Vec<Cost>) -> Likelihood {
    let mut nll = Nll::default();
    pieces.iter().for_each(|piece| nll.merge(&piece.nll));
    let costs: Vec<PieceCost> = pieces.iter().map(|piece| piece.cost).collect();
    Likelihood { name, what, nll, figures: Figures::new(&costs, SEED) }
}

/// The NLL of one piece: totals by plane, and in every unit.
struct Cost {
    nll: Nll,
    cost: PieceCost,
}

impl Cost {
    fn new(nll: Nll, frames: usize, notes: usize, expected: Option<FrameCounts>) -> Self {
        let cost = PieceCost {
            nats: nll.total(),
            sounding: nll.sounding,
            symbols: nll.frames,
            frames,
            notes,
            expected,
        };
        Self { nll, cost }
    }
}

/// Sequences of which nothing is told: their likelihood is one of the music alone, and may be compared with that of others.
pub(crate) fn untold(sequences: &[Sequence]) -> Vec<Sequence> {
    let untold = |sequence: &Sequence| sequence.clone().with_conditions(ConditionTrack::default());
    sequences.iter().map(untold).collect()
}

/// Baselines and the model on the test pieces, the model last, told nothing; before it with the conditions of each piece, if it has any.
pub(crate) fn measure(model: &SequenceModel, material: &Material) -> anyhow::Result<Vec<Likelihood>> {
    match *model.encoding() {
        Encoding::Frames { .. } => of_frames(model, material),
        Encoding::Tokens { .. } | Encoding::Values { .. } => of_tokens(model, material),
    }
}

/// Both baselines, fitted on the training pieces and scored on others.
pub(crate) fn baselines(material: &Material, pieces: &[Vec<Frame>]) -> Vec<(&'static str, Nll)> {
    let space = material.space();
    vec![
        ("marginal", Marginal::fit(&material.train.frames, space).score(pieces)),
        ("Markov chain", MarkovChain::fit(&material.train.frames, space).score(pieces)),
    ]
}

/// A model's likelihood of sequences, first frames included.
pub(crate) fn model_nll(model: &SequenceModel, sequences: &[Sequence]) -> anyhow::Result<Nll> {
    let mut nll = Nll::default();
    nll_by_piece(model, sequences)?.iter().for_each(|piece| nll.merge(piece));
    Ok(nll)
}

/// The likelihood of each sequence by itself.
pub(crate) fn nll_by_piece(model: &SequenceModel, sequences: &[Sequence]) -> anyhow::Result<Vec<Nll>> {
    let scored = scoring::score(model, sequences, &mut Workspace::default())?;
    let total = |piece: &scoring::SequenceNll| {
        let mut nll = Nll::default();
        for (step, cost) in piece.steps().enumerate() {
            nll.add_frame(step == 0, cost.sounding, cost.onset);
        }
        nll
    };
    Ok(scored.iter().map(total).collect())
}

fn of_frames(model: &SequenceModel, material: &Material) -> anyhow::Result<Vec<Likelihood>> {
    let (space, pieces) = (material.space(), &material.test.frames);
    let row = |name, what, nll: &dyn Fn(usize) -> Nll, expected: &dyn Fn(usize) -> FrameCounts| {
        let cost = |i: usize| {
            let notes = pieces[i].iter().map(|frame| frame.onsets.count_ones() as usize).sum();
            // What a model expects is asked of it step by step; where it decides lengths, it is not.
            let expected = (model.encoding().note_lengths() == 0).then(|| expected(i));
            Cost::new(nll(i), pieces[i].len(), notes, expected)
        };
        summed(name, what, (0..pieces.len()).map(cost).collect())
    };
    let marginal = Marginal::fit(&material.train.frames, space);
    let markov = MarkovChain::fit(&material.train.frames, space);
    let likely = marginal.expected();
    let test = untold(&material.test.sequences);
    let (network, expected) = (nll_by_piece(model, &test)?, expected_pitches(model, &test)?);
    let mut rows = vec![
        row(
            "marginal",
            "frequency of each pitch",
            &|i| marginal.score(std::slice::from_ref(&pieces[i])),
            &|i| compared(&pieces[i], |_| likely),
        ),
        row(
            "Markov chain",
            "each pitch given its last frame",
            &|i| markov.score(std::slice::from_ref(&pieces[i])),
            &|i| compared(&pieces[i], |t| markov.expected(t.checked_sub(1).map(|before| &pieces[i][before]))),
        ),
    ];
    if !model.config().conditions.is_empty() {
        let test = &material.test.sequences;
        let (told, expected) = (nll_by_piece(model, test)?, expected_pitches(model, test)?);
        let found = |i: usize| compared(&pieces[i], |t| expected[i][t]);
        rows.push(row(TOLD, "and the conditions of each piece", &|i| told[i], &found));
    }
    let found = |i: usize| compared(&pieces[i], |t| expected[i][t]);
    rows.push(row("this network", "all previous frames", &|i| network[i], &found));
    Ok(rows)
}

/// Expected pitches against those that sound.
fn compared(piece: &[Frame], expected: impl Fn(usize) -> u128) -> FrameCounts {
    let mut counts = FrameCounts::default();
    piece.iter().enumerate().for_each(|(t, frame)| counts.add(expected(t), frame.sounding));
    counts
}

/// For every frame of every piece, the pitches that the model finds more likely to sound than not, given what came before and,
/// where pitches depend on each other, given the expected pitches below.
fn expected_pitches(model: &SequenceModel, pieces: &[Sequence]) -> anyhow::Result<Vec<Vec<u128>>> {
    if model.encoding().note_lengths() > 0 {
        return Ok(pieces.iter().map(|piece| vec![0; piece.len()]).collect());
    }
    let options = FrameOptions { temperature: 0.0, ..FrameOptions::default() };
    let piece = |piece: &Sequence| -> anyhow::Result<Vec<u128>> {
        let Sequence::Frames(frames) = piece else { return Ok(Vec::new()) };
        let track = piece.conditions().cloned().unwrap_or_default();
        let form = frames.form().filter(|_| !track.is_empty());
        let mut reader = Generator::new(Stepper::new(model).with_conditions(track), options, 1, 0)?
            .with_forms(form.cloned().into_iter().collect());
        if let Some(bars) = piece.bars() {
            reader = reader.with_bars(bars.clone());
        }
        let mut expect = |&frame: &Frame| Ok(reader.expected(frame)?);
        frames.iter().map(&mut expect).collect()
    };
    pieces.iter().map(piece).collect()
}

/// In nats per token, frame and note, compared with the frequency of each token.
fn of_tokens(model: &SequenceModel, material: &Material) -> anyhow::Result<Vec<Likelihood>> {
    let frequencies = output_bias(model.encoding(), &material.train.sequences);
    let unigram = |sequence: &Sequence| {
        let mut nll = Nll::default();
        if let Sequence::Tokens(tokens) = sequence {
            for (step, &token) in tokens.iter().enumerate() {
                nll.add_frame(step == 0, scoring::categorical_nll(&frequencies, token as usize), 0.0);
            }
        }
        nll
    };
    let test = &material.test;
    let notes = notes_of_tokens(material, test)?;
    let row = |name, what, nll: &dyn Fn(usize) -> Nll| {
        let cost = |i: usize| Cost::new(nll(i), test.frames[i].len(), notes[i], None);
        summed(name, what, (0..test.sequences.len()).map(cost).collect())
    };
    let mut rows = vec![row("unigram", "frequency of each token", &|i| unigram(&test.sequences[i]))];
    if !model.config().conditions.is_empty() {
        let told = nll_by_piece(model, &test.sequences)?;
        rows.push(row(TOLD, "and the conditions of each piece", &|i| told[i]));
    }
    let network = nll_by_piece(model, &untold(&test.sequences))?;
    rows.push(row("this network", "all previous tokens", &|i| network[i]));
    Ok(rows)
}

/// The notes of every piece that its tokens hold.
fn notes_of_tokens(material: &Material, set: &Subset) -> anyhow::Result<Vec<usize>> {
    let count = |(sequence, score): (&Sequence, &composer_music::Score)| {
        Ok(match (sequence, &material.tokens) {
            (Sequence::Tokens(tokens), Some(representation)) => {
                representation.decode(&Symbols::Tokens(tokens.to_vec()))?.notes().count()
            }
            _ => score.notes().count(),
        })
    };
    set.sequences.iter().zip(&set.scores).map(count).collect()
}
