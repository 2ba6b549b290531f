//! How well performances are predicted, as tables in Markdown: errors and likelihood of velocity and offset on held-out performances against a
//! constant, the mean of each instrument and that of each instrument at each place in the bar; spread and quantiles of sampled performances.
//!
//! Usage: `measure_humanise MODEL FOLDER SET`: a model of `composer train --task humanise` or the name of a built-in one, a folder that has
//! folders `train`, `validation` and `test`, and one of the latter two. The means are those of `train`.

use anyhow::{Context, Result};
use composer::humanise::{
    Kind, OFFSETS_PER_QUARTER, PLACES, Performance, Placed, drum_class, likelihood, perform, placed,
    played_like,
};
use composer::models;
use composer_evaluation::significance::bootstrap::bootstrap;
use composer_models::{Seq2Seq, seq2seq};
use composer_music::score::DEFAULT_MICROS_PER_QUARTER;
use composer_music::{BarMap, Score, corpus};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

/// A performance: its notes, and where in the bar each is.
struct Played {
    score: Score,
    notes: Vec<Placed>,
    places: Vec<u64>,
    /// Milliseconds of a unit of offsets.
    unit: f64,
}

impl Played {
    fn of(score: Score, kind: Kind) -> Self {
        let notes = placed(&score, kind);
        let bars = BarMap::new(&score).on_grid(PLACES);
        let places = notes.iter().map(|note| note.place - bars.bar_at(note.place).start).collect();
        let micros =
            score.tempos.first().map_or(DEFAULT_MICROS_PER_QUARTER, |tempo| tempo.micros_per_quarter);
        let unit = f64::from(micros) / 1000.0 / f64::from(OFFSETS_PER_QUARTER);
        Self { score, notes, places, unit }
    }

    /// Velocity and offset in milliseconds of each note.
    fn real(&self) -> Vec<[f64; 2]> {
        self.notes.iter().map(|note| [f64::from(note.note.velocity), note.offset * self.unit]).collect()
    }

    /// The same of a performance of the model.
    fn drawn(&self, played: &[Performance]) -> Vec<[f64; 2]> {
        let ticks = f64::from(self.score.ticks_per_quarter) / f64::from(OFFSETS_PER_QUARTER);
        let of = |played: &Performance| {
            let offset = played.offset_ticks(self.score.ticks_per_quarter) as f64 / ticks;
            [f64::from(played.velocity()), offset * self.unit]
        };
        played.iter().map(of).collect()
    }
}

fn read(folder: &Path, kind: Kind) -> Result<Vec<Played>> {
    let pieces = corpus::load(folder)?.pieces;
    let all = pieces.into_iter().map(|piece| Played::of(piece.score, kind));
    Ok(all.filter(|played| played.notes.len() >= 8).collect())
}

/// What a baseline knows of the notes that it takes for alike.
struct Group {
    velocities: Vec<f64>,
    /// In units, so that it holds at any tempo.
    offsets: Vec<f64>,
    tokens: BTreeMap<u32, f64>,
}

/// What makes notes alike.
type Key = fn(&Played, usize, Kind) -> (usize, u64);

/// Predictions of each group, and of all notes for groups that are not known.
struct Baseline {
    key: Key,
    groups: BTreeMap<(usize, u64), Group>,
    all: Group,
}

impl Baseline {
    fn of(train: &[Played], kind: Kind, key: Key) -> Self {
        let new = || Group { velocities: Vec::new(), offsets: Vec::new(), tokens: BTreeMap::new() };
        let (mut groups, mut all): (BTreeMap<_, Group>, _) = (BTreeMap::new(), new());
        for played in train {
            for (index, note) in played.notes.iter().enumerate() {
                let group = groups.entry(key(played, index, kind)).or_insert_with(new);
                for group in [group, &mut all] {
                    group.velocities.push(f64::from(note.note.velocity));
                    group.offsets.push(note.offset);
                    played_like(note)
                        .into_iter()
                        .for_each(|token| *group.tokens.entry(token).or_default() += 1.0);
                }
            }
        }
        groups.values_mut().chain([&mut all]).for_each(|group| {
            group.velocities.sort_by(f64::total_cmp);
            group.offsets.sort_by(f64::total_cmp);
        });
        Self { key, groups, all }
    }

    /// Absolute errors of velocity and offset, by the mean and by the median, and nats of both, of each note.
    fn measure(&self, played: &Played, kind: Kind) -> Vec<[f64; 6]> {
        let all = self.all.velocities.len() as f64;
        let note = |(index, real): (usize, [f64; 2])| {
            let group = self.groups.get(&(self.key)(played, index, kind)).unwrap_or(&self.all);
            let off = |values: &[f64], unit: f64, real: f64| {
                let mean = values.iter().sum::<f64>() / values.len() as f64;
                [mean, values[values.len() / 2]].map(|predicted| (unit * predicted - real).abs())
            };
            let [velocity, velocity_median] = off(&group.velocities, 1.0, real[0]);
            let [offset, offset_median] = off(&group.offsets, played.unit, real[1]);
            // A group that is small leans on the distribution of all notes.
            let nats = played_like(&played.notes[index]).map(|token| {
                let of_all = (self.all.tokens.get(&token).unwrap_or(&0.0) + 1.0) / (all + 33.0);
                let count = group.velocities.len() as f64;
                -((group.tokens.get(&token).unwrap_or(&0.0) + 10.0 * of_all) / (count + 10.0)).ln()
            });
            [velocity, velocity_median, offset, offset_median, nats[0], nats[1]]
        };
        played.real().into_iter().enumerate().map(note).collect()
    }
}

fn constant(_: &Played, _: usize, _: Kind) -> (usize, u64) {
    (0, 0)
}

fn instrument(played: &Played, index: usize, kind: Kind) -> (usize, u64) {
    let pitch = played.notes[index].note.pitch;
    (if kind == Kind::Drums { drum_class(pitch) } else { usize::from(pitch) }, 0)
}

fn instrument_and_place(played: &Played, index: usize, kind: Kind) -> (usize, u64) {
    (instrument(played, index, kind).0, 1 + played.places[index])
}

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [model, folder, set] = &args[..] else { anyhow::bail!("measure_humanise MODEL FOLDER SET") };
    let (bytes, label) = models::read(Path::new(model))?;
    let (model, _) = seq2seq::from_bytes(&bytes, &label)?;
    let folder = Path::new(folder);
    let train = corpus::load(folder.join("train"))?.pieces;
    let kind = Kind::of(train.iter().map(|piece| &piece.score));
    let train: Vec<Played> = train.into_iter().map(|piece| Played::of(piece.score, kind)).collect();
    let held_out = read(&folder.join(set), kind)?;
    let notes: usize = held_out.iter().map(|played| played.notes.len()).sum();
    println!("{} performances of `{set}`, {notes} notes.\n", held_out.len());
    let drawn = |temperature: f64| -> Result<Vec<Vec<[f64; 2]>>> {
        let start = Instant::now();
        let all = held_out.iter().enumerate().map(|(index, played)| {
            let by = (1, index as u64);
            let performance = perform(&model, &played.score, &played.notes, kind, temperature, by)?;
            Ok(played.drawn(&performance))
        });
        let all = all.collect::<Result<_>>()?;
        let micros = start.elapsed().as_micros() as f64 / notes as f64;
        eprintln!("temperature {temperature}: {micros:.0} microseconds per note");
        Ok(all)
    };
    let (likely, sampled) = (drawn(0.0)?, drawn(1.0)?);
    errors(&model, &train, &held_out, kind, [&likely, &sampled])?;
    spread(&held_out, &likely, &sampled);
    histogram(&held_out, &sampled)
}

/// The table of errors and nats.
fn errors(
    model: &Seq2Seq,
    train: &[Played],
    held_out: &[Played],
    kind: Kind,
    [likely, sampled]: [&Vec<Vec<[f64; 2]>>; 2],
) -> Result<()> {
    println!(
        "| predicted by | velocity, mean error | by the median | offset, mean error in ms | by the median | nats of a velocity | nats of an offset |"
    );
    println!("|---|---|---|---|---|---|---|");
    let baselines: [(&str, Key); 3] = [
        ("one constant", constant),
        ("the mean of the instrument", instrument),
        ("the mean of the instrument at the place in the bar", instrument_and_place),
    ];
    for (name, key) in baselines {
        let baseline = Baseline::of(train, kind, key);
        let rows: Vec<Vec<[f64; 6]>> = held_out.iter().map(|played| baseline.measure(played, kind)).collect();
        println!("| {name} | {} |", cells(&rows).join(" | "));
    }
    let own = |drawn: &[Vec<[f64; 2]>], nats: &[Vec<[f64; 2]>]| -> Vec<Vec<[f64; 6]>> {
        let piece = |(index, played): (usize, &Played)| {
            let each = played.real().into_iter().zip(&drawn[index]).zip(&nats[index]);
            each.map(|((real, drawn), nats)| {
                let [velocity, offset] = [(real[0] - drawn[0]).abs(), (real[1] - drawn[1]).abs()];
                [velocity, f64::NAN, offset, f64::NAN, nats[0], nats[1]]
            })
            .collect()
        };
        held_out.iter().enumerate().map(piece).collect()
    };
    let nats: Vec<Vec<[f64; 2]>> = held_out
        .iter()
        .map(|played| likelihood(model, &played.score, &played.notes, kind))
        .collect::<Result<_>>()?;
    for (name, drawn) in [("the model, temperature 0", likely), ("the model, sampled", sampled)] {
        let mut cells = cells(&own(drawn, &nats));
        (cells[1], cells[3]) = (String::new(), String::new());
        println!("| {name} | {} |", cells.join(" | "));
    }
    println!();
    Ok(())
}

/// Means over notes with their 95 % intervals over performances.
fn cells(pieces: &[Vec<[f64; 6]>]) -> Vec<String> {
    let cell = |column: usize| {
        let mean = |pieces: &[Vec<[f64; 6]>]| {
            let notes: usize = pieces.iter().map(Vec::len).sum();
            pieces.iter().flatten().map(|note| note[column]).sum::<f64>() / notes as f64
        };
        let interval = bootstrap(pieces, mean, 1000, &mut ChaCha8Rng::seed_from_u64(1));
        format!("{:.2} [{:.2}, {:.2}]", interval.estimate, interval.low, interval.high)
    };
    (0..6).map(cell).collect()
}

/// The spread of velocities and offsets, over all notes and within a performance, and quantiles of offsets.
fn spread(held_out: &[Played], likely: &[Vec<[f64; 2]>], sampled: &[Vec<[f64; 2]>]) {
    println!(
        "| | velocity: deviation | in a performance | offset: deviation, ms | in a performance | offset: 1 % | 5 % | 25 % | 50 % | 75 % | 95 % | 99 % |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|---|");
    let real: Vec<Vec<[f64; 2]>> = held_out.iter().map(Played::real).collect();
    for (name, pieces) in
        [("the players", &real[..]), ("the model, sampled", sampled), ("temperature 0", likely)]
    {
        let column =
            |pieces: &[[f64; 2]], which: usize| pieces.iter().map(|note| note[which]).collect::<Vec<f64>>();
        let all = pieces.concat();
        let within = |which: usize| {
            pieces.iter().map(|piece| deviation(&column(piece, which))).sum::<f64>() / pieces.len() as f64
        };
        let mut offsets = column(&all, 1);
        offsets.sort_by(f64::total_cmp);
        let quantile =
            |share: f64| format!("{:.1}", offsets[(share * (offsets.len() - 1) as f64).round() as usize]);
        let quantiles = [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99].map(quantile).join(" | ");
        println!(
            "| {name} | {:.1} | {:.1} | {:.1} | {:.1} | {quantiles} |",
            deviation(&column(&all, 0)),
            within(0),
            deviation(&offsets),
            within(1)
        );
    }
    println!();
}

fn deviation(values: &[f64]) -> f64 {
    let count = values.len().max(1) as f64;
    let mean = values.iter().sum::<f64>() / count;
    (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count).sqrt()
}

/// How many notes begin how early or late, real and sampled, as bars of text.
fn histogram(held_out: &[Played], sampled: &[Vec<[f64; 2]>]) -> Result<()> {
    const BINS: usize = 14;
    let bin = |offset: f64| ((offset + 70.0) / 10.0).floor().clamp(0.0, BINS as f64 - 1.0) as usize;
    let mut counts = [[0usize; BINS]; 2];
    for (real, sampled) in held_out.iter().map(Played::real).zip(sampled) {
        real.iter().for_each(|note| counts[0][bin(note[1])] += 1);
        sampled.iter().for_each(|note| counts[1][bin(note[1])] += 1);
    }
    let total = counts[0].iter().sum::<usize>() as f64;
    println!("```text\noffset in ms   players                                  sampled");
    for index in 0..BINS {
        let from = index as i64 * 10 - 70;
        let bars = [0, 1].map(|which| {
            let share = 100.0 * counts[which][index] as f64 / total;
            format!("{share:4.1} % {}", "█".repeat((share).round() as usize))
        });
        let label = match index {
            0 => "     below −60".to_owned(),
            _ if index + 1 == BINS => format!("      above {from:3}"),
            _ => format!("{from:4} to {:4}  ", from + 10),
        };
        println!("{label:14} {:40} {}", bars[0], bars[1].trim_end());
    }
    println!("```");
    counts[0].iter().max().context("no notes").map(|_| ())
}
