//! Velocities and offsets as tokens: two for each note, first how loud it is, then how early or late.

use super::features::source;
use super::place::{Kind, OFFSETS_PER_QUARTER, Placed, placed};
use composer_models::seq2seq::Pair;
use composer_models::{Encoding, Sequence};
use composer_music::{Score, Ticks};
use std::ops::Range;

/// Classes of velocity, of four velocities each.
pub const VELOCITIES: u32 = 32;
const WIDTH: u32 = 128 / VELOCITIES;
/// The earliest and the latest offset, in [`OFFSETS_PER_QUARTER`]: half a step of triplets.
pub const FURTHEST: i32 = 16;
const TOKENS: u32 = VELOCITIES + 2 * FURTHEST as u32 + 1;

/// What a model of these tokens writes.
pub fn encoding() -> Encoding {
    let text = format!("performance: {VELOCITIES} velocities, offsets to {FURTHEST}/{OFFSETS_PER_QUARTER}");
    match Encoding::tokens(TOKENS as usize) {
        Encoding::Tokens { vocabulary, longest_match, voices, .. } => {
            Encoding::Tokens { vocabulary, fingerprint: text, longest_match, voices }
        }
        other => other,
    }
}

/// The class of a velocity.
pub fn velocity_token(velocity: u8) -> u32 {
    (u32::from(velocity) / WIDTH).min(VELOCITIES - 1)
}

/// The class of an offset; what is further away is of the last one.
pub fn offset_token(offset: f64) -> u32 {
    let nearest = (offset.round() as i32).clamp(-FURTHEST, FURTHEST);
    VELOCITIES + (nearest + FURTHEST) as u32
}

/// The tokens that may come at a step of a note.
pub fn allowed(step: usize) -> Range<u32> {
    if step.is_multiple_of(2) { 0..VELOCITIES } else { VELOCITIES..TOKENS }
}

/// The velocity of a class: where `within`, from 0 to below 1, lies in it.
pub fn velocity(token: u32, within: f64) -> u8 {
    let velocity = WIDTH * token.min(VELOCITIES - 1) + (within * f64::from(WIDTH)) as u32;
    velocity.clamp(1, 127) as u8
}

/// The offset of a class in ticks: where `within`, from 0 to below 1, lies in it.
pub fn offset_ticks(token: u32, within: f64, ticks_per_quarter: u16) -> i64 {
    let units =
        f64::from(token.clamp(VELOCITIES, TOKENS - 1) - VELOCITIES) - f64::from(FURTHEST) + within - 0.5;
    (units * f64::from(ticks_per_quarter) / f64::from(OFFSETS_PER_QUARTER)).round() as i64
}

/// The tokens of velocity and offset of a note as it was played.
pub fn played_like(placed: &Placed) -> [u32; 2] {
    [velocity_token(placed.note.velocity), offset_token(placed.offset)]
}

/// The quantised notes of a performance and what they were played like; `None` if it is too short, or was not performed: all velocities
/// are equal, or all notes are on the grid.
pub fn pair(score: &Score, kind: Kind) -> Option<Pair> {
    let notes = placed(score, kind);
    let tick = f64::from(OFFSETS_PER_QUARTER) / f64::from(score.ticks_per_quarter);
    let late = notes.iter().filter(|placed| placed.offset.abs() > tick).count();
    let loud = notes.iter().any(|placed| placed.note.velocity != notes[0].note.velocity);
    if notes.len() < FEWEST_NOTES || !loud || 10 * late < notes.len() {
        return None;
    }
    let target = Sequence::tokens(notes.iter().flat_map(played_like).collect());
    Some(Pair { source: source(score, &notes, kind), target, style: None })
}

/// Notes that a performance needs to be worth learning from.
const FEWEST_NOTES: usize = 16;

/// Ticks in a quarter that offsets need.
pub const FINE: Ticks = 480;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_say_velocities_and_offsets_to_within_their_classes() {
        for played in 1..=127 {
            let (low, high) = (velocity(velocity_token(played), 0.0), velocity(velocity_token(played), 0.99));
            assert!((low..=high).contains(&played) && high - low < 4, "{played}");
        }
        for ticks in -80i64..=80 {
            let token = offset_token(ticks as f64 / 5.0);
            assert!((offset_ticks(token, 0.5, 480) - ticks).abs() <= 3, "{ticks}");
            assert!(allowed(1).contains(&token) && !allowed(0).contains(&token));
        }
        assert_eq!((offset_token(-99.0), offset_token(99.0)), (VELOCITIES, TOKENS - 1));
        assert_eq!(encoding().outputs(), TOKENS as usize);
    }
}
