//! The sustain pedal, applied: notes last as long as the pedal lets them sound.

use crate::score::{Note, Score, Ticks};

/// The score with every note prolonged by the pedal and the pedal gone.
///
/// A note that is released while the pedal of its channel is down sounds until the pedal goes up, or until its pitch
/// is struck again on that channel, or, if neither happens, until the last note of the score ends.
pub fn apply(score: &Score) -> Score {
    let mut applied = score.clone();
    applied.pedals.clear();
    let end = score.end();
    for channel in 0..16u8 {
        let holds = holds(score, channel, end);
        if !holds.is_empty() {
            prolong(&mut applied, channel, &holds);
        }
    }
    applied
}

/// The spans during which a channel's pedal is down, in order.
fn holds(score: &Score, channel: u8, end: Ticks) -> Vec<(Ticks, Ticks)> {
    let mut holds = Vec::new();
    let mut down = None;
    for pedal in score.pedals.iter().filter(|pedal| pedal.channel == channel) {
        match (down, pedal.is_down()) {
            (None, true) => down = Some(pedal.tick),
            (Some(from), false) => {
                holds.push((from, pedal.tick));
                down = None;
            }
            _ => {}
        }
    }
    holds.extend(down.filter(|&from| from < end).map(|from| (from, end)));
    holds
}

fn prolong(score: &mut Score, channel: u8, holds: &[(Ticks, Ticks)]) {
    let mut notes: Vec<&mut Note> = score
        .tracks
        .iter_mut()
        .flat_map(|track| &mut track.notes)
        .filter(|note| note.channel == channel)
        .collect();
    notes.sort_unstable_by_key(|note| (note.pitch, note.onset));
    for index in 0..notes.len() {
        let (note_end, pitch, onset) = (notes[index].end(), notes[index].pitch, notes[index].onset);
        // The first span that ends after the note; it holds the note if it began before the release.
        let span = holds.partition_point(|&(_, up)| up <= note_end);
        let Some(&(_, up)) = holds.get(span).filter(|&&(down, _)| down < note_end) else { continue };
        let struck_again =
            notes[index + 1..].iter().take_while(|next| next.pitch == pitch).find(|n| n.onset > onset);
        let until = struck_again.map_or(up, |next| up.min(next.onset.max(note_end)));
        notes[index].duration = until - onset;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::{Pedal, Track};

    fn pedalled(notes: &[(Ticks, Ticks, u8)], pedals: &[(Ticks, u8)]) -> Vec<(Ticks, Ticks)> {
        let note = |&(onset, duration, pitch): &(Ticks, Ticks, u8)| Note {
            onset,
            duration,
            pitch,
            velocity: 64,
            channel: 2,
            program: 0,
        };
        let mut score = Score::new(480);
        score.tracks.push(Track { name: None, notes: notes.iter().map(note).collect() });
        score.pedals = pedals.iter().map(|&(tick, value)| Pedal { tick, channel: 2, value }).collect();
        apply(&score).notes().map(|note| (note.onset, note.duration)).collect()
    }

    #[test]
    fn a_note_sounds_until_the_pedal_goes_up() {
        assert_eq!(pedalled(&[(0, 10, 60)], &[(5, 127), (50, 0)]), [(0, 50)]);
        assert_eq!(pedalled(&[(0, 10, 60)], &[(10, 127), (50, 0)]), [(0, 10)], "released before the pedal");
        assert_eq!(pedalled(&[(0, 10, 60)], &[(5, 63), (50, 0)]), [(0, 10)], "63 is up");
    }

    #[test]
    fn the_same_pitch_ends_it_and_so_does_the_end() {
        assert_eq!(pedalled(&[(0, 10, 60), (20, 10, 60)], &[(0, 127), (50, 0)]), [(0, 20), (20, 30)]);
        assert_eq!(pedalled(&[(0, 10, 60), (20, 10, 62)], &[(0, 127)]), [(0, 30), (20, 10)]);
    }
}
