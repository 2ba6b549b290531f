//! Frames under options and rules, whatever the model likes.

use approx::{abs_diff_eq, assert_abs_diff_eq};
use composer_decoding::frames::FrameStrategy;
use composer_decoding::harmony::{ChordPlan, Key, plane};
use composer_decoding::primer::read_notes;
use composer_decoding::surprise::surprise;
use composer_decoding::{FrameOptions, Generator, Rules};
use composer_models::{Encoding, Error, LanguageModel, StepInput};
use composer_music::representation::frames::{Frame, FrameRepresentation};
use composer_music::{BarMap, Metre};
use ndarray::ArrayViewMut2;
use std::cell::RefCell;

/// Logits that wander over time and pitch, the same every time; a real model of no taste.
struct Restless {
    encoding: Encoding,
    time: f32,
}

impl Restless {
    fn new() -> Self {
        Self { encoding: Encoding::frames(FrameRepresentation::default()), time: 0.0 }
    }
}

impl LanguageModel for Restless {
    type State = usize;

    fn encoding(&self) -> &Encoding {
        &self.encoding
    }

    fn zero_state(&self, batch: usize) -> usize {
        batch
    }

    fn gather(&self, _state: &usize, rows: &[usize]) -> usize {
        rows.len()
    }

    fn step(
        &mut self,
        _: StepInput<'_>,
        _: &mut usize,
        mut logits: ArrayViewMut2<'_, f32>,
    ) -> Result<(), Error> {
        self.time += 1.0;
        let outputs = self.encoding.outputs();
        for (index, logit) in logits.iter_mut().enumerate() {
            *logit = 2.0 * (0.37 * self.time + 1.7 * (index % outputs) as f32).sin() - 1.0;
        }
        Ok(())
    }
}

fn write(options: FrameOptions, rules: Rules, steps: usize) -> Vec<Frame> {
    let generator =
        Generator::new(Restless::new(), options, 1, 4).expect("options").with_rules(rules).expect("rules");
    generator.take(steps).map(|step| step.expect("a step")[0].frame).collect()
}

#[test]
fn rules_hold_in_every_step_and_the_ending_is_one() {
    let key = Key::new(7, false);
    let rules = Rules { key: Some(key), range: (50, 80), length: Some(64), ..Rules::default() };
    let frames = write(FrameOptions::default(), rules, 1000);
    assert_eq!(frames.len(), 64, "the length is kept");
    let range = (50..=80).fold(0u128, |range, pitch| range | 1 << pitch);
    for (step, frame) in frames.iter().enumerate() {
        let allowed = plane(if step >= 60 { key.triad() } else { key.scale() }) & range;
        assert_eq!(frame.sounding & !allowed, 0, "step {step}");
        assert!(step <= 60 || frame.onsets == 0, "nothing begins at step {step}, within the ending");
    }
    assert!(frames.iter().any(|frame| frame.onsets != 0));
}

#[test]
fn chords_are_followed() {
    let plan = ChordPlan::read("C Fm", 16).expect("chords");
    let frames = write(FrameOptions::default(), Rules { chords: Some(plan.clone()), ..Rules::default() }, 64);
    for (step, frame) in frames.iter().enumerate() {
        assert_eq!(frame.sounding & !plane(plan.at(step as u64)), 0, "step {step}");
    }
}

#[test]
fn notes_last_as_long_as_asked_for() {
    let options =
        FrameOptions { min_note_steps: 3, max_note_steps: 5, max_polyphony: 4, ..Default::default() };
    for rearticulate in [true, false] {
        let frames = write(FrameOptions { rearticulate, ..options }, Rules::default(), 400);
        for pitch in 0..128 {
            let on = |frame: &Frame| frame.sounding >> pitch & 1 == 1;
            let struck = |frame: &Frame| frame.onsets >> pitch & 1 == 1;
            for start in (0..390).filter(|&start| struck(&frames[start])) {
                let length =
                    1 + frames[start + 1..].iter().take_while(|frame| on(frame) && !struck(frame)).count();
                assert!((3..=5).contains(&length), "pitch {pitch} at {start} lasts {length}");
                assert!(rearticulate || start == 0 || !on(&frames[start - 1]), "struck again");
            }
        }
        assert!(frames.iter().all(|frame| frame.sounding.count_ones() <= 4));
    }
}

#[test]
fn strategies_do_what_they_say() {
    let top = FrameOptions { strategy: FrameStrategy::TopVoices(3), ..FrameOptions::default() };
    assert!(write(top, Rules::default(), 50).iter().all(|frame| frame.sounding.count_ones() == 3));
    let threshold = |p| FrameOptions {
        strategy: FrameStrategy::Threshold(p),
        max_polyphony: 88,
        max_silence: 1000,
        ..FrameOptions::default()
    };
    let count = |p| -> u32 {
        write(threshold(p), Rules::default(), 50).iter().map(|frame| frame.sounding.count_ones()).sum()
    };
    assert!(count(0.3) > count(0.6) && count(0.6) > 0 && count(0.8) == 0, "probabilities stay below 0.74");
    let greedy_holds =
        FrameOptions { hold_temperature: Some(0.0), max_polyphony: 88, ..FrameOptions::default() };
    let a = write(greedy_holds, Rules::default(), 50);
    let b = write(FrameOptions { onset_temperature: Some(2.0), ..greedy_holds }, Rules::default(), 50);
    assert_ne!(a, b, "the temperature of onsets is another");
}

#[test]
fn the_first_event_comes_before_the_piece_is_finished() {
    let mut generator = Generator::new(Restless::new(), FrameOptions::default(), 1, 1).expect("options");
    let first = generator.next().expect("no end").expect("a step");
    assert_eq!(first.len(), 1);
    // One step of the model was asked for, and not the piece.
    assert_eq!(generator.logits()[[0, 0]], 2.0 * (0.37f32).sin() - 1.0);
}

#[test]
fn a_primer_is_read_and_counted_only_if_it_is_injected() {
    let primer = read_notes("C4:1 E4:1").expect("notes");
    let primer = primer.frames(&FrameRepresentation::default()).expect("fits");
    for (injected, left) in [(true, 8), (false, 16)] {
        let rules = Rules { length: Some(16), ..Rules::default() };
        let mut generator = Generator::new(Restless::new(), FrameOptions::default(), 2, 1)
            .expect("options")
            .with_rules(rules)
            .expect("rules");
        let nll = generator.read(&primer, injected).expect("read");
        assert_eq!(nll.len(), 8);
        assert!(nll.iter().all(|nll| *nll > 0.0));
        assert_eq!(generator.count(), left);
    }
}

#[test]
fn surprise_is_assigned_to_the_notes_that_cause_it() {
    let primer = read_notes("C4:0.25 C4:0.25 G4:0.5").expect("notes");
    let piece = primer.frames(&FrameRepresentation::default()).expect("fits");
    let scored = surprise(Restless::new(), &piece, BarMap::uniform(4, Metre::COMMON)).expect("scored");
    let notes: Vec<_> = scored.notes.iter().map(|note| (note.step, note.steps, note.pitch)).collect();
    assert_eq!(notes, [(0, 1, 60), (1, 1, 60), (2, 2, 67)]);
    let p = |time: f32, index: usize| {
        let logit = f64::from(2.0 * (0.37 * time + 1.7 * index as f32).sin() - 1.0);
        1.0 / (1.0 + (-logit).exp())
    };
    assert_abs_diff_eq!(scored.notes[0].nll, -p(1.0, 39).ln(), epsilon = 1e-4);
    assert!(
        abs_diff_eq!(scored.notes[1].nll + p(2.0, 39).ln(), -p(2.0, 88 + 39).ln(), epsilon = 1e-4),
        "struck again"
    );
    assert!(scored.notes.iter().all(|note| note.nll < scored.steps[note.step]));
}

/// Remembers which features it was told beyond those of symbols.
struct Told<'a> {
    encoding: Encoding,
    told: &'a RefCell<Vec<Vec<u32>>>,
}

impl LanguageModel for Told<'_> {
    type State = ();

    fn encoding(&self) -> &Encoding {
        &self.encoding
    }

    fn zero_state(&self, _batch: usize) {}

    fn gather(&self, _state: &(), _rows: &[usize]) {}

    fn step(
        &mut self,
        input: StepInput<'_>,
        _: &mut (),
        mut logits: ArrayViewMut2<'_, f32>,
    ) -> Result<(), Error> {
        let first = self.encoding.outputs() as u32 + 1;
        if let StepInput::MultiHot { indices, offsets } = input {
            let row = &indices[offsets[0]..offsets[1]];
            self.told.borrow_mut().push(row.iter().filter_map(|index| index.checked_sub(first)).collect());
        }
        logits.fill(-3.0);
        Ok(())
    }
}

#[test]
fn the_model_is_told_the_bars_that_it_writes_in_and_that_a_primer_was_in() {
    let representation = FrameRepresentation { steps_per_quarter: 2, ..FrameRepresentation::default() };
    let told = RefCell::new(Vec::new());
    let model = Told {
        encoding: Encoding::Frames {
            representation,
            metre: 8,
            bar_line: 5,
            look_back: 0,
            longest_match: false,
            returns: false,
            rhythm: false,
            note_lengths: 0,
            note_velocities: 0,
        },
        told: &told,
    };
    // An upbeat of a quarter, then 3/4, all in eighths.
    let [upbeat, waltz] = ["1/4", "3/4"].map(|metre| metre.parse().expect("a metre"));
    let bars = BarMap::from_changes(2, [(0, upbeat), (2, waltz)]);
    let mut generator =
        Generator::new(model, FrameOptions::default(), 2, 1).expect("options").with_bars(bars);
    generator.read(&[Frame::default(); 3], true).expect("reads");
    assert_eq!(generator.take(6).filter(Result::is_ok).count(), 6);
    let (beat, left) = (8 + 5, |steps: u32| 8 + steps.min(5) - 1);
    let expected = [
        vec![0, left(2), beat],
        vec![1, left(1)],
        vec![0, left(6), beat],
        vec![1, left(5)],
        vec![2, left(4), beat],
        vec![3, left(3)],
        vec![4, left(2), beat],
        vec![5, left(1)],
        vec![0, left(6), beat],
    ];
    assert_eq!(*told.borrow(), expected);
}

#[test]
fn the_last_chord_stands_on_the_tonic_to_the_end() {
    let key = Key::new(5, true);
    for strategy in [FrameStrategy::Sample, FrameStrategy::Threshold(0.5), FrameStrategy::TopVoices(3)] {
        for (max_polyphony, temperature, min_note_steps) in
            [(8, 0.6, 1), (1, 1.0, 1), (4, 0.0, 3), (3, 1.0, 6)]
        {
            let options = FrameOptions {
                strategy,
                max_polyphony,
                temperature,
                min_note_steps,
                ..FrameOptions::default()
            };
            let ending = 4.max(min_note_steps as u64);
            for length in [20, 33, 64] {
                let rules = Rules {
                    key: Some(key),
                    length: Some(length),
                    ending_steps: Some(ending),
                    last_chord: true,
                    ..Rules::default()
                };
                let frames = write(options, rules, 1000);
                assert_eq!(frames.len() as u64, length);
                for frame in &frames[(length - ending) as usize..] {
                    assert!(!frame.is_silent(), "{options:?}");
                    assert_eq!(frame.sounding.trailing_zeros() % 12, 5, "{options:?}");
                    assert_eq!(frame.sounding & !plane(key.triad()), 0);
                    assert!(frame.sounding.count_ones() as usize <= max_polyphony);
                }
                let last = frames[frames.len() - 1].sounding;
                let at_begin = frames[(length - ending) as usize].sounding;
                assert_eq!(last.trailing_zeros(), at_begin.trailing_zeros(), "the lowest note is held");
            }
        }
    }
}

#[test]
fn no_note_is_shorter_than_asked_for_at_a_chord_or_the_ending() {
    let options = FrameOptions { min_note_steps: 4, ..FrameOptions::default() };
    let rules = Rules {
        chords: Some(ChordPlan::read("C F#", 10).expect("chords")),
        length: Some(95),
        ending_steps: Some(5),
        last_chord: true,
        ..Rules::default()
    };
    let frames = write(options, rules, 1000);
    for pitch in 0..128 {
        let on = |frame: &Frame| frame.sounding >> pitch & 1 == 1 && frame.onsets >> pitch & 1 == 0;
        for start in (0..frames.len()).filter(|&start| frames[start].onsets >> pitch & 1 == 1) {
            let length = 1 + frames[start + 1..].iter().take_while(|frame| on(frame)).count();
            assert!(length >= 4, "pitch {pitch} at {start} lasts {length}");
        }
    }
}

#[test]
fn what_a_primer_ends_with_is_not_held_on() {
    let primer =
        read_notes("C4+E4+G4:2").expect("notes").frames(&FrameRepresentation::default()).expect("fits");
    for rearticulate in [true, false] {
        let options = FrameOptions { rearticulate, min_note_steps: 12, ..FrameOptions::default() };
        let mut generator = Generator::new(Restless::new(), options, 3, 1).expect("options");
        generator.read(&primer, true).expect("read");
        generator.release();
        for step in generator.next().expect("no end").expect("a step") {
            let sounding = step.frame.sounding & (1 << 60 | 1 << 64 | 1 << 67);
            assert_eq!(sounding & !step.frame.onsets, 0, "what sounds is struck");
            assert!(rearticulate || sounding == 0, "or silent, if nothing may be struck again");
        }
    }
}
