//! How long a piece is in which metre.

use crate::metre::{BarMap, Metre};
use crate::score::{Score, Ticks};
use std::collections::BTreeMap;

/// Ticks of a score in each of its metres, the longest first. An upbeat counts as the metre after it.
///
/// ```
/// use composer_music::time_by_metre::time_by_metre;
/// use composer_music::{Metre, Note, Score, TimeSignature, Track};
///
/// let mut score = Score::new(480);
/// let note = Note { onset: 0, duration: 3360, pitch: 60, velocity: 80, channel: 0, program: 0 };
/// score.tracks.push(Track { name: None, notes: vec![note] });
/// score.time_signatures = vec![
///     TimeSignature { tick: 0, numerator: 1, denominator: 4 }, // the upbeat
///     TimeSignature { tick: 480, numerator: 3, denominator: 4 },
/// ];
/// assert_eq!(time_by_metre(&score), [(Metre { numerator: 3, denominator: 4 }, 3360)]);
/// ```
pub fn time_by_metre(score: &Score) -> Vec<(Metre, Ticks)> {
    let (bars, end) = (BarMap::new(score), score.end());
    let mut changes: Vec<(Ticks, Metre)> = bars.changes().collect();
    if bars.upbeat().is_some() && changes.len() > 1 {
        changes[0].1 = changes[1].1;
    }
    let mut time: BTreeMap<Metre, Ticks> = BTreeMap::new();
    for (place, &(from, metre)) in changes.iter().enumerate() {
        let until = changes.get(place + 1).map_or(end, |next| next.0.min(end));
        let ticks = until.saturating_sub(from);
        if ticks > 0 {
            *time.entry(metre).or_default() += ticks;
        }
    }
    let mut all: Vec<(Metre, Ticks)> = time.into_iter().collect();
    all.sort_by_key(|&(_, ticks)| std::cmp::Reverse(ticks));
    all
}
