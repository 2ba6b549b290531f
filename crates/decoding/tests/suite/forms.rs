//! Frames under a form: where notes begin, which beats come again, and what is drawn beside a true past.

use crate::note_wise_frames::{NETWORKS, of_encoding, representation};
use composer_decoding::{FrameOptions, Generator};
use composer_models::{Encoding, Form, Network, SequenceModel, Stepper};
use composer_music::BarMap;
use composer_music::representation::frames::Frame;

/// A model that is told the form, and the rhythm or not.
fn told_the_form(network: Network, rhythm: bool) -> SequenceModel {
    let representation = representation(8, true);
    let encoding = Encoding::Frames {
        representation,
        metre: 16,
        bar_line: 0,
        look_back: 0,
        longest_match: false,
        returns: true,
        rhythm,
        note_lengths: 0,
        note_velocities: 0,
    };
    of_encoding(network, encoding)
}

fn begun(pitch: u8) -> Frame {
    Frame { sounding: 1 << pitch, onsets: 1 << pitch }
}

fn held(pitch: u8) -> Frame {
    Frame { sounding: 1 << pitch, onsets: 0 }
}

/// Four bars of 1/4 in which no beat comes again.
fn planned() -> (Vec<Frame>, BarMap) {
    let bars = [
        [begun(60), held(60), begun(62), held(62)],
        [begun(63), begun(60), held(60), begun(64)],
        [begun(61), begun(62), held(62), held(62)],
        [begun(60), held(60), held(60), begun(62)],
    ];
    (bars.concat(), BarMap::uniform(4, "1/4".parse().unwrap()))
}

#[test]
fn what_is_unlikely_is_left_out_where_the_rhythm_is_told() {
    let (plan, bars) = planned();
    let form = Form::of_frames(&plan, &bars);
    let pieces = |model: &SequenceModel, form: Form, rhythm_min_p: f64| -> Vec<Vec<Frame>> {
        let options = FrameOptions { rhythm_min_p, ..FrameOptions::default() };
        let generator = Generator::new(Stepper::new(model), options, 4, 3).unwrap();
        let generator = generator.with_bars(bars.clone()).with_forms(vec![form]);
        let steps: Vec<_> = generator.take(plan.len()).map(Result::unwrap).collect();
        (0..4).map(|piece| steps.iter().map(|step| step[piece].frame).collect()).collect()
    };
    let differ = |pieces: &[Vec<Frame>]| pieces.iter().any(|piece| *piece != pieces[0]);
    for network in NETWORKS {
        let told = told_the_form(network, true);
        assert!(differ(&pieces(&told, form.clone(), 0.0)), "{network}: drawn");
        // Only the likeliest is as likely as the likeliest.
        assert!(!differ(&pieces(&told, form.clone(), 1.0)), "{network}: nothing is left to draw");
        let without = form.without_rhythm();
        let as_usual =
            |model, form: &Form| pieces(model, form.clone(), 1.0) == pieces(model, form.clone(), 0.0);
        assert!(as_usual(&told, &without), "{network}: the form knows no rhythm");
        assert!(as_usual(&told_the_form(network, false), &form), "{network}: the model is not told");
    }
}

#[test]
fn what_is_drawn_beside_a_true_past_changes_nothing_of_it() {
    let (plan, bars) = planned();
    let form = Form::of_frames(&plan, &bars);
    for network in NETWORKS {
        let model = told_the_form(network, true);
        let generator = || {
            let generator = Generator::new(Stepper::new(&model), FrameOptions::default(), 1, 3).unwrap();
            generator.with_bars(bars.clone()).with_forms(vec![form.clone()])
        };
        let (mut read, mut beside) = (generator(), generator());
        read.read(&plan, true).unwrap();
        let drawn: Vec<Frame> = plan.iter().map(|&frame| beside.drawn_beside(frame).unwrap()).collect();
        for (step, (drawn, planned)) in drawn.iter().zip(&plan).enumerate() {
            assert_eq!(drawn.onsets != 0, planned.onsets != 0, "{network}, step {step}: its rhythm");
        }
        assert_ne!(drawn, plan, "{network}: it is drawn");
        assert_eq!(read.expected(plan[0]).unwrap(), beside.expected(plan[0]).unwrap(), "{network}: one past");
    }
}

#[test]
fn a_form_says_where_notes_begin_and_which_beats_come_again() {
    let beats = [
        [begun(60), held(60), begun(62), held(62)],
        [begun(63), begun(60), held(60), begun(64)],
        [begun(60), held(60), begun(62), held(62)],
        [begun(60), held(60), held(60), begun(62)],
        [begun(63), begun(60), held(60), begun(64)],
    ];
    let (plan, bars) = (beats.concat(), BarMap::uniform(4, "1/4".parse().unwrap()));
    let form = Form::of_frames(&plan, &bars);
    for network in NETWORKS {
        let model = told_the_form(network, false);
        let generator = Generator::new(Stepper::new(&model), FrameOptions::default(), 8, 3).unwrap();
        let steps: Vec<Vec<Frame>> = generator
            .with_bars(bars.clone())
            .with_forms(vec![form.clone()])
            .take(plan.len())
            .map(|decided| decided.unwrap().into_iter().map(|step| step.frame).collect())
            .collect();
        for piece in 0..8 {
            let frames: Vec<Frame> = steps.iter().map(|step| step[piece]).collect();
            for (step, (frame, planned)) in frames.iter().zip(&plan).enumerate() {
                assert_eq!(frame.onsets != 0, planned.onsets != 0, "{network}, step {step}");
            }
            // What was held into a beat then may begin in it now.
            let sounding = |steps: std::ops::Range<usize>| {
                frames[steps].iter().map(|frame| frame.sounding).collect::<Vec<_>>()
            };
            assert_eq!(sounding(8..12), sounding(0..4), "{network}");
            assert_eq!(sounding(16..20), sounding(4..8), "{network}");
        }
    }
}
