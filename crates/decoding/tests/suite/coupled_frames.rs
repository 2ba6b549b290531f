//! Frames whose pitches see each other, against the enumerated distribution.

use approx::abs_diff_eq;
use composer_bptt::{Init, RecurrentConfig};
use composer_decoding::coupled::condition;
use composer_decoding::frames::{self, FrameChoice, FrameContext, FrameStrategy, Open, Scratch};
use composer_decoding::{FrameOptions, Generator};
use composer_models::{Encoding, ModelConfig, Sequence, SequenceModel, scoring};
use composer_models::{Stepper, Workspace};
use composer_music::representation::frames::{Frame, FrameRepresentation};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const PITCHES: usize = 4;

fn representation() -> FrameRepresentation {
    FrameRepresentation { pitch_low: 60, pitch_high: 63, ..FrameRepresentation::default() }
}

/// A coupled model of four pitches with large random weights.
fn model() -> SequenceModel {
    let encoding = Encoding::Frames {
        representation: representation(),
        metre: 4,
        bar_line: 0,
        look_back: 0,
        longest_match: false,
        returns: false,
        rhythm: false,
        note_lengths: 0,
        note_velocities: 0,
    };
    let recurrent = RecurrentConfig { hidden: 6, ..RecurrentConfig::default() };
    let config = ModelConfig { coupled: true, ..ModelConfig::new(encoding, recurrent) };
    let mut model = SequenceModel::new(config, &Init::default(), 5).expect("a model");
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    model.params_mut().values_mut().iter_mut().for_each(|value| *value = rng.random_range(-1.5..1.5));
    model
}

/// What went before: 60 and 62 are held.
fn context() -> FrameContext {
    let mut context = FrameContext::default();
    context.push(Frame { sounding: 0b101 << 60, onsets: 0b101 << 60 });
    context
}

fn logits() -> Vec<f32> {
    (0..2 * PITCHES).map(|v| (1.7 * v as f32).sin()).collect()
}

/// Every frame that may follow [`context`] with its probability under the model.
fn enumerated(model: &SequenceModel) -> Vec<(Frame, f64)> {
    let held = context().previous().sounding;
    let mut all = Vec::new();
    for sounding in 0..1u128 << PITCHES {
        let sounding = sounding << 60;
        for again in 0..1u128 << PITCHES {
            let again = again << 60;
            if again & !(sounding & held) == 0 {
                let frame = Frame { sounding, onsets: sounding & !held | again };
                let mut logits = logits();
                condition(
                    &representation(),
                    model.coupling(),
                    Frame { sounding: held, onsets: held },
                    frame,
                    &mut logits,
                );
                let previous = context().previous();
                all.push((frame, (-frames::nll(&representation(), &logits, previous, frame)).exp()));
            }
        }
    }
    all
}

fn choose(model: &SequenceModel, options: &FrameOptions, rng: &mut ChaCha8Rng) -> Frame {
    let (representation, context) = (representation(), context());
    let mut scratch = Scratch::default();
    let choice = FrameChoice {
        representation: &representation,
        logits: &logits(),
        coupling: model.coupling(),
        context: &context,
        options,
        open: Open::ALL,
    };
    choice.choose(&mut scratch, rng)
}

#[test]
fn samples_follow_the_distribution_that_the_likelihood_charges() {
    let model = model();
    let expected = enumerated(&model);
    let total: f64 = expected.iter().map(|(_, p)| p).sum();
    assert!(abs_diff_eq!(total, 1.0, epsilon = 1e-6), "{total}");
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let options = FrameOptions { max_note_steps: 1000, ..FrameOptions::default() };
    let draws = 40_000;
    let drawn: Vec<Frame> = (0..draws).map(|_| choose(&model, &options, &mut rng)).collect();
    for (frame, p) in expected {
        let measured = drawn.iter().filter(|&&drawn| drawn == frame).count() as f64 / f64::from(draws);
        let deviation = 5.0 * (p * (1.0 - p) / f64::from(draws)).sqrt();
        assert!(abs_diff_eq!(measured, p, epsilon = deviation), "{frame:?}: {measured} for {p}");
    }
}

#[test]
fn limits_hold_in_every_sample() {
    let model = model();
    let mut rng = ChaCha8Rng::seed_from_u64(8);
    for temperature in [0.3, 1.0, 3.0] {
        let options =
            FrameOptions { temperature, max_polyphony: 2, max_silence: 0, ..FrameOptions::default() };
        for _ in 0..500 {
            let count = choose(&model, &options, &mut rng).sounding.count_ones();
            assert!((1..=2).contains(&count), "{count} pitches");
        }
    }
}

#[test]
fn temperature_changes_which_notes_begin_and_not_how_many_nor_what_is_held() {
    let model = model();
    let draws = 20_000;
    for coupling in [None, model.coupling()] {
        let at = |temperature: f64| -> Vec<Frame> {
            let mut rng = ChaCha8Rng::seed_from_u64(10);
            let options = FrameOptions { temperature, max_note_steps: 1000, ..FrameOptions::default() };
            let (representation, context, logits) = (representation(), context(), logits());
            let mut scratch = Scratch::default();
            let choice = FrameChoice {
                representation: &representation,
                logits: &logits,
                coupling,
                context: &context,
                options: &options,
                open: Open::ALL,
            };
            (0..draws).map(|_| choice.choose(&mut scratch, &mut rng)).collect()
        };
        let held = context().previous().sounding;
        let share = |frames: &[Frame], holds: &dyn Fn(&Frame) -> bool| {
            frames.iter().filter(|frame| holds(frame)).count() as f64 / f64::from(draws)
        };
        let same = |a: f64, b: f64| abs_diff_eq!(a, b, epsilon = 5.0 * (0.5 / f64::from(draws)).sqrt());
        let learnt = at(1.0);
        let one_begins = |frame: &Frame| (frame.sounding & !held).count_ones() == 1;
        let likelier = |frame: &Frame| one_begins(frame) && frame.sounding >> 61 & 1 == 1;
        let of_one = |frames: &[Frame]| share(frames, &likelier) / share(frames, &one_begins);
        let mut before = f64::NAN;
        for temperature in [3.0, 1.0, 0.4, 1e-6] {
            let frames = at(temperature);
            for count in 0..=2 {
                let begin = |frame: &Frame| (frame.sounding & !held).count_ones() == count;
                assert!(
                    same(share(&frames, &begin), share(&learnt, &begin)),
                    "{count} begin at {temperature}"
                );
            }
            for pitch in [60, 62] {
                let on = |frame: &Frame| frame.sounding >> pitch & 1 == 1;
                assert!(same(share(&frames, &on), share(&learnt, &on)), "{pitch} is held at {temperature}");
            }
            let now = of_one(&frames);
            assert!(before.is_nan() || now > before - 0.02, "{temperature}: {now} after {before}");
            before = now;
        }
        assert!(before > 0.95, "at last the likelier of the two begins: {before}");
    }
}

#[test]
fn a_note_that_looks_again_follows_the_tempered_distribution() {
    let (model, temperature) = (model(), 0.4);
    let held = context().previous().sounding;
    let options = FrameOptions { temperature, max_note_steps: 1000, ..FrameOptions::default() };
    let mut rng = ChaCha8Rng::seed_from_u64(12);
    let drawn: Vec<u128> = (0..40_000).map(|_| choose(&model, &options, &mut rng).sounding).collect();
    // P(sounding), summed over what is struck again.
    let p = |sounding: u128| -> f64 {
        let of_all = enumerated(&model);
        of_all.iter().filter(|(frame, _)| frame.sounding == sounding).map(|(_, p)| p).sum()
    };
    // Whatever goes on, one note begins: at 61 or at 63.
    for goes_on in [0, 1 << 60, 1 << 62, held] {
        let [a, b] = [goes_on | 1 << 61, goes_on | 1 << 63];
        let count = |sounding: u128| drawn.iter().filter(|&&drawn| drawn == sounding).count() as f64;
        let (measured, of) = (count(a), count(a) + count(b));
        let expected = 1.0 / (1.0 + (p(b) / p(a)).powf(1.0 / temperature));
        let deviation = 5.0 * (expected * (1.0 - expected) / of).sqrt();
        assert!(
            abs_diff_eq!(measured / of, expected, epsilon = deviation),
            "{goes_on:b}: {} for {expected}",
            measured / of
        );
    }
}

#[test]
fn greedy_threshold_and_top_voices_find_the_most_likely_frame() {
    let model = model();
    // The most likely pitches, of those that sound so many; who is struck again comes after.
    let best = |low: u32, high: u32| {
        let logits_of = |sounding: u128| {
            let held = context().previous();
            let mut logits = logits();
            condition(&representation(), model.coupling(), held, Frame { sounding, onsets: 0 }, &mut logits);
            let plane = FrameRepresentation { onset_plane: false, ..representation() };
            frames::nll(&plane, &logits[..PITCHES], held, Frame { sounding, onsets: 0 })
        };
        (0..1u128 << PITCHES)
            .map(|sounding| sounding << 60)
            .filter(|sounding| (low..=high).contains(&sounding.count_ones()))
            .min_by(|&a, &b| logits_of(a).total_cmp(&logits_of(b)))
            .expect("some")
    };
    let mut rng = ChaCha8Rng::seed_from_u64(9);
    let greedy = FrameOptions { temperature: 0.0, max_silence: 1000, ..FrameOptions::default() };
    assert_eq!(choose(&model, &greedy, &mut rng).sounding, best(0, 4));
    for strategy in [FrameStrategy::Threshold(0.5), FrameStrategy::TopVoices(3)] {
        let options = FrameOptions { strategy, temperature: 1.0, ..greedy };
        let expected = if strategy == FrameStrategy::TopVoices(3) { best(3, 3) } else { best(0, 4) };
        assert_eq!(choose(&model, &options, &mut rng).sounding, expected, "{strategy:?}");
    }
}

#[test]
fn a_piece_costs_the_same_read_at_once_and_step_by_step_as_it_is_written() {
    let model = model();
    let mut generator = Generator::new(Stepper::new(&model), FrameOptions::default(), 2, 3).expect("options");
    let written: Vec<_> = generator.by_ref().take(60).map(|step| step.expect("a step")[1]).collect();
    let piece: Vec<Frame> = written.iter().map(|step| step.frame).collect();
    assert!(piece.iter().any(|frame| frame.sounding.count_ones() > 1));
    let at_once = scoring::score(&model, &[Sequence::frames(piece.clone())], &mut Workspace::default())
        .expect("scores");
    let read = Generator::new(Stepper::new(&model), FrameOptions::default(), 1, 0)
        .expect("options")
        .read(&piece, true)
        .expect("read");
    for (step, ((written, scored), read)) in written.iter().zip(at_once[0].steps()).zip(&read).enumerate() {
        assert!(
            abs_diff_eq!(written.nll, scored.total(), epsilon = 1e-3),
            "step {step}: {} {}",
            written.nll,
            scored.total()
        );
        assert!(
            abs_diff_eq!(*read, scored.total(), epsilon = 1e-3),
            "step {step}: {read} {}",
            scored.total()
        );
    }
}
