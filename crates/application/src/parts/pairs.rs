//! Pairs of parts from whole pieces.

use super::contour::BASS;
use super::gaps::gaps;
use super::grid::{STEPS_PER_QUARTER, drums, pitched};
use crate::humanise::{self, Kind};
use composer_models::Sequence;
use composer_models::seq2seq::{Pair, Task};
use composer_music::representation::frames::{Frame, strike_rising_edges};
use composer_music::representation::grid::Grid;
use composer_music::roles::{Role, extract, roles};
use composer_music::{BarMap, Score};
use std::collections::BTreeMap;

/// Notes that a part needs to be worth learning from.
const FEWEST_NOTES: usize = 16;

/// The pairs of a task in a piece; none if it has not both parts. `kind` is what is performed where the task is to humanise.
pub fn pairs(task: Task, score: &Score, style: Option<u32>, kind: Kind) -> Vec<Pair> {
    match task {
        Task::Infill => gaps(score),
        Task::Humanise => humanise::pair(score, kind).into_iter().collect(),
        Task::Accompany | Task::Drum | Task::Reharmonise => pair(task, score, style).into_iter().collect(),
    }
}

/// Source and target of a task in a piece, if it has both.
fn pair(task: Task, score: &Score, style: Option<u32>) -> Option<Pair> {
    let found = roles(score, &BTreeMap::new());
    let (source, target) = match task {
        Task::Accompany | Task::Reharmonise => {
            let mut others = extract(score, &found, Role::Accompaniment);
            others.tracks.extend(extract(score, &found, Role::Bass).tracks);
            (extract(score, &found, Role::Melody), others)
        }
        Task::Drum => (extract(score, &found, Role::Bass), extract(score, &found, Role::Drums)),
        Task::Infill | Task::Humanise => return None,
    };
    if source.notes().count().min(target.notes().count()) < FEWEST_NOTES {
        return None;
    }
    let (mut from, mut to) = match task {
        Task::Drum => (BASS.encode(&source), hits(&target)),
        _ => (pitched().encode(&source), pitched().encode(&target)),
    };
    // Both are as long as the piece: where one has ended, it is silent.
    let steps = from.len().max(to.len());
    from.resize(steps, Frame::default());
    to.resize(steps, Frame::default());
    let bars = BarMap::new(score).on_grid(STEPS_PER_QUARTER);
    let (source, target) = (Sequence::frames_in(from, bars.clone()), Sequence::frames_in(to, bars));
    Some(Pair { source, target, style })
}

/// Drum hits on the grid.
fn hits(score: &Score) -> Vec<Frame> {
    let representation = drums();
    let grid = Grid::new(score.ticks_per_quarter, representation.steps_per_quarter);
    let range = representation.range_mask();
    let mut frames: Vec<Frame> = Vec::new();
    for note in score.notes().filter(|note| range >> note.pitch & 1 == 1) {
        let step = grid.step(note.onset) as usize;
        if frames.len() <= step {
            frames.resize(step + 1, Frame::default());
        }
        frames[step].sounding |= 1 << note.pitch;
    }
    strike_rising_edges(&mut frames);
    frames
}

#[cfg(test)]
mod tests {
    use super::*;
    use composer_music::{Metre, Note, TimeSignature, Track};

    #[test]
    fn both_parts_are_in_the_bars_of_the_piece() {
        let notes = |channel: u8, program: u8, pitch: u8| -> Vec<Note> {
            let note = |i: u64| Note {
                onset: i * 240,
                duration: 240,
                pitch: pitch + (i % 5) as u8,
                velocity: 80,
                channel,
                program,
            };
            (0..40).map(note).collect()
        };
        let mut score = Score::new(480);
        score.tracks.push(Track { name: Some("melody".into()), notes: notes(0, 73, 72) });
        score.tracks.push(Track { name: Some("bass".into()), notes: notes(1, 33, 36) });
        let signature = |tick, numerator, denominator| TimeSignature { tick, numerator, denominator };
        score.time_signatures = vec![signature(0, 1, 8), signature(240, 6, 8)];
        let pair = pair(Task::Accompany, &score, None).expect("a pair");
        let jig = Metre { numerator: 6, denominator: 8 };
        for part in [&pair.source, &pair.target] {
            let bars = part.bars().expect("bars");
            assert_eq!((bars.upbeat(), bars.bar_at(2).end, bars.metre_at(2)), (Some(2), 14, jig));
        }
    }
}
