//! Decisions of a model of frames beside those of real music: what it draws where the past is real, and what it draws after music of its own, bar by
//! bar, as a table in Markdown.
//!
//! Usage: `calibration MODEL FOLDER [BARS] [TOP_P] [PASSES]`: a model of frames, or the name of a built-in one; music that it has not learnt from, of which the first BARS bars
//! count (16), told the conditions, form and rhythm of each piece.

use anyhow::{Context, Result, bail};
use composer::TrainedModel;
use composer_decoding::{FrameOptions, Generator};
use composer_models::{ConditionTrack, Encoding, Form, Sequence, Stepper};
use composer_music::BarMap;
use composer_music::corpus;
use composer_music::representation::frames::{Frame, FrameRepresentation};
use std::path::Path;

/// Sums of what is decided in the steps at which notes begin.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    steps: f64,
    begun: f64,
    sounding: f64,
    top: Line,
    bass: Line,
}

/// Moves of an outer line: from the last note that began in it.
#[derive(Clone, Copy, Debug, Default)]
struct Line {
    moves: f64,
    repeated: f64,
    steps: f64,
    leaps: f64,
    semitones: f64,
}

impl Line {
    fn add(&mut self, before: Option<u32>, now: u32) {
        let Some(before) = before else { return };
        let semitones = now.abs_diff(before);
        self.moves += 1.0;
        self.semitones += f64::from(semitones);
        match semitones {
            0 => self.repeated += 1.0,
            1..=2 => self.steps += 1.0,
            8.. => self.leaps += 1.0,
            _ => {}
        }
    }

    fn cells(&self) -> String {
        let share = |count: f64| 100.0 * count / self.moves.max(1.0);
        format!(
            "{:.2} | {:.0} | {:.0} | {:.0}",
            self.semitones / self.moves.max(1.0),
            share(self.repeated),
            share(self.steps),
            share(self.leaps)
        )
    }
}

fn top(frame: Frame) -> u32 {
    127 - frame.onsets.leading_zeros()
}

fn bass(frame: Frame) -> u32 {
    frame.onsets.trailing_zeros()
}

/// Adds one decision, after `before`, the last notes that began in the outer lines of the real past or its own.
fn add(sums: &mut Sums, before: [Option<u32>; 2], frame: Frame) {
    if frame.onsets == 0 {
        return;
    }
    sums.steps += 1.0;
    sums.begun += f64::from(frame.onsets.count_ones());
    sums.sounding += f64::from(frame.sounding.count_ones());
    // A note that begins under a higher one that goes on is not of the highest line, and likewise for the lowest.
    if frame.sounding >> top(frame) == 1 {
        sums.top.add(before[0], top(frame));
    }
    if frame.sounding.trailing_zeros() == bass(frame) {
        sums.bass.add(before[1], bass(frame));
    }
}

/// Takes a frame as written: the last note that began in either outer line.
fn push(before: &mut [Option<u32>; 2], frame: Frame) {
    if frame.onsets != 0 && frame.sounding >> top(frame) == 1 {
        before[0] = Some(top(frame));
    }
    if frame.onsets != 0 && frame.sounding.trailing_zeros() == bass(frame) {
        before[1] = Some(bass(frame));
    }
}

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [model, folder, rest @ ..] = &args[..] else {
        bail!("usage: calibration MODEL FOLDER [BARS] [TOP_P] [PASSES]")
    };
    let number = |place: usize, default: f64| {
        rest.get(place).map_or(Ok(default), |text| text.parse::<f64>().context("a number is expected"))
    };
    let (bars, top_p, passes) = (number(0, 16.0)? as u64, number(1, 1.0)?, number(2, 2.0)? as u64);
    let model = TrainedModel::load(Path::new(model))?;
    let Encoding::Frames { representation, .. } = model.model.encoding() else {
        bail!("the model must be of frames")
    };
    let options = FrameOptions { top_p, ..FrameOptions::default() }.on_grid(representation.steps_per_quarter);
    let groups = bars.div_ceil(4) as usize;
    let mut sums = vec![[Sums::default(); 3]; groups];
    for piece in corpus::load(Path::new(folder))?.pieces {
        let (frames, map) = (representation.encode(&piece.score), representation.bars(&piece.score));
        let style = piece.name.split_once('/').map(|(style, _)| style);
        let track = ConditionTrack::of_frames(&frames, Some(&map), representation.steps_per_quarter, style);
        let form = match Sequence::frames_in(frames.clone(), map.clone()).with_conditions(track.clone()) {
            Sequence::Frames(_) => Form::of_frames(&frames, &map),
            _ => Form::default(),
        };
        let length = frames.len().min(map.bar(bars).start as usize);
        for seed in 0..passes {
            measure(
                &model,
                representation,
                (&frames[..length], &map),
                (&track, &form),
                (options, seed),
                &mut sums,
            )?;
        }
    }
    println!(
        "| bars | past | steps | begin | sound | top: semitones | repeated % | steps % | over a fifth % | bass: semitones | repeated % | steps % | over a fifth % |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|---|---|");
    let mut all = [Sums::default(); 3];
    let row = |name: String, sums: &[Sums; 3]| {
        for (kind, sums) in ["real", "drawn after a real past", "drawn after its own"].iter().zip(sums) {
            let mean = |sum: f64| sum / sums.steps.max(1.0);
            println!(
                "| {name} | {kind} | {:.0} | {:.2} | {:.2} | {} | {} |",
                sums.steps,
                mean(sums.begun),
                mean(sums.sounding),
                sums.top.cells(),
                sums.bass.cells()
            );
        }
    };
    for (group, sums) in sums.iter().enumerate() {
        row(format!("{}–{}", 4 * group + 1, 4 * group + 4), sums);
        for (all, sums) in all.iter_mut().zip(sums) {
            merge(all, sums);
        }
    }
    row("all".into(), &all);
    Ok(())
}

fn merge(all: &mut Sums, some: &Sums) {
    all.steps += some.steps;
    all.begun += some.begun;
    all.sounding += some.sounding;
    for (all, some) in [(&mut all.top, &some.top), (&mut all.bass, &some.bass)] {
        all.moves += some.moves;
        all.repeated += some.repeated;
        all.steps += some.steps;
        all.leaps += some.leaps;
        all.semitones += some.semitones;
    }
}

fn measure(
    model: &TrainedModel,
    _representation: &FrameRepresentation,
    (frames, map): (&[Frame], &BarMap),
    (track, form): (&ConditionTrack, &Form),
    (options, seed): (FrameOptions, u64),
    sums: &mut [[Sums; 3]],
) -> Result<()> {
    let told = || Stepper::new(&model.model).with_conditions(track.clone());
    let generator = || -> Result<_> {
        Ok(Generator::new(told(), options, 1, seed)?.with_bars(map.clone()).with_forms(vec![form.clone()]))
    };
    let (mut beside, mut free) = (generator()?, generator()?);
    let (mut real_before, mut own_before) = ([None; 2], [None; 2]);
    for (step, &frame) in frames.iter().enumerate() {
        let group = map.bar_at(step as u64).index as usize / 4;
        let drawn = beside.drawn_beside(frame)?;
        let own = free.next().context("it goes on")??[0].frame;
        let Some(sums) = sums.get_mut(group) else { break };
        add(&mut sums[0], real_before, frame);
        add(&mut sums[1], real_before, drawn);
        add(&mut sums[2], own_before, own);
        push(&mut real_before, frame);
        push(&mut own_before, own);
    }
    Ok(())
}
