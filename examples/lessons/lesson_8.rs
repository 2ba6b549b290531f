//! Lesson 8: a sequence is turned into another one: backwards, through one state alone and with attention; and how many answers a
//! listening test needs.

mod common;

use common::{Outcome, Results};
use composer_bptt::{AttentionScore, Cell, Init, Mode, RecurrentConfig};
use composer_evaluation::significance::hypothesis::judgements_needed;
use composer_models::seq2seq::{AttentionConfig, Pair, PairBatch, Seq2SeqWorkspace, Window, mean_pair_nll};
use composer_models::{Encoding, Seq2Seq, Seq2SeqConfig, Sequence};
use composer_report::charts::{self, Axes, BLUE, Line, OCHRE, plain};
use composer_training::{TrainingConfig, train};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Notes of a scale.
const NOTES: u32 = 8;

/// Random melodies with themselves backwards.
fn melodies(count: usize, lengths: std::ops::RangeInclusive<usize>, seed: u64) -> Vec<Pair> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut pair = || {
        let length = rng.random_range(lengths.clone());
        let melody: Vec<u32> = (0..length).map(|_| rng.random_range(0..NOTES)).collect();
        let backwards = melody.iter().rev().copied().collect();
        Pair { source: Sequence::tokens(melody), target: Sequence::tokens(backwards), style: None }
    };
    (0..count).map(|_| pair()).collect()
}

/// An encoder–decoder that has learnt to play melodies backwards.
fn trained(attention: Option<AttentionConfig>) -> Outcome<Seq2Seq> {
    let stack = |hidden, bidirectional| RecurrentConfig {
        cell: Cell::Gru,
        hidden,
        bidirectional,
        ..Default::default()
    };
    // ANCHOR: config
    let config = Seq2SeqConfig {
        source: Encoding::tokens(NOTES as usize),
        target: Encoding::tokens(NOTES as usize),
        styles: 0,
        encoder: stack(24, true),
        decoder: stack(48, false),
        bridge: true,
        aligned: false,
        attention,
        output_dropout: 0.0,
        note_wise: None,
    };
    let mut model = Seq2Seq::new(config.completed(), &Init::RECOMMENDED, 8)?;
    // ANCHOR_END: config
    let training = TrainingConfig {
        epochs: 12,
        tbptt_len: 64,
        learning_rate: 0.01,
        patience: 0,
        ..TrainingConfig::for_pairs()
    };
    train(&mut model, &melodies(1500, 2..=16, 1), &melodies(100, 2..=16, 2), &training, &mut ())?;
    Ok(model)
}

/// Where each step of one melody looks.
fn looks(results: &mut Results, model: &Seq2Seq, ws: &mut Seq2SeqWorkspace<f32>) -> Outcome<()> {
    let pair = &melodies(1, 12..=12, 4)[0];
    let mut batch = PairBatch::new(model.config());
    batch.fill(model.config(), &[Window::of(pair, 0, usize::MAX)])?;
    model.forward(&batch, Mode::Eval, ws)?;
    let weights = ws.attention(0);
    let source = pair.source.len();
    let rows: Vec<(String, Vec<f64>)> = (0..source)
        .map(|t| {
            (
                format!("writes {}", t + 1),
                weights[t * source..][..source].iter().map(|&w| f64::from(w)).collect(),
            )
        })
        .collect();
    // Weights of the note that is to be written next, and of the one that was written last.
    let on = |note: &dyn Fn(usize) -> usize| {
        (1..source).map(|t| f64::from(weights[t * source + note(t)])).sum::<f64>() / (source - 1) as f64
    };
    results.number("next_percent", 100.0 * on(&|t| source - 1 - t));
    results.number("last_percent", 100.0 * on(&|t| source - t));
    results.figure(
        "attention",
        charts::heat_map((600, 122 + 28 * rows.len() as u32), &rows, "note of the melody", 1.0)?,
    );
    Ok(())
}

fn main() -> Outcome<()> {
    let mut results = Results::of("lesson_8");
    let attention = AttentionConfig { score: AttentionScore::Additive, hidden: 24 };
    let bridge = trained(None)?;
    let attending = trained(Some(attention))?;
    let mut ws = Seq2SeqWorkspace::default();
    let mut lines = Vec::new();
    for (name, title, color, model) in
        [("bridge", "one state alone", OCHRE, &bridge), ("attention", "with attention", BLUE, &attending)]
    {
        let mut points = Vec::new();
        for length in [2, 4, 6, 8, 10, 12, 14, 16, 20, 24] {
            let cost = mean_pair_nll(model, &melodies(100, length..=length, 3), 64, &mut ws)?;
            results.number(format!("{name}.{length}.nll"), cost);
            points.push((length as f64, cost));
        }
        lines.push(Line::new(title, color, points).with_points());
    }
    results.number("guessing", f64::from(NOTES).ln());
    let axes = Axes {
        size: (600, 420),
        x: "notes of the melody",
        y: "nats per note",
        x_range: 2.0..24.0,
        y_range: 0.0..2.6,
        log: false,
        x_labels: 12,
        x_label: &plain,
        levels: &[("guessing", f64::from(NOTES).ln())],
    };
    results.figure("length", charts::lines(&axes, &lines)?);

    looks(&mut results, &attending, &mut ws)?;
    for share in [0.55, 0.6, 0.7, 0.8] {
        let needed = judgements_needed(share, 0.8).ok_or("a share above one half")?;
        results.number(format!("judgements.{share}"), needed as f64);
    }
    results.finish()
}
