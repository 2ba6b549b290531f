//! How well gaps are filled: likelihood of the bars after four that are written anew, and seams that the judge calls odd, as tables in Markdown.
//!
//! Usage: `measure_infill FOLDER SET GAPS [MODEL]`: a folder of music or `built-in`, `valid` or `test` of its split by content, and how many
//! gaps of each piece. Pieces of the built-in corpus are left out of a folder, because the built-in model has learnt from them.

use anyhow::{Context, Result, bail};
use composer::TrainedModel;
use composer::rewrite::{Bars, InfillOptions, Tune, infill};
use composer_evaluation::failure::DetectorsByLength;
use composer_evaluation::grid::Grid;
use composer_evaluation::significance::bootstrap::bootstrap;
use composer_models::{ConditionTrack, ConditionValues, Encoding, Sequence, Workspace, scoring};
use composer_music::corpus::{self, Piece, content_key};
use composer_music::{BarMap, Note, Score};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeSet;
use std::path::Path;
use std::time::Instant;

/// Ways to fill a gap: name, candidates, sweeps, results over which the figures are averaged.
const METHODS: [(&str, usize, usize, usize); 6] = [
    ("left to right", 1, 0, 4),
    ("sequential Monte Carlo, 16", 16, 0, 1),
    ("sequential Monte Carlo, 128", 128, 0, 1),
    ("16, and 1 sweep", 16, 1, 1),
    ("16, and 3 sweeps (default)", 16, 3, 1),
    ("16, and 9 sweeps", 16, 9, 1),
];

/// Bars of a gap.
const GAP: u64 = 4;

/// What came of one gap: nats per step of the four bars after it and of the next four, odd seams of two, seconds, effective sample size.
type Figures = [f64; 5];

/// One gap: its piece, and figures of the original and of each method.
struct Filled {
    piece: usize,
    figures: Vec<Figures>,
}

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [folder, set, gaps, rest @ ..] = &args[..] else {
        bail!("usage: measure_infill FOLDER SET GAPS [MODEL]");
    };
    let gaps: u64 = gaps.parse().context("GAPS is a number")?;
    let model = TrainedModel::load_or_built_in(rest.first().map(Path::new))?;
    let (pieces, others) = pieces(folder, set)?;
    let grids: Vec<Grid> = others.iter().map(|piece| Grid::new(&piece.score)).collect();
    let judge = DetectorsByLength::for_lengths(&grids, &[16], 1).map_err(anyhow::Error::msg)?;
    let mut filled = Vec::new();
    for (index, piece) in pieces.iter().enumerate() {
        for gap in 0..gaps {
            let Some(bars) = place(piece, gap, gaps) else { continue };
            filled.push(Filled { piece: index, figures: fill(&model, &judge, piece, bars)? });
        }
        eprintln!("{} of {} pieces", index + 1, pieces.len());
    }
    report(&filled);
    Ok(())
}

/// The pieces to measure on, and those to calibrate the judge with.
fn pieces(folder: &str, set: &str) -> Result<(Vec<Piece>, Vec<Piece>)> {
    let built_in = corpus::shipped().pieces;
    let pieces = if folder == "built-in" {
        built_in
    } else {
        let known: BTreeSet<_> = built_in.iter().map(|piece| content_key(&piece.score)).collect();
        let mut pieces = corpus::load(Path::new(folder))?.pieces;
        pieces.retain(|piece| !known.contains(&content_key(&piece.score)));
        pieces
    };
    let split = corpus::split(pieces);
    Ok(match set {
        "valid" => (split.valid, split.train),
        "test" => (split.test, split.train),
        _ => bail!("SET is valid or test"),
    })
}

/// The bars of a gap with four bars before it and eight after it; by the content of the piece.
fn place(piece: &Piece, gap: u64, gaps: u64) -> Option<Bars> {
    let count = BarMap::new(&piece.score).count(piece.score.end());
    let places = count.checked_sub(4 + GAP + 8)? + 1;
    if gap > 0 && places < gaps * GAP {
        return None;
    }
    let key = content_key(&piece.score);
    let random = u64::from_be_bytes([key[8], key[9], key[10], key[11], key[12], key[13], key[14], key[15]]);
    let (from, to) = (gap * places / gaps.max(1), (gap + 1) * places / gaps.max(1));
    let first =
        5 + if gap == 0 && places < gaps * GAP { random % places } else { from + random % (to - from) };
    Some(Bars { first, last: first + GAP - 1 })
}

fn fill(model: &TrainedModel, judge: &DetectorsByLength, piece: &Piece, bars: Bars) -> Result<Vec<Figures>> {
    let tune = Tune::from(piece.score.clone());
    let original = figures(model, judge, &piece.score, bars)?;
    let mut all = vec![original];
    for (_, candidates, sweeps, outputs) in METHODS {
        let mut options = InfillOptions::new(bars);
        options.settings.candidates = candidates;
        options.settings.sweeps = sweeps;
        options.settings.num_outputs = outputs;
        let begun = Instant::now();
        let results = infill(model, &tune, &options)?;
        let seconds = begun.elapsed().as_secs_f64();
        let mut mean = [0.0; 5];
        for result in &results {
            let mut found = figures(model, judge, &result.piece.score, bars)?;
            found[3] = seconds;
            found[4] = result.effective.map_or(f64::NAN, |(effective, _)| effective);
            mean.iter_mut().zip(found).for_each(|(sum, figure)| *sum += figure / results.len() as f64);
        }
        all.push(mean);
    }
    Ok(all)
}

fn figures(model: &TrainedModel, judge: &DetectorsByLength, score: &Score, bars: Bars) -> Result<Figures> {
    let Encoding::Frames { representation, .. } = model.model.encoding() else {
        bail!("a model of frames is needed")
    };
    let map = representation.bars(score);
    let sequence = Sequence::frames_in(representation.encode(score), map.clone())
        .with_conditions(ConditionTrack::in_bars(&ConditionValues::default(), &map));
    let nll = scoring::score(&model.model, &[sequence], &mut Workspace::default())?.remove(0).total();
    let mean = |first: u64, last: u64| {
        let steps = map.bar(first).start as usize..(map.bar(last).start as usize).min(nll.len());
        nll.slice(ndarray::s![steps]).mean().unwrap_or(f64::NAN)
    };
    let odd = |bar: u64| {
        let excerpt = excerpt(score, bar - 2, bar + 2);
        f64::from(u8::from(!judge.of(&excerpt).diagnose(&excerpt).findings.is_empty()))
    };
    Ok([
        mean(bars.last, bars.last + 4),
        mean(bars.last + 4, bars.last + 8),
        odd(bars.first - 1) + odd(bars.last),
        0.0,
        f64::NAN,
    ])
}

/// The bars from `first` up to `last`, from 0, as a piece of its own.
fn excerpt(score: &Score, first: u64, last: u64) -> Score {
    let map = BarMap::new(score);
    let (from, to) = (map.bar(first).start, map.bar(last).start);
    let mut cut = score.clone();
    let inside = |note: &Note| note.onset < to && note.end() > from;
    for track in &mut cut.tracks {
        track.notes.retain(|note| inside(note));
        for note in &mut track.notes {
            let (onset, end) = (note.onset.max(from), note.end().min(to));
            (note.onset, note.duration) = (onset - from, end - onset);
        }
    }
    cut.time_signatures.retain(|change| change.tick < to);
    cut.time_signatures.iter_mut().for_each(|change| change.tick = change.tick.saturating_sub(from));
    cut.tempos.iter_mut().for_each(|tempo| tempo.tick = tempo.tick.saturating_sub(from));
    cut.key_signatures.clear();
    cut.pedals.clear();
    cut.chord_symbols.clear();
    cut
}

fn report(filled: &[Filled]) {
    let pieces: BTreeSet<usize> = filled.iter().map(|gap| gap.piece).collect();
    let by_piece: Vec<Vec<&Filled>> =
        pieces.iter().map(|&piece| filled.iter().filter(|gap| gap.piece == piece).collect()).collect();
    let mean = |rows: &[Vec<&Filled>], figure: &dyn Fn(&Filled) -> f64| {
        let all: Vec<f64> =
            rows.iter().flatten().map(|gap| figure(gap)).filter(|figure| figure.is_finite()).collect();
        all.iter().sum::<f64>() / all.len().max(1) as f64
    };
    let interval = |figure: &dyn Fn(&Filled) -> f64| {
        bootstrap(&by_piece, |rows| mean(rows, figure), 2000, &mut ChaCha8Rng::seed_from_u64(1))
    };
    println!("{} gaps of {GAP} bars in {} pieces; 95 % intervals over pieces.\n", filled.len(), pieces.len());
    println!(
        "| the gap is filled | nats per step, 4 bars after | of the way | next 4 bars | of the way | odd seams | effective sample size | seconds |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    let names = std::iter::once("as the piece has it").chain(METHODS.iter().map(|method| method.0));
    for (row, name) in names.enumerate() {
        let way = |column: usize| {
            let covered = |rows: &[Vec<&Filled>]| {
                let of = |row: usize| mean(rows, &|gap: &Filled| gap.figures[row][column]);
                (of(1) - of(row)) / (of(1) - of(0))
            };
            let found = bootstrap(&by_piece, covered, 2000, &mut ChaCha8Rng::seed_from_u64(1));
            format!("{:.0} % [{:.0}, {:.0}]", 100.0 * found.estimate, 100.0 * found.low, 100.0 * found.high)
        };
        let [after, later, odd] = [0, 1, 2].map(|column| {
            let scale = if column == 2 { 50.0 } else { 1.0 };
            interval(&|gap: &Filled| scale * gap.figures[row][column])
        });
        let [seconds, effective] =
            [3, 4].map(|column| mean(&by_piece, &|gap: &Filled| gap.figures[row][column]));
        let effective = if row > 1 { format!("{effective:.1}") } else { "–".into() };
        println!(
            "| {name} | {after:.3} | {} | {later:.3} | {} | {odd:.0} % | {effective} | {seconds:.2} |",
            way(0),
            way(1)
        );
    }
}
