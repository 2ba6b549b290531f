//! Whether a model can read the given part, and if not, why.

use super::grid::STEPS_PER_QUARTER;
use crate::error::wrong_input;
use composer_models::{Encoding, Seq2Seq};
use composer_music::Score;
use composer_music::representation::contour::SourceRepresentation;
use composer_music::representation::frames::FrameRepresentation;
use composer_music::representation::grid::Grid;
use composer_music::representation::pitch_name;
use composer_music::roles::Role;

/// Longest source in steps: an hour of sixteenths at 120.
pub const MAX_STEPS: usize = 30_000;

/// Checks that a model can read a part. A remark if it cannot read all of it.
///
/// # Errors
/// The part is too long or lies outside the model's range.
pub fn check(model: &Seq2Seq, part: &Score, role: Role) -> anyhow::Result<Option<String>> {
    let range = match model.config().source {
        Encoding::Frames { representation, .. } => match SourceRepresentation::from(representation) {
            SourceRepresentation::Pitches(frames) => frames,
            SourceRepresentation::Contour(_) => FrameRepresentation::default(),
        },
        _ => return Ok(None),
    };
    let longest = MAX_STEPS as u64 / u64::from(STEPS_PER_QUARTER);
    if Grid::new(part.ticks_per_quarter, STEPS_PER_QUARTER).step(part.end()) > MAX_STEPS as u64 {
        let quarters = (10.0 * part.end() as f64 / f64::from(part.ticks_per_quarter)).round() / 10.0;
        return Err(wrong_input(format!(
            "the {role} ends after {quarters} quarter notes, and {longest} are the most that a part is written for: \
             shorten it, or take out a stray note at its end"
        )));
    }
    let outside = |pitch: &u8| !(range.pitch_low..=range.pitch_high).contains(pitch);
    let all = part.notes().count();
    let pitches: Vec<u8> = part.notes().map(|note| note.pitch).filter(outside).collect();
    let Some(&first) = pitches.first() else { return Ok(None) };
    let [first, low, high] = [first, range.pitch_low, range.pitch_high].map(pitch_name);
    let number = pitches.len();
    let which = match number == all {
        true if all == 1 => "the only note".to_owned(),
        true => format!("all {all} notes"),
        false => format!("{number} of the {all} notes"),
    };
    let lie = if number == 1 { "lies" } else { "lie" };
    let what = format!(
        "{which} of the {role}, such as {first}, {lie} outside the range of the model, {low} to {high}"
    );
    if number == all {
        return Err(wrong_input(format!("{what}: transpose the {role}")));
    }
    Ok(Some(format!("{what}: they stay as they are, and the model does not take them into account.")))
}
