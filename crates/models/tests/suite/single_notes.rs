//! Made-up frames, and the likelihood of single notes, for networks that write frames note by note.

use composer_models::note_wise::NotePosition;
use composer_models::{Encoding, LanguageModel, Past, Sequence, SequenceModel, StepInput, Stepper};
use composer_music::representation::frames::Frame;
use composer_testkit::uniform;
use ndarray::Array2;

/// Frames with silences, chords, held and struck notes on `pitches` pitches from `low` on.
pub fn frames(low: u8, pitches: u32, steps: usize) -> Vec<Frame> {
    let mut sounding = 0u128;
    let random = uniform(7, 3 * steps, 1.0);
    random
        .chunks_exact(3)
        .map(|draw| {
            let mask = (1u128 << pitches) - 1;
            let chord = ((draw[0].abs() * f64::from(u16::MAX)) as u128 & mask) << low;
            let before = sounding;
            sounding = if draw[1] > 0.6 {
                0
            } else if draw[1] > 0.0 {
                before | chord & (1 << low)
            } else {
                chord
            };
            let again = if draw[2] > 0.3 { u128::MAX } else { 0b1_0101 << low };
            Frame { sounding, onsets: sounding & (!before | again) }
        })
        .collect()
}

/// −ln P of every note of a sequence, one by one.
pub fn note_by_note(model: &SequenceModel, sequence: &Sequence) -> Vec<f64> {
    let conditions = sequence.conditions().cloned().unwrap_or_default();
    note_by_note_of(&mut Stepper::new(model).with_conditions(conditions), sequence)
}

/// [`note_by_note`] of any model that writes notes one by one.
pub fn note_by_note_of(model: &mut impl LanguageModel, sequence: &Sequence) -> Vec<f64> {
    let encoding = model.encoding().clone();
    let Encoding::Frames { representation, .. } = encoding else { unreachable!() };
    // The second of two rows; the first goes through silence.
    let (mut state, mut position) = (model.zero_state(2), NotePosition::default());
    let (mut logits, mut features) = (Array2::zeros((2, encoding.outputs())), Vec::new());
    let (low, pitches) = (usize::from(representation.pitch_low), representation.num_pitches());
    let Sequence::Frames(frames) = sequence else { unreachable!() };
    let bars = sequence.bars();
    let (mut previous, mut past) = (Frame::default(), Past::<Frame>::default());
    let mut nll = Vec::new();
    for (t, &frame) in frames.iter().enumerate() {
        features.clear();
        let before = t.checked_sub(1).and_then(|before| sequence.symbol(before));
        encoding.push_features(t, bars, None, &mut features);
        let first = features.len();
        encoding.push_features(t, bars, before, &mut features);
        encoding.push_past(t, bars, |step| frames[step], || past.longest_match(), &mut features);
        if let (Some(bars), Some(form), Some(_)) = (bars, frames.form(), sequence.conditions()) {
            encoding.push_returns(t, bars, form, |step| frames[step], &mut features);
            encoding.push_rhythm(t, bars, form, &mut features);
        }
        past.push(frame);
        let input = StepInput::MultiHot { indices: &features, offsets: &[0, first, features.len()] };
        model.step(input, &mut state, logits.view_mut()).unwrap();
        let notes = model.next_note().expect("notes one by one");
        notes.begin(1, previous, &mut position).unwrap();
        let mut sum = 0.0;
        for offset in (0..pitches).filter(|offset| frame.sounding >> (low + offset) & 1 == 1) {
            let total: f64 = position.log_probs.iter().map(|p| p.exp()).sum();
            approx::assert_abs_diff_eq!(total, 1.0, epsilon = 1e-9);
            let struck = frame.onsets >> (low + offset) & 1 == 1;
            let class = if struck && representation.onset_plane { pitches + offset } else { offset };
            sum -= position.log_probs[class];
            notes.push(class, &mut position).unwrap();
            assert!(notes.push(class, &mut position).is_err(), "not above the last one");
        }
        nll.push(sum - position.log_probs.last().unwrap());
        previous = frame;
    }
    nll
}
