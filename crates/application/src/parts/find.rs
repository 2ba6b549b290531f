//! Which part of a score is given.

use crate::error::{wrong_input, wrong_option};
use composer_music::Score;
use composer_music::roles::{Part, Role, roles};
use composer_music::score::DRUM_CHANNEL;
use std::collections::BTreeMap;

/// The given part and the others.
pub struct Found {
    /// The part that was asked for.
    pub given: Part,
    /// All other parts, drums included, with their roles.
    pub others: Vec<Part>,
}

impl Found {
    /// Which part is given and what decided, as a sentence.
    pub fn sentence(&self, role: Role) -> String {
        format!("The {role} is {}: {}.", self.given, self.given.reason)
    }
}

/// The one part of a role; an error that lists the tracks when there is none or more than one. `by_hand` is the number of a track.
pub fn find_part(score: &Score, role: Role, by_hand: Option<usize>) -> anyhow::Result<Found> {
    let option = if role == Role::Bass { "bass_track" } else { "melody_track" };
    let mut parts = match by_hand {
        Some(track) => parts_by_hand(score, role, track),
        None => roles(score, &BTreeMap::new()).parts,
    };
    let pitched: Vec<usize> = (0..parts.len()).filter(|&part| parts[part].role != Role::Drums).collect();
    let list = || -> String {
        let line = |&part: &usize| format!("{}: {}", parts[part], parts[part].role);
        pitched.iter().map(line).collect::<Vec<_>>().join(", ")
    };
    if pitched.is_empty() {
        return Err(wrong_input("the file has no pitched notes"));
    }
    let of_role =
        |&part: &usize| parts[part].role == role && by_hand.is_none_or(|track| parts[part].track == track);
    let candidates: Vec<usize> = pitched.iter().copied().filter(of_role).collect();
    let given = match (candidates.as_slice(), pitched.as_slice(), by_hand) {
        ([part], _, _) => *part,
        (_, _, Some(track)) => {
            let problem =
                format!("names no track with pitched notes: there is no track {track}; there are {}", list());
            return Err(wrong_option(option, problem));
        }
        // A single part is meant, whatever it looks like.
        ([], &[part], None) => {
            parts[part].reason = "no other part has pitched notes".to_owned();
            part
        }
        _ => {
            let problem =
                format!("is needed, because several tracks may be the {role}; there are {}", list());
            return Err(wrong_option(option, problem));
        }
    };
    let given = parts.remove(given);
    Ok(Found { given, others: parts })
}

/// The parts with one of a track in a role by hand. Of several channels in the track, it is the one that has the role anyway, or
/// else the first that is not drums; the others are what they are without it.
fn parts_by_hand(score: &Score, role: Role, track: usize) -> Vec<Part> {
    let alone = roles(score, &BTreeMap::new()).parts;
    let mut parts = roles(score, &BTreeMap::from([(track, role)])).parts;
    let pitched = |part: &&Part| part.track == track && part.channel != DRUM_CHANNEL;
    let chosen = alone.iter().filter(pitched).find(|part| part.role == role);
    let chosen = chosen.or_else(|| alone.iter().find(pitched)).map(|part| part.channel);
    for (part, alone) in parts.iter_mut().zip(&alone) {
        if part.track == track && Some(part.channel) != chosen {
            (part.role, part.reason) = (alone.role, alone.reason.clone());
            // There is one part of the role in the track: the chosen one.
            if part.role == role {
                part.role = Role::Accompaniment;
            }
        }
    }
    parts
}

/// The score with nothing but one part in it.
pub fn only(score: &Score, part: &Part) -> Score {
    let mut alone = score.clone();
    alone.tracks = vec![score.tracks[part.track].clone()];
    alone.tracks[0].notes.retain(|note| note.channel == part.channel);
    alone.pedals.retain(|pedal| pedal.channel == part.channel);
    alone
}
