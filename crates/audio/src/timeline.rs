//! The notes of a score in seconds, as they sound: with the pedal held, and with every note ended.

use std::collections::HashMap;

use composer_music::{Note, Pedal, Score, TempoMap, Ticks};

/// A note in real time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TimedNote {
    /// Start in seconds.
    pub start: f64,
    /// When the key and the pedal have let go, in seconds.
    pub end: f64,
    /// The note of the score.
    pub note: Note,
}

/// All notes by start, then channel and pitch.
///
/// The sustain pedal lengthens a note until it is lifted, but a pitch that is struck again stops ringing first.
pub fn sounding_notes(score: &Score) -> Vec<TimedNote> {
    let tempo = TempoMap::new(score);
    let pedals = PedalDown::new(&score.pedals);
    let mut notes: Vec<Note> = score.notes().copied().collect();
    notes.sort_by_key(|note| {
        (note.onset, note.channel, note.pitch, note.program, note.duration, note.velocity)
    });
    let last = score.end();
    let mut next_strike: HashMap<(u8, u8), Ticks> = HashMap::new();
    let mut timed: Vec<TimedNote> = (notes.iter().rev())
        .map(|&note| {
            let again = next_strike.insert((note.channel, note.pitch), note.onset).unwrap_or(last);
            let sustained = pedals.release_after(note.channel, note.end()).unwrap_or(last).min(again);
            let end = note.end().max(sustained);
            TimedNote { start: tempo.seconds(note.onset), end: tempo.seconds(end), note }
        })
        .collect();
    timed.reverse();
    timed
}

/// For every channel, the moments at which its pedal goes down or up.
struct PedalDown(HashMap<u8, Vec<(Ticks, bool)>>);

impl PedalDown {
    fn new(pedals: &[Pedal]) -> Self {
        let mut changes: HashMap<u8, Vec<(Ticks, bool)>> = HashMap::new();
        for pedal in pedals {
            changes.entry(pedal.channel).or_default().push((pedal.tick, pedal.is_down()));
        }
        Self(changes)
    }

    /// When a note whose key is released at `tick` stops: at once if the pedal is up, else when the pedal is next
    /// lifted; `None` if it never is.
    fn release_after(&self, channel: u8, tick: Ticks) -> Option<Ticks> {
        let Some(changes) = self.0.get(&channel) else { return Some(tick) };
        let after = changes.partition_point(|&(at, _)| at <= tick);
        let down = after > 0 && changes[after - 1].1;
        if !down {
            return Some(tick);
        }
        changes[after..].iter().find(|&&(_, down)| !down).map(|&(at, _)| at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use composer_music::Track;

    fn note(onset: Ticks, pitch: u8) -> Note {
        Note { onset, duration: 100, pitch, velocity: 64, channel: 0, program: 0 }
    }

    #[test]
    fn the_pedal_holds_notes_until_it_is_lifted_or_they_are_struck_again() {
        let mut score = Score::new(500);
        score
            .tracks
            .push(Track { name: None, notes: vec![note(0, 60), note(0, 64), note(400, 60), note(900, 62)] });
        let pedal = |tick, value| Pedal { tick, channel: 0, value };
        score.pedals = vec![pedal(50, 127), pedal(800, 0)];
        // 500 ticks a quarter at 120 quarters a minute: a tick is a millisecond.
        let ends: Vec<f64> = sounding_notes(&score).iter().map(|note| note.end).collect();
        assert_eq!(ends, [0.4, 0.8, 0.8, 1.0]);
    }
}
