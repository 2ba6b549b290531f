//! The notes of frames as sequences: what the note stack reads, and what it should write.

use crate::encoding::{Encoding, LOOK_BACK};
use crate::frame_bits::decided_planes;
use crate::targets::FrameRows;
use composer_bptt::loss::IGNORE;
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
/// sounds; the last: stop.
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
}

impl NoteSpace {
    /// Under an encoding and conditions with so many features, with or without relative logits; none but of frames.
    pub fn of(encoding: &Encoding, conditions: usize, relative: bool) -> Option<Self> {
        let Encoding::Frames { representation, .. } = encoding else { return None };
        let (representation, past, lags) = (*representation, encoding.first_past(), encoding.past_planes());
        let (pitches, onset_plane) = (representation.num_pitches(), representation.onset_plane);
        // The rhythm is told to the notes as conditions are.
        let rhythm = encoding.rhythm_features();
        let (first_condition, conditions) = (encoding.inputs() - rhythm, conditions + rhythm);
        Some(Self { representation, pitches, onset_plane, past, lags, first_condition, conditions, relative })
    }

    /// `C`, classes of notes, stop among them.
    pub fn classes(&self) -> usize {
        self.stop() + 1
    }

    /// The class that ends a frame.
    pub fn stop(&self) -> usize {
        if self.onset_plane { 2 * self.pitches } else { self.pitches }
    }

    /// Outputs of the note stack: classes, then intervals from the last note, up to a note that is held, then to one that is struck.
    pub fn outputs(&self) -> usize {
        self.first_relative() + self.relative_outputs()
    }

    /// The first output that is relative to what was read.
    fn first_relative(&self) -> usize {
        self.classes() + if self.onset_plane { 2 * INTERVALS } else { INTERVALS }
    }

    /// Features of a decided note, and then of conditions.
    pub fn features(&self) -> usize {
        self.note_features() + self.conditions
    }

    fn note_features(&self) -> usize {
        self.stop() + INTERVALS + 1 + (1 + self.lags) * (2 * AROUND + 1) + COUNTED + 1
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
                Some(past) => (1 + past / self.stop(), past % self.stop()),
                None => (0, feature),
            };
            if offset < self.stop() && plane <= self.lags {
                planes[plane][offset / self.pitches] |= 1 << (offset % self.pitches);
            }
        }
        planes
    }

    /// Appends the features of what is decided: the note, its interval from the one before, what sounded around it in the last frame and
    /// at this place of earlier bars, and how many notes there are.
    pub fn push_features(&self, decided: Decided, read: &Read, features: &mut Vec<u32>) {
        let intervals = self.stop();
        let around = intervals + INTERVALS + 1;
        let counts = around + (1 + self.lags) * (2 * AROUND + 1);
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
        for (plane, [read, _]) in read[..=self.lags].iter().enumerate() {
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
    }

    /// Whether each class may come next: notes above the last, held ones only where `before`, the last frame, had them; and stop.
    /// Writes −∞ where not.
    pub fn mask<S: Scalar>(&self, decided: Decided, before: u128, logits: &mut [S]) {
        let first = decided.first(self);
        logits[..first].fill(S::neg_infinity());
        if self.onset_plane {
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
        let planes = if self.onset_plane { 2 } else { 1 };
        (0..planes).flat_map(move |plane| {
            (0..reach).map(move |i| (classes + plane * INTERVALS + i, plane * pitches + first + i))
        })
    }

    /// The class of a pitch that sounds.
    pub fn class(&self, offset: usize, struck: bool) -> usize {
        if self.onset_plane && struck { self.pitches + offset } else { offset }
    }

    /// The notes of a frame after another one, from the lowest up.
    pub fn notes(&self, before: Frame, frame: Frame) -> impl Iterator<Item = usize> + use<> {
        let held = self.representation.offsets(before.sounding & !frame.onsets);
        self.notes_of([self.representation.offsets(frame.sounding), !held])
    }

    /// The notes of the pitches that sound, of which some are struck, from the lowest up.
    fn notes_of(&self, [mut sounding, struck]: [u128; 2]) -> impl Iterator<Item = usize> + use<> {
        let space = *self;
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
        Self { last: Some(class), interval, count: self.count + 1 }
    }
}

/// Rows whose frames have about as many notes, side by side: step `k` of each is after `k` notes.
#[derive(Clone, Debug, Default)]
pub(crate) struct NoteGroup {
    /// Steps, `K`: the notes of the fullest frame, and stop.
    pub steps: usize,
    /// The rows of the batch, `R`.
    pub rows: Vec<usize>,
    /// Features `[K·R]`, multi-hot.
    pub indices: Vec<u32>,
    pub offsets: Vec<usize>,
    /// Classes `[K·R]`; [`IGNORE`] after the stop.
    pub targets: Vec<u32>,
    /// What is decided before each `[K·R]`.
    pub decided: Vec<Decided>,
    /// What may be held `[R]`.
    pub before: Vec<u128>,
    /// What the model read `[R]`.
    pub read: Vec<Read>,
    /// The notes of each row, one after the other, and where they begin.
    notes: Vec<u32>,
    starts: Vec<usize>,
    /// The features of its conditions, likewise.
    told: Vec<u32>,
    told_starts: Vec<usize>,
}

/// Most steps of the frames of each group.
const STEPS: [usize; 8] = [1, 2, 3, 5, 8, 12, 20, 129];

/// All rows of a batch, in groups, so that little is padding.
#[derive(Clone, Debug, Default)]
pub(crate) struct NoteLayout {
    pub groups: Vec<NoteGroup>,
}

impl NoteLayout {
    /// Lays out rows of targets `on` and `weight` `[rows, V]`, as [`crate::Targets::Bits`] has them.
    pub fn fill<S: Scalar>(&mut self, space: &NoteSpace, on: &[S], weight: &[S], frames: FrameRows<'_>) {
        self.groups.resize_with(STEPS.len(), NoteGroup::default);
        self.groups.iter_mut().for_each(NoteGroup::clear);
        let outputs = space.stop();
        let each = on.chunks_exact(outputs).zip(weight.chunks_exact(outputs)).enumerate();
        for (row, (on, weight)) in each.filter(|(_, (_, weight))| weight[0] > S::zero()) {
            let planes = decided_planes(space.pitches, on, weight);
            let notes = planes[0].count_ones() as usize;
            let group = STEPS.iter().position(|&steps| notes < steps).unwrap_or(STEPS.len() - 1);
            self.groups[group].push(space, row, planes, frames);
        }
        self.groups.iter_mut().for_each(|group| group.lay_out(space));
    }
}

impl NoteGroup {
    fn clear(&mut self) {
        self.steps = 0;
        self.rows.clear();
        self.notes.clear();
        self.starts.clear();
        self.told.clear();
        self.told_starts.clear();
        self.before.clear();
        self.read.clear();
    }

    /// Takes a row: what is decided in it, and the frame before it.
    fn push(&mut self, space: &NoteSpace, row: usize, planes: [u128; 2], frames: FrameRows<'_>) {
        self.rows.push(row);
        self.starts.push(self.notes.len());
        self.notes.extend(space.notes_of(planes).map(|note| note as u32));
        self.steps = self.steps.max(self.notes.len() - self.starts[self.starts.len() - 1] + 1);
        self.before.push(frames.before[row]);
        let features = &frames.indices[frames.offsets[row]..frames.offsets[row + 1]];
        self.read.push(space.planes(features));
        self.told_starts.push(self.told.len());
        self.told.extend(space.told(features));
    }

    /// Features, targets and what is decided, step by step.
    fn lay_out(&mut self, space: &NoteSpace) {
        self.starts.push(self.notes.len());
        self.told_starts.push(self.told.len());
        let rows = self.rows.len();
        self.indices.clear();
        self.offsets.clear();
        self.offsets.push(0);
        self.targets.clear();
        self.decided.clear();
        for step in 0..self.steps {
            for row in 0..rows {
                let notes = &self.notes[self.starts[row]..self.starts[row + 1]];
                let decided = match step {
                    0 => Decided::default(),
                    _ => match notes.get(step - 1) {
                        Some(&note) => self.decided[(step - 1) * rows + row].and(note as usize, space),
                        None => self.decided[(step - 1) * rows + row],
                    },
                };
                self.decided.push(decided);
                if step <= notes.len() {
                    space.push_features(decided, &self.read[row], &mut self.indices);
                    let told = &self.told[self.told_starts[row]..self.told_starts[row + 1]];
                    self.indices.extend_from_slice(told);
                    self.targets.push(notes.get(step).map_or(space.stop() as u32, |&note| note));
                } else {
                    self.targets.push(IGNORE);
                }
                self.offsets.push(self.indices.len());
            }
        }
    }
}
