//! Frames note by note: what is drawn follows the exact distribution, limits hold, and a low temperature thins nothing out.

use composer_bptt::{Cell, Init, RecurrentConfig};
use composer_decoding::frames::{Ending, NoteChoice, NoteScratch, Open};
use composer_decoding::frames::{FrameContext, FrameStrategy};
use composer_decoding::{FrameOptions, Generator, compose};
use composer_models::{
    Encoding, LanguageModel, ModelConfig, Network, Sequence, SequenceModel, StepInput, Stepper, Workspace,
    scoring,
};
use composer_music::representation::frames::{Frame, FrameRepresentation};
use ndarray::Array2;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;

const LOW: u8 = 60;

pub fn representation(pitches: u8, onset_plane: bool) -> FrameRepresentation {
    FrameRepresentation {
        pitch_low: LOW,
        pitch_high: LOW + pitches - 1,
        onset_plane,
        ..FrameRepresentation::default()
    }
}

fn model(pitches: u8, onset_plane: bool) -> SequenceModel {
    of_network(Network::NoteWise, pitches, onset_plane)
}

/// Of any kind that has a distribution for each note.
pub const NETWORKS: [Network; 2] = [Network::NoteWise, Network::Biaxial];

fn of_network(network: Network, pitches: u8, onset_plane: bool) -> SequenceModel {
    of_encoding(network, Encoding::frames(representation(pitches, onset_plane)))
}

/// A model that sees earlier bars.
fn looking_back(network: Network, pitches: u8) -> SequenceModel {
    let representation = representation(pitches, true);
    of_encoding(
        network,
        Encoding::Frames {
            representation,
            metre: 16,
            bar_line: 0,
            look_back: 3,
            longest_match: false,
            returns: false,
            rhythm: false,
            note_lengths: 0,
            note_velocities: 0,
        },
    )
}

pub fn of_encoding(network: Network, encoding: Encoding) -> SequenceModel {
    let recurrent = RecurrentConfig { cell: Cell::Gru, hidden: 6, ..RecurrentConfig::default() };
    let notes = RecurrentConfig { cell: Cell::Gru, hidden: 5, ..RecurrentConfig::default() };
    let config = ModelConfig::new(encoding, recurrent).with_network(network, notes, 0.0);
    let mut model = SequenceModel::new(config, &Init::PYTORCH, 5).unwrap();
    model.params_mut().values_mut().iter_mut().for_each(|value| *value *= 2.0);
    model
}

/// What the model has read one frame of, ready to write the next.
struct Written<'m> {
    stepper: Stepper<'m>,
    context: FrameContext,
    logits: Vec<f32>,
}

fn after<'m>(model: &'m SequenceModel, frame: Frame) -> Written<'m> {
    let mut stepper = Stepper::new(model);
    let mut state = stepper.zero_state(1);
    let mut logits = Array2::zeros((1, model.encoding().outputs()));
    let sequence = Sequence::frames(vec![frame]);
    for step in 0..2 {
        let mut features = Vec::new();
        let before = (step > 0).then(|| sequence.symbol(0).unwrap());
        model.encoding().push_features(step, None, before, &mut features);
        let input = StepInput::MultiHot { indices: &features, offsets: &[0, features.len()] };
        stepper.step(input, &mut state, logits.view_mut()).unwrap();
    }
    let mut context = FrameContext::default();
    context.push(frame);
    Written { stepper, context, logits: vec![0.0; model.encoding().outputs()] }
}

fn frequencies(
    model: &SequenceModel,
    before: Frame,
    options: &FrameOptions,
    draws: usize,
) -> BTreeMap<(u128, u128), f64> {
    let Encoding::Frames { representation, .. } = *model.encoding() else { unreachable!() };
    let Written { mut stepper, context, mut logits } = after(model, before);
    let (mut scratch, mut rng) = (NoteScratch::default(), ChaCha8Rng::seed_from_u64(9));
    let mut counts = BTreeMap::new();
    for _ in 0..draws {
        let choice = NoteChoice {
            representation: &representation,
            row: 0,
            context: &context,
            options,
            open: Open::ALL,
        };
        let frame = choice.choose(&mut stepper, &mut logits, &mut scratch, &mut rng).unwrap();
        *counts.entry((frame.sounding >> LOW, frame.onsets >> LOW)).or_insert(0.0) += 1.0 / draws as f64;
    }
    counts
}

/// P(frame after `before`) of every frame.
fn exact(model: &SequenceModel, before: Frame, pitches: u32) -> BTreeMap<(u128, u128), f64> {
    let mut all = BTreeMap::new();
    let onset_plane = model.encoding().outputs() > pitches as usize;
    let held = before.sounding >> LOW;
    for sounding in 0..1u128 << pitches {
        for onsets in (0..1u128 << pitches).filter(|onsets| onsets & !sounding == 0) {
            let begins = sounding & !held;
            if onsets & begins != begins || (!onset_plane && onsets != begins) {
                continue;
            }
            let frame = Frame { sounding: sounding << LOW, onsets: onsets << LOW };
            let piece = [Sequence::frames(vec![before, frame])];
            let scored = scoring::score(model, &piece, &mut Workspace::default()).unwrap();
            all.insert((sounding, onsets), (-scored[0].total()[1]).exp());
        }
    }
    all
}

const FREE: fn() -> FrameOptions = || FrameOptions { max_silence: usize::MAX, ..FrameOptions::default() };

#[test]
fn draws_follow_the_exact_distribution() {
    for (network, onset_plane) in NETWORKS.into_iter().flat_map(|network| [(network, true), (network, false)])
    {
        let model = of_network(network, 4, onset_plane);
        let before = Frame { sounding: 0b0101 << LOW, onsets: 0b0101 << LOW };
        let (draws, expected) = (20_000, exact(&model, before, 4));
        assert!((expected.values().sum::<f64>() - 1.0).abs() < 1e-4);
        let found = frequencies(&model, before, &FREE(), draws);
        for (frame, p) in expected {
            let deviation = 5.0 * (p * (1.0 - p) / draws as f64).sqrt() + 1e-3;
            let measured = found.get(&frame).copied().unwrap_or(0.0);
            assert!((measured - p).abs() < deviation, "{frame:?}: {measured} for {p}");
        }
    }
}

#[test]
fn greedy_is_the_most_likely_frame() {
    for (seed, network) in (0..4u128).flat_map(|seed| NETWORKS.map(|network| (seed, network))) {
        let model = of_network(network, 4, true);
        let before = Frame { sounding: (seed * 5 % 16) << LOW, onsets: (seed * 5 % 16) << LOW };
        let expected = exact(&model, before, 4);
        let best = expected.iter().max_by(|a, b| a.1.total_cmp(b.1)).unwrap().0;
        let greedy = FrameOptions { temperature: 0.0, ..FREE() };
        let found = frequencies(&model, before, &greedy, 1);
        assert_eq!(found.keys().next().unwrap(), best);
    }
}

#[test]
fn a_low_temperature_chooses_likelier_notes_and_not_fewer() {
    let model = model(12, true);
    let before = Frame { sounding: 0b1001 << LOW, onsets: 0b1001 << LOW };
    let begin = |options: &FrameOptions| {
        let all = frequencies(&model, before, options, 4000);
        let notes: f64 = all.iter().map(|((_, onsets), p)| f64::from(onsets.count_ones()) * p).sum();
        (notes, -all.values().map(|p| p * p.ln()).sum::<f64>())
    };
    let (usual, entropy) = begin(&FREE());
    let (low, certain) = begin(&FrameOptions { temperature: 0.3, ..FREE() });
    assert!(certain < entropy - 0.5, "{certain} {entropy}");
    assert!((low / usual - 1.0).abs() < 0.25, "{low} notes begin instead of {usual}");
    let (nucleus, fewer) = begin(&FrameOptions { top_p: 0.3, ..FREE() });
    assert!(fewer < entropy - 0.5 && (nucleus / usual - 1.0).abs() < 0.25, "{fewer} {nucleus}");
    let (_, sure) = begin(&FrameOptions { whether_temperature: 0.0, ..FREE() });
    assert!(sure < entropy - 0.3, "{sure} {entropy}");
}

#[test]
fn at_a_min_p_of_one_only_the_likeliest_note_or_end_is_left() {
    for network in NETWORKS {
        let model = of_network(network, 24, true);
        let pieces =
            |min_p| compose(Stepper::new(&model), FrameOptions { min_p, ..FREE() }, 2, 40, 4).unwrap();
        let [first, second] = &pieces(1.0)[..] else { unreachable!("two outputs") };
        assert_eq!(first.frames, second.frames, "{network}: nothing is left to chance");
        assert_ne!(pieces(0.0)[0].frames, pieces(0.0)[1].frames, "{network}");
        assert_ne!(pieces(0.5)[0].frames, pieces(0.0)[0].frames, "{network}");
    }
    let refused = compose(
        Stepper::new(&of_network(Network::NoteWise, 24, true)),
        FrameOptions { min_p: 1.5, ..FREE() },
        1,
        1,
        4,
    );
    assert!(refused.is_err());
}

#[test]
fn limits_hold() {
    NETWORKS.into_iter().for_each(limits_hold_for);
}

fn limits_hold_for(network: Network) {
    let model = of_network(network, 24, true);
    let options = FrameOptions {
        max_polyphony: 3,
        max_silence: 2,
        min_note_steps: 2,
        max_note_steps: 5,
        ..FrameOptions::default()
    };
    for strategy in [FrameStrategy::Sample, FrameStrategy::Threshold(0.2), FrameStrategy::TopVoices(2)] {
        let options = FrameOptions { strategy, ..options };
        let pieces = compose(Stepper::new(&model), options, 2, 120, 4).unwrap();
        for piece in &pieces {
            let (mut ages, mut silence) = ([0usize; 128], 0);
            for (step, frame) in piece.frames.iter().enumerate() {
                assert!(frame.sounding.count_ones() <= 3);
                silence = if frame.sounding == 0 { silence + 1 } else { 0 };
                assert!(silence <= 2, "step {step}");
                for (pitch, age) in ages.iter_mut().enumerate() {
                    let (on, begins) = (frame.sounding >> pitch & 1 == 1, frame.onsets >> pitch & 1 == 1);
                    assert!(on || !begins);
                    let ended = *age > 0 && (!on || begins);
                    assert!(!ended || *age >= 2, "step {step}: a note of {age}");
                    *age = if !on {
                        0
                    } else if begins {
                        1
                    } else {
                        *age + 1
                    };
                    assert!(*age <= 5, "step {step}: a note of {age}");
                }
            }
        }
    }
}

#[test]
fn what_was_composed_costs_what_scoring_says() {
    NETWORKS.into_iter().for_each(composed_costs_what_scoring_says);
}

fn composed_costs_what_scoring_says(network: Network) {
    let model = looking_back(network, 24);
    let pieces = compose(Stepper::new(&model), FREE(), 2, 60, 4).unwrap();
    for piece in pieces {
        let sequence = Sequence::frames(piece.frames.clone());
        let scored =
            scoring::score(&model, std::slice::from_ref(&sequence), &mut Workspace::default()).unwrap();
        let mut reader = Generator::new(Stepper::new(&model), FREE(), 1, 0).unwrap();
        let read = reader.read(&piece.frames, true).unwrap();
        for ((found, read), expected) in piece.nll.iter().zip(&read).zip(scored[0].total()) {
            approx::assert_abs_diff_eq!(found, &expected, epsilon = 2e-4);
            approx::assert_abs_diff_eq!(read, &expected, epsilon = 2e-4);
        }
    }
}

#[test]
fn a_last_chord_begins_with_its_bass_and_goes_on() {
    let model = model(24, true);
    let Encoding::Frames { representation, .. } = *model.encoding() else { unreachable!() };
    let Written { mut stepper, context, mut logits } = after(&model, Frame::default());
    let (mut scratch, mut rng) = (NoteScratch::default(), ChaCha8Rng::seed_from_u64(2));
    let options = FrameOptions::default();
    let open = Open { ending: Ending::Begins(0b1000_0001 << LOW), ..Open::ALL };
    for _ in 0..50 {
        let choice = NoteChoice {
            representation: &representation,
            row: 0,
            context: &context,
            options: &options,
            open,
        };
        let frame = choice.choose(&mut stepper, &mut logits, &mut scratch, &mut rng).unwrap();
        let lowest = frame.sounding.trailing_zeros() - u32::from(LOW);
        assert!(lowest == 0 || lowest == 7, "{lowest}");
    }
}
