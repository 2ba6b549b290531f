//! What a candidate may write at a step, given what it has written and what is locked.

use super::passage::{GridNote, Keep};
use composer_music::representation::frames::{Frame, pitches};
use std::ops::Range;

/// What may be chosen at one step, pitch by pitch.
#[derive(Clone, Debug, Default)]
pub(super) struct Limits {
    /// Pitches that may be silent, that may go on, and that may be struck.
    pub may_rest: u128,
    pub may_hold: u128,
    pub may_strike: u128,
    /// Pitches whose being struck counts for `strikes`: those that are not locked.
    pub counted: u128,
    pub strikes: Strikes,
    /// Pitches that may sound together.
    pub most: usize,
}

/// Which new notes begin together.
#[derive(Clone, Debug, Default)]
pub(super) enum Strikes {
    /// Any.
    #[default]
    Any,
    /// So many.
    Count(usize),
    /// One of these sets.
    OneOf(Vec<u128>),
}

impl Limits {
    /// Pitches that must sound.
    pub fn must(&self) -> u128 {
        !self.may_rest & (self.may_hold | self.may_strike)
    }

    /// Whether a choice can still be completed: `struck` are pitches decided to be struck, `optional` those that sound and may yet be
    /// struck, `decided` all that are decided.
    pub fn feasible(&self, struck: u128, optional: u128, decided: u128) -> bool {
        let (struck, optional) = (struck & self.counted, optional & self.counted);
        let above = self.may_strike & self.counted & !decided;
        match &self.strikes {
            Strikes::Any => true,
            Strikes::Count(count) => {
                let ones = |plane: u128| plane.count_ones() as usize;
                ones(struck) <= *count && *count <= ones(struck) + ones(optional) + ones(above)
            }
            Strikes::OneOf(sets) => sets.iter().any(|&set| {
                struck & !set == 0
                    && set & decided & !(struck | optional) == 0
                    && set & !decided & !above == 0
            }),
        }
    }
}

/// What a block asks of new notes.
pub(super) struct Block {
    /// The steps in which the notes begin that are written anew.
    pub steps: Range<usize>,
    /// The pitches at which they may begin, at each of them.
    pub begin: Vec<u128>,
    /// The pitches at which new notes may sound `[T]`.
    pub sound: Vec<u128>,
    /// All other notes of the piece `[T]`.
    pub locked: Vec<Frame>,
    /// The first step at which no new note sounds.
    pub end: usize,
    pub asks: Asks,
}

impl Block {
    fn begin(&self, step: usize) -> u128 {
        let place = step.checked_sub(self.steps.start);
        place.and_then(|place| self.begin.get(place)).copied().unwrap_or(0)
    }

    /// Steps after this one at which notes may begin.
    fn open_after(&self, step: usize) -> usize {
        self.begin[step + 1 - self.steps.start..].iter().filter(|&&plane| plane != 0).count()
    }
}

/// What new notes keep of the old ones.
pub(super) enum Asks {
    Nothing,
    /// For each step of the block the lengths of the notes that begin, the lowest first.
    Rhythm(Vec<Vec<usize>>),
    /// The pitches in their order, and from each place on the least number of steps that they need.
    Pitches(Vec<u8>, Vec<usize>),
}

impl Asks {
    /// What the `notes` of a block, sorted, ask of those that take their place; their pitches are those of `line`, in its order.
    pub fn of(keep: Keep, notes: &[GridNote], line: Vec<u8>, steps: &Range<usize>) -> Self {
        match keep {
            Keep::Nothing => Asks::Nothing,
            Keep::Rhythm => {
                let mut lengths = vec![Vec::new(); steps.len()];
                notes.iter().for_each(|note| lengths[note.start - steps.start].push(note.end - note.start));
                Asks::Rhythm(lengths)
            }
            Keep::Pitches => {
                let mut needed = vec![0; line.len() + 1];
                for from in (0..line.len()).rev() {
                    needed[from] = 1 + needed[from + run(&line[from..])];
                }
                Asks::Pitches(line, needed)
            }
        }
    }
}

/// How many different pitches a line begins with.
fn run(line: &[u8]) -> usize {
    let mut seen = 0u128;
    line.iter()
        .take_while(|&&pitch| {
            let new = seen >> pitch & 1 == 0;
            seen |= 1 << pitch;
            new
        })
        .count()
}

/// What a candidate has written.
#[derive(Clone, Debug)]
pub(super) struct Voice {
    pub previous: Frame,
    /// New notes that sound: pitch, first step, and with a kept rhythm the first step after.
    open: Vec<(u8, usize, usize)>,
    /// New notes that have ended.
    pub notes: Vec<GridNote>,
    /// The place in a kept line.
    place: usize,
}

impl Voice {
    pub fn new(previous: Frame) -> Self {
        Self { previous, open: Vec::new(), notes: Vec::new(), place: 0 }
    }

    /// The pitches at which new notes sound.
    pub fn own(&self) -> u128 {
        self.open.iter().fold(0, |plane, &(pitch, ..)| plane | 1 << pitch)
    }

    /// What may be written at a step.
    pub fn limits(&self, block: &Block, step: usize, most: usize, onset_plane: bool) -> Limits {
        let locked = block.locked[step];
        let free = !locked.sounding;
        let own = self.own() & free;
        let (goes, stays) = match &block.asks {
            Asks::Rhythm(_) => {
                let due = self.open.iter().filter(|&&(.., end)| end > step);
                let due = due.fold(0, |plane, &(pitch, ..)| plane | 1 << pitch) & free;
                (due, due)
            }
            _ => (own & block.sound[step], 0),
        };
        let goes = if step < block.end { goes } else { 0 };
        let inside = block.steps.contains(&step);
        // Without an onset plane, what goes on sounding cannot be told from what is struck again.
        let sounded = if onset_plane { 0 } else { self.previous.sounding };
        let mut may_strike = block.begin(step) & block.sound[step] & free & !stays & !sounded;
        let strikes = match &block.asks {
            Asks::Nothing => Strikes::Any,
            Asks::Rhythm(lengths) => {
                let lengths = inside.then(|| &lengths[step - block.steps.start]);
                let longest = lengths.and_then(|lengths| lengths.iter().max()).copied().unwrap_or(0);
                let last = block.locked.len().min(step + longest);
                for (frame, sound) in block.locked[step..last].iter().zip(&block.sound[step..last]) {
                    may_strike &= sound & !frame.sounding;
                }
                Strikes::Count(lengths.map_or(0, Vec::len))
            }
            Asks::Pitches(line, needed) if inside => {
                let sets = self.next_of_line(line, needed, block.open_after(step), may_strike);
                may_strike &= sets.iter().fold(0, |all, set| all | set);
                Strikes::OneOf(sets)
            }
            Asks::Pitches(..) => Strikes::Count(0),
        };
        let most = most.max(locked.sounding.count_ones() as usize);
        Limits {
            may_rest: free & !if step < block.end { stays } else { 0 },
            may_hold: goes | locked.sounding & !locked.onsets,
            may_strike: may_strike | locked.onsets,
            counted: free,
            strikes,
            most,
        }
    }

    /// The sets of pitches with which a line may go on, when `left` further steps are open after this one.
    fn next_of_line(&self, line: &[u8], needed: &[usize], left: usize, open: u128) -> Vec<u128> {
        let rest = &line[self.place..];
        let mut sets = Vec::new();
        let mut set = 0u128;
        for (count, place) in (0..=run(rest)).zip(self.place..) {
            if count > 0 {
                set |= 1 << rest[count - 1];
            }
            if needed[place] <= left && set & !open == 0 {
                sets.push(set);
            }
        }
        sets
    }

    /// Takes the frame of a step.
    pub fn push(&mut self, block: &Block, step: usize, frame: Frame) {
        let locked = block.locked[step].sounding;
        let struck = frame.onsets & !locked;
        let goes_on = frame.sounding & !frame.onsets & !locked;
        for &(pitch, start, _) in self.open.iter().filter(|&&(pitch, ..)| goes_on >> pitch & 1 == 0) {
            self.notes.push(GridNote { start, pitch, end: step });
        }
        self.open.retain(|&(pitch, ..)| goes_on >> pitch & 1 == 1);
        let inside = block.steps.contains(&step);
        for (rank, pitch) in pitches(struck).enumerate() {
            let length = match &block.asks {
                Asks::Rhythm(lengths) if inside => {
                    lengths[step - block.steps.start].get(rank).copied().unwrap_or(1)
                }
                _ => 0,
            };
            self.open.push((pitch, step, step + length));
        }
        self.place += struck.count_ones() as usize;
        self.previous = frame;
    }

    /// Ends what sounds.
    pub fn close(&mut self, step: usize) {
        for (pitch, start, _) in self.open.drain(..) {
            self.notes.push(GridNote { start, pitch, end: step });
        }
        self.notes.sort_unstable();
    }
}
