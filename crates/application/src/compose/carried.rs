//! What the file of a primer has beside its notes (lyrics, markers, controllers, pitch bends): it stays where the piece begins with them.

use composer_music::Ticks;
use composer_music::midi::{Error, MidiFile, OtherEvent, RawFile};
use std::collections::BTreeMap;

/// The events of a file that its score does not hold, in the tracks that [`composer_music::midi::write()`] gives the score: the first is
/// for tempo and metre, and for tracks that have neither a name nor notes.
pub(crate) fn of_file(bytes: &[u8], file: &MidiFile) -> Result<Vec<OtherEvent>, Error> {
    let mut others = RawFile::parse(bytes)?.other_events();
    for event in &mut others {
        let place = file.track_numbers.iter().position(|&number| number == event.track);
        event.track = place.map_or(0, |place| place + 1);
    }
    Ok(others)
}

/// Those up to the end of the primer, at the ticks of a piece with ticks `scale` times as fine, and how many lie behind it. There the
/// channels go back to where they were before the first bend, swell or pressure, which would change the new notes.
pub(crate) fn until(others: &[OtherEvent], scale: Ticks, end: Ticks) -> (Vec<OtherEvent>, usize) {
    let moved =
        others.iter().map(|event| OtherEvent { tick: event.tick.saturating_mul(scale), ..event.clone() });
    let mut carried: Vec<OtherEvent> = moved.filter(|event| event.tick <= end).collect();
    let behind = others.len() - carried.len();
    carried.extend(resets(&carried, end));
    (carried, behind)
}

/// Pitch bend in the middle.
const NO_BEND: [u8; 2] = [0, 64];

/// What "reset all controllers" resets (MIDI recommended practice 15) but for the pedal, and to which value: modulation, expression,
/// portamento, sostenuto, soft pedal.
const CONTROLLERS: [(u8, u8); 5] = [(1, 0), (11, 127), (65, 0), (66, 0), (67, 0)];
const RESET_ALL: u8 = 121;

/// Messages that bring back what is not as it was at the beginning.
fn resets(carried: &[OtherEvent], tick: Ticks) -> Vec<OtherEvent> {
    let mut in_turn: Vec<&OtherEvent> = carried.iter().collect();
    in_turn.sort_by_key(|event| event.tick);
    // Status and, of a controller, its number, with the message that resets it and its track.
    let mut changed: BTreeMap<(u8, u8), (usize, Vec<u8>)> = BTreeMap::new();
    for OtherEvent { track, bytes, .. } in in_turn {
        let (key, reset) = match bytes[..] {
            [status, RESET_ALL, _] if status >> 4 == 0xB => {
                changed.retain(|&(other, _), _| other & 15 != status & 15);
                continue;
            }
            [status, number, _] if status >> 4 == 0xB => {
                let known = CONTROLLERS.iter().find(|(controller, _)| *controller == number);
                let Some(&(_, value)) = known else { continue };
                ((status, number), vec![status, number, value])
            }
            [status, ..] if status >> 4 == 0xD => ((status, 0), vec![status, 0]),
            [status, ..] if status >> 4 == 0xE => ((status, 0), [&[status][..], &NO_BEND].concat()),
            _ => continue,
        };
        if reset == *bytes {
            changed.remove(&key)
        } else {
            changed.insert(key, (*track, reset))
        };
    }
    changed.into_values().map(|(track, bytes)| OtherEvent { track, tick, bytes }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(tick: Ticks, bytes: &[u8]) -> OtherEvent {
        OtherEvent { track: 1, tick, bytes: bytes.to_vec() }
    }

    #[test]
    fn events_stay_up_to_the_end_and_what_bends_the_sound_goes_back() {
        let others = [
            event(0, &[0xB0, 7, 99]), // volume stays
            event(2, &[0xE0, 1, 66]),
            event(3, &[0xE0, 0, 64]), // the bend goes back by itself
            event(3, &[0xE1, 9, 9]),
            event(3, &[0xB2, 11, 20]),
            event(4, &[0xD3, 50]),
            event(4, &[0xB4, 1, 90]),
            event(5, &[0xB4, 121, 0]), // and all controllers of this channel
            event(6, &[0xFF, 5, 1, b'x']),
        ];
        let (carried, behind) = until(&others, 2, 10);
        assert_eq!((behind, carried.len()), (1, 8 + 3));
        assert_eq!(carried[1], event(4, &[0xE0, 1, 66]));
        assert_eq!(
            carried[8..],
            [event(10, &[0xB2, 11, 127]), event(10, &[0xD3, 0]), event(10, &[0xE1, 0, 64])]
        );
    }
}
