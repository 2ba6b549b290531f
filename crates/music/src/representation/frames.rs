//! `frames`: one multi-hot vector per time step, with a second plane that tells a struck note from a held one.
//!
//! A bar of music, C4 held under E4–E4–G4 in quarters, at two steps per quarter (`●` struck, `─` held):
//!
//! ```text
//! step   0 1 2 3 4 5 6 7
//! G4     · · · · ● ─ ─ ─
//! E4     ● ─ ● ─ · · · ·
//! C4     ● ─ ─ ─ ─ ─ ─ ─
//! ```
//!
//! Each column is a [`Frame`]: `sounding` holds `●` and `─`, `onsets` only `●`. Without the onset plane the two E4
//! would be one long E4. What frames do not hold: which voice or track plays a note, velocity, drums, and anything
//! finer than the grid. Two notes of one pitch that overlap become two that touch.

pub use super::frame::{Frame, pitches, strike_rising_edges};
pub use super::frame_parts::FrameParts;

use super::frame_parts::{DecodedPart, drum};
use super::grid::{Grid, MAX_STEPS, of_steps};
use super::interface::fingerprint;
use super::quantise::{Clock, Loss, Quantised, Sound, one_at_a_time, place};
use super::{Error, Representation, Symbols, Vocabulary};
use crate::metre::BarMap;
use crate::score::{Note, Score, Tempo, TimeSignature, Track};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// How a score becomes frames: the grid, the range of pitches, and whether the network sees onsets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct FrameRepresentation {
    /// Steps in a quarter note: 4 for sixteenths, 3 for triplet eighths, 6 for both ([`super::grid`]).
    pub steps_per_quarter: u32,
    /// Lowest pitch, inclusive.
    #[serde(deserialize_with = "super::pitch::midi_pitch")]
    pub pitch_low: u8,
    /// Highest pitch, inclusive.
    #[serde(deserialize_with = "super::pitch::midi_pitch")]
    pub pitch_high: u8,
    /// Whether re-struck notes are told apart from held ones; doubles the width of a frame.
    pub onset_plane: bool,
    /// Which parts of a score frames hold.
    #[serde(default, skip_serializing_if = "is_together")]
    pub parts: FrameParts,
}

fn is_together(parts: &FrameParts) -> bool {
    *parts == FrameParts::Together
}

/// MIDI velocities of notes, by the step and the pitch where they begin.
pub type Velocities = BTreeMap<(usize, u8), u8>;

impl Default for FrameRepresentation {
    /// Sixteenths over the 88 keys of a piano, with onsets.
    fn default() -> Self {
        Self::of_parts(FrameParts::Together)
    }
}

/// What frames do not hold and a score needs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DecodeOptions {
    /// Quarter notes per minute.
    pub tempo: f64,
    /// Velocity of every note, 1–127.
    pub velocity: u8,
    /// General MIDI program of every note; 0 is a grand piano.
    pub program: u8,
    /// MIDI channel of every note; 9 would turn pitches into drums.
    pub channel: u8,
    /// Beats in a bar and the note value of a beat.
    pub time_signature: (u8, u8),
}

impl Default for DecodeOptions {
    fn default() -> Self {
        Self { tempo: 120.0, velocity: 80, program: 0, channel: 0, time_signature: (4, 4) }
    }
}

impl DecodeOptions {
    /// An empty score that carries the tempo and the metre.
    pub fn empty_score(&self, ticks_per_quarter: u16) -> Score {
        // MIDI stores 24 bits of microseconds per quarter: 3.58 quarters per minute is the slowest.
        let micros = (60e6 / self.tempo).clamp(1.0, f64::from((1 << 24) - 1));
        let micros_per_quarter = if micros.is_finite() { micros.round() as u32 } else { 500_000 };
        let (numerator, denominator) = self.time_signature;
        let mut score = Score::new(ticks_per_quarter);
        score.tempos.push(Tempo { tick: 0, micros_per_quarter });
        score.time_signatures.push(TimeSignature { tick: 0, numerator, denominator });
        score
    }
}

impl FrameRepresentation {
    /// Sixteenths with onsets, over the pitches that some parts have.
    pub fn of_parts(parts: FrameParts) -> Self {
        let (pitch_low, pitch_high) = parts.pitches();
        Self { steps_per_quarter: 4, pitch_low, pitch_high, onset_plane: true, parts }
    }

    /// Pitches in the range.
    pub fn num_pitches(&self) -> usize {
        usize::from(self.pitch_high.min(127).saturating_sub(self.pitch_low)) + 1
    }

    /// Width of a frame as network input: planes × pitches, sounding first, then onsets.
    pub fn num_inputs(&self) -> usize {
        self.num_pitches() * if self.onset_plane { 2 } else { 1 }
    }

    /// Width of a frame as network output: the same layout as the input.
    pub fn num_outputs(&self) -> usize {
        self.num_inputs()
    }

    /// The pitches of the range as a plane of a [`Frame`].
    pub fn range_mask(&self) -> u128 {
        let ones = u128::MAX >> (128 - self.num_pitches().min(128));
        ones << self.pitch_low.min(127)
    }

    /// The pitches of a plane within the range, bit 0 for the lowest of the range.
    pub fn offsets(&self, plane: u128) -> u128 {
        (plane & self.range_mask()) >> self.pitch_low.min(127)
    }

    /// Writes a frame as numbers 0 and 1 into `row`, which has [`FrameRepresentation::num_inputs`] places; overwrites.
    pub fn write_multi_hot<R: From<f32>>(&self, frame: &Frame, row: &mut [R]) {
        debug_assert_eq!(row.len(), self.num_inputs());
        let bit = |plane: u128, index: usize| ((plane >> (usize::from(self.pitch_low) + index)) & 1) as f32;
        let width = self.num_pitches();
        for (index, value) in row.iter_mut().enumerate() {
            let plane = if index < width { frame.sounding } else { frame.onsets };
            *value = bit(plane, index % width).into();
        }
    }

    /// The frame whose places in the layout of [`FrameRepresentation::num_outputs`] satisfy `on`.
    ///
    /// A struck pitch also sounds. Without the onset plane, onsets are left empty; see [`strike_rising_edges`].
    pub fn frame_where(&self, mut on: impl FnMut(usize) -> bool) -> Frame {
        let width = self.num_pitches();
        let mut plane = |first: usize| {
            (0..width).filter(|&index| on(first + index)).fold(0, |bits: u128, index| bits | 1 << index)
                << self.pitch_low.min(127)
        };
        let sounding = plane(0);
        let onsets = if self.onset_plane { plane(width) } else { 0 };
        Frame { sounding: sounding | onsets, onsets }
    }

    /// The bars of a score, in steps.
    pub fn bars(&self, score: &Score) -> BarMap {
        BarMap::new(score).on_grid(self.steps_per_quarter)
    }

    /// The score as frames, one per step from tick 0 to the end of the last note.
    ///
    /// Drums and pitches outside the range are left out. Both ends of a note are rounded to the grid, and it is at
    /// least one step long. A pitch that is struck again while it sounds gets an onset; without the onset plane the
    /// onsets are the steps where a pitch begins to sound. Notes beyond [`MAX_STEPS`] are left out; to count them,
    /// use [`Representation::encode`].
    pub fn encode(&self, score: &Score) -> Vec<Frame> {
        self.fill(&self.sounds(score))
    }

    /// What sounds, one sound per pitch at a time.
    fn sounds(&self, score: &Score) -> Vec<Sound> {
        let grid = Grid::new(score.ticks_per_quarter, self.steps_per_quarter);
        let within = |note: &Note| if grid.span(note).1 <= MAX_STEPS { Ok(()) } else { Err("too late") };
        // Nothing that is too long is left.
        self.placed(score, &mut Loss::default(), within).unwrap_or_default()
    }

    /// The velocities of the notes of [`FrameRepresentation::encode`].
    pub fn velocities(&self, score: &Score) -> Velocities {
        let sounds = self.sounds(score);
        sounds.iter().map(|sound| ((sound.start as usize, sound.pitch), sound.velocity)).collect()
    }

    /// Whether a note has a place in frames, or why not; `melody` where it is one of a melody apart.
    fn check(&self, melody: bool, note: &Note) -> Result<u16, &'static str> {
        let range = self.pitch_low..=self.pitch_high.min(127);
        match self.parts {
            FrameParts::Drums if !note.is_drum() => Err("pitched notes"),
            FrameParts::Drums => range.contains(&drum(note.pitch)).then_some(0).ok_or("out of range"),
            _ if note.is_drum() => Err("drums"),
            FrameParts::Melody | FrameParts::LeadSheet => Ok(melody.into()),
            _ => range.contains(&note.pitch).then_some(0).ok_or("out of range"),
        }
    }

    fn place(&self, score: &Score, loss: &mut Loss) -> Result<Vec<Sound>, Error> {
        self.placed(score, loss, |_| Ok(()))
    }

    /// The notes that are kept, as sounds of frames.
    fn placed(
        &self,
        score: &Score,
        loss: &mut Loss,
        keep: impl Fn(&Note) -> Result<(), &'static str>,
    ) -> Result<Vec<Sound>, Error> {
        let (sorted, melodies) = self.parts.sorted(score);
        let (before, count) = (loss.notes, |score: &Score| score.notes().count());
        let clock = Clock::Metrical(Grid::new(score.ticks_per_quarter, self.steps_per_quarter));
        let mut sounds = place(&sorted, &clock, MAX_STEPS, loss, |track, note| {
            keep(note).and_then(|()| self.check(track < melodies, note))
        })?;
        if let Cow::Owned(sorted) = &sorted {
            let found = match self.parts {
                FrameParts::LeadSheet => {
                    sorted.tracks[..melodies].iter().map(|track| track.notes.len()).sum()
                }
                _ => count(sorted),
            };
            loss.notes = before + count(score);
            *loss.dropped.entry("of no part").or_default() += count(score).saturating_sub(found);
        }
        sounds.iter_mut().for_each(|sound| *sound = self.parts.framed(sound.part == 1, *sound));
        Ok(self.one_at_a_time(sounds, loss))
    }

    /// One sound per pitch at a time; without the onset plane, sounds that touch are one.
    fn one_at_a_time(&self, sounds: Vec<Sound>, loss: &mut Loss) -> Vec<Sound> {
        let mut sounds = one_at_a_time(sounds, loss);
        if !self.onset_plane {
            sounds.sort_unstable_by_key(|sound| (sound.pitch, sound.start));
            let before = sounds.len();
            sounds.dedup_by(|next, last| {
                let touch = next.pitch == last.pitch && next.start <= last.end;
                last.end = if touch { last.end.max(next.end) } else { last.end };
                touch
            });
            loss.merged += before - sounds.len();
            sounds.sort_unstable();
        }
        sounds
    }

    fn fill(&self, sounds: &[Sound]) -> Vec<Frame> {
        let length = sounds.iter().map(|sound| sound.end).max().unwrap_or(0);
        let mut frames = vec![Frame::default(); length as usize];
        for sound in sounds {
            let bit = 1u128 << sound.pitch;
            frames[sound.start as usize].onsets |= bit;
            frames[sound.start as usize..sound.end as usize]
                .iter_mut()
                .for_each(|frame| frame.sounding |= bit);
        }
        frames
    }

    /// Frames as a score with one track, or one for each of its [parts](FrameParts): each onset begins a note, which lasts while its pitch sounds.
    ///
    /// Any frames are accepted, also a network's: an onset sounds, and a pitch that sounds out of nothing is struck.
    /// Without the onset plane, onsets are ignored and a pitch that goes on sounding is one note.
    pub fn decode(&self, frames: &[Frame], options: &DecodeOptions) -> Score {
        self.decode_with(frames, &Velocities::new(), options)
    }

    /// [`FrameRepresentation::decode`] with the velocities of notes; where a note has none there, it has that of the options.
    pub fn decode_with(&self, frames: &[Frame], velocities: &Velocities, options: &DecodeOptions) -> Score {
        let mut sounds = Vec::new();
        let mut open: [u64; 128] = [0; 128];
        let mut before = 0u128;
        let mut close = |pitch: u8, start: u64, end: u64| {
            let velocity = velocities.get(&(start as usize, pitch)).copied().unwrap_or(options.velocity);
            sounds.push(Sound { start, part: 0, pitch, end, velocity });
        };
        for (step, frame) in (0..).zip(frames) {
            let (sounding, onsets) = match self.onset_plane {
                true => (frame.sounding | frame.onsets, frame.onsets),
                false => (frame.sounding, 0),
            };
            let struck = onsets | sounding & !before;
            for pitch in pitches(before & (struck | !sounding)) {
                close(pitch, open[usize::from(pitch)], step);
            }
            for pitch in pitches(struck) {
                open[usize::from(pitch)] = step;
            }
            before = sounding;
        }
        pitches(before).for_each(|pitch| close(pitch, open[usize::from(pitch)], frames.len() as u64));
        sounds.sort_unstable();
        self.score(&sounds, options)
    }

    fn score(&self, sounds: &[Sound], options: &DecodeOptions) -> Score {
        let (ticks_per_quarter, grid) = of_steps(self.steps_per_quarter);
        let mut score = options.empty_score(ticks_per_quarter);
        for DecodedPart { name, channel, sounds } in self.parts.parts_of(sounds) {
            let note = |sound: &Sound| Note {
                onset: grid.tick(sound.start),
                duration: grid.ticks(sound.start, sound.end),
                pitch: sound.pitch,
                velocity: sound.velocity.clamp(1, 127),
                channel: channel.unwrap_or(options.channel & 15),
                program: options.program & 127,
            };
            let notes = sounds.iter().map(note).collect();
            score.tracks.push(Track { name: name.map(Into::into), notes });
        }
        score
    }
}

impl Representation for FrameRepresentation {
    fn name(&self) -> &'static str {
        "frames"
    }

    fn vocabulary(&self) -> Vocabulary {
        Vocabulary::MultiHot { width: self.num_inputs() }
    }

    fn encode(&self, score: &Score) -> Result<Symbols, Error> {
        Ok(Symbols::Frames(self.fill(&self.place(score, &mut Loss::default())?)))
    }

    fn decode(&self, symbols: &Symbols) -> Result<Score, Error> {
        match symbols {
            Symbols::Frames(frames) => Ok(self.decode(frames, &DecodeOptions::default())),
            Symbols::Tokens(_) => Err(Error::WrongKind { expected: "frames", found: "tokens" }),
        }
    }

    fn quantise(&self, score: &Score) -> Result<Quantised, Error> {
        let mut loss = Loss::default();
        let mut sounds = self.place(score, &mut loss)?;
        let options = DecodeOptions::default();
        sounds.iter_mut().for_each(|sound| sound.velocity = options.velocity);
        loss.count("velocities", score.notes().filter(|note| note.velocity != options.velocity).count());
        loss.count("programs", score.notes().filter(|note| note.program != options.program).count());
        loss.count("tempo changes", score.tempos.len());
        loss.count("metre changes", score.time_signatures.len());
        loss.count("key changes", score.key_signatures.len());
        loss.count("pedal movements", score.pedals.len());
        let quantised = self.score(&sounds, &options);
        let unsung = sounds.len() - quantised.notes().count();
        if unsung > 0 {
            *loss.dropped.entry("two at once in a voice").or_default() += unsung;
        }
        Ok(Quantised { score: quantised, loss })
    }

    fn fingerprint(&self) -> String {
        fingerprint(Representation::name(self), self)
    }
}
