//! What a model is asked for while it reads a frame note by note.

use super::{NextNote, NotePosition};
use crate::Error;
use crate::note_lengths::begun;
use composer_music::representation::frames::{Frame, FrameRepresentation};

/// Lets a model that decides at each step which notes are held write a given frame after `previous`, where the batch of its last step has one row. Calls `each`
/// with ln P of every class, as [`NotePosition::log_probs`] has it, and the class of the frame: of each note from the lowest up, then of the end.
///
/// # Errors
/// The model fails, or cannot write the frame.
pub fn each_choice(
    model: &mut dyn NextNote,
    representation: &FrameRepresentation,
    [previous, frame]: [Frame; 2],
    mut each: impl FnMut(&[f64], usize),
) -> Result<(), Error> {
    let pitches = representation.num_pitches();
    let [sounding, struck] =
        [frame.sounding, begun(previous, frame)].map(|plane| representation.offsets(plane));
    let mut position = NotePosition::default();
    model.begin(0, previous, &mut position)?;
    for pitch in (0..pitches).filter(|pitch| sounding >> pitch & 1 == 1) {
        let is_struck = representation.onset_plane && struck >> pitch & 1 == 1;
        let class = if is_struck { pitches + pitch } else { pitch };
        each(&position.log_probs, class);
        model.push(class, &mut position)?;
    }
    let stop = position.log_probs.len().saturating_sub(1);
    each(&position.log_probs, stop);
    Ok(())
}
