//! What a model of frames decides, beside real music: after a real past, and after a past of its own, bar by bar, as a table in Markdown; and how often
//! what it gives a probability does happen.
//!
//! Usage: `calibration MODEL FOLDER [BARS] [MIN_P] [PASSES] [CURVES]`: a model of frames that writes note by note, or the name of a built-in one; music
//! that it has not learnt from; how many bars of each piece count (16), what is left out at steps whose rhythm is told (0.05), how often each piece is drawn (2),
//! and a folder for the curves, as SVG.
//!
//! The model is told the conditions, the form and the rhythm of each piece. A difference between the first two rows of a group is one of single
//! predictions; one between the last two comes from reading music of its own.

mod curves;
mod reliability;

use anyhow::{Context, Result, bail};
use composer::TrainedModel;
use composer::compose::{NOTE_RHYTHM_MIN_P, NOTE_TOP_P};
use composer_decoding::{FrameOptions, Generator};
use composer_models::{ConditionTrack, Encoding, Form, Stepper};
use composer_music::BarMap;
use composer_music::corpus;
use composer_music::representation::frames::Frame;
use reliability::{KINDS, Reliability};
use std::path::Path;

/// Bars of a group of rows.
const GROUP: usize = 4;
/// Where the decisions of a row come from.
const PASTS: [&str; 3] = ["real", "drawn after a real past", "drawn after its own"];

/// What is decided at the steps at which notes begin, as sums.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    steps: f64,
    begun: f64,
    sounding: f64,
    /// The highest line, and the lowest.
    lines: [Line; 2],
}

/// Moves of an outer line, from the last note that began in it.
#[derive(Clone, Copy, Debug, Default)]
struct Line {
    moves: f64,
    semitones: f64,
    repeated: f64,
    steps: f64,
    over_a_fifth: f64,
}

impl Line {
    fn add(&mut self, before: u32, now: u32) {
        let semitones = now.abs_diff(before);
        self.moves += 1.0;
        self.semitones += f64::from(semitones);
        match semitones {
            0 => self.repeated += 1.0,
            1..=2 => self.steps += 1.0,
            8.. => self.over_a_fifth += 1.0,
            _ => {}
        }
    }

    fn merge(&mut self, other: &Self) {
        self.moves += other.moves;
        self.semitones += other.semitones;
        self.repeated += other.repeated;
        self.steps += other.steps;
        self.over_a_fifth += other.over_a_fifth;
    }

    fn cells(&self) -> String {
        let mean = |sum: f64| sum / self.moves.max(1.0);
        let shares =
            [self.repeated, self.steps, self.over_a_fifth].map(|sum| format!("{:.0}", 100.0 * mean(sum)));
        format!("{:.2} | {}", mean(self.semitones), shares.join(" | "))
    }
}

impl Sums {
    /// Adds one decision, after the last notes that began in the outer lines.
    fn add(&mut self, before: &[Option<u32>; 2], frame: Frame) {
        if frame.onsets == 0 {
            return;
        }
        self.steps += 1.0;
        self.begun += f64::from(frame.onsets.count_ones());
        self.sounding += f64::from(frame.sounding.count_ones());
        for ((line, before), now) in self.lines.iter_mut().zip(before).zip(outer(frame)) {
            if let (Some(before), Some(now)) = (before, now) {
                line.add(*before, now);
            }
        }
    }

    fn merge(&mut self, other: &Self) {
        self.steps += other.steps;
        self.begun += other.begun;
        self.sounding += other.sounding;
        self.lines.iter_mut().zip(&other.lines).for_each(|(line, other)| line.merge(other));
    }
}

/// The highest and the lowest note of a frame, if they begin in it.
fn outer(frame: Frame) -> [Option<u32>; 2] {
    let begins = |pitch: u32| (frame.onsets.checked_shr(pitch).unwrap_or(0) & 1 == 1).then_some(pitch);
    [begins(127u32.saturating_sub(frame.sounding.leading_zeros())), begins(frame.sounding.trailing_zeros())]
}

/// Takes a frame as written.
fn push(before: &mut [Option<u32>; 2], frame: Frame) {
    for (before, now) in before.iter_mut().zip(outer(frame)) {
        *before = now.or(*before);
    }
}

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [model, folder, rest @ ..] = &args[..] else {
        bail!("usage: calibration MODEL FOLDER [BARS] [MIN_P] [PASSES] [CURVES]");
    };
    let number = |place: usize, usual: f64| {
        rest.get(place).map_or(Ok(usual), |text| text.parse::<f64>().context("a number is expected"))
    };
    let (bars, rhythm_min_p, passes) =
        (number(0, 16.0)? as usize, number(1, NOTE_RHYTHM_MIN_P)?, number(2, 2.0)? as u64);
    let model = TrainedModel::load(Path::new(model))?;
    let Encoding::Frames { representation, .. } = model.model.encoding() else {
        bail!("the model must be of frames");
    };
    let options = FrameOptions { top_p: NOTE_TOP_P, rhythm_min_p, ..FrameOptions::default() };
    let options = options.on_grid(representation.steps_per_quarter);
    let mut groups = vec![[Sums::default(); 3]; bars.div_ceil(GROUP)];
    let mut reliability = [Reliability::default(), Reliability::default()];
    for piece in corpus::load(Path::new(folder))?.pieces {
        let (frames, map) = (representation.encode(&piece.score), representation.bars(&piece.score));
        let style = piece.name.split_once('/').map(|(style, _)| style);
        let track = ConditionTrack::of_frames(&frames, Some(&map), representation.steps_per_quarter, style);
        let form = Form::of_frames(&frames, &map);
        let length = frames.len().min(map.bar(bars as u64).start as usize);
        reliability[0].read(&model.model, (&frames[..length], &map), &track)?;
        for seed in 0..passes {
            let stepper = || Stepper::new(&model.model).with_conditions(track.clone());
            let generator = || Generator::new(stepper(), options, 1, seed);
            let told = [generator()?, generator()?]
                .map(|generator| generator.with_bars(map.clone()).with_forms(vec![form.clone()]));
            let own = measure(told, &frames[..length], &map, &mut groups)?;
            reliability[1].read(&model.model, (&own, &map), &track)?;
        }
    }
    report(&groups);
    report_errors(&reliability);
    if let Some(folder) = rest.get(3) {
        curves::write(Path::new(folder), &groups, &reliability)?;
    }
    Ok(())
}

/// Adds the decisions of a piece: its own, those beside it, and those of a piece that is written under the same conditions, which is returned.
fn measure(
    [mut beside, mut free]: [Generator<Stepper<'_>>; 2],
    frames: &[Frame],
    map: &BarMap,
    groups: &mut [[Sums; 3]],
) -> Result<Vec<Frame>> {
    let (mut real, mut own) = ([None; 2], [None; 2]);
    let mut piece = Vec::with_capacity(frames.len());
    for (step, &frame) in frames.iter().enumerate() {
        let drawn = beside.drawn_beside(frame)?;
        let written = free.next().context("a generator without a length ended")??[0].frame;
        piece.push(written);
        let group = map.bar_at(step as u64).index as usize / GROUP;
        let Some([of_real, of_drawn, of_own]) = groups.get_mut(group) else { break };
        of_real.add(&real, frame);
        of_drawn.add(&real, drawn);
        of_own.add(&own, written);
        push(&mut real, frame);
        push(&mut own, written);
    }
    Ok(piece)
}

/// How far predictions are from what happens, by kind of decision.
fn report_errors([real, own]: &[Reliability; 2]) {
    println!("\n| expected calibration error | after a real past | after its own |\n|---|---|---|");
    for (kind, name) in KINDS.iter().enumerate() {
        println!("| {name} | {:.3} | {:.3} |", real.error(kind), own.error(kind));
    }
}

fn report(groups: &[[Sums; 3]]) {
    let line = "semitones | repeated, % | steps, % | over a fifth, %";
    println!(
        "| bars | past | steps with notes that begin | begin | sound | highest line: {line} | lowest line: {line} |"
    );
    println!("|{}", "---|".repeat(13));
    let mut all = [Sums::default(); 3];
    for (group, sums) in groups.iter().enumerate() {
        rows(&format!("{}–{}", GROUP * group + 1, GROUP * (group + 1)), sums);
        all.iter_mut().zip(sums).for_each(|(all, sums)| all.merge(sums));
    }
    rows("all", &all);
}

fn rows(bars: &str, sums: &[Sums; 3]) {
    for (past, sums) in PASTS.iter().zip(sums) {
        let mean = |sum: f64| sum / sums.steps.max(1.0);
        let (begun, sounding) = (mean(sums.begun), mean(sums.sounding));
        let [highest, lowest] = sums.lines.map(|line| line.cells());
        println!(
            "| {bars} | {past} | {:.0} | {begun:.2} | {sounding:.2} | {highest} | {lowest} |",
            sums.steps
        );
    }
}
