//! `remi`: music in bars: BAR, METRE, POSITION, TEMPO, CHORD, PROGRAM, PITCH, VELOCITY, DURATION.
//!
//! A bar of music, C4 as a half note under E4–G4 in quarters, at 12 steps per quarter and 120 quarters per minute:
//!
//! ```text
//! BAR METRE_4/4 POSITION_0 TEMPO_120 PITCH_C4 VELOCITY_16 DURATION_24 PITCH_E4 VELOCITY_16 DURATION_12
//!               POSITION_12 PITCH_G4 VELOCITY_16 DURATION_12
//! ```
//!
//! METRE follows the first BAR and every BAR where it changes; TEMPO and (with `chords`) CHORD stand where they change;
//! PROGRAM (with `programs`) stands before a note of another program than the note before it, drums being a program of
//! their own. Lengths beyond a whole note add up: `DURATION_48 DURATION_12` is five quarters. Notes at one position are
//! sorted by program, then pitch. CHORD says what the notes of the beat amount to (see [`super::chords`]) and is passed over
//! when decoding.
//!
//! Not held: which track a note was on, notes longer than 64 quarters, tempos between the steps of a semitone scale
//! (12 to the doubling), a change of metre that cuts off a bar at a length which no metre has. Without `programs`, drums and programs.

mod bars;
mod options;
mod read;
mod sheet;
mod vocabulary;
mod write;

pub use options::{ChordTokens, RemiRepresentation};

use std::collections::BTreeMap;

use super::grid::{Grid, MAX_STEPS, of_steps};
use super::interface::fingerprint;
use super::quantise::{Clock, Loss, Quantised, one_at_a_time, place};
use super::symbols::tokens;
use super::{Error, Representation, Symbols, Vocabulary, velocity};
use crate::metre::Metre;
use crate::score::{DRUM_CHANNEL, Note, Score, Tempo, TimeSignature, Track};
use sheet::{DRUMS, MAX_QUARTERS, Sheet};
use vocabulary::Tokens;

impl RemiRepresentation {
    fn tokens(&self) -> Tokens {
        Tokens::new(self)
    }

    fn sheet(&self, score: &Score, loss: &mut Loss) -> Result<Sheet, Error> {
        let steps = self.grid_steps();
        let grid = Grid::new(score.ticks_per_quarter, steps);
        let sounds = place(score, &Clock::Metrical(grid), MAX_STEPS, loss, |_, note| match self.programs {
            true => Ok(if note.is_drum() { DRUMS } else { u16::from(note.program & 127) }),
            false if note.is_drum() => Err("drums"),
            false => Ok(0),
        })?;
        let mut sounds = one_at_a_time(sounds, loss);
        let longest = MAX_QUARTERS * u64::from(steps);
        let mut rounded = 0;
        for sound in &mut sounds {
            rounded += usize::from(velocity::rounded(sound.velocity) != sound.velocity);
            sound.velocity = velocity::rounded(sound.velocity);
            if sound.end - sound.start > longest {
                loss.cut += 1;
                sound.end = sound.start + longest;
            }
        }
        loss.count("velocities rounded", rounded);
        if !self.programs {
            loss.count("programs", score.notes().filter(|note| note.program != 0 && !note.is_drum()).count());
        }
        loss.count("key changes", score.key_signatures.len());
        loss.count("pedal movements", score.pedals.len());
        let bars = match sounds.last() {
            Some(last) => bars::bars(score, steps, last.start, loss),
            None => Vec::new(),
        };
        let end = bars.last().map_or(0, |bar| bar.end);
        let tempos = tempo_changes(score, &grid, end, loss);
        Ok(Sheet { bars, tempos, sounds })
    }

    fn score(&self, sheet: &Sheet) -> Score {
        let (ticks_per_quarter, grid) = of_steps(self.grid_steps());
        let mut score = Score::new(ticks_per_quarter);
        score.tempos = (sheet.tempos.iter())
            .map(|&(step, tempo)| Tempo {
                tick: grid.tick(step),
                micros_per_quarter: vocabulary::micros_of_tempo(tempo),
            })
            .collect();
        let mut metre = None;
        for bar in &sheet.bars {
            if metre.replace(bar.metre) != Some(bar.metre) {
                let Metre { numerator, denominator } = bar.metre;
                let tick = grid.tick(bar.start);
                score.time_signatures.push(TimeSignature { tick, numerator, denominator });
            }
        }
        let mut parts: BTreeMap<u16, Vec<Note>> = BTreeMap::new();
        for sound in &sheet.sounds {
            parts.entry(sound.part).or_default().push(Note {
                onset: grid.tick(sound.start),
                duration: grid.ticks(sound.start, sound.end),
                pitch: sound.pitch,
                velocity: sound.velocity,
                channel: 0,
                program: if sound.part == DRUMS { 0 } else { sound.part as u8 },
            });
        }
        for (index, (part, mut notes)) in parts.into_iter().enumerate() {
            let channel = if part == DRUMS { DRUM_CHANNEL } else { melodic_channel(index) };
            notes.iter_mut().for_each(|note| note.channel = channel);
            score.tracks.push(Track { name: None, notes });
        }
        score
    }

    /// A score as tokens.
    ///
    /// # Errors
    /// [`Error::TooLong`].
    pub fn encode_tokens(&self, score: &Score) -> Result<Vec<u32>, Error> {
        let sheet = self.sheet(score, &mut Loss::default())?;
        Ok(write::tokens(&self.tokens(), &sheet, self.grid_steps()))
    }

    /// Tokens as a score; those beyond the vocabulary are ignored.
    pub fn decode_tokens(&self, tokens: &[u32]) -> Score {
        self.score(&read::sheet(&self.tokens(), tokens, self.grid_steps()))
    }

    /// The token that begins a bar.
    pub fn bar_token(&self) -> u32 {
        vocabulary::BAR
    }

    /// Number of tokens.
    pub fn num_tokens(&self) -> usize {
        self.tokens().len()
    }
}

/// The channel of the `index`-th part that is no drums; from the sixteenth part on channels are shared.
pub(super) fn melodic_channel(index: usize) -> u8 {
    let channel = (index % 15) as u8;
    channel + u8::from(channel >= DRUM_CHANNEL)
}

/// Tempos as numbers of the vocabulary, where they change, before step `end`; the first one at step 0.
fn tempo_changes(score: &Score, grid: &Grid, end: u64, loss: &mut Loss) -> Vec<(u64, u32)> {
    if end == 0 {
        return Vec::new();
    }
    let mut changes = vec![(0, vocabulary::tempo_of_micros(crate::score::DEFAULT_MICROS_PER_QUARTER))];
    for tempo in &score.tempos {
        loss.tempo_rounded(tempo.micros_per_quarter, vocabulary::nearest_micros(tempo.micros_per_quarter));
        let (step, number) = (grid.step(tempo.tick), vocabulary::tempo_of_micros(tempo.micros_per_quarter));
        changes.push((step, number));
    }
    let before = changes.len();
    // Of several at one step the last holds.
    changes.reverse();
    changes.dedup_by_key(|&mut (step, _)| step);
    changes.reverse();
    changes.dedup_by_key(|&mut (_, number)| number);
    changes.retain(|&(step, _)| step < end);
    loss.count("tempo changes too small or too close", (before - 1).saturating_sub(changes.len()));
    changes
}

impl Representation for RemiRepresentation {
    fn name(&self) -> &'static str {
        "remi"
    }

    fn vocabulary(&self) -> Vocabulary {
        Vocabulary::Tokens { names: self.tokens().names() }
    }

    fn encode(&self, score: &Score) -> Result<Symbols, Error> {
        self.encode_tokens(score).map(Symbols::Tokens)
    }

    fn decode(&self, symbols: &Symbols) -> Result<Score, Error> {
        Ok(self.decode_tokens(tokens(symbols, self.num_tokens())?))
    }

    fn quantise(&self, score: &Score) -> Result<Quantised, Error> {
        let mut loss = Loss::default();
        let sheet = self.sheet(score, &mut loss)?;
        Ok(Quantised { score: self.score(&sheet), loss })
    }

    fn fingerprint(&self) -> String {
        fingerprint(self.name(), self)
    }
}
