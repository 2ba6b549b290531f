//! What a model is told of each note: the instrument or the pitch, the place in the bar, what else sounds, the gaps before and after, the tempo.

use super::place::{Kind, PLACES, Placed};
use composer_models::Sequence;
use composer_music::score::DEFAULT_MICROS_PER_QUARTER;
use composer_music::{BarMap, Score};
use ndarray::Array2;

/// Groups of drums that are played alike: kick, snare, side stick and clap, closed, pedal and open hi-hat, low, middle and high tom, crash,
/// ride, bell, and all others. Pitches of General MIDI, and those of electronic kits for the edge of the hi-hat.
const DRUMS: [&[u8]; 12] = [
    &[35, 36],
    &[38, 40],
    &[37, 39],
    &[42, 22],
    &[44],
    &[46, 26],
    &[41, 43, 58],
    &[45, 47],
    &[48, 50],
    &[49, 52, 55, 57],
    &[51, 59],
    &[53],
];
const CLASSES: usize = DRUMS.len() + 1;
const OCTAVES: usize = 11;
const PITCH_CLASSES: usize = 12;
/// Alone, the lowest, the highest, one between.
const IN_CHORD: usize = 4;
/// 1, 2, 3 notes that begin together, or more.
const CHORD_SIZES: usize = 4;
const SIXTEENTHS: usize = 24;
/// The twelfths of a quarter that sixteenths and triplets have; all others are one more.
const IN_QUARTER: [u64; 6] = [0, 3, 4, 6, 8, 9];
/// Bar, half bar, beat, eighth, and the rest.
const STRENGTHS: usize = 5;
/// Longest gap of each class, in twelfths of a quarter; then longer ones, and none.
const GAPS: [u64; 6] = [2, 3, 4, 6, 12, 24];
const GAP_CLASSES: usize = GAPS.len() + 2;
/// Quarters per minute up to which each class of tempo goes; then faster ones.
const TEMPOS: [f64; 7] = [70.0, 85.0, 100.0, 115.0, 130.0, 150.0, 180.0];
/// Which of the two steps of a note it is.
const STEPS: usize = 2;

/// The group of a drum.
pub fn drum_class(pitch: u8) -> usize {
    DRUMS.iter().position(|pitches| pitches.contains(&pitch)).unwrap_or(DRUMS.len())
}

impl Kind {
    /// Numbers that tell of the notes themselves.
    fn own(self) -> usize {
        match self {
            Self::Drums => 2 * CLASSES,
            Self::Pitched => OCTAVES + PITCH_CLASSES + IN_CHORD + CHORD_SIZES,
        }
    }

    /// `G`, the number of features of a step.
    pub fn features(self) -> usize {
        STEPS
            + self.own()
            + SIXTEENTHS
            + IN_QUARTER.len()
            + 1
            + STRENGTHS
            + 4 * GAP_CLASSES
            + TEMPOS.len()
            + 1
    }

    /// Notes of the same class follow each other on one instrument.
    fn class(self, pitch: u8) -> usize {
        match self {
            Self::Drums => drum_class(pitch),
            Self::Pitched => usize::from(pitch),
        }
    }
}

/// The source of a model, two equal steps for each note: one for its velocity, one for its offset, and a feature that says which.
pub fn source(score: &Score, notes: &[Placed], kind: Kind) -> Sequence {
    let mut rows = Array2::zeros((2 * notes.len(), kind.features()));
    for (index, features) in told(score, notes, kind).into_iter().enumerate() {
        for step in 0..STEPS {
            let mut row = rows.row_mut(2 * index + step);
            row[step] = 1.0;
            features.iter().for_each(|&feature| row[STEPS + feature] = 1.0);
        }
    }
    Sequence::Values(rows)
}

/// The features of each note that are on, without those that tell the step.
fn told(score: &Score, notes: &[Placed], kind: Kind) -> Vec<Vec<usize>> {
    let bars = BarMap::new(score).on_grid(PLACES);
    let gaps = Gaps::of(notes, kind);
    let mut told = Vec::with_capacity(notes.len());
    for chord in notes.chunk_by(|a, b| a.place == b.place) {
        for (rank, placed) in chord.iter().enumerate() {
            let mut row = Row::default();
            match kind {
                Kind::Drums => {
                    row.one_of(CLASSES, drum_class(placed.note.pitch));
                    row.some_of(CLASSES, chord.iter().map(|other| drum_class(other.note.pitch)));
                }
                Kind::Pitched => {
                    row.one_of(OCTAVES, usize::from(placed.note.pitch) / 12);
                    row.one_of(PITCH_CLASSES, usize::from(placed.note.pitch) % 12);
                    row.one_of(
                        IN_CHORD,
                        match rank {
                            _ if chord.len() == 1 => 0,
                            0 => 1,
                            rank if rank + 1 == chord.len() => 2,
                            _ => 3,
                        },
                    );
                    row.one_of(CHORD_SIZES, chord.len() - 1);
                }
            }
            in_bar(&bars, placed.place, &mut row);
            gaps.at(told.len()).into_iter().for_each(|gap| row.one_of(GAP_CLASSES, gap));
            let tempo = tempo_at(score, placed);
            row.one_of(TEMPOS.len() + 1, TEMPOS.iter().filter(|&&fastest| tempo > fastest).count());
            told.push(row.features);
        }
    }
    told
}

/// Features of a row as they are added.
#[derive(Default)]
struct Row {
    features: Vec<usize>,
    first: usize,
}

impl Row {
    /// One of `count`, the last for all that are beyond.
    fn one_of(&mut self, count: usize, which: usize) {
        self.some_of(count, [which]);
    }

    fn some_of(&mut self, count: usize, which: impl IntoIterator<Item = usize>) {
        self.features.extend(which.into_iter().map(|which| self.first + which.min(count - 1)));
        self.first += count;
    }
}

fn in_bar(bars: &BarMap, place: u64, row: &mut Row) {
    let bar = bars.bar_at(place);
    let from_line = place - bar.start;
    row.one_of(SIXTEENTHS, (from_line / 3) as usize);
    let in_quarter = IN_QUARTER.iter().position(|&known| known == from_line % u64::from(PLACES));
    row.one_of(IN_QUARTER.len() + 1, in_quarter.unwrap_or(IN_QUARTER.len()));
    let beat = bar.metre.is_beat(from_line, PLACES);
    row.one_of(
        STRENGTHS,
        match from_line {
            0 => 0,
            half if beat && 2 * half == bar.length() => 1,
            _ if beat => 2,
            eighth if eighth % 6 == 0 => 3,
            _ => 4,
        },
    );
}

fn tempo_at(score: &Score, placed: &Placed) -> f64 {
    let before = score.tempos.partition_point(|tempo| tempo.tick <= placed.note.onset);
    let micros = before
        .checked_sub(1)
        .map_or(DEFAULT_MICROS_PER_QUARTER, |last| score.tempos[last].micros_per_quarter);
    60e6 / f64::from(micros.max(1))
}

/// The classes of the gaps around each note: to what begins before and after, and to the same instrument before and after.
struct Gaps(Vec<[usize; 4]>);

impl Gaps {
    fn of(notes: &[Placed], kind: Kind) -> Self {
        let none = GAP_CLASSES - 1;
        let class = |gap: u64| GAPS.iter().position(|&longest| gap <= longest).unwrap_or(GAPS.len());
        let mut gaps = vec![[none; 4]; notes.len()];
        let mut last = vec![None; 128];
        let mut before = None;
        for (index, placed) in notes.iter().enumerate() {
            if index > 0 && notes[index - 1].place < placed.place {
                before = Some(notes[index - 1].place);
            }
            gaps[index][0] = before.map_or(none, |before: u64| class(placed.place - before));
            let same: &mut Option<usize> = &mut last[kind.class(placed.note.pitch)];
            if let Some(same) = same.replace(index) {
                let gap = class(placed.place - notes[same].place);
                (gaps[index][2], gaps[same][3]) = (gap, gap);
            }
        }
        let mut after = None;
        for index in (0..notes.len()).rev() {
            let place = notes[index].place;
            if notes.get(index + 1).is_some_and(|next| next.place > place) {
                after = Some(notes[index + 1].place);
            }
            gaps[index][1] = after.map_or(none, |after: u64| class(after - place));
        }
        Self(gaps)
    }

    fn at(&self, index: usize) -> [usize; 4] {
        self.0[index]
    }
}

#[cfg(test)]
mod tests {
    use super::super::place::placed;
    use super::*;
    use composer_music::{Note, Track};

    #[test]
    fn rows_say_instrument_place_neighbours_gaps_and_tempo() {
        let note = |onset, pitch| Note { onset, duration: 30, pitch, velocity: 9, channel: 9, program: 0 };
        let mut score = Score::new(480);
        score
            .tracks
            .push(Track { name: None, notes: vec![note(0, 36), note(0, 42), note(240, 42), note(960, 38)] });
        let notes = placed(&score, Kind::Drums);
        let Sequence::Values(rows) = source(&score, &notes, Kind::Drums) else { panic!("features") };
        assert_eq!(rows.dim(), (8, Kind::Drums.features()));
        let on = |step: usize| -> Vec<usize> {
            (0..rows.ncols()).filter(|&feature| rows[[step, feature]] == 1.0).collect()
        };
        let place = STEPS + 2 * CLASSES;
        let gaps = place + SIXTEENTHS + IN_QUARTER.len() + 1 + STRENGTHS;
        // The first hi-hat, its velocity: with the kick, on the bar line; nothing before, an eighth to the next of all and of its own.
        let first = on(2);
        assert_eq!(
            first[..6],
            [0, STEPS + 3, STEPS + CLASSES, STEPS + CLASSES + 3, place, place + SIXTEENTHS]
        );
        assert_eq!(first[7..], [gaps + 7, gaps + 8 + 3, gaps + 16 + 7, gaps + 24 + 3, gaps + 32 + 4]);
        assert_eq!((on(3)[0], &on(3)[1..]), (1, &first[1..]), "the same for its offset");
        // The snare on the third beat: half of the bar.
        assert!(on(6).contains(&(place + 8)) && on(6).contains(&(gaps - STRENGTHS + 1)));
        for kind in [Kind::Drums, Kind::Pitched] {
            let told = told(&score, &notes, kind);
            assert!(told.iter().flatten().all(|&feature| feature < kind.features() - STEPS));
        }
    }
}
