//! The metrics of MusPy 0.5.0, quirks included, so that figures can be compared with those in papers.
//!
//! Our own definitions are in [`super::piece`]. Times are in ticks; `L` is the end of the last note of any track.
//!
//! Quirks, kept on purpose: the polyphony rate counts steps with *more than two* pitches, so that a dyad counts as
//! monophony; beats and measures are counted up to and including the one that `L` lies in, so that a piece that ends on
//! a bar line has an empty measure after it, and a note fills the beat that it ends in even if it ends at its first tick;
//! drums count as sound in empty beats, not in the polyphony, but lengthen it; a piece of drums only has a range of
//! −127; an entropy of nothing but one pitch is −0.

use super::averages::ratio;
use composer_music::time_by_metre::time_by_metre;
use composer_music::{BarMap, Metre, Note, Score, Ticks};
use serde::Serialize;

/// A metric that needs the length of the music, of music without any track: MusPy raises an error there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the music has no track, so it has no length; MusPy defines no value here")]
pub struct NoTracks;

/// All metrics of a piece, in measures of four quarters; NaN where MusPy has NaN or raises an error.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[allow(missing_docs, reason = "named like the functions below")]
pub struct Metrics {
    pub pitch_range: f64,
    pub n_pitches_used: f64,
    pub n_pitch_classes_used: f64,
    pub polyphony: f64,
    pub polyphony_rate: f64,
    pub scale_consistency: f64,
    pub pitch_entropy: f64,
    pub pitch_class_entropy: f64,
    pub empty_beat_rate: f64,
    pub empty_measure_rate: f64,
    pub drum_pattern_consistency: f64,
    pub groove_consistency: f64,
}

impl Metrics {
    /// Measures a piece.
    pub fn of(score: &Score) -> Self {
        // MusPy leaves the length of a measure to its caller: here it is a bar of the metre that the piece is longest in.
        let metre = time_by_metre(score).first().map_or(Metre::COMMON, |&(metre, _)| metre);
        let measure = BarMap::uniform(score.ticks_per_quarter.into(), metre).bar(0).end.max(1);
        let or_nan = |metric: Result<f64, NoTracks>| metric.unwrap_or(f64::NAN);
        Self {
            pitch_range: pitch_range(score).into(),
            n_pitches_used: n_pitches_used(score).into(),
            n_pitch_classes_used: n_pitch_classes_used(score).into(),
            polyphony: or_nan(polyphony(score)),
            polyphony_rate: or_nan(polyphony_rate(score, 2)),
            scale_consistency: scale_consistency(score),
            pitch_entropy: pitch_entropy(score),
            pitch_class_entropy: pitch_class_entropy(score),
            empty_beat_rate: or_nan(empty_beat_rate(score)),
            empty_measure_rate: or_nan(empty_measure_rate(score, measure)),
            drum_pattern_consistency: drum_pattern_consistency(score),
            groove_consistency: or_nan(groove_consistency(score, measure)),
        }
    }

    /// Names of the metrics, in the order of the fields.
    pub const NAMES: [&'static str; 12] = [
        "pitch_range",
        "n_pitches_used",
        "n_pitch_classes_used",
        "polyphony",
        "polyphony_rate",
        "scale_consistency",
        "pitch_entropy",
        "pitch_class_entropy",
        "empty_beat_rate",
        "empty_measure_rate",
        "drum_pattern_consistency",
        "groove_consistency",
    ];

    /// Names and values, in the order of the fields.
    pub fn rows(&self) -> [(&'static str, f64); 12] {
        let values = [
            self.pitch_range,
            self.n_pitches_used,
            self.n_pitch_classes_used,
            self.polyphony,
            self.polyphony_rate,
            self.scale_consistency,
            self.pitch_entropy,
            self.pitch_class_entropy,
            self.empty_beat_rate,
            self.empty_measure_rate,
            self.drum_pattern_consistency,
            self.groove_consistency,
        ];
        std::array::from_fn(|i| (Self::NAMES[i], values[i]))
    }
}

/// Highest minus lowest pitch; 0 without notes, −127 with nothing but drums.
pub fn pitch_range(score: &Score) -> i32 {
    if score.notes().next().is_none() {
        return 0;
    }
    let (lowest, highest) =
        pitched(score).fold((127, 0), |(low, high), note| (low.min(note.pitch), high.max(note.pitch)));
    i32::from(highest) - i32::from(lowest)
}

/// Number of different pitches.
pub fn n_pitches_used(score: &Score) -> u32 {
    pitched(score).fold(0u128, |set, note| set | 1 << note.pitch).count_ones()
}

/// Number of different pitch classes.
pub fn n_pitch_classes_used(score: &Score) -> u32 {
    pitched(score).fold(0u16, |set, note| set | 1 << (note.pitch % 12)).count_ones()
}

/// Mean number of pitches over the ticks in which at least one sounds; NaN if none does.
///
/// # Errors
/// [`NoTracks`]
pub fn polyphony(score: &Score) -> Result<f64, NoTracks> {
    length(score)?;
    let (mut sounding, mut pitches) = (0, 0);
    for segment in super::sounding::segments(score).iter().filter(|segment| segment.pitches != 0) {
        sounding += segment.ticks();
        pitches += segment.ticks() * u64::from(segment.pitches.count_ones());
    }
    Ok(ratio(pitches as f64, sounding as f64))
}

/// Share of all ticks in which *more than* `threshold` pitches sound (MusPy's default is 2); NaN for no length.
///
/// # Errors
/// [`NoTracks`]
pub fn polyphony_rate(score: &Score, threshold: u32) -> Result<f64, NoTracks> {
    let length = length(score)?;
    let segments = super::sounding::segments(score);
    let above = segments.iter().filter(|segment| segment.pitches.count_ones() > threshold);
    Ok(ratio(above.map(|segment| segment.ticks()).sum::<u64>() as f64, length as f64))
}

/// Share of the notes in a scale, major or natural minor, on `root` (0–11, C first); NaN without notes.
pub fn pitch_in_scale_rate(score: &Score, root: u8, minor: bool) -> f64 {
    const MAJOR: [u8; 7] = [0, 2, 4, 5, 7, 9, 11];
    const MINOR: [u8; 7] = [0, 2, 3, 5, 7, 8, 10];
    let scale = if minor { MINOR } else { MAJOR };
    let (mut inside, mut notes) = (0u32, 0u32);
    for note in pitched(score) {
        notes += 1;
        inside += u32::from(scale.contains(&((note.pitch % 12 + 12 - root % 12) % 12)));
    }
    ratio(inside.into(), notes.into())
}

/// The largest [`pitch_in_scale_rate`] of the 24 scales; NaN without notes.
pub fn scale_consistency(score: &Score) -> f64 {
    let rates = (0..12).flat_map(|root| [false, true].map(|minor| pitch_in_scale_rate(score, root, minor)));
    rates.fold(f64::NAN, f64::max)
}

/// Entropy in bits of the pitches of the notes; NaN without notes.
pub fn pitch_entropy(score: &Score) -> f64 {
    let mut counts = [0.0; 128];
    pitched(score).for_each(|note| counts[usize::from(note.pitch & 127)] += 1.0);
    entropy(&counts)
}

/// Entropy in bits of the pitch classes of the notes; NaN without notes.
pub fn pitch_class_entropy(score: &Score) -> f64 {
    let mut counts = [0.0; 12];
    pitched(score).for_each(|note| counts[usize::from(note.pitch % 12)] += 1.0);
    entropy(&counts)
}

/// Share of the beats in which nothing sounds, drums included; NaN for no length.
///
/// # Errors
/// [`NoTracks`]
pub fn empty_beat_rate(score: &Score) -> Result<f64, NoTracks> {
    empty_rate(score, score.ticks_per_quarter.into())
}

/// Share of the measures of `measure_resolution` ticks in which nothing sounds, drums included; NaN for no length.
///
/// # Errors
/// [`NoTracks`]
pub fn empty_measure_rate(score: &Score, measure_resolution: Ticks) -> Result<f64, NoTracks> {
    empty_rate(score, measure_resolution)
}

/// Share of the drum notes that fall on the quarters of a beat (duple) or its thirds (triple); NaN without drums.
pub fn drum_in_pattern_rate(score: &Score, triple: bool) -> f64 {
    let resolution = u64::from(score.ticks_per_quarter);
    let parts: &[u64] = if triple { &[3] } else { &[4, 2] };
    let on_grid = |position: u64| {
        let grid = parts.iter().filter(|&&parts| resolution.is_multiple_of(parts));
        position == 0 || grid.into_iter().any(|parts| position.is_multiple_of(resolution / parts))
    };
    let (mut inside, mut notes) = (0u32, 0u32);
    for note in score.notes().filter(|note| note.is_drum()) {
        notes += 1;
        inside += u32::from(on_grid(note.onset % resolution));
    }
    ratio(inside.into(), notes.into())
}

/// The larger [`drum_in_pattern_rate`] of the two; NaN without drums.
pub fn drum_pattern_consistency(score: &Score) -> f64 {
    drum_in_pattern_rate(score, false).max(drum_in_pattern_rate(score, true))
}

/// One minus the mean share of ticks in which the onsets of neighbouring measures differ; NaN for one measure.
///
/// # Errors
/// [`NoTracks`]
pub fn groove_consistency(score: &Score, measure_resolution: Ticks) -> Result<f64, NoTracks> {
    let resolution = measure_resolution.max(1);
    let measures = length(score)? / resolution + 1;
    if measures < 2 {
        return Ok(f64::NAN);
    }
    let mut onsets: Vec<(u64, u64)> =
        score.notes().map(|note| (note.onset / resolution, note.onset % resolution)).collect();
    onsets.sort_unstable();
    onsets.dedup();
    // An onset differs from the measure before and from the measure after unless they have it too.
    let has = |measure: u64, position: u64| onsets.binary_search(&(measure, position)).is_ok();
    let differs = |&(measure, position): &(u64, u64)| {
        u64::from(measure > 0 && !has(measure - 1, position))
            + u64::from(measure + 1 < measures && !has(measure + 1, position))
    };
    let distance: u64 = onsets.iter().map(differs).sum();
    Ok(1.0 - distance as f64 / (resolution * (measures - 1)) as f64)
}

fn empty_rate(score: &Score, resolution: Ticks) -> Result<f64, NoTracks> {
    let length = length(score)?;
    if length < 1 {
        return Ok(f64::NAN);
    }
    let resolution = resolution.max(1);
    let mut spans: Vec<(u64, u64)> =
        score.notes().map(|note| (note.onset / resolution, note.end() / resolution)).collect();
    spans.sort_unstable();
    // Beats that are filled, counted from left to right; `next` is the first that is not yet counted.
    let (mut filled, mut next) = (0, 0);
    for (start, end) in spans {
        if end >= next {
            filled += end - start.max(next) + 1;
            next = end + 1;
        }
    }
    Ok(1.0 - filled as f64 / (length / resolution + 1) as f64)
}

fn length(score: &Score) -> Result<Ticks, NoTracks> {
    if score.tracks.is_empty() { Err(NoTracks) } else { Ok(score.end()) }
}

fn pitched(score: &Score) -> impl Iterator<Item = &Note> {
    score.notes().filter(|note| !note.is_drum())
}

/// `−Σ p log2 p`, with the sign of zero as it falls out.
fn entropy(counts: &[f64]) -> f64 {
    let total: f64 = counts.iter().sum();
    if total < 1.0 {
        return f64::NAN;
    }
    let terms =
        counts.iter().filter(|&&count| count > 0.0).map(|count| count / total * (count / total).log2());
    -terms.fold(0.0, |sum, term| sum + term)
}
