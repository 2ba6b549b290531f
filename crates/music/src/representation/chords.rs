//! `chords`: harmony as one symbol per quarter note, half note or any number of quarter notes: root and quality, or N for none.
//!
//! A bar of music, four quarters of C major, C major, F minor and G7: `C C Fm G7`.
//!
//! **Recognition.** The notes of a span weigh as much as they sound in it; drums do not count. Every chord is compared
//! with the weights of the twelve pitch classes:
//! score = (weight of its tones) − (weight of other tones) − ½ · (share of its tones that are absent) · (all weight),
//! plus a tenth of all weight if its root is the lowest pitch of the span. The highest score wins; of equals, the first
//! in the order of the vocabulary, which puts simple qualities first.
//!
//! **Metre.** A symbol lasts so many quarters in every metre: symbols say nothing of bars, and whoever reads them could not tell how long
//! a beat is. A bar of 6/8 is three symbols, not two. `remi`, which has bars, states chords at the beats of its bars.
//!
//! **Voicing.** The root in the octave from C3, the other tones above it in close position; equal neighbours are tied.
//! What is voiced is recognised as what it was, for every chord. Everything but the harmony is lost, and meant to be.

use super::grid::MAX_STEPS;
use super::interface::fingerprint;
use super::quantise::{Loss, Quantised, Sound, one_at_a_time};
use super::symbols::tokens;
use super::{Error, Representation, Symbols, Vocabulary};
use crate::chord_kind::ChordKind;
use crate::metre::{Bar, BarMap, Metre};
use crate::score::{Note, Score, Tempo, Track};

/// The qualities, simple ones first: their suffixes are the names of symbols, and stay as they are.
const QUALITIES: [ChordKind; 11] = [
    ChordKind::Major,
    ChordKind::Minor,
    ChordKind::Diminished,
    ChordKind::Augmented,
    ChordKind::SuspendedFourth,
    ChordKind::SuspendedSecond,
    ChordKind::Dominant,
    ChordKind::MajorSeventh,
    ChordKind::MinorSeventh,
    ChordKind::HalfDiminished,
    ChordKind::DiminishedSeventh,
];

/// Symbols: no chord, then every quality on every root.
pub const NUM_SYMBOLS: u32 = 1 + 12 * QUALITIES.len() as u32;

/// The symbol of a span in which nothing sounds.
pub const NO_CHORD: u32 = 0;

const ROOT_NAMES: [&str; 12] = ["C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"];
/// The octave of the voiced root: C3.
const LOWEST_ROOT: u8 = 48;
const VELOCITY: u8 = 80;
const TICKS_PER_QUARTER: u16 = 480;

/// How a score becomes chord symbols.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct ChordRepresentation {
    /// Quarter notes to a symbol, in every metre: in 4/4, 1 is every beat, and 2 are half bars.
    #[serde(deserialize_with = "chord_quarters")]
    pub quarters_per_chord: u32,
}

impl Default for ChordRepresentation {
    /// One symbol per quarter note.
    fn default() -> Self {
        Self { quarters_per_chord: 1 }
    }
}

/// Reads the length of a chord in quarters: longer ones than anybody wants are beyond the ticks that MIDI can count.
fn chord_quarters<'de, D: serde::Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    let quarters = <u32 as serde::Deserialize>::deserialize(from)?;
    match quarters {
        0..=1024 => Ok(quarters),
        _ => Err(serde::de::Error::custom(format!(
            "a chord of {quarters} quarters is too long (at most 1024)"
        ))),
    }
}

/// The root (0 is C) and the index of the quality of a symbol; `None` for no chord.
fn parts(symbol: u32) -> Option<(u8, usize)> {
    let index = symbol.checked_sub(1).filter(|&index| index < NUM_SYMBOLS - 1)? as usize;
    Some(((index / QUALITIES.len()) as u8, index % QUALITIES.len()))
}

/// The name of a symbol, such as `F#m7`, or `N`.
pub fn symbol_name(symbol: u32) -> String {
    match parts(symbol) {
        Some((root, quality)) => format!("{}{}", ROOT_NAMES[usize::from(root)], QUALITIES[quality].suffix()),
        None => "N".to_owned(),
    }
}

/// The pitches of a symbol: the root in the octave from C3, the other tones above it in close position; none of no chord.
pub fn voiced(symbol: u32) -> impl Iterator<Item = u8> {
    let chord = parts(symbol).map(|(root, quality)| (LOWEST_ROOT + root, QUALITIES[quality].tones()));
    chord.into_iter().flat_map(|(bass, tones)| tones.iter().map(move |tone| bass + tone))
}

/// The notes of a symbol that sounds from `onset` on, in ticks.
fn notes_of(symbol: u32, onset: u64, duration: u64) -> impl Iterator<Item = Note> {
    voiced(symbol).map(move |pitch| Note {
        onset,
        duration,
        pitch,
        velocity: VELOCITY,
        channel: 0,
        program: 0,
    })
}

/// The symbol of each span of `span` time units, from 0 to the end of the last sound.
pub fn label(sounds: &[Sound], span: u64) -> Vec<u32> {
    let span = span.max(1);
    let spans = sounds.iter().map(|sound| sound.end).max().unwrap_or(0).div_ceil(span).min(MAX_STEPS);
    label_between(sounds, &(0..=spans).map(|index| index * span).collect::<Vec<u64>>())
}

/// The symbol of each span between two neighbours of `edges`, which are sorted and all different.
pub fn label_between(sounds: &[Sound], edges: &[u64]) -> Vec<u32> {
    let spans = edges.len().saturating_sub(1);
    let mut weights = vec![[0u64; 12]; spans];
    let mut lowest = vec![u8::MAX; spans];
    for sound in sounds {
        let first = edges.partition_point(|&edge| edge <= sound.start).saturating_sub(1);
        for index in (first..spans).take_while(|&index| edges[index] < sound.end) {
            let from = sound.start.max(edges[index]);
            let until = sound.end.min(edges[index + 1]);
            weights[index][usize::from(sound.pitch % 12)] += until.saturating_sub(from);
            lowest[index] = lowest[index].min(sound.pitch);
        }
    }
    let mut before = (&[0; 12], u8::MAX, NO_CHORD);
    let symbol = |(weights, lowest)| {
        if (before.0, before.1) != (weights, lowest) {
            before = (weights, lowest, recognise(weights, lowest));
        }
        before.2
    };
    weights.iter().zip(lowest).map(symbol).collect()
}

/// The symbol that fits weighted pitch classes best; see the formula above.
fn recognise(weights: &[u64; 12], lowest: u8) -> u32 {
    let all = weights.iter().sum::<u64>() as f64;
    if all == 0.0 {
        return NO_CHORD;
    }
    let (mut best, mut highest) = (NO_CHORD, f64::NEG_INFINITY);
    for (quality, tones) in QUALITIES.iter().map(|kind| kind.tones()).enumerate() {
        for root in 0..12u8 {
            let weight = |tone: &u8| weights[usize::from((root + tone) % 12)];
            let inside = tones.iter().map(weight).sum::<u64>() as f64;
            let absent = tones.iter().filter(|tone| weight(tone) == 0).count() as f64 / tones.len() as f64;
            let in_bass = if lowest % 12 == root { 0.1 * all } else { 0.0 };
            let score = inside - (all - inside) - 0.5 * absent * all + in_bass;
            if score > highest {
                (best, highest) = (1 + u32::from(root) * QUALITIES.len() as u32 + quality as u32, score);
            }
        }
    }
    best
}

/// What sounds in a score but drums, in ticks.
fn sounding(score: &Score) -> Vec<Sound> {
    let sound = |note: &Note| Sound {
        start: note.onset,
        part: 0,
        pitch: note.pitch & 127,
        end: note.end(),
        velocity: note.velocity,
    };
    let pitched = score.notes().filter(|note| !note.is_drum() && note.duration > 0).map(sound).collect();
    one_at_a_time(pitched, &mut Loss::default())
}

/// The harmony of a score as chords that are struck: one in each bar, or in each half of bars of four quarters, or of six eighths, and of longer ones. None
/// where nothing sounds, or beyond [`MAX_STEPS`] bars.
pub fn struck_chords(score: &Score) -> Track {
    let (bars, end) = (BarMap::new(score), score.notes().map(Note::end).max().unwrap_or(0));
    let bars = bars.bars(end).take(MAX_STEPS as usize);
    let half = |bar: &Bar| {
        let Metre { numerator, denominator } = bar.metre;
        let quarters = 4.0 * f64::from(numerator) / f64::from(denominator);
        (quarters >= 4.0 || numerator == 6 && denominator == 8).then(|| u64::midpoint(bar.start, bar.end))
    };
    let mut edges: Vec<u64> = bars.flat_map(|bar| std::iter::once(bar.start).chain(half(&bar))).collect();
    // A piece may end in the first half of its last bar.
    edges.retain(|&edge| edge < end);
    edges.push(end);
    let labels = label_between(&sounding(score), &edges);
    let mut notes = Vec::new();
    for (edge, symbol) in edges.windows(2).zip(labels) {
        notes.extend(notes_of(symbol, edge[0], edge[1] - edge[0]));
    }
    Track { name: Some("Chords".into()), notes }
}

impl ChordRepresentation {
    fn span(&self, ticks_per_quarter: u16) -> u64 {
        u64::from(self.quarters_per_chord.max(1)) * u64::from(ticks_per_quarter.max(1))
    }

    /// A score as symbols.
    ///
    /// # Errors
    /// [`Error::TooLong`].
    pub fn encode_tokens(&self, score: &Score) -> Result<Vec<u32>, Error> {
        let sounds = sounding(score);
        let span = self.span(score.ticks_per_quarter);
        let spans = sounds.iter().map(|sound| sound.end.div_ceil(span)).max().unwrap_or(0);
        if spans > MAX_STEPS {
            return Err(Error::TooLong { steps: spans, limit: MAX_STEPS });
        }
        Ok(label(&sounds, span))
    }

    /// Symbols as a score of chords; unknown symbols are silent.
    pub fn decode_tokens(&self, symbols: &[u32]) -> Score {
        let span = self.span(TICKS_PER_QUARTER);
        let mut score = Score::new(TICKS_PER_QUARTER);
        score.tempos.push(Tempo { tick: 0, micros_per_quarter: crate::score::DEFAULT_MICROS_PER_QUARTER });
        let mut notes = Vec::new();
        let mut start = 0;
        for run in symbols.chunk_by(|a, b| a == b) {
            let duration = run.len() as u64 * span;
            notes.extend(notes_of(run[0], start, duration));
            start += duration;
        }
        score.tracks.push(Track { name: None, notes });
        score
    }
}

impl Representation for ChordRepresentation {
    fn name(&self) -> &'static str {
        "chords"
    }

    fn vocabulary(&self) -> Vocabulary {
        Vocabulary::Tokens { names: (0..NUM_SYMBOLS).map(symbol_name).collect() }
    }

    fn encode(&self, score: &Score) -> Result<Symbols, Error> {
        self.encode_tokens(score).map(Symbols::Tokens)
    }

    fn decode(&self, symbols: &Symbols) -> Result<Score, Error> {
        Ok(self.decode_tokens(tokens(symbols, NUM_SYMBOLS as usize)?))
    }

    fn quantise(&self, score: &Score) -> Result<Quantised, Error> {
        let notes = score.notes().count();
        let mut loss = Loss { notes, ..Loss::default() };
        loss.count("notes kept as harmony only", notes);
        Ok(Quantised { score: self.decode_tokens(&self.encode_tokens(score)?), loss })
    }

    fn fingerprint(&self) -> String {
        fingerprint(self.name(), self)
    }
}
