//! `events`: a performance as messages: NOTE_ON, NOTE_OFF, TIME_SHIFT, VELOCITY.
//!
//! With the performance clock a TIME_SHIFT moves on by 1 to 100 hundredths of a second, and there are 388 tokens: the
//! vocabulary of Performance RNN and Music Transformer. With the metrical clock the same tokens count steps of a
//! quarter note instead.
//!
//! A bar of music, C4 as a half note under E4–G4 in quarters, at 120 quarters per minute (a quarter is 50 hundredths):
//!
//! ```text
//! VELOCITY_16 NOTE_ON_C4 NOTE_ON_E4 TIME_SHIFT_50 NOTE_OFF_E4 NOTE_ON_G4 TIME_SHIFT_50 NOTE_OFF_C4 NOTE_OFF_G4
//! ```
//!
//! At one moment the note-offs come first, then the pedal, then the note-ons from low to high, each after a change of
//! velocity if there is one. The first velocity is always said. Not held: tempo and metre (the performance clock turns
//! both into time), tracks, programs; a pitch sounds once at a time.

use super::grid::{Grid, of_steps};
use super::interface::fingerprint;
use super::quantise::{Clock, Loss, Quantised, Sound, one_at_a_time, place};
use super::symbols::tokens;
use super::{Error, Representation, Symbols, Vocabulary, pitch_name, velocity};
use crate::score::{DRUM_CHANNEL, Note, Pedal, Score, Tempo, Track};
use crate::tempo_map::TempoMap;

/// Longest piece in steps: 46 hours of performance. Time is cheap here: 100 steps of silence are one token.
const MAX_STEPS: u64 = 1 << 24;

const NOTE_ON: u32 = 0;
const NOTE_OFF: u32 = 128;
const TIME_SHIFT: u32 = 256;
/// Longest TIME_SHIFT in steps.
const MAX_SHIFT: u32 = 100;
const VELOCITY: u32 = TIME_SHIFT + MAX_SHIFT;
const PEDAL_UP: u32 = VELOCITY + velocity::VELOCITY_BINS;
const PEDAL_DOWN: u32 = PEDAL_UP + 1;

/// What a TIME_SHIFT counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Time {
    /// Hundredths of a second.
    Performance,
    /// Steps of a quarter note.
    Metrical {
        /// Steps in a quarter note.
        steps_per_quarter: u32,
    },
}

/// What becomes of the sustain pedal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PedalUse {
    /// It is ignored: notes end with their key.
    Ignored,
    /// Notes last as long as it lets them sound.
    Applied,
    /// It is played: two more tokens.
    Tokens,
}

/// Which notes are encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Section {
    /// All but the drums.
    Pitched,
    /// Only the drums.
    Drums,
}

/// How a score becomes events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct EventRepresentation {
    /// What a TIME_SHIFT counts.
    pub time: Time,
    /// What becomes of the sustain pedal.
    pub pedal: PedalUse,
    /// Which notes are encoded.
    pub section: Section,
}

impl Default for EventRepresentation {
    /// The 388 tokens of Performance RNN.
    fn default() -> Self {
        Self { time: Time::Performance, pedal: PedalUse::Applied, section: Section::Pitched }
    }
}

/// Notes and pedal on the clock's steps.
struct Placed {
    sounds: Vec<Sound>,
    /// Step, and whether the pedal goes down there.
    pedals: Vec<(u64, bool)>,
    loss: Loss,
}

impl EventRepresentation {
    /// Number of tokens.
    pub fn num_tokens(&self) -> usize {
        if self.pedal == PedalUse::Tokens { PEDAL_DOWN as usize + 1 } else { PEDAL_UP as usize }
    }

    fn place(&self, score: &Score) -> Result<Placed, Error> {
        let applied;
        let played = match self.pedal {
            PedalUse::Applied if !score.pedals.is_empty() => {
                applied = crate::pedal::apply(score);
                &applied
            }
            _ => score,
        };
        let clock = match self.time {
            Time::Performance => Clock::Performance(TempoMap::new(played)),
            Time::Metrical { steps_per_quarter } => {
                Clock::Metrical(Grid::new(played.ticks_per_quarter, steps_per_quarter))
            }
        };
        let mut loss = Loss::default();
        let sounds = place(played, &clock, MAX_STEPS, &mut loss, |_, note| match self.section {
            Section::Pitched if note.is_drum() => Err("drums"),
            Section::Drums if !note.is_drum() => Err("not drums"),
            _ => Ok(0),
        })?;
        let mut sounds = one_at_a_time(sounds, &mut loss);
        let changed =
            sounds.iter().filter(|sound| velocity::rounded(sound.velocity) != sound.velocity).count();
        sounds.iter_mut().for_each(|sound| sound.velocity = velocity::rounded(sound.velocity));
        loss.count("velocities rounded", changed);
        loss.count("programs", score.notes().filter(|note| note.program != 0).count());
        if matches!(self.time, Time::Metrical { .. }) {
            loss.count("tempo changes", score.tempos.len());
        }
        loss.count("metre changes", score.time_signatures.len());
        loss.count("key changes", score.key_signatures.len());
        if self.pedal == PedalUse::Ignored {
            loss.count("pedal movements", score.pedals.len());
        }
        let pedals = match self.pedal {
            PedalUse::Tokens => pedal_steps(score, &clock)?,
            _ => Vec::new(),
        };
        Ok(Placed { sounds, pedals, loss })
    }

    /// Notes on steps as a score.
    fn score(&self, sounds: &[Sound], pedals: &[(u64, bool)]) -> Score {
        let (ticks_per_quarter, grid) = match self.time {
            // At 120 quarters per minute, 500 ticks are half a second: a step is 10 ms.
            Time::Performance => (500, Grid::new(500, 50)),
            Time::Metrical { steps_per_quarter } => of_steps(steps_per_quarter),
        };
        let channel = if self.section == Section::Drums { DRUM_CHANNEL } else { 0 };
        let mut score = Score::new(ticks_per_quarter);
        score.tempos.push(Tempo { tick: 0, micros_per_quarter: 500_000 });
        let note = |sound: &Sound| Note {
            onset: grid.tick(sound.start),
            duration: grid.ticks(sound.start, sound.end),
            pitch: sound.pitch,
            velocity: sound.velocity,
            channel,
            program: 0,
        };
        score.tracks.push(Track { name: None, notes: sounds.iter().map(note).collect() });
        let pedal = |&(step, down): &(u64, bool)| Pedal {
            tick: grid.tick(step),
            channel,
            value: if down { 127 } else { 0 },
        };
        score.pedals = pedals.iter().map(pedal).collect();
        score
    }

    /// A score as tokens.
    ///
    /// # Errors
    /// [`Error::TooLong`].
    pub fn encode_tokens(&self, score: &Score) -> Result<Vec<u32>, Error> {
        let Placed { sounds, pedals, .. } = self.place(score)?;
        Ok(write_tokens(&sounds, &pedals))
    }

    /// Tokens as a score; those beyond the vocabulary are ignored.
    pub fn decode_tokens(&self, tokens: &[u32]) -> Score {
        let (sounds, pedals) = read_tokens(tokens);
        self.score(&one_at_a_time(sounds, &mut Loss::default()), &pedals)
    }
}

/// What happens at one step, in the order in which it is written.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Happening {
    Off(u8),
    Pedal(usize, bool),
    On(u8, u8),
}

fn write_tokens(sounds: &[Sound], pedals: &[(u64, bool)]) -> Vec<u32> {
    let mut happenings = Vec::with_capacity(2 * sounds.len() + pedals.len());
    for sound in sounds {
        happenings.push((sound.start, Happening::On(sound.pitch, sound.velocity)));
        happenings.push((sound.end, Happening::Off(sound.pitch)));
    }
    happenings.extend(pedals.iter().enumerate().map(|(i, &(step, down))| (step, Happening::Pedal(i, down))));
    happenings.sort_unstable();
    let mut tokens = Vec::with_capacity(3 * happenings.len());
    let (mut now, mut bin) = (0, None);
    for (step, happening) in happenings {
        while now < step {
            let shift = (step - now).min(u64::from(MAX_SHIFT));
            tokens.push(TIME_SHIFT + shift as u32 - 1);
            now += shift;
        }
        match happening {
            Happening::Off(pitch) => tokens.push(NOTE_OFF + u32::from(pitch)),
            Happening::Pedal(_, down) => tokens.push(if down { PEDAL_DOWN } else { PEDAL_UP }),
            Happening::On(pitch, velocity) => {
                let new = velocity::bin(velocity);
                if bin.replace(new) != Some(new) {
                    tokens.push(VELOCITY + new);
                }
                tokens.push(NOTE_ON + u32::from(pitch));
            }
        }
    }
    tokens
}

/// Any tokens: what is struck while it sounds is struck again, what is released without sounding is ignored, and
/// what still sounds at the end ends there.
fn read_tokens(tokens: &[u32]) -> (Vec<Sound>, Vec<(u64, bool)>) {
    let (mut sounds, mut pedals) = (Vec::new(), Vec::new());
    let mut sounding: [Option<(u64, u8)>; 128] = [None; 128];
    let (mut now, mut loudness, mut pedal) = (0u64, velocity::of_bin(16), false);
    let mut close = |pitch: usize, open: Option<(u64, u8)>, now: u64| {
        sounds.extend(open.map(|(start, velocity)| Sound {
            start,
            part: 0,
            pitch: pitch as u8,
            end: now.max(start + 1),
            velocity,
        }));
    };
    for &token in tokens {
        match token {
            NOTE_ON..NOTE_OFF => {
                let pitch = (token - NOTE_ON) as usize;
                close(pitch, sounding[pitch].replace((now, loudness)), now);
            }
            NOTE_OFF..TIME_SHIFT => {
                let pitch = (token - NOTE_OFF) as usize;
                close(pitch, sounding[pitch].take(), now);
            }
            TIME_SHIFT..VELOCITY => now += u64::from(token - TIME_SHIFT) + 1,
            VELOCITY..PEDAL_UP => loudness = velocity::of_bin(token - VELOCITY),
            PEDAL_UP | PEDAL_DOWN if pedal != (token == PEDAL_DOWN) => {
                pedal = token == PEDAL_DOWN;
                pedals.push((now, pedal));
            }
            _ => {}
        }
    }
    for (pitch, open) in sounding.into_iter().enumerate() {
        close(pitch, open, now);
    }
    (sounds, pedals)
}

/// Steps at which the pedal moves, down on any channel counting as down.
fn pedal_steps(score: &Score, clock: &Clock) -> Result<Vec<(u64, bool)>, Error> {
    let (mut down_on, mut steps) = (0u16, Vec::new());
    for pedal in &score.pedals {
        let before = down_on != 0;
        let bit = 1 << (pedal.channel & 15);
        down_on = if pedal.is_down() { down_on | bit } else { down_on & !bit };
        if before != (down_on != 0) {
            let step = clock.step(pedal.tick);
            if step > MAX_STEPS {
                return Err(Error::TooLong { steps: step, limit: MAX_STEPS });
            }
            steps.push((step, down_on != 0));
        }
    }
    Ok(steps)
}

impl Representation for EventRepresentation {
    fn name(&self) -> &'static str {
        "events"
    }

    fn vocabulary(&self) -> Vocabulary {
        let name = |token: u32| match token {
            NOTE_ON..NOTE_OFF => format!("NOTE_ON_{}", pitch_name((token - NOTE_ON) as u8)),
            NOTE_OFF..TIME_SHIFT => format!("NOTE_OFF_{}", pitch_name((token - NOTE_OFF) as u8)),
            TIME_SHIFT..VELOCITY => format!("TIME_SHIFT_{}", token - TIME_SHIFT + 1),
            VELOCITY..PEDAL_UP => format!("VELOCITY_{}", token - VELOCITY),
            PEDAL_UP => "PEDAL_UP".to_owned(),
            _ => "PEDAL_DOWN".to_owned(),
        };
        Vocabulary::Tokens { names: (0..self.num_tokens() as u32).map(name).collect() }
    }

    fn encode(&self, score: &Score) -> Result<Symbols, Error> {
        self.encode_tokens(score).map(Symbols::Tokens)
    }

    fn decode(&self, symbols: &Symbols) -> Result<Score, Error> {
        Ok(self.decode_tokens(tokens(symbols, self.num_tokens())?))
    }

    fn quantise(&self, score: &Score) -> Result<Quantised, Error> {
        let Placed { sounds, pedals, loss } = self.place(score)?;
        Ok(Quantised { score: self.score(&sounds, &pedals), loss })
    }

    fn fingerprint(&self) -> String {
        fingerprint(self.name(), self)
    }
}
