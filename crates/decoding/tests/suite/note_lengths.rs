//! Models that decide how long each note lasts where it begins: what is drawn follows the exact distribution, lasts as long as drawn, and keeps to
//! limits.

use crate::note_wise_frames::{of_encoding, representation};
use composer_decoding::frames::{Ending, FrameStrategy, HeldNotes, LengthChoice, NewNote, NoteScratch, Open};
use composer_decoding::frames::{FrameContext, WrittenStep};
use composer_decoding::harmony::Key;
use composer_decoding::rules::Rules;
use composer_decoding::{FrameOptions, Generator};
use composer_models::note_lengths::StepsLeft;
use composer_models::{
    Encoding, FrameSequence, LanguageModel, Network, Sequence, SequenceModel, StepInput, Stepper, Workspace,
    scoring,
};
use composer_music::representation::frames::Frame;
use ndarray::Array2;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;

const LOW: u8 = 60;

fn encoding(pitches: u8, note_lengths: usize, note_velocities: usize) -> Encoding {
    Encoding::Frames {
        representation: representation(pitches, true),
        metre: 4,
        bar_line: 0,
        look_back: 1,
        longest_match: false,
        returns: false,
        rhythm: false,
        note_lengths,
        note_velocities,
    }
}

fn model(pitches: u8, note_lengths: usize, note_velocities: usize) -> SequenceModel {
    of_encoding(Network::NoteWise, encoding(pitches, note_lengths, note_velocities))
}

fn free() -> FrameOptions {
    FrameOptions { max_silence: 1000, max_note_steps: 1000, max_polyphony: 100, ..FrameOptions::default() }
}

/// A piece of so many steps that breaks off.
fn of_length(steps: u64) -> Rules {
    Rules { length: Some(steps), ending_steps: Some(0), ..Rules::default() }
}

fn written(
    model: &SequenceModel,
    options: FrameOptions,
    rules: Rules,
    outputs: usize,
) -> Vec<(Vec<Frame>, Vec<f64>)> {
    let generator = Generator::new(Stepper::new(model), options, outputs, 3).expect("a generator");
    let mut all = vec![(Vec::new(), Vec::new()); outputs];
    for steps in generator.with_rules(rules).expect("rules") {
        for (piece, step) in all.iter_mut().zip(steps.expect("a step")) {
            piece.0.push(step.frame);
            piece.1.push(step.nll);
        }
    }
    all
}

#[test]
fn short_pieces_are_drawn_as_often_as_they_are_likely() {
    let model = model(2, 2, 0);
    let pieces = written(&model, free(), of_length(3), 30_000);
    let mut counts: BTreeMap<Vec<(u128, u128)>, f64> = BTreeMap::new();
    for (frames, _) in &pieces {
        let key = frames.iter().map(|frame| (frame.sounding >> LOW, frame.onsets >> LOW)).collect();
        *counts.entry(key).or_default() += 1.0 / pieces.len() as f64;
    }
    let (mut total, mut far) = (0.0, 0.0f64);
    for (key, found) in &counts {
        let frame =
            |&(sounding, onsets): &(u128, u128)| Frame { sounding: sounding << LOW, onsets: onsets << LOW };
        let piece = [Sequence::frames(key.iter().map(frame).collect())];
        let scored = scoring::score(&model, &piece, &mut Workspace::default()).expect("a score");
        let p = (-scored[0].total().sum()).exp();
        total += p;
        far = far.max((found - p).abs() / (p * (1.0 - p) / pieces.len() as f64).sqrt());
    }
    assert!(counts.len() > 50 && total > 0.99, "{} pieces of {total}", counts.len());
    assert!(far < 4.5, "{far} standard deviations");
}

#[test]
fn the_likelihood_of_what_is_composed_or_read_is_that_of_the_model() {
    for velocities in [0, 4] {
        let model = model(9, 6, velocities);
        let steps = 24;
        let mut generator = Generator::new(Stepper::new(&model), free(), 3, 3)
            .expect("a generator")
            .with_rules(of_length(steps))
            .expect("rules");
        let written: Vec<_> = generator.by_ref().map(|steps| steps.expect("a step")).collect();
        for piece in 0..3 {
            let frames: Vec<Frame> = written.iter().map(|steps| steps[piece].frame).collect();
            let known = generator.velocities(piece).cloned();
            let notes: u32 = frames.iter().map(|frame| frame.onsets.count_ones()).sum();
            assert_eq!(
                known.as_ref().map_or(0, |known| known.len()),
                if velocities > 0 { notes as usize } else { 0 }
            );
            let sequence = FrameSequence::from(frames.clone());
            let sequence = match known {
                Some(known) => sequence.with_velocities(known),
                None => sequence,
            };
            let scored = scoring::score(&model, &[Sequence::Frames(sequence)], &mut Workspace::default());
            for (step, expected) in scored.expect("a score")[0].total().iter().enumerate() {
                approx::assert_abs_diff_eq!(written[step][piece].nll, *expected, epsilon = 1e-4);
            }
            if velocities == 0 {
                let mut reader = Generator::new(Stepper::new(&model), free(), 2, 9).expect("a generator");
                let read = reader.read(&frames, false).expect("a likelihood");
                for (read, steps) in read.iter().zip(&written) {
                    approx::assert_abs_diff_eq!(*read, steps[piece].nll, epsilon = 1e-6);
                }
            }
        }
    }
}

#[test]
fn notes_last_as_long_as_drawn_and_limits_hold() {
    let model = model(12, 8, 0);
    let options = FrameOptions { min_note_steps: 3, max_note_steps: 3, max_polyphony: 4, ..free() };
    let steps = 40;
    for (frames, _) in written(&model, options, of_length(steps), 4) {
        let left = StepsLeft::of(&frames);
        assert!(frames.iter().any(|frame| frame.onsets != 0));
        for (step, &frame) in frames.iter().enumerate() {
            assert!(frame.sounding.count_ones() <= 4);
            let begins = left.at(step, frame).filter(|(pitch, _)| frame.onsets >> pitch & 1 == 1);
            begins.for_each(|(_, lasts)| assert_eq!(lasts, 3.min(steps as u32 - step as u32)));
        }
    }
    // Nothing is struck again at once, and silence ends.
    let options = FrameOptions { rearticulate: false, max_silence: 2, ..free() };
    for (frames, _) in written(&model, options, of_length(steps), 4) {
        assert!(frames.windows(2).all(|pair| pair[1].onsets & pair[0].sounding == 0));
        assert!(frames.windows(3).all(|three| three.iter().any(|frame| !frame.is_silent())));
    }
    // The likeliest is the same whatever the seed.
    let greedy = FrameOptions { temperature: 0.0, ..free() };
    let pieces = written(&model, greedy, of_length(steps), 2);
    assert_eq!(pieces[0].0, pieces[1].0);
}

#[test]
fn a_key_holds_and_the_last_chord_stands_on_its_tonic_to_the_end() {
    let model = model(20, 8, 0);
    let key = Key::new(0, false);
    let rules = Rules { key: Some(key), length: Some(32), last_chord: true, ..Rules::default() };
    for (frames, _) in written(&model, free(), rules.clone(), 8) {
        for (step, frame) in frames.iter().enumerate() {
            assert_eq!(frame.sounding & !rules.pitches(step as u64), 0, "step {step}");
        }
        let last = &frames[28..];
        let bass = last[0].sounding.trailing_zeros();
        assert_eq!((bass % 12, last[0].onsets), (0, last[0].sounding), "the chord begins, on its tonic");
        assert!(last.iter().all(|frame| frame.sounding.trailing_zeros() == bass), "its lowest note goes on");
        assert!(last[1..].iter().all(|frame| frame.onsets == 0));
    }
}

/// The first step of a piece, drawn many times.
fn first_steps(options: &FrameOptions, open: Open, held: &HeldNotes, draws: usize) -> Vec<WrittenStep> {
    let model = model(8, 6, 0);
    let mut stepper = Stepper::new(&model);
    let (mut state, mut logits) = (stepper.zero_state(1), Array2::zeros((1, model.encoding().outputs())));
    let mut features = Vec::new();
    model.encoding().push_features(0, None, None, &mut features);
    model.encoding().push_held(held.each(), &mut features);
    let input = StepInput::MultiHot { indices: &features, offsets: &[0, features.len()] };
    stepper.step(input, &mut state, logits.view_mut()).expect("a step");
    let (representation, context) = (representation(8, true), FrameContext::default());
    let choice = LengthChoice {
        representation: &representation,
        row: 0,
        context: &context,
        held,
        options,
        open,
        to_end: None,
    };
    let (mut scratch, mut rng) = (NoteScratch::default(), ChaCha8Rng::seed_from_u64(4));
    let mut draw = || {
        let notes = stepper.next_note().expect("notes one by one");
        choice.choose(notes, &mut scratch, &mut rng).expect("a step")
    };
    (0..draws).map(|_| draw()).collect()
}

#[test]
fn the_rhythm_holds_and_held_notes_go_on() {
    let mut held = HeldNotes::default();
    held.push(&[NewNote { pitch: LOW + 2, steps: 4, velocity: None }]);
    assert_eq!(held.each().collect::<Vec<_>>(), [(LOW + 2, 3)]);
    for begins in [true, false] {
        let open = Open { begins: Some(begins), ..Open::ALL };
        for step in first_steps(&free(), open, &held, 50) {
            assert_eq!(step.frame.onsets != 0, begins);
            assert_eq!(step.frame.sounding, step.frame.onsets | 1 << (LOW + 2), "a held note is not struck");
            assert!(step.notes.iter().all(|note| note.pitch != LOW + 2 && (1..=6).contains(&note.steps)));
        }
    }
    let bass = 1 << (LOW + 3) | 1 << (LOW + 4);
    let open = Open { ending: Ending::Begins(bass), ..Open::ALL };
    for step in first_steps(&free(), open, &HeldNotes::default(), 50) {
        assert!(bass >> step.notes[0].pitch & 1 == 1);
    }
}

#[test]
fn a_low_temperature_of_lengths_takes_the_likeliest_and_changes_no_other_choice() {
    let of = |options: FrameOptions| first_steps(&options, Open::ALL, &HeldNotes::default(), 200);
    let (usual, sure) = (of(free()), of(FrameOptions { length_temperature: Some(0.0), ..free() }));
    let first = |steps: &[WrittenStep]| -> BTreeMap<u8, Vec<u32>> {
        let mut lengths: BTreeMap<u8, Vec<u32>> = BTreeMap::new();
        for note in steps.iter().filter_map(|step| step.notes.first()) {
            lengths.entry(note.pitch).or_default().push(note.steps);
        }
        lengths
    };
    assert!(first(&usual).values().any(|lengths| lengths.iter().any(|&steps| steps != lengths[0])));
    assert!(first(&sure).values().all(|lengths| lengths.iter().all(|&steps| steps == lengths[0])));
    let share = |steps: &[WrittenStep]| steps.iter().filter(|step| !step.notes.is_empty()).count();
    assert!(share(&usual).abs_diff(share(&sure)) < 40, "{} and {}", share(&usual), share(&sure));
}

#[test]
fn what_a_model_of_lengths_cannot_do_is_refused_in_words() {
    let model = model(4, 6, 0);
    let problem = |options: FrameOptions| {
        Generator::new(Stepper::new(&model), options, 1, 0).err().expect("refused").to_string()
    };
    assert!(problem(FrameOptions { hold_temperature: Some(1.0), ..free() }).starts_with("hold_temperature"));
    let strategy = FrameStrategy::TopVoices(2);
    assert!(problem(FrameOptions { strategy, ..free() }).starts_with("top_voices"));
    assert!(
        problem(FrameOptions { length_temperature: Some(11.0), ..free() }).starts_with("length_temperature")
    );
    let mut generator = Generator::new(Stepper::new(&model), free(), 1, 0).expect("a generator");
    let refused =
        [generator.expected(Frame::default()).err(), generator.drawn_beside(Frame::default()).err()];
    for error in refused {
        assert!(error.expect("refused").to_string().contains("music.note_lengths = 0"));
    }
    let without = of_encoding(Network::NoteWise, encoding(4, 0, 0));
    let options = FrameOptions { length_temperature: Some(1.0), ..free() };
    let error = Generator::new(Stepper::new(&without), options, 1, 0).err().expect("refused");
    assert!(error.to_string().contains("does not decide the lengths"));
}
