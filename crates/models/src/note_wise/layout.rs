//! The notes of frames as sequences: which there are, and what the note stack reads of them.

use crate::encoding::{Encoding, LOOK_BACK};
use crate::note_lengths::{NoteEnd, begun};
use composer_music::representation::frames::{Frame, FrameRepresentation};
use composer_tensor::Scalar;

/// Widest interval with a feature and a logit of its own, in semitones.
pub(super) const INTERVALS: usize = 24;
/// Semitones of the last frame that are seen around a note, either way.
const AROUND: usize = 12;
/// Notes that are counted.
const COUNTED: usize = 8;

/// The notes that there are.
///
/// Classes of notes are `0..P`: a pitch is held; `P..2P`: it is struck; the last: stop. Without an onset plane they are `0..P`: a pitch
/// sounds; the last: stop. Where lengths are decided, they are `0..P`: a note begins; the last: stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NoteSpace {
    pub representation: FrameRepresentation,
    /// `P`.
    pub pitches: usize,
    pub onset_plane: bool,
    /// The first feature of the network that tells of more than the last frame, and the number of such planes.
    pub past: usize,
    pub lags: usize,
    /// The first feature of the network that tells of conditions, and how many do.
    pub first_condition: usize,
    pub conditions: usize,
    /// Longest note in steps, where lengths are decided, and velocities that are told apart; 0: neither is.
    pub lengths: usize,
    pub velocities: usize,
    /// The first feature of the network that tells of notes that are held.
    first_held: usize,
    /// Whether there are logits relative to what was read.
    pub relative: bool,
}

/// What the network read at a step as planes of what sounded and what was struck, bit 0 for the lowest pitch: the last frame, then those of earlier
/// bars, what followed the longest match, and the bar that is returned to.
pub(crate) type Read = [[u128; 2]; 3 + LOOK_BACK.len()];

/// What is decided of a frame: the notes from the lowest up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Decided {
    /// Class of the last note; `None`: nothing is decided.
    pub last: Option<usize>,
    /// Semitones from the note before to the last one; `None`: there is none.
    pub interval: Option<usize>,
    /// Notes that are decided.
    pub count: usize,
    /// Length and velocity of the last note, as classes from 0, and of the note before it; `None`: not decided.
    pub lengths: [Option<usize>; 2],
    pub velocities: [Option<usize>; 2],
}

impl NoteSpace {
    /// Under an encoding and conditions with so many features, with or without relative logits; none but of frames.
    pub fn of(encoding: &Encoding, conditions: usize, relative: bool) -> Option<Self> {
        let Encoding::Frames { representation, .. } = encoding else { return None };
        let (representation, past, lags) = (*representation, encoding.first_past(), encoding.past_planes());
        let (pitches, onset_plane) = (representation.num_pitches(), representation.onset_plane);
        // The rhythm, and which notes are held, are told to the notes as conditions are.
        let told = encoding.rhythm_features() + encoding.held_features();
        let (first_condition, conditions) = (encoding.inputs() - told, conditions + told);
        Some(Self {
            representation,
            pitches,
            onset_plane,
            past,
            lags,
            first_condition,
            conditions,
            lengths: encoding.note_lengths(),
            velocities: encoding.note_velocities(),
            first_held: encoding.first_held(),
            relative,
        })
    }

    /// Whether notes that are held are classes of their own.
    pub fn writes_held(&self) -> bool {
        self.onset_plane && self.lengths == 0
    }

    /// `V`, features of a frame: the pitches that sound, and with an onset plane those that are struck.
    pub fn bits(&self) -> usize {
        if self.onset_plane { 2 * self.pitches } else { self.pitches }
    }

    /// `C`, classes of notes, stop among them.
    pub fn classes(&self) -> usize {
        self.stop() + 1
    }

    /// The class that ends a frame.
    pub fn stop(&self) -> usize {
        if self.writes_held() { 2 * self.pitches } else { self.pitches }
    }

    /// Outputs of the note stack: classes; intervals from the last note, up to a note that is held, then to one that is struck; what is relative;
    /// lengths of the last note, and its velocities.
    pub fn outputs(&self) -> usize {
        self.first_length() + self.lengths + self.velocities
    }

    /// The first output that is of the length of the last note.
    pub fn first_length(&self) -> usize {
        self.first_relative() + self.relative_outputs()
    }

    /// The first output that is relative to what was read.
    fn first_relative(&self) -> usize {
        self.classes() + if self.writes_held() { 2 * INTERVALS } else { INTERVALS }
    }

    /// Features of a decided note, and then of conditions.
    pub fn features(&self) -> usize {
        self.note_features() + self.conditions
    }

    fn note_features(&self) -> usize {
        self.first_end() + self.lengths + self.velocities
    }

    /// The first feature of the length of the note before the last.
    fn first_end(&self) -> usize {
        self.first_count() + COUNTED + 1
    }

    /// The first feature of the number of notes. Before it come the last note, its interval, and the planes around it.
    fn first_count(&self) -> usize {
        let planes = 1 + self.lags + usize::from(self.lengths > 0);
        self.stop() + INTERVALS + 1 + planes * (2 * AROUND + 1)
    }

    /// The conditions in the features that the network read, as features of notes.
    pub fn told<'a>(&self, features: &'a [u32]) -> impl Iterator<Item = u32> + use<'a> {
        let (first, own) = (self.first_condition as u32, self.note_features() as u32);
        features.iter().filter(move |&&feature| feature >= first).map(move |&feature| own + feature - first)
    }

    /// The offset of a class's pitch from the lowest.
    pub fn offset(&self, class: usize) -> usize {
        class % self.pitches
    }

    /// The planes in the features that the network read.
    pub fn planes(&self, features: &[u32]) -> Read {
        let mut planes = Read::default();
        for &feature in features {
            let feature = feature as usize;
            let (plane, offset) = match feature.checked_sub(self.past) {
                Some(past) => (1 + past / self.bits(), past % self.bits()),
                None => (0, feature),
            };
            if offset < self.bits() && plane <= self.lags {
                planes[plane][offset / self.pitches] |= 1 << (offset % self.pitches);
            }
        }
        planes
    }

    /// The pitches in the features that the network read that are held, bit 0 for the lowest; 0 where lengths are not decided.
    pub fn held(&self, features: &[u32]) -> u128 {
        let pitches = if self.lengths > 0 { self.pitches } else { 0 };
        let offsets = features.iter().filter_map(|&feature| (feature as usize).checked_sub(self.first_held));
        offsets.filter(|&offset| offset < pitches).fold(0, |plane, offset| plane | 1 << offset)
    }

    /// Appends the features of what is decided: the note, its interval from the one before, what sounded around it in the last frame and
    /// at this place of earlier bars, and is held, how many notes there are, and the length and velocity of the note before.
    pub fn push_features(&self, decided: Decided, (read, held): (&Read, u128), features: &mut Vec<u32>) {
        let intervals = self.stop();
        let around = intervals + INTERVALS + 1;
        let counts = self.first_count();
        let Some(last) = decided.last else {
            features.push((counts + COUNTED) as u32);
            return;
        };
        features.push(last as u32);
        if let Some(interval) = decided.interval {
            features.push((intervals + interval.min(INTERVALS + 1) - 1) as u32);
        }
        let offset = self.offset(last);
        let lowest = offset.saturating_sub(AROUND);
        let sounding = read[..=self.lags].iter().map(|&[sounding, _]| sounding);
        for (plane, read) in sounding.chain((self.lengths > 0).then_some(held)).enumerate() {
            let around = around + plane * (2 * AROUND + 1);
            // Bits from `offset − 12` to `offset + 12`.
            let mut window = read >> lowest & ((1 << (offset - lowest + AROUND + 1)) - 1);
            while window != 0 {
                let bit = window.trailing_zeros() as usize;
                features.push((around + lowest + bit + AROUND - offset) as u32);
                window &= window - 1;
            }
        }
        features.push((counts + decided.count.min(COUNTED) - 1) as u32);
        let (lengths, velocities) = (self.first_end(), self.first_end() + self.lengths);
        features.extend(decided.lengths[1].map(|length| (lengths + length) as u32));
        features.extend(decided.velocities[1].map(|velocity| (velocities + velocity) as u32));
    }

    /// Whether each class may come next: notes above the last, held ones only where `before`, the last frame, had them; and stop. Where lengths
    /// are decided, `before` is what is held, and is not struck. Writes −∞ where not.
    pub fn mask<S: Scalar>(&self, decided: Decided, before: u128, logits: &mut [S]) {
        let first = decided.first(self);
        logits[..first].fill(S::neg_infinity());
        if self.lengths > 0 {
            for (offset, logit) in logits[..self.pitches].iter_mut().enumerate().skip(first) {
                if before >> offset & 1 == 1 {
                    *logit = S::neg_infinity();
                }
            }
        }
        if self.writes_held() {
            logits[self.pitches..self.pitches + first].fill(S::neg_infinity());
            for (offset, logit) in logits[..self.pitches].iter_mut().enumerate().skip(first) {
                if before >> offset & 1 == 0 {
                    *logit = S::neg_infinity();
                }
            }
        }
    }

    /// Calls `add` with each output that is no class's own, and a class whose logit it is added to.
    pub fn each_added(&self, decided: Decided, read: &Read, mut add: impl FnMut(usize, usize)) {
        self.intervals(decided).for_each(|(output, class)| add(output, class));
        self.each_relative((decided, read), self.first_relative(), add);
    }

    /// Where the outputs for intervals belong, as (output, class).
    fn intervals(&self, decided: Decided) -> impl Iterator<Item = (usize, usize)> + use<> {
        let (first, pitches, classes) = (decided.first(self), self.pitches, self.classes());
        let reach = if decided.last.is_some() { INTERVALS.min(pitches - first) } else { 0 };
        let planes = if self.writes_held() { 2 } else { 1 };
        (0..planes).flat_map(move |plane| {
            (0..reach).map(move |i| (classes + plane * INTERVALS + i, plane * pitches + first + i))
        })
    }

    /// The class of a pitch that sounds.
    pub fn class(&self, offset: usize, struck: bool) -> usize {
        if self.writes_held() && struck { self.pitches + offset } else { offset }
    }

    /// The notes of a frame after another one, from the lowest up.
    pub fn notes(&self, before: Frame, frame: Frame) -> impl Iterator<Item = usize> + use<> {
        let offsets = |plane: u128| self.representation.offsets(plane);
        self.notes_of([offsets(frame.sounding), offsets(begun(before, frame))])
    }

    /// The notes of the pitches that sound, of which some are struck, from the lowest up: all, or where lengths are decided those that are struck.
    pub fn notes_of(&self, [sounding, struck]: [u128; 2]) -> impl Iterator<Item = usize> + use<> {
        let space = *self;
        let mut sounding = if self.lengths > 0 { sounding & struck } else { sounding };
        std::iter::from_fn(move || {
            let offset = (sounding != 0).then(|| sounding.trailing_zeros() as usize)?;
            sounding &= sounding - 1;
            Some(space.class(offset, struck >> offset & 1 == 1))
        })
    }
}

impl Decided {
    /// The lowest pitch offset that is open.
    pub fn first(&self, space: &NoteSpace) -> usize {
        self.last.map_or(0, |last| space.offset(last) + 1)
    }

    /// With one more note.
    pub fn and(self, class: usize, space: &NoteSpace) -> Self {
        let interval = self.last.map(|last| space.offset(class).saturating_sub(space.offset(last)).max(1));
        let lengths = [None, self.lengths[0]];
        let velocities = [None, self.velocities[0]];
        Self { last: Some(class), interval, count: self.count + 1, lengths, velocities }
    }

    /// With the length of the last note, and its velocity.
    pub fn ending(self, end: NoteEnd, space: &NoteSpace) -> Self {
        let length = Some((end.steps.max(1) as usize - 1).min(space.lengths.saturating_sub(1)));
        let velocity = (space.velocities > 0).then_some(end.velocity as usize);
        Self { lengths: [length, self.lengths[1]], velocities: [velocity, self.velocities[1]], ..self }
    }
}
