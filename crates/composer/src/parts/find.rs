//! Which part of a score is given.

use crate::error::{wrong_input, wrong_option};
use composer_music::Score;
use composer_music::roles::{Part, Role, roles};
use std::collections::BTreeMap;

/// The one part of a role; an error that lists the tracks when there is none or more than one. `by_hand` is the number of a track.
pub fn find_part(score: &Score, role: Role, by_hand: Option<usize>) -> anyhow::Result<Part> {
    let given: BTreeMap<usize, Role> = by_hand.map(|track| (track, role)).into_iter().collect();
    let mut parts = roles(score, &given).parts;
    parts.retain(|part| part.role != Role::Drums || role == Role::Drums);
    let list = || -> String {
        let line = |part: &Part| {
            let name = part.name.as_deref().unwrap_or("without a name");
            format!("track {} ({name}, {} notes, {})", part.track, part.notes, part.role)
        };
        parts.iter().map(line).collect::<Vec<_>>().join(", ")
    };
    if parts.is_empty() {
        return Err(wrong_input("the file has no pitched notes"));
    }
    let mut candidates: Vec<&Part> = parts.iter().filter(|part| part.role == role).collect();
    if let Some(track) = by_hand {
        candidates.retain(|part| part.track == track);
        if candidates.is_empty() {
            return Err(wrong_input(format!(
                "there is no track {track} with pitched notes; there are {}",
                list()
            )));
        }
    }
    match (candidates.as_slice(), parts.as_slice()) {
        // Of several channels in one track the first is meant, as it is the one that a user can name.
        ([part, ..], _) if by_hand.is_some() => Ok((*part).clone()),
        ([part], _) => Ok((*part).clone()),
        // A single part is meant, whatever it looks like.
        ([], [part]) => Ok(part.clone()),
        _ => Err(wrong_option(
            if role == Role::Bass { "bass_track" } else { "melody_track" },
            format!("is needed, because several tracks may be the {role}; there are {}", list()),
        )),
    }
}

/// The score with nothing but one part in it.
pub fn only(score: &Score, part: &Part) -> Score {
    let mut alone = score.clone();
    alone.tracks = vec![score.tracks[part.track].clone()];
    alone.tracks[0].notes.retain(|note| note.channel == part.channel);
    alone.pedals.retain(|pedal| pedal.channel == part.channel);
    alone
}
