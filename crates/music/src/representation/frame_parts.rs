//! [`FrameParts`]: which parts of a score frames hold, and which a score gets from frames.
//!
//! A frame does not say who plays a note. So the melody, where it is a part of its own, is written in a band of pitches above all others, and a network that
//! writes the notes of a frame from the lowest up writes it last; drums are the pitches of their keys; and four parts of a quartet or a choir are found
//! again by their ranges and by which part is nearest.

use super::chords::struck_chords;
use super::quantise::Sound;
use crate::roles::{Role, extract, roles};
use crate::score::{DRUM_CHANNEL, Score};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

/// Which parts of a score frames hold, and which parts frames become.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FrameParts {
    /// All notes but drums, as one part.
    #[default]
    Together,
    /// The melody, three octaves higher than it is, and all other notes but drums, below: two parts.
    Melody,
    /// The melody as with [`FrameParts::Melody`], and below it the chords that the music has ([`struck_chords`](super::chords::struck_chords)).
    LeadSheet,
    /// All notes but drums, as the four parts of a string quartet.
    Quartet,
    /// All notes but drums, as the four voices of a choir.
    Choir,
    /// Drums alone, each hit as long as a step.
    Drums,
}

/// Semitones by which frames have the melody higher.
const UP: u8 = 36;
/// Lowest and highest pitch of a melody; what is beyond is moved by octaves.
const MELODY: (u8, u8) = (48, 91);
/// Lowest and highest pitch of the drums of General MIDI, and of all else.
const DRUMS: (u8, u8) = (35, 81);
const PIANO: (u8, u8) = (21, 108);
/// Keys of electronic drums that General MIDI does not have, and what they are: the edges of a hi-hat, closed and open.
const EDGES: [(u8, u8); 2] = [(22, 42), (26, 46)];

/// Four parts, the highest first: of each its name, its lowest pitch, and where it is most at home.
type Four = [(&'static str, u8, u8); 4];
const QUARTET: Four = [("Violin I", 55, 76), ("Violin II", 55, 69), ("Viola", 48, 60), ("Cello", 36, 48)];
const CHOIR: Four = [("Soprano", 59, 71), ("Alto", 53, 65), ("Tenor", 47, 58), ("Bass", 38, 50)];

/// What a part that still plays, a part with two notes at once, a note below its range, and each part that is crossed are worth in semitones of movement.
const BUSY: u32 = 40;
const TWO_AT_ONCE: u32 = 30;
const TOO_LOW: u32 = 50;
const CROSSED: u32 = 12;

/// The notes of a part of a score made of frames, with its name and its channel.
pub(super) struct DecodedPart {
    pub name: Option<&'static str>,
    pub channel: Option<u8>,
    pub sounds: Vec<Sound>,
}

impl fmt::Display for FrameParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Together => "together",
            Self::Melody => "melody",
            Self::LeadSheet => "lead-sheet",
            Self::Quartet => "quartet",
            Self::Choir => "choir",
            Self::Drums => "drums",
        })
    }
}

impl FrameParts {
    /// The lowest and the highest pitch that frames have.
    pub fn pitches(self) -> (u8, u8) {
        match self {
            Self::Together | Self::Quartet | Self::Choir => PIANO,
            Self::Melody | Self::LeadSheet => (PIANO.0, MELODY.1 + UP),
            Self::Drums => DRUMS,
        }
    }

    /// Whether a pitch of a frame is that of the note.
    pub fn keeps_pitches(self) -> bool {
        matches!(self, Self::Together | Self::Quartet | Self::Choir)
    }

    /// How many notes can sound at once; `None`: any number, for strings play two at a time.
    pub fn voices(self) -> Option<usize> {
        (self == Self::Choir).then_some(CHOIR.len())
    }

    /// Whether the melody is apart.
    pub fn tells_melody(self) -> bool {
        matches!(self, Self::Melody | Self::LeadSheet)
    }

    /// The score with its melody first, and how many of its tracks are that.
    pub(super) fn sorted(self, score: &Score) -> (Cow<'_, Score>, usize) {
        if !self.tells_melody() {
            return (Cow::Borrowed(score), 0);
        }
        let roles = roles(score, &BTreeMap::new());
        let mut sorted = extract(score, &roles, Role::Melody);
        let melodies = sorted.tracks.len();
        if self == Self::LeadSheet {
            sorted.tracks.push(struck_chords(score));
            return (Cow::Owned(sorted), melodies);
        }
        for role in [Role::Accompaniment, Role::Bass] {
            sorted.tracks.extend(extract(score, &roles, role).tracks);
        }
        (Cow::Owned(sorted), melodies)
    }

    /// A sound as frames have it; `melody` says whether it is one of the melody.
    pub(super) fn framed(self, melody: bool, sound: Sound) -> Sound {
        match self {
            Self::Together | Self::Quartet | Self::Choir => sound,
            Self::Melody | Self::LeadSheet if melody => {
                Sound { part: 0, pitch: within(sound.pitch, MELODY.0, MELODY.1) + UP, ..sound }
            }
            Self::Melody | Self::LeadSheet => {
                Sound { part: 0, pitch: within(sound.pitch, PIANO.0, MELODY.0 + UP - 1), ..sound }
            }
            Self::Drums => Sound { end: sound.start + 1, pitch: drum(sound.pitch), ..sound },
        }
    }

    /// The sounds of frames as parts; the sounds are in the order of their starts.
    pub(super) fn parts_of(self, sounds: &[Sound]) -> Vec<DecodedPart> {
        let part = |name, channel, sounds| DecodedPart { name, channel, sounds };
        match self {
            Self::Together => vec![part(None, None, sounds.to_vec())],
            Self::Drums => vec![part(Some("Drums"), Some(DRUM_CHANNEL), sounds.to_vec())],
            Self::Melody | Self::LeadSheet => {
                let (melody, others): (Vec<Sound>, Vec<Sound>) =
                    sounds.iter().partition(|sound| sound.pitch >= MELODY.0 + UP);
                let below = if self == Self::Melody { "Accompaniment" } else { "Chords" };
                let lower = |sound: Sound| Sound { pitch: sound.pitch - UP, ..sound };
                vec![
                    part(Some("Melody"), Some(0), melody.into_iter().map(lower).collect()),
                    part(Some(below), Some(1), others),
                ]
            }
            Self::Quartet | Self::Choir => {
                let four = if self == Self::Quartet { QUARTET } else { CHOIR };
                let names = (0..).zip(four.map(|(name, ..)| name));
                let mut divided = divided(sounds, &four);
                if self == Self::Choir {
                    divided.iter_mut().for_each(sing);
                }
                names
                    .zip(divided)
                    .map(|((place, name), sounds)| part(Some(name), Some(place), sounds))
                    .collect()
            }
        }
    }
}

/// The key of General MIDI for a drum.
pub(super) fn drum(pitch: u8) -> u8 {
    EDGES.iter().find(|(edge, _)| *edge == pitch).map_or(pitch, |&(_, key)| key)
}

/// A pitch, moved by octaves until it lies between two others, which are an octave apart or more.
fn within(pitch: u8, low: u8, high: u8) -> u8 {
    match pitch {
        pitch if pitch < low => low + (pitch + 120 - low) % 12,
        pitch if pitch > high => high - (120 + high - pitch) % 12,
        pitch => pitch,
    }
}

/// The sounds of four parts, the highest part first. Of those that begin together the higher ones are for higher parts, so that parts move
/// little, and a part that still plays gets none.
fn divided(sounds: &[Sound], four: &Four) -> [Vec<Sound>; 4] {
    let mut parts: [Vec<Sound>; 4] = Default::default();
    for together in sounds.chunk_by(|left, right| left.start == right.start) {
        let mut together = together.to_vec();
        together.sort_unstable_by_key(|sound| std::cmp::Reverse(sound.pitch));
        let chosen = assigned(&together, four, &parts);
        for (sound, part) in together.into_iter().zip(chosen) {
            parts[part].push(sound);
        }
    }
    parts.iter_mut().for_each(|part| part.sort_unstable());
    parts
}

/// Lets a voice sing one note at a time: it ends where the next begins, and of those that begin together the highest stays.
fn sing(voice: &mut Vec<Sound>) {
    voice.sort_unstable_by_key(|sound| (sound.start, std::cmp::Reverse(sound.pitch)));
    voice.dedup_by_key(|sound| sound.start);
    for place in 1..voice.len() {
        voice[place - 1].end = voice[place - 1].end.min(voice[place].start);
    }
}

/// The cheapest assignment of sounds that begin together, the highest first, to parts that do not cross; of equally cheap ones that to the highest
/// parts. By dynamic programming from the last sound on: what a sound costs depends on the part of the one before alone.
fn assigned(sounds: &[Sound], four: &Four, parts: &[Vec<Sound>; 4]) -> Vec<usize> {
    let after = |last: Option<usize>, part: usize| if last == Some(part) { TWO_AT_ONCE } else { 0 };
    // Of each sound on, what it and those below cost where each part is its own.
    let mut costs = vec![[0u32; 4]; sounds.len()];
    for (place, sound) in sounds.iter().enumerate().rev() {
        for part in 0..four.len() {
            let below = costs.get(place + 1).map(|below| {
                (part..four.len()).map(|next| below[next] + after(Some(part), next)).min().unwrap_or(0)
            });
            costs[place][part] = cost(*sound, part, four, parts) + below.unwrap_or(0);
        }
    }
    let mut chosen: Vec<usize> = Vec::with_capacity(sounds.len());
    for costs in &costs {
        let last = chosen.last().copied();
        let open = last.unwrap_or(0)..four.len();
        chosen.extend(open.min_by_key(|&part| costs[part] + after(last, part)));
    }
    chosen
}

/// What a sound costs in a part after what its parts have played.
fn cost(sound: Sound, part: usize, four: &Four, parts: &[Vec<Sound>; 4]) -> u32 {
    let (_, lowest, home) = four[part];
    let last = parts[part].last();
    let plays = |other: &&Sound| other.end > sound.start;
    let moved = last.map_or(home, |last| last.pitch).abs_diff(sound.pitch);
    let mut cost = u32::from(moved) + u32::from(home.abs_diff(sound.pitch)) / 4;
    cost += if last.filter(plays).is_some() { BUSY } else { 0 };
    cost += if sound.pitch < lowest { TOO_LOW } else { 0 };
    // No part plays above one that is higher and plays.
    let above = parts[..part].iter().filter_map(|part| part.last()).filter(plays);
    let below = parts[part + 1..].iter().filter_map(|part| part.last()).filter(plays);
    let crossed = above.filter(|other| other.pitch < sound.pitch).count()
        + below.filter(|other| other.pitch > sound.pitch).count();
    cost + CROSSED * crossed as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sound(start: u64, end: u64, pitch: u8) -> Sound {
        Sound { start, part: 0, pitch, end, velocity: 80 }
    }

    #[test]
    fn pitches_are_moved_by_octaves() {
        assert_eq!([47, 48, 91, 92, 21, 127].map(|pitch| within(pitch, 48, 91)), [59, 48, 91, 80, 57, 91]);
        for pitch in 0..128 {
            let moved = within(pitch, 48, 91);
            assert!((48..=91).contains(&moved) && moved % 12 == pitch % 12, "{pitch} became {moved}");
        }
    }

    #[test]
    fn chords_of_four_are_for_four_parts() {
        let chords = [[76, 67, 60, 48], [77, 69, 60, 41], [79, 67, 64, 48]];
        let sounds: Vec<Sound> = (0..)
            .zip(chords)
            .flat_map(|(step, chord)| chord.map(|pitch| sound(step, step + 1, pitch)))
            .collect();
        let found = divided(&sounds, &QUARTET);
        for (part, sounds) in found.iter().enumerate() {
            assert!(sounds.iter().map(|sound| sound.pitch).eq(chords.map(|chord| chord[part])), "{found:?}");
        }
    }

    #[test]
    fn a_part_that_plays_gets_nothing_and_rests_are_kept() {
        // The first violin rests while the second goes on: its place stays empty.
        let sounds = [
            sound(0, 8, 76),
            sound(0, 4, 67),
            sound(0, 16, 60),
            sound(0, 16, 48),
            sound(4, 8, 69),
            sound(8, 12, 67),
            sound(12, 16, 77),
        ];
        let found =
            divided(&sounds, &QUARTET).map(|part| part.iter().map(|sound| sound.pitch).collect::<Vec<_>>());
        assert_eq!(found, [vec![76, 77], vec![67, 69, 67], vec![60], vec![48]]);
    }

    #[test]
    fn low_notes_are_for_instruments_that_have_them() {
        let found = divided(&[sound(0, 1, 57), sound(1, 2, 40)], &QUARTET).map(|part| part.len());
        assert_eq!(found, [0, 0, 1, 1]);
    }
}
