//! Roles: which part is melody, bass, drums or accompaniment, and why we think so.
//!
//! Each rule is tried in turn, and the first that knows decides:
//! 1. what the user says by hand;
//! 2. channel 10 is drums;
//! 3. whole words of the track's name (`melody`, `vocals`, `lead` …; `bass`; `drums`; `piano`, `chords` …), in several languages;
//! 4. a bass program (33–40 in General MIDI's counting from 1);
//! 5. register: where no part is the bass, the lowest one-voiced part below C3; where none is the melody, the highest
//!    one-voiced part;
//! 6. accompaniment is what is left.
//!
//! Where there is no melody still, it is the skyline: the highest of the notes that begin together.

mod names;
mod role;

pub use role::Role;

use crate::text::counted;
use std::collections::BTreeMap;
use std::fmt;

use crate::score::{Note, Score, Ticks, Track};
use crate::track_name::TrackName;

/// The notes of one channel in one track.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// Index of the track.
    pub track: usize,
    /// Channel, 0–15.
    pub channel: u8,
    /// Name of the track, if it has one.
    pub name: Option<TrackName>,
    /// The program of its first note.
    pub program: u8,
    /// Number of notes.
    pub notes: usize,
    /// Mean pitch.
    pub mean_pitch: f64,
    /// Share of its notes that begin while no other note of it sounds, 0 to 1.
    pub one_voiced: f64,
    /// What it does.
    pub role: Role,
    /// Why we think so.
    pub reason: String,
}

/// The parts of a score with their roles.
#[derive(Clone, Debug, PartialEq)]
pub struct Roles {
    /// Sorted by track, then channel.
    pub parts: Vec<Part>,
    /// Whether no part is the melody, so that it is taken from the tops of the others.
    pub skyline: bool,
}

/// Share of one-voiced notes from which a part counts as a line.
const LINE: f64 = 0.9;
/// A bass found by register lies below C3 on average.
const BASS_BELOW: f64 = 48.0;

/// Tracks that get a role by hand and are not there, or have no notes; in a sentence with those that are. `None` if all are there.
pub fn missing_tracks(score: &Score, by_hand: &BTreeMap<usize, Role>) -> Option<String> {
    let parts = parts(score);
    let missing: Vec<String> = by_hand
        .keys()
        .filter(|&&track| !parts.iter().any(|part| part.track == track))
        .map(usize::to_string)
        .collect();
    if missing.is_empty() {
        return None;
    }
    let there: Vec<String> = parts.iter().map(Part::to_string).collect();
    let there = if there.is_empty() { "no track with notes".to_owned() } else { there.join(", ") };
    Some(format!("there is no track {} with notes; there is {there}", missing.join(" and no track ")))
}

impl fmt::Display for Part {
    /// Its number, name and size: `track 1 (Flute, 64 notes)`.
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "track {} (", self.track)?;
        match &self.name {
            Some(name) => write!(f, "{name}, ")?,
            None => f.write_str("without a name, ")?,
        }
        write!(f, "{})", counted(self.notes, "note"))
    }
}

/// Finds the parts of a score and their roles; `by_hand` gives roles to tracks by their index.
pub fn roles(score: &Score, by_hand: &BTreeMap<usize, Role>) -> Roles {
    let mut parts = parts(score);
    let mut decided: Vec<bool> = Vec::with_capacity(parts.len());
    for part in &mut parts {
        let known = known_role(part, by_hand.get(&part.track).copied());
        decided.push(known.is_some());
        if let Some((role, reason)) = known {
            (part.role, part.reason) = (role, reason);
        }
    }
    by_register(&mut parts, &mut decided);
    let skyline = !parts.iter().any(|part| part.role == Role::Melody);
    Roles { parts, skyline }
}

fn parts(score: &Score) -> Vec<Part> {
    let mut parts = Vec::new();
    for (track, Track { name, notes }) in score.tracks.iter().enumerate() {
        let mut by_channel: BTreeMap<u8, Vec<&Note>> = BTreeMap::new();
        notes.iter().for_each(|note| by_channel.entry(note.channel).or_default().push(note));
        for (channel, notes) in by_channel {
            parts.push(Part {
                track,
                channel,
                name: name.clone(),
                program: notes[0].program,
                notes: notes.len(),
                mean_pitch: notes.iter().map(|note| f64::from(note.pitch)).sum::<f64>() / notes.len() as f64,
                one_voiced: one_voiced(&notes),
                role: Role::Accompaniment,
                reason: "no rule knows better".to_owned(),
            });
        }
    }
    parts
}

/// Share of notes that begin when none other sounds. Notes may overlap by a tenth of their length, as in legato.
fn one_voiced(notes: &[&Note]) -> f64 {
    let (mut alone, mut sounds_until) = (0, 0);
    for (index, note) in notes.iter().enumerate() {
        let with_next = notes.get(index + 1).is_some_and(|next| next.onset == note.onset);
        alone += usize::from(note.onset >= sounds_until && !with_next);
        sounds_until = sounds_until.max(note.end() - note.duration / 10);
    }
    alone as f64 / notes.len() as f64
}

fn known_role(part: &Part, by_hand: Option<Role>) -> Option<(Role, String)> {
    if let Some(role) = by_hand {
        return Some((role, "said by hand".to_owned()));
    }
    if part.channel == crate::score::DRUM_CHANNEL {
        return Some((Role::Drums, "channel 10".to_owned()));
    }
    if let Some((role, word)) = part.name.as_ref().and_then(|name| names::role_of(name)) {
        return Some((role, format!("the word \"{word}\" in its name")));
    }
    (32..40).contains(&part.program).then(|| (Role::Bass, format!("its program, {}", part.program + 1)))
}

fn by_register(parts: &mut [Part], decided: &mut [bool]) {
    let lines = |decided: &[bool], parts: &[Part]| -> Vec<usize> {
        (0..parts.len()).filter(|&i| !decided[i] && parts[i].one_voiced >= LINE).collect()
    };
    let pitch = |parts: &[Part], i: usize| parts[i].mean_pitch;
    if !parts.iter().any(|part| part.role == Role::Bass) {
        let low = lines(decided, parts).into_iter().filter(|&i| pitch(parts, i) < BASS_BELOW);
        if let Some(i) = low.min_by(|&a, &b| pitch(parts, a).total_cmp(&pitch(parts, b))) {
            (parts[i].role, parts[i].reason) = (Role::Bass, "the lowest line".to_owned());
            decided[i] = true;
        }
    }
    if !parts.iter().any(|part| part.role == Role::Melody) {
        let high = lines(decided, parts).into_iter();
        if let Some(i) = high.max_by(|&a, &b| pitch(parts, a).total_cmp(&pitch(parts, b))) {
            (parts[i].role, parts[i].reason) = (Role::Melody, "the highest line".to_owned());
            decided[i] = true;
        }
    }
}

/// The notes of one role as a score of its own, with the tempos and metres of the whole.
///
/// With a skyline, the melody is the skyline of everything but bass and drums, and the accompaniment is the rest of it.
pub fn extract(score: &Score, roles: &Roles, role: Role) -> Score {
    let role_of: BTreeMap<(usize, u8), Role> =
        roles.parts.iter().map(|part| ((part.track, part.channel), part.role)).collect();
    let notes_of = |wanted: Role| -> Vec<Track> {
        let mut tracks = score.tracks.clone();
        for (index, track) in tracks.iter_mut().enumerate() {
            track.notes.retain(|note| role_of.get(&(index, note.channel)) == Some(&wanted));
        }
        tracks
    };
    let tracks = match role {
        Role::Melody if roles.skyline => skyline(notes_of(Role::Accompaniment)).0,
        Role::Accompaniment if roles.skyline => skyline(notes_of(Role::Accompaniment)).1,
        role => notes_of(role),
    };
    let tracks = tracks.into_iter().filter(|track| !track.notes.is_empty()).collect();
    Score { tracks, ..score.clone() }
}

/// Divides tracks into the skyline, as one track, and the rest.
///
/// Of the notes that begin together the highest is in the skyline, unless a higher note of the skyline still sounds for
/// more than a tenth of its length. A note of the skyline ends where the next begins.
fn skyline(mut tracks: Vec<Track>) -> (Vec<Track>, Vec<Track>) {
    let mut all: Vec<(Ticks, std::cmp::Reverse<u8>, usize, usize)> = Vec::new();
    for (track, notes) in tracks.iter().map(|track| &track.notes).enumerate() {
        all.extend(
            notes.iter().enumerate().map(|(i, note)| (note.onset, std::cmp::Reverse(note.pitch), track, i)),
        );
    }
    all.sort_unstable();
    let (mut top, mut taken): (Vec<Note>, Vec<(usize, usize)>) = (Vec::new(), Vec::new());
    for (_, _, track, index) in all {
        let note = tracks[track].notes[index];
        if let Some(last) = top.last_mut() {
            let still_sounds = last.end() - last.duration / 10 > note.onset;
            if last.onset == note.onset || still_sounds && last.pitch > note.pitch {
                continue;
            }
            last.duration = last.duration.min(note.onset - last.onset);
        }
        top.push(note);
        taken.push((track, index));
    }
    for (track, index) in taken.into_iter().rev() {
        tracks[track].notes[index].duration = 0;
    }
    // The notes of the skyline were marked by a length of 0; notes without length of the file go with them.
    tracks.iter_mut().for_each(|track| track.notes.retain(|note| note.duration > 0));
    (vec![Track { name: Some("melody".into()), notes: top }], tracks)
}
