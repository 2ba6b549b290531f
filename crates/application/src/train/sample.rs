//! A sample of four bars during training.

use composer_decoding::{FrameOptions, Generator};
use composer_models::file::Notes;
use composer_models::streams::{Purpose, stream};
use composer_models::{ConditionTrack, ConditionValues, Stepper};
use composer_models::{Encoding, SequenceModel};
use composer_music::representation::frames::DecodeOptions;
use composer_music::{BarMap, midi};

/// Bars in a sample.
const BARS: u64 = 4;

/// A sample as a MIDI file; `None` if the model does not write frames, or cannot write anything yet.
pub fn sample(model: &SequenceModel, notes: &Notes) -> Option<Vec<u8>> {
    let Encoding::Frames { representation, .. } = model.encoding() else { return None };
    let metre = notes.metre();
    let bars = BarMap::uniform(representation.steps_per_quarter, metre);
    let steps = bars.bar(BARS).start as usize;
    let decides_lengths = model.encoding().note_lengths() > 0;
    let options = FrameOptions {
        hold_temperature: (!decides_lengths).then_some(1.0),
        temperature: 0.95,
        ..FrameOptions::default()
    };
    let mut frames = Vec::with_capacity(steps);
    let mut rng = stream(notes.seed, Purpose::Conditions, 0);
    let drawn = model.config().conditions.draw(&ConditionValues::default(), BARS as usize, &mut rng);
    let conditions = ConditionTrack::in_bars(&drawn.values, &bars, None).with_harmony(&drawn.harmony, &bars);
    let stepper = Stepper::new(model).with_conditions(conditions);
    let mut generator =
        Generator::new(stepper, options, 1, notes.seed).ok()?.with_bars(bars).with_forms(vec![drawn.form]);
    for decided in generator.by_ref().take(steps) {
        frames.extend(decided.ok()?.first().map(|step| step.frame));
    }
    let decode = DecodeOptions {
        tempo: notes.quarters_per_minute.unwrap_or(DecodeOptions::default().tempo),
        program: notes.program.unwrap_or(0),
        time_signature: (metre.numerator, metre.denominator),
        ..DecodeOptions::default()
    };
    let velocities = generator.velocities(0).cloned().unwrap_or_default();
    midi::write(&representation.decode_with(&frames, &velocities, &decode)).ok()
}
