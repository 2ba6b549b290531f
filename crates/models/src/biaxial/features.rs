//! What one pitch reads at one step: the frame before as it looks from there, and where it is.

use crate::encoding::{Encoding, LOOK_BACK};
use composer_bptt::Input;
use composer_music::representation::frames::FrameRepresentation;
use composer_tensor::Scalar;

/// Semitones that a pitch sees around it, either way.
const AROUND: usize = 12;
/// Pitches of that window, the pitch itself among them.
const WINDOW: usize = 2 * AROUND + 1;
/// Pitch classes.
const CLASSES: usize = 12;
/// Counts of a pitch class that are told apart: 1, 2, and 3 or more.
const COUNTS: usize = 3;

/// The pitches of a model, and what they read.
///
/// The features of pitch `p` are multi-hot, in this order:
///
/// | features | on if, in the frame before, |
/// |---|---|
/// | 25 | pitch `p − 12 + k` sounded |
/// | 25, with an onset plane | it was struck |
/// | 12 · 3 | so many pitches (1, 2, 3 or more) sounded of the pitch class `k` semitones above that of `p` |
/// | those of the encoding that are no pitches ([`Encoding`]) | as there: the start, the place in the bar, the bar line, the beat, the length of the longest match |
/// | `P`, with `absolute` | the pitch is this one |
/// | 25, or 50, for each earlier bar that the encoding tells of | as the first, at this place of that bar |
/// | 25, or 50, if the encoding tells of the longest match | as the first, for what followed it |
/// | those of conditions, all pitches alike | as there |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PitchSpace {
    pub representation: FrameRepresentation,
    /// `P`.
    pub pitches: usize,
    pub onset_plane: bool,
    /// Features of an encoding that are no pitches: the start, places and, after the planes of the past, lengths of matches.
    places: usize,
    /// How many of them are lengths of matches.
    lengths: usize,
    /// Planes of the past that the encoding tells of.
    lags: usize,
    /// Whether each pitch reads its own place.
    absolute: bool,
    /// Features of conditions.
    pub conditions: usize,
}

/// The features of all pitches of some steps, multi-hot: row `r·P + p`.
#[derive(Clone, Debug, Default)]
pub(crate) struct FeatureRows {
    indices: Vec<u32>,
    offsets: Vec<usize>,
    /// Those that the pitches of a step share.
    shared: Vec<u32>,
    told: Vec<u32>,
}

impl PitchSpace {
    /// `None` for all encodings but frames; without conditions.
    pub fn of(encoding: &Encoding, absolute: bool) -> Option<Self> {
        let Encoding::Frames { representation, .. } = encoding else { return None };
        let places = encoding.first_past() - encoding.outputs() + encoding.past_levels();
        let lags = encoding.past_planes();
        let (pitches, onset_plane) = (representation.num_pitches(), representation.onset_plane);
        Some(Self {
            representation: *representation,
            pitches,
            onset_plane,
            places,
            lengths: encoding.past_levels(),
            lags,
            absolute,
            conditions: 0,
        })
    }

    /// The same under conditions with so many features.
    pub fn under(self, conditions: usize) -> Self {
        Self { conditions, ..self }
    }

    /// Planes of a frame: which pitches sound and, with an onset plane, which are struck.
    pub fn planes(&self) -> usize {
        if self.onset_plane { 2 } else { 1 }
    }

    /// `F`, features of a pitch.
    pub fn features(&self) -> usize {
        self.first_told() + self.conditions
    }

    fn first_told(&self) -> usize {
        self.first_past() + self.lags * self.planes() * WINDOW
    }

    /// The first feature of the network that tells of conditions.
    pub fn first_condition(&self) -> usize {
        self.planes() * self.pitches * (1 + self.lags) + self.places
    }

    fn first_past(&self) -> usize {
        self.first_own() + if self.absolute { self.pitches } else { 0 }
    }

    fn first_class(&self) -> usize {
        self.planes() * WINDOW
    }

    fn first_place(&self) -> usize {
        self.first_class() + CLASSES * COUNTS
    }

    fn first_own(&self) -> usize {
        self.first_place() + self.places
    }

    /// Overwrites `rows` by the features of all pitches at each step, which has features of the encoding: multi-hot, as
    /// [`Encoding::push_features`] writes them.
    pub fn write(&self, (indices, offsets): (&[u32], &[usize]), rows: &mut FeatureRows) {
        rows.indices.clear();
        rows.offsets.clear();
        rows.offsets.push(0);
        for step in offsets.windows(2) {
            self.push_step(&indices[step[0]..step[1]], rows);
        }
    }

    /// Appends the features of all pitches at a step.
    fn push_step(&self, read: &[u32], rows: &mut FeatureRows) {
        let FeatureRows { indices, offsets, shared, told } = rows;
        let (pitches, outputs) = (self.pitches, self.planes() * self.pitches);
        let (mut planes, mut counts) = ([0u128; 2], [0usize; CLASSES]);
        let mut past = [0u128; 2 * (LOOK_BACK.len() + 2)];
        let first_past = outputs + self.places - self.lengths;
        let first_length = first_past + self.lags * outputs;
        shared.clear();
        told.clear();
        for &feature in read {
            let feature = feature as usize;
            if let Some(condition) = feature.checked_sub(self.first_condition()) {
                told.push((self.first_told() + condition) as u32);
            } else if feature < outputs {
                planes[feature / pitches] |= 1 << (feature % pitches);
                counts[feature % pitches % CLASSES] += usize::from(feature < pitches);
            } else if (first_past..first_length).contains(&feature) {
                let earlier = feature - first_past;
                past[earlier / pitches] |= 1 << (earlier % pitches);
            } else {
                let feature =
                    if feature < first_past { feature } else { feature - first_length + first_past };
                shared.push((self.first_place() + feature - outputs) as u32);
            }
        }
        for pitch in 0..pitches {
            for (plane, &bits) in planes.iter().enumerate().take(self.planes()) {
                push_window(bits, pitch, plane * WINDOW, indices);
            }
            // In the order of the intervals, so that sums have one order wherever the pitch is.
            let (below, above) = counts.split_at(pitch % CLASSES);
            for (above, &count) in above.iter().chain(below).enumerate().filter(|(_, count)| **count > 0) {
                indices.push((self.first_class() + above * COUNTS + count.min(COUNTS) - 1) as u32);
            }
            indices.extend_from_slice(shared);
            if self.absolute {
                indices.push((self.first_own() + pitch) as u32);
            }
            for (plane, &bits) in past.iter().enumerate().take(self.lags * self.planes()) {
                push_window(bits, pitch, self.first_past() + plane * WINDOW, indices);
            }
            indices.extend_from_slice(told);
            offsets.push(indices.len());
        }
    }
}

/// Appends which of the pitches around one are on.
fn push_window(bits: u128, pitch: usize, first: usize, indices: &mut Vec<u32>) {
    let window = match pitch.checked_sub(AROUND) {
        Some(lowest) => bits >> lowest,
        None => bits << (AROUND - pitch),
    };
    let mut left = window & ((1 << WINDOW) - 1);
    while left != 0 {
        indices.push((first + left.trailing_zeros() as usize) as u32);
        left &= left - 1;
    }
}

impl FeatureRows {
    /// As a recurrent stack reads them.
    pub fn input<S: Scalar>(&self) -> Input<'_, S> {
        Input::MultiHot { indices: &self.indices, offsets: &self.offsets }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The features of each pitch of one step.
    fn features(encoding: &Encoding, absolute: bool, read: &[u32]) -> Vec<Vec<u32>> {
        let space = PitchSpace::of(encoding, absolute).expect("frames");
        let mut rows = FeatureRows::default();
        space.write((read, &[0, read.len()]), &mut rows);
        rows.offsets.windows(2).map(|ends| rows.indices[ends[0]..ends[1]].to_vec()).collect()
    }

    fn encoding(onset_plane: bool) -> Encoding {
        let representation =
            FrameRepresentation { pitch_low: 30, pitch_high: 69, onset_plane, ..Default::default() };
        Encoding::Frames {
            representation,
            metre: 4,
            bar_line: 0,
            look_back: 0,
            longest_match: false,
            returns: false,
            rhythm: false,
            note_lengths: 0,
            note_velocities: 0,
        }
    }

    #[test]
    fn a_pitch_reads_what_is_around_it_and_where_it_is() {
        // Pitches 5, 17, 29 and 18 sound, of which 5 is struck; the third step of a bar.
        let found = features(&encoding(true), true, &[5, 17, 18, 29, 45, 80 + 1 + 2]);
        assert_eq!(found.len(), 40);
        // From pitch 17: one an octave below and above, itself, a semitone above; struck an octave below.
        let classes = 50;
        let places = classes + 36;
        let expected = [0, 12, 13, 24, 25, classes + 2, classes + 3, places + 3, places + 5 + 17];
        assert_eq!(found[17], expected);
        // From pitch 0: 5 alone is near; the others are 5 and 6 semitones above, modulo an octave.
        let expected = [12 + 5, 25 + 12 + 5, classes + 5 * 3 + 2, classes + 6 * 3, places + 3, places + 5];
        assert_eq!(found[0], expected);
    }

    #[test]
    fn without_a_place_of_their_own_pitches_read_the_same_a_semitone_higher() {
        let (here, higher) = (&[14u32, 18, 21, 40][..], &[15u32, 19, 22, 40][..]);
        let encoding = encoding(false);
        let (here, higher) = (features(&encoding, false, here), features(&encoding, false, higher));
        assert_eq!(here[..39], higher[1..]);
        assert_ne!(here[12..20], here[13..21]);
    }
}
