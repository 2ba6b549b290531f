//! How well gaps are filled: likelihood of the bars after four that are written anew, and seams that the judge calls odd, as tables in Markdown.
//!
//! Usage: `measure_infill FOLDER SET GAPS PIECES [METHOD…]`: a folder of music or `built-in`, `valid` or `test` of its split by content, how
//! many gaps of each piece, how many pieces at most, and ways to fill: `1x0` is left to right, `16x4` 16 candidates and 4 sweeps, anything
//! else the file of a network. Pieces of the built-in corpus are left out of a folder, because the built-in model has learnt from them.
//! `measure_infill list FOLDER SET` names the pieces.
//! `measure_infill vary FOLDER SET PIECES`: the distance to the original by the amount of a variation.

use anyhow::{Result, bail};
use composer::TrainedModel;
use composer::rewrite::{Bars, GapNetwork, InfillOptions, Tune, VaryOptions, infill, infill_by, vary};
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

/// A way to fill a gap.
struct Method {
    name: String,
    way: Way,
    /// Results over which the figures are averaged.
    outputs: usize,
}

enum Way {
    /// So many candidates, and sweeps.
    Candidates(usize, usize),
    /// A network that was trained to fill.
    Network(Box<GapNetwork>),
}

impl Method {
    /// `16x4`: 16 candidates and 4 sweeps; or the file of a network.
    fn read(text: &str) -> Result<Self> {
        let numbers =
            text.split_once('x').and_then(|(n, sweeps)| Some((n.parse().ok()?, sweeps.parse().ok()?)));
        Ok(match numbers {
            Some((1, 0)) => Self { name: "left to right".into(), way: Way::Candidates(1, 0), outputs: 4 },
            Some((n, sweeps)) => {
                let name = match sweeps {
                    0 => format!("sequential Monte Carlo, {n} candidates"),
                    _ => format!("the same with {n}, and {sweeps} sweeps"),
                };
                Self { name, way: Way::Candidates(n, sweeps), outputs: 1 }
            }
            None => {
                let network = Box::new(GapNetwork::load(Path::new(text))?);
                Self { name: "a network trained to fill".into(), way: Way::Network(network), outputs: 4 }
            }
        })
    }
}

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
    let model = TrainedModel::built_in()?;
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let (folder, set, gaps, most, methods) = match &words[..] {
        ["list", folder, set] => {
            pieces(folder, set)?.0.iter().for_each(|piece| println!("{}", piece.name));
            return Ok(());
        }
        ["vary", folder, set, most] => return vary_table(&model, folder, set, most.parse()?),
        [folder, set, gaps, most, methods @ ..] => (folder, set, gaps.parse()?, most.parse()?, methods),
        _ => bail!("usage: measure_infill FOLDER SET GAPS PIECES [METHOD…]"),
    };
    let methods: Vec<Method> = methods.iter().map(|text| Method::read(text)).collect::<Result<_>>()?;
    let (pieces, others) = pieces(folder, set)?;
    let grids: Vec<Grid> = others.iter().map(|piece| Grid::new(&piece.score)).collect();
    let judge = DetectorsByLength::for_lengths(&grids, &[16], 1).map_err(anyhow::Error::msg)?;
    let mut filled: Vec<Filled> = Vec::new();
    for (index, piece) in pieces.iter().enumerate() {
        if filled.iter().map(|gap| gap.piece).collect::<BTreeSet<_>>().len() >= most {
            break;
        }
        for gap in 0..gaps {
            let Some(bars) = place(piece, gap, gaps) else { continue };
            let figures = fill(&model, &judge, piece, bars, &methods)?;
            let after: Vec<String> = figures.iter().map(|figure| format!("{:.2}", figure[0])).collect();
            eprintln!("{} bars {bars}: {}", piece.name, after.join("  "));
            filled.push(Filled { piece: index, figures });
        }
    }
    report(&filled, &methods);
    Ok(())
}

/// Distance to the original by amount, and the likelihood of what is written anew.
fn vary_table(model: &TrainedModel, folder: &str, set: &str, most: usize) -> Result<()> {
    let amounts = [0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0];
    let pieces: Vec<Piece> = pieces(folder, set)?.0.into_iter().take(most).collect();
    let mut found: Vec<Vec<[f64; 2]>> = Vec::new();
    for piece in &pieces {
        let tune = Tune::from(excerpt(&piece.score, 0, 32));
        let at = |&amount: &f64| -> Result<[f64; 2]> {
            let begun = Instant::now();
            let options = VaryOptions { amount, ..VaryOptions::default() };
            let varied = vary(model, &tune, &options)?.remove(0);
            Ok([varied.distance, begun.elapsed().as_secs_f64()])
        };
        found.push(amounts.iter().map(at).collect::<Result<_>>()?);
    }
    let sorted = found.iter().filter(|row| row.is_sorted_by(|a, b| a[0] <= b[0])).count();
    println!(
        "{} pieces, their first 32 bars; the distance grows with every amount in {sorted} of them.\n",
        pieces.len()
    );
    println!("| amount | distance to the original | seconds |\n|---|---|---|");
    for (column, amount) in amounts.iter().enumerate() {
        let mean = |figure: usize| {
            move |rows: &[Vec<[f64; 2]>]| {
                rows.iter().map(|row| row[column][figure]).sum::<f64>() / rows.len() as f64
            }
        };
        let distance = bootstrap(&found, mean(0), 2000, &mut ChaCha8Rng::seed_from_u64(1));
        println!("| {amount} | {distance:.2} | {:.2} |", mean(1)(&found));
    }
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

fn fill(
    model: &TrainedModel,
    judge: &DetectorsByLength,
    piece: &Piece,
    bars: Bars,
    methods: &[Method],
) -> Result<Vec<Figures>> {
    let tune = Tune::from(piece.score.clone());
    let original = figures(model, judge, &piece.score, bars)?;
    let mut all = vec![original];
    for method in methods {
        let mut options = InfillOptions::new(bars);
        options.settings.num_outputs = method.outputs;
        let begun = Instant::now();
        let results = match &method.way {
            &Way::Candidates(candidates, sweeps) => {
                (options.settings.candidates, options.settings.sweeps) = (candidates, sweeps);
                infill(model, &tune, &options)?
            }
            Way::Network(network) => infill_by(network, model, &tune, &options)?,
        };
        let seconds = begun.elapsed().as_secs_f64() / method.outputs as f64;
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
        .with_conditions(ConditionTrack::in_bars(&ConditionValues::default(), &map, None));
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

fn report(filled: &[Filled], methods: &[Method]) {
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
    let names =
        std::iter::once("as the piece has it").chain(methods.iter().map(|method| method.name.as_str()));
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
        let effective = if row > 1 && effective > 0.0 { format!("{effective:.1}") } else { "–".into() };
        println!(
            "| {name} | {after:.3} | {} | {later:.3} | {} | {odd:.0} % | {effective} | {seconds:.2} |",
            way(0),
            way(1)
        );
    }
}
