//! Made-up frames, and the likelihood of single notes, for networks that write frames note by note.

use composer_models::note_lengths;
use composer_models::note_wise::NotePosition;
use composer_models::{Encoding, LanguageModel, NextNote, Past, Sequence, SequenceModel, StepInput, Stepper};
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

/// A made-up MIDI velocity of a note that begins at a step.
pub fn velocity(step: usize, offset: usize) -> u8 {
    ((17 * step + 31 * offset) % 127 + 1) as u8
}

/// −ln P of the length of the note that was written last, and of its velocity if the model decides it.
fn end(
    notes: &mut dyn NextNote,
    position: &mut NotePosition,
    steps: usize,
    ends_with_piece: bool,
    velocity: u8,
) -> f64 {
    let sum = |log_probs: &[f64]| log_probs.iter().map(|p| p.exp()).sum::<f64>();
    approx::assert_abs_diff_eq!(sum(&position.lengths), 1.0, epsilon = 1e-9);
    assert!(notes.set_length(position.lengths.len() + 1, position).is_err(), "longer than the longest");
    let longest = if ends_with_piece { position.lengths.len() } else { steps };
    let mut nll = -sum(&position.lengths[steps - 1..longest]).ln();
    notes.set_length(steps, position).unwrap();
    assert!(notes.set_length(steps, position).is_err(), "it is decided");
    if !position.velocities.is_empty() {
        approx::assert_abs_diff_eq!(sum(&position.velocities), 1.0, epsilon = 1e-9);
        let bin = note_lengths::velocity_bin(velocity, position.velocities.len()) as usize;
        nll -= position.velocities[bin];
        notes.set_velocity(bin, position).unwrap();
    }
    nll
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
    let (mut nll, mut loud) = (Vec::new(), Vec::new());
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
        let left: Vec<(u8, u32)> = frames.steps_left().at(t, frame).collect();
        let begun = note_lengths::begun(previous, frame);
        encoding.push_held(left.iter().copied().filter(|(pitch, _)| begun >> pitch & 1 == 0), &mut features);
        encoding.push_velocities(loud.iter().copied(), &mut features);
        let input = StepInput::MultiHot { indices: &features, offsets: &[0, first, features.len()] };
        model.step(input, &mut state, logits.view_mut()).unwrap();
        let notes = model.next_note().expect("notes one by one");
        notes.begin(1, previous, &mut position).unwrap();
        let mut sum = 0.0;
        if begun != 0 {
            let begins = (0..128).filter(|pitch| begun >> pitch & 1 == 1);
            loud = begins.map(|pitch| velocity(t, pitch - low)).collect();
        }
        let written = if encoding.note_lengths() > 0 { begun } else { frame.sounding };
        for offset in (0..pitches).filter(|offset| written >> (low + offset) & 1 == 1) {
            let total: f64 = position.log_probs.iter().map(|p| p.exp()).sum();
            approx::assert_abs_diff_eq!(total, 1.0, epsilon = 1e-9);
            let struck = frame.onsets >> (low + offset) & 1 == 1;
            let class = if struck && representation.onset_plane { pitches + offset } else { offset };
            sum -= position.log_probs[class];
            notes.push(class, &mut position).unwrap();
            if encoding.note_lengths() > 0 {
                let steps = left.iter().find(|(pitch, _)| usize::from(*pitch) == low + offset).unwrap().1;
                let ends_with_piece = t + steps as usize == frames.len();
                sum += end(notes, &mut position, steps as usize, ends_with_piece, velocity(t, offset));
            }
            assert!(notes.push(class, &mut position).is_err(), "not above the last one");
        }
        nll.push(sum - position.log_probs.last().unwrap());
        previous = frame;
    }
    nll
}
