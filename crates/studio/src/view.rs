//! Music as the page gets it and sends it.

use composer_music::score::DRUM_CHANNEL;
use composer_music::{BarMap, Note, Score};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Bars that the page draws at most.
const MAX_BARS: usize = 20_000;

/// A piece: its tracks with notes `[onset, duration, pitch, velocity, channel, program]` in ticks, its bars `[start, numerator,
/// denominator]`, tempos `[tick, microseconds per quarter]` and pedals `[tick, channel, value]`.
pub fn music(score: &Score) -> Value {
    let map = BarMap::new(score);
    let end = score.end();
    let bars: Vec<Value> = map
        .bars(end.max(1))
        .take(MAX_BARS)
        .map(|bar| json!([bar.start, bar.metre.numerator, bar.metre.denominator]))
        .collect();
    let last = map.bar(map.count(end.max(1)).saturating_sub(1)).end;
    let tracks = score.tracks.iter().map(|track| {
        let first = track.notes.first();
        json!({
            "name": track.name.as_ref().map(|name| name.to_string()),
            "program": first.map_or(0, |note| note.program),
            "channel": first.map_or(0, |note| note.channel),
            "drum": first.is_some_and(|note| note.channel == DRUM_CHANNEL),
            "notes": track.notes.iter().map(numbers).collect::<Vec<_>>(),
        })
    });
    json!({
        "ticks": score.ticks_per_quarter,
        "end": last,
        "bars": bars,
        "tempos": score.tempos.iter().map(|tempo| json!([tempo.tick, tempo.micros_per_quarter])).collect::<Vec<_>>(),
        "pedals": score.pedals.iter().map(|pedal| json!([pedal.tick, pedal.channel, pedal.value])).collect::<Vec<_>>(),
        "tracks": tracks.collect::<Vec<_>>(),
    })
}

fn numbers(note: &Note) -> [u64; 6] {
    let Note { onset, duration, pitch, velocity, channel, program } = *note;
    [onset, duration, pitch.into(), velocity.into(), channel.into(), program.into()]
}

/// A note of a track, as the page sends it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlacedNote {
    /// The track, from 0; one more than there are is a new one.
    pub track: usize,
    /// `[onset, duration, pitch, velocity, channel, program]`.
    pub note: [u64; 6],
}

/// Longest piece that is edited, in quarters.
const MAX_QUARTERS: u64 = 100_000;

impl PlacedNote {
    /// The note, if it can be one in this score.
    pub fn read(&self, score: &Score) -> Option<Note> {
        let [onset, duration, pitch, velocity, channel, program] = self.note;
        let end = onset.checked_add(duration)?;
        let below = |value: u64, limit: u8| u8::try_from(value).ok().filter(|&value| value < limit);
        let fits = duration > 0 && end <= MAX_QUARTERS * u64::from(score.ticks_per_quarter);
        fits.then_some(Note {
            onset,
            duration,
            pitch: below(pitch, 128)?,
            velocity: below(velocity, 128).filter(|&velocity| velocity > 0)?,
            channel: below(channel, 16)?,
            program: below(program, 128)?,
        })
    }
}
