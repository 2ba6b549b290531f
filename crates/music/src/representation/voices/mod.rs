//! `voices`: music in a fixed number of parts: one token per voice and step, HOLD told apart from a repeated note.
//!
//! Two bars of chorale would be 128 tokens at sixteenths: for each step the voices from the highest to the lowest. One
//! quarter note of four voices, in which the soprano moves in eighths, at 4 steps per quarter (read across):
//!
//! ```text
//! E5 C5 G4 C4   HOLD HOLD HOLD HOLD   D5 HOLD HOLD HOLD   HOLD HOLD HOLD HOLD
//! ```
//!
//! **Which voice sings a note.** If the score has no more tracks with pitched notes than there are voices, and each of
//! them plays one note at a time, tracks are voices, in their order; notes that overlap the next by a little end there.
//! Otherwise notes are dealt out from left to right. Those that begin together go to free voices by their height, the higher note to the
//! higher voice, so that the voices move as little as possible and cross no held note; notes for which no voice is free are left out. Not held: velocity, tempo, metre, programs, drums, notes
//! outside the range.

mod dealing;

use super::grid::{Grid, MAX_STEPS, of_steps};
use super::interface::fingerprint;
use super::quantise::{Clock, Loss, Quantised, Sound, place};
use super::remi::melodic_channel;
use super::symbols::tokens;
use super::{Error, Representation, Symbols, Vocabulary, pitch_name};
use crate::score::{Note, Score, Tempo, Track};

/// The voice sings nothing.
pub const REST: u32 = 0;
/// The voice goes on with its note.
pub const HOLD: u32 = 1;
const FIRST_PITCH: u32 = 2;
const VELOCITY: u8 = 80;
/// A track in which more than one note in so many is struck while another sounds is no voice.
const CHORDAL: usize = 20;

/// Four voices, in the order of the file (soprano first in the chorales): a pitch or −1 for a rest, per step.
pub type VoiceSteps = Vec<[i16; 4]>;

/// How a score becomes voices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct VoiceRepresentation {
    /// How many voices there are, at least 1.
    pub voices: u8,
    /// Steps in a quarter note.
    pub steps_per_quarter: u32,
    /// Lowest pitch, inclusive.
    #[serde(deserialize_with = "super::pitch::midi_pitch")]
    pub pitch_low: u8,
    /// Highest pitch, inclusive.
    #[serde(deserialize_with = "super::pitch::midi_pitch")]
    pub pitch_high: u8,
}

impl Default for VoiceRepresentation {
    /// Four voices at sixteenths over the 88 keys of a piano.
    fn default() -> Self {
        Self { voices: 4, steps_per_quarter: 4, pitch_low: 21, pitch_high: 108 }
    }
}

impl VoiceRepresentation {
    fn num_voices(&self) -> usize {
        usize::from(self.voices.max(1))
    }

    /// Number of tokens: rest, hold, and the pitches.
    pub fn num_tokens(&self) -> usize {
        FIRST_PITCH as usize + usize::from(self.pitch_high.min(127).saturating_sub(self.pitch_low)) + 1
    }

    /// The notes on the grid; a sound's part is its voice. No voice sings two notes at a time.
    fn sing(&self, score: &Score, loss: &mut Loss) -> Result<Vec<Sound>, Error> {
        let grid = Grid::new(score.ticks_per_quarter, self.steps_per_quarter);
        let mut voice_of_track = vec![0; score.tracks.len()];
        let mut tracks = 0;
        for (voice, track) in voice_of_track.iter_mut().zip(&score.tracks) {
            if track.notes.iter().any(|note| !note.is_drum()) {
                *voice = tracks;
                tracks += 1;
            }
        }
        let mut sounds = place(score, &Clock::Metrical(grid), MAX_STEPS, loss, |track, note| match note {
            note if note.is_drum() => Err("drums"),
            note if !(self.pitch_low..=self.pitch_high).contains(&note.pitch) => Err("out of range"),
            _ => Ok(voice_of_track[track]),
        })?;
        sounds.sort_unstable_by_key(|sound| {
            (sound.start, sound.part, std::cmp::Reverse((sound.pitch, sound.end)))
        });
        loss.count("velocities", sounds.iter().filter(|sound| sound.velocity != VELOCITY).count());
        loss.count("tempo changes", score.tempos.len());
        loss.count("metre changes", score.time_signatures.len());
        loss.count("pedal movements", score.pedals.len());
        sounds.iter_mut().for_each(|sound| sound.velocity = VELOCITY);
        if usize::from(tracks) <= self.num_voices() {
            let (sung, lost, cut) = one_note_per_track(&sounds);
            if lost == 0 && cut * CHORDAL <= sounds.len() {
                loss.cut += cut;
                return Ok(sung);
            }
        }
        Ok(self.deal_out(sounds, loss))
    }

    /// Deals notes out to free voices, those that begin together at once.
    fn deal_out(&self, mut sounds: Vec<Sound>, loss: &mut Loss) -> Vec<Sound> {
        let mut voices = dealing::Voices::new(self.num_voices());
        sounds.sort_unstable_by_key(|sound| (sound.start, std::cmp::Reverse((sound.pitch, sound.end))));
        let mut sung = Vec::with_capacity(sounds.len());
        for chord in sounds.chunk_by_mut(|a, b| a.start == b.start) {
            let dealt = voices.of(chord);
            for (sound, voice) in chord.iter_mut().zip(dealt) {
                match voice {
                    Some(voice) => {
                        sound.part = voice as u16;
                        sung.push(*sound);
                    }
                    None => *loss.dropped.entry("no voice free").or_default() += 1,
                }
            }
        }
        sung
    }

    fn score(&self, sounds: &[Sound]) -> Score {
        let (ticks_per_quarter, grid) = of_steps(self.steps_per_quarter);
        let mut score = Score::new(ticks_per_quarter);
        score.tempos.push(Tempo { tick: 0, micros_per_quarter: crate::score::DEFAULT_MICROS_PER_QUARTER });
        let mut tracks = vec![Track::default(); self.num_voices()];
        for sound in sounds {
            tracks[usize::from(sound.part)].notes.push(Note {
                onset: grid.tick(sound.start),
                duration: grid.ticks(sound.start, sound.end),
                pitch: sound.pitch,
                velocity: VELOCITY,
                channel: melodic_channel(usize::from(sound.part)),
                program: 0,
            });
        }
        for (voice, track) in tracks.iter_mut().enumerate() {
            track.name = Some(self.voice_name(voice).into());
            track.notes.sort_unstable_by_key(|note| note.onset);
        }
        score.tracks = tracks;
        score
    }

    fn voice_name(&self, voice: usize) -> String {
        match (self.voices, ["soprano", "alto", "tenor", "bass"].get(voice)) {
            (4, Some(name)) => (*name).to_owned(),
            _ => format!("voice {}", voice + 1),
        }
    }

    /// A score as tokens, step by step, in each step voice by voice.
    ///
    /// # Errors
    /// [`Error::TooLong`].
    pub fn encode_tokens(&self, score: &Score) -> Result<Vec<u32>, Error> {
        let sounds = self.sing(score, &mut Loss::default())?;
        let steps = sounds.iter().map(|sound| sound.end).max().unwrap_or(0) as usize;
        let mut tokens = vec![REST; steps * self.num_voices()];
        for sound in &sounds {
            for step in sound.start..sound.end {
                let place = step as usize * self.num_voices() + usize::from(sound.part);
                tokens[place] = match step == sound.start {
                    true => FIRST_PITCH + u32::from(sound.pitch - self.pitch_low),
                    false => HOLD,
                };
            }
        }
        Ok(tokens)
    }

    /// Tokens as a score; HOLD without a note is a rest, and an incomplete last step is read as far as it goes.
    pub fn decode_tokens(&self, tokens: &[u32]) -> Score {
        let voices = self.num_voices();
        let mut sounding: Vec<Option<Sound>> = vec![None; voices];
        let mut sounds = Vec::new();
        for (place, &token) in tokens.iter().enumerate() {
            let (step, voice) = ((place / voices) as u64, place % voices);
            match (token, &mut sounding[voice]) {
                (HOLD, Some(sound)) => sound.end = step + 1,
                (HOLD, None) => {}
                (token, open) => {
                    sounds.extend(open.take());
                    if (FIRST_PITCH..self.num_tokens() as u32).contains(&token) {
                        let pitch = self.pitch_low + (token - FIRST_PITCH) as u8;
                        let (part, velocity) = (voice as u16, VELOCITY);
                        *open = Some(Sound { start: step, part, pitch, end: step + 1, velocity });
                    }
                }
            }
        }
        sounds.extend(sounding.into_iter().flatten());
        self.score(&sounds)
    }

    /// Four-voice steps of a benchmark file as tokens: −1 is REST, and a pitch that goes on is HOLD, because such files
    /// do not say whether it is held or repeated. For four voices; pitches outside the range become rests.
    pub fn encode_steps(&self, steps: &VoiceSteps) -> Vec<u32> {
        let mut before = [-1i16; 4];
        let mut tokens = Vec::with_capacity(4 * steps.len());
        for step in steps {
            for (voice, &pitch) in step.iter().enumerate() {
                tokens.push(match pitch {
                    _ if !(i16::from(self.pitch_low)..=i16::from(self.pitch_high)).contains(&pitch) => REST,
                    _ if pitch == before[voice] => HOLD,
                    _ => FIRST_PITCH + (pitch - i16::from(self.pitch_low)) as u32,
                });
            }
            before = *step;
        }
        tokens
    }
}

/// Tracks are voices: of notes that begin together the highest is sung, and a note ends where the next begins. Returns
/// the sounds, and how many notes were lost and cut.
fn one_note_per_track(sounds: &[Sound]) -> (Vec<Sound>, usize, usize) {
    let mut sounds = sounds.to_vec();
    sounds.sort_by_key(|sound| (sound.part, sound.start));
    let (mut sung, mut lost, mut cut): (Vec<Sound>, _, _) = (Vec::with_capacity(sounds.len()), 0, 0);
    for sound in sounds {
        match sung.last_mut().filter(|last| last.part == sound.part) {
            Some(last) if last.start == sound.start => {
                lost += 1;
                continue;
            }
            Some(last) if last.end > sound.start => {
                cut += 1;
                last.end = sound.start;
            }
            _ => {}
        }
        sung.push(sound);
    }
    (sung, lost, cut)
}

impl Representation for VoiceRepresentation {
    fn name(&self) -> &'static str {
        "voices"
    }

    fn vocabulary(&self) -> Vocabulary {
        let pitches =
            (self.pitch_low..=u8::MAX).take(self.num_tokens() - FIRST_PITCH as usize).map(pitch_name);
        Vocabulary::Tokens { names: ["REST", "HOLD"].map(str::to_owned).into_iter().chain(pitches).collect() }
    }

    fn encode(&self, score: &Score) -> Result<Symbols, Error> {
        self.encode_tokens(score).map(Symbols::Tokens)
    }

    fn decode(&self, symbols: &Symbols) -> Result<Score, Error> {
        Ok(self.decode_tokens(tokens(symbols, self.num_tokens())?))
    }

    fn quantise(&self, score: &Score) -> Result<Quantised, Error> {
        let mut loss = Loss::default();
        let sounds = self.sing(score, &mut loss)?;
        Ok(Quantised { score: self.score(&sounds), loss })
    }

    fn fingerprint(&self) -> String {
        fingerprint(self.name(), self)
    }
}
