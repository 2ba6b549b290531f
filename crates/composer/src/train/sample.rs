//! A sample of four bars during training.

use composer_decoding::{FrameOptions, compose};
use composer_models::file::Notes;
use composer_models::sequence_model::Stepper;
use composer_models::{Encoding, SequenceModel};
use composer_music::midi;
use composer_music::representation::frames::DecodeOptions;

/// Bars of four quarters in a sample.
const BARS: usize = 4;

/// A sample as a MIDI file; `None` if the model does not write frames, or cannot write anything yet.
pub fn sample(model: &SequenceModel, notes: &Notes) -> Option<Vec<u8>> {
    let Encoding::Frames { representation, .. } = model.encoding() else { return None };
    let steps = BARS * 4 * representation.steps_per_quarter as usize;
    let options = FrameOptions { hold_temperature: Some(1.0), temperature: 0.95, ..FrameOptions::default() };
    let composition = compose(Stepper::new(model), options, 1, steps, notes.seed).ok()?.pop()?;
    let decode = DecodeOptions {
        tempo: notes.quarters_per_minute.unwrap_or(DecodeOptions::default().tempo),
        program: notes.program.unwrap_or(0),
        ..DecodeOptions::default()
    };
    midi::write(&representation.decode(&composition.frames, &decode)).ok()
}
