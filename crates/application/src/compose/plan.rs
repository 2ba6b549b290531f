//! The plan of a piece: its bars, its tempos and keys, where its primer ends and how long it is, on the clock of the model and in
//! the ticks of the file.

use super::options::{ComposeOptions, Length, Primer as Choice, USUAL_BARS};
use crate::error::wrong_input;
use composer_decoding::Rules;
use composer_decoding::harmony::ChordPlan;
use composer_decoding::primer::Primer;
use composer_models::file::Notes;
use composer_music::representation::AnyRepresentation;
use composer_music::representation::events::{PedalUse, Time};
use composer_music::representation::grid::{Grid, MAX_TICKS_PER_QUARTER, resolution};
use composer_music::representation::quantise::{Clock, STEPS_PER_SECOND};
use composer_music::text::counted;
use composer_music::{BarMap, Metre, Pedal, Score, Tempo, TempoMap, Ticks, TimeSignature};

/// Tempo when neither the options nor the training music give one.
const DEFAULT_QPM: f64 = 96.0;

/// Resolution of a file whose clock is real time: at whole tempos, a hundredth of a second is a whole number of ticks.
const PERFORMANCE_TICKS: u16 = 6000;

/// What is decided of a piece before a note of it is composed.
pub(super) struct Plan {
    /// The piece without its new notes: tempos, metres, keys, and the primer if the piece begins with it.
    pub score: Score,
    /// Its bars, in ticks.
    pub bars: BarMap,
    /// First step of the new music.
    pub begin: u64,
    /// Where the primer ends, in ticks; 0 if the piece does not begin with one.
    pub primer_end: Ticks,
    /// Steps of the whole piece, and its end in ticks.
    pub steps: u64,
    end: Ticks,
    /// Steps of its ending: the last beat.
    pub ending_steps: u64,
    upbeat: bool,
    clock: Clock,
    steps_per_quarter: u32,
}

impl Plan {
    /// Plans a piece for a model with this representation; `primer` is the music of [`ComposeOptions::primer`].
    ///
    /// # Errors
    /// A bar is no whole number of steps, or the primer is as long as the piece.
    pub fn new(
        representation: &AnyRepresentation,
        options: &ComposeOptions,
        primer: Option<&Primer>,
        notes: &Notes,
    ) -> anyhow::Result<Self> {
        let steps_per_quarter = composer_decoding::grammar::steps_per_quarter(representation) as u32;
        let performance =
            matches!(representation, AnyRepresentation::Events(events) if events.time == Time::Performance);
        let own = if performance { PERFORMANCE_TICKS } else { resolution(steps_per_quarter).0 };
        let injected = primer.filter(|_| options.injects());
        let mut score = match injected {
            Some(primer) => finer(primer, own),
            None => Score::new(own),
        };
        let scale = |primer: &Primer| Ticks::from(score.ticks_per_quarter / primer.score.ticks_per_quarter);
        let primer_end = injected.map_or(0, |primer| primer.length * scale(primer));
        set_tempo(&mut score, primer, primer_end, performance, options, notes);
        let upbeat = BarMap::new(&score).upbeat().is_some();
        set_metre(&mut score, primer, primer_end, options, notes);
        set_key(&mut score, primer_end, options);
        release_pedals(&mut score, primer_end);
        let clock = match performance {
            true => Clock::Performance(TempoMap::new(&score)),
            false => Clock::Metrical(Grid::new(score.ticks_per_quarter, steps_per_quarter)),
        };
        let bars = BarMap::new(&score);
        let mut plan = Self {
            score,
            bars,
            begin: 0,
            primer_end,
            steps: 0,
            end: 0,
            ending_steps: 0,
            upbeat,
            clock,
            steps_per_quarter,
        };
        check_metre(representation, plan.bars.metre_at(primer_end), performance)?;
        plan.begin = plan.first_free_step(representation);
        let in_bars = |bars: usize| plan.bars.bar((bars as u64).saturating_sub(u64::from(!upbeat))).end;
        let end = match options.length {
            Length::Usual => in_bars(USUAL_BARS),
            Length::Bars(bars) => in_bars(bars),
            Length::Steps(steps) => plan.tick(steps as u64),
        };
        plan.steps = match options.length {
            Length::Usual | Length::Bars(_) => plan.clock.step(end),
            Length::Steps(steps) => steps as u64,
        };
        plan.end = end;
        if plan.begin >= plan.steps {
            return Err(plan.nothing_left());
        }
        let beat = beat(plan.bars.bar_at(end.saturating_sub(1)).metre, plan.score.ticks_per_quarter);
        plan.ending_steps = match options.ending {
            true => (plan.steps.saturating_sub(plan.clock.step(end.saturating_sub(beat)))).max(1),
            false => 0,
        };
        Ok(plan)
    }

    /// How many times as fine the ticks of the piece are as those of its primer.
    pub fn scale(&self, primer: &Primer) -> Ticks {
        Ticks::from(self.score.ticks_per_quarter / primer.score.ticks_per_quarter)
    }

    fn nothing_left(&self) -> anyhow::Error {
        let bars = |end| self.bars.count(end) - u64::from(self.upbeat);
        wrong_input(format!(
            "the primer is {} long, which leaves nothing to compose in a piece of {}: ask for a longer piece (--length), or \
             let the model only condition on the primer (--condition-on-primer)",
            counted(bars(self.primer_end) as usize, "bar"),
            bars(self.end)
        ))
    }

    /// The first step that is not before the end of the primer, or a little before it where that is no step.
    fn first_free_step(&self, representation: &AnyRepresentation) -> u64 {
        if self.primer_end == 0 {
            return 0;
        }
        let nearest = self.clock.step(self.primer_end);
        let step = (self.tick(nearest + 1) - self.tick(nearest)).max(1);
        let first = nearest + u64::from(self.tick(nearest) + step / 4 < self.primer_end);
        let read = |score: &Score| score.notes().map(|note| self.clock.span(note).1).max().unwrap_or(0);
        let first = first.max(read(&self.score));
        match representation {
            AnyRepresentation::Events(events) if events.pedal == PedalUse::Applied => {
                first.max(read(&composer_music::pedal::apply(&self.score)))
            }
            AnyRepresentation::Chords(chords) => {
                first.next_multiple_of(chords.quarters_per_chord.max(1).into())
            }
            _ => first,
        }
    }

    /// The tick of a step, rounded down where it lies between ticks.
    pub fn tick(&self, step: u64) -> Ticks {
        match &self.clock {
            Clock::Metrical(grid) => grid.tick(step),
            Clock::Performance(map) => {
                // New music begins after the last change of tempo.
                let last = self.score.tempos.last().map_or(0, |tempo| tempo.tick);
                let seconds = step as f64 / STEPS_PER_SECOND as f64 - map.seconds(last);
                let quarters = seconds.max(0.0) / map.seconds_per_quarter(last);
                last + (quarters * f64::from(self.score.ticks_per_quarter)).round() as Ticks
            }
        }
    }

    /// The tick where a note ends: the end of the piece is that of its last bar, also where a bar is no whole number of steps.
    pub fn end_tick(&self, step: u64) -> Ticks {
        if step >= self.steps { self.end } else { self.tick(step) }
    }

    /// The step of a tick of music that a representation has decoded.
    pub fn decoded_step(&self, tick: Ticks, ticks_per_quarter: u16) -> u64 {
        Grid::new(ticks_per_quarter, self.steps_per_quarter).step(tick)
    }

    /// What the music keeps to. An ending is at least as long as a note, `min_note_steps`.
    pub fn rules(&self, options: &ComposeOptions, min_note_steps: u64) -> anyhow::Result<Rules> {
        let chords = options.chords.as_deref();
        let chords = chords.map(|chords| ChordPlan::over_bars(chords, self.bar_lines())).transpose()?;
        let ending = if options.ending { self.ending_steps.max(min_note_steps) } else { 0 };
        Ok(Rules {
            key: options.key,
            range: options.range,
            chords,
            max_polyphony: options.max_polyphony,
            length: Some(self.steps),
            ending_steps: Some(ending),
            last_chord: options.ending,
            begin: self.begin,
            bars: Some(self.bars_in_steps()),
            tempo: options.qpm,
            ..Rules::default()
        })
    }

    /// The first steps of the bars after the first full one.
    pub fn bar_lines(&self) -> Vec<u64> {
        let end = self.tick(self.steps);
        let first = 1 + usize::from(self.upbeat);
        self.bars.bars(end).skip(first).map(|bar| self.clock.step(bar.start)).collect()
    }

    /// The bars in steps, after those of a primer that the model reads and that is not part of the piece.
    pub fn bars_after(&self, read: Option<&Primer>, steps: u64) -> BarMap {
        let before = read.map(|primer| BarMap::new(&primer.score).on_grid(self.steps_per_quarter));
        let before = before.iter().flat_map(BarMap::changes).filter(|&(step, _)| step < steps);
        let bars = self.bars_in_steps();
        let after = bars.changes().map(|(step, metre)| (step + steps, metre));
        BarMap::from_changes(self.steps_per_quarter, before.chain(after))
    }

    /// The bars in steps.
    fn bars_in_steps(&self) -> BarMap {
        match &self.clock {
            Clock::Metrical(_) => self.bars.on_grid(self.steps_per_quarter),
            Clock::Performance(_) => {
                let changes = self.bars.changes().map(|(tick, metre)| (self.clock.step(tick), metre));
                BarMap::from_changes(self.steps_per_quarter, changes)
            }
        }
    }
}

/// A primer at a resolution in which the steps of a grid with `own` ticks to the quarter are whole ticks, as far as a file can state it.
fn finer(primer: &Primer, own: u16) -> Score {
    let from = u32::from(primer.score.ticks_per_quarter.max(1));
    let most = u32::from(MAX_TICKS_PER_QUARTER);
    let common = from / greatest_common_divisor(from, u32::from(own)) * u32::from(own);
    let to = if common <= most { common } else { from * (most / from).max(1) };
    let scale = Ticks::from(to / from);
    let mut score = primer.score.clone();
    score.ticks_per_quarter = to as u16;
    for note in score.tracks.iter_mut().flat_map(|track| &mut track.notes) {
        (note.onset, note.duration) = (note.onset * scale, note.duration * scale);
    }
    score.tempos.iter_mut().for_each(|tempo| tempo.tick *= scale);
    score.time_signatures.iter_mut().for_each(|metre| metre.tick *= scale);
    score.key_signatures.iter_mut().for_each(|key| key.tick *= scale);
    score.pedals.iter_mut().for_each(|pedal| pedal.tick *= scale);
    score
}

fn greatest_common_divisor(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

/// Tempos: the one that is asked for; else those of the primer; else that of the training music.
fn set_tempo(
    score: &mut Score,
    primer: Option<&Primer>,
    primer_end: Ticks,
    performance: bool,
    options: &ComposeOptions,
    notes: &Notes,
) {
    let stated = !matches!(options.primer, Choice::None | Choice::Notes { .. });
    let carried = primer.filter(|_| stated).map(|primer| {
        primer
            .score
            .tempos
            .last()
            .map_or(composer_music::score::DEFAULT_MICROS_PER_QUARTER, |tempo| tempo.micros_per_quarter)
    });
    let trained = micros(notes.quarters_per_minute.unwrap_or(DEFAULT_QPM));
    let one = options.qpm.map(micros);
    if performance {
        // Real time knows no tempo after the primer.
        score.tempos.retain(|tempo| tempo.tick <= primer_end);
    }
    if one.is_some() || score.tempos.is_empty() {
        let micros_per_quarter = one.or(carried).unwrap_or(trained);
        score.tempos = vec![Tempo { tick: 0, micros_per_quarter }];
    }
}

/// Microseconds of a quarter, within what MIDI stores.
fn micros(quarters_per_minute: f64) -> u32 {
    (60e6 / quarters_per_minute).round().clamp(1.0, f64::from((1 << 24) - 1)) as u32
}

/// Metres: those of the primer, and the one that is asked for from the first bar line after it.
fn set_metre(
    score: &mut Score,
    primer: Option<&Primer>,
    primer_end: Ticks,
    options: &ComposeOptions,
    notes: &Notes,
) {
    let sign = |tick, metre: Metre| TimeSignature {
        tick,
        numerator: metre.numerator,
        denominator: metre.denominator,
    };
    if score.time_signatures.is_empty() {
        let of_file = primer.filter(|_| matches!(options.primer, Choice::Midi { .. })).map(|primer| {
            // Without a time signature a file is in 4/4.
            BarMap::new(&primer.score).metre_at(primer.length)
        });
        let metre = options.metre.or(of_file).unwrap_or_else(|| notes.metre());
        score.time_signatures.push(sign(0, metre));
    } else if let Some(metre) = options.metre {
        let bars = BarMap::new(score);
        let bar = bars.bar_at(primer_end);
        let line = if bar.start == primer_end { bar.start } else { bar.end };
        score.time_signatures.retain(|change| change.tick < line);
        if bars.metre_at(line.saturating_sub(1)) != metre {
            score.time_signatures.push(sign(line, metre));
        }
    }
}

/// Keys: those of the primer, and the one that is asked for from its end.
fn set_key(score: &mut Score, primer_end: Ticks, options: &ComposeOptions) {
    let Some(key) = options.key else { return };
    score.key_signatures.retain(|change| change.tick < primer_end);
    let asked = key.signature(if score.key_signatures.is_empty() { 0 } else { primer_end });
    let last = score.key_signatures.last();
    if last.is_none_or(|last| (last.sharps, last.minor) != (asked.sharps, asked.minor)) {
        score.key_signatures.push(asked);
    }
}

/// Pedals that are down where the primer ends go up there, or they would hold all the new notes.
fn release_pedals(score: &mut Score, primer_end: Ticks) {
    score.pedals.retain(|pedal| pedal.tick <= primer_end);
    for channel in 0..16 {
        let last = score.pedals.iter().rfind(|pedal| pedal.channel == channel);
        if last.is_some_and(Pedal::is_down) {
            score.pedals.push(Pedal { tick: primer_end, channel, value: 0 });
        }
    }
}

/// The beat of a metre in ticks: in compound metres a dotted note.
fn beat(metre: Metre, ticks_per_quarter: u16) -> Ticks {
    let notes = if metre.is_compound() { 3 } else { 1 };
    4 * Ticks::from(ticks_per_quarter) * notes / Ticks::from(metre.denominator.max(1))
}

/// Refuses a metre whose bars are no whole number of steps, or of chord symbols.
fn check_metre(representation: &AnyRepresentation, metre: Metre, performance: bool) -> anyhow::Result<()> {
    let steps_per_quarter = composer_decoding::grammar::steps_per_quarter(representation) as u32;
    let symbol = match representation {
        AnyRepresentation::Chords(chords) => u64::from(chords.quarters_per_chord.max(1)),
        _ => 1,
    };
    let whole = metre.steps_per_bar(steps_per_quarter).is_some_and(|steps| steps.is_multiple_of(symbol));
    if whole || performance {
        return Ok(());
    }
    let step = match symbol {
        1 => format!("steps, {steps_per_quarter} to a quarter"),
        quarters => format!("chord symbols of {}", counted(quarters as usize, "quarter")),
    };
    Err(wrong_input(format!(
        "a bar of {metre} is no whole number of the model's {step}: choose another metre (--metre)"
    )))
}
