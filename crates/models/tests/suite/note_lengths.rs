//! Notes with a length and a velocity of their own: a plain-loop twin, the chain rule over whole pieces, single notes against batches.

use crate::note_wise::{gru, linear, product, weights};
use crate::single_notes::{frames, note_by_note, velocity};
use crate::whole_gradients::verify_some;
use composer_bptt::{Cell, Init, Mode, RecurrentConfig};
use composer_models::batch::Slice;
use composer_models::note_lengths::{StepsLeft, begun, cut_notes, velocity_bin, velocity_of};
use composer_models::{
    Encoding, FrameSequence, ModelConfig, Network, Sequence, SequenceBatch, SequenceModel, Workspace, scoring,
};
use composer_music::BarMap;
use composer_music::representation::frames::{Frame, FrameRepresentation, Velocities, pitches};

const LOW: u8 = 60;

fn encoding(pitch_high: u8, note_lengths: usize, note_velocities: usize, past: bool) -> Encoding {
    let representation = FrameRepresentation { pitch_low: LOW, pitch_high, ..FrameRepresentation::default() };
    Encoding::Frames {
        representation,
        metre: 4,
        bar_line: 0,
        look_back: if past { 2 } else { 0 },
        longest_match: past,
        returns: false,
        rhythm: false,
        note_lengths,
        note_velocities,
    }
}

/// A model all of whose weights matter, those that begin as zeros included.
fn model(encoding: &Encoding, cell: Cell, layers: usize) -> SequenceModel {
    let recurrent = RecurrentConfig { cell: Cell::Lstm, hidden: 5, ..RecurrentConfig::default() };
    let notes = RecurrentConfig { cell, hidden: 4, layers, ..RecurrentConfig::default() };
    let config = ModelConfig::new(encoding.clone(), recurrent).with_network(Network::NoteWise, notes, 0.0);
    let mut model =
        SequenceModel::new(config.with_relative_logits(true), &Init::PYTORCH, 3).expect("a model");
    model.params_mut().values_mut().iter_mut().for_each(|value| *value *= 3.0);
    let mut after = model.weight_mut("notes.after_length.weight").expect("lengths");
    let draws = composer_testkit::uniform(5, after.len(), 1.5);
    after.iter_mut().zip(draws).for_each(|(weight, draw)| *weight = draw as f32);
    model
}

/// Made-up music of 16 pitches without notes that are too long, and with velocities.
fn piece(steps: usize, longest: usize) -> Sequence {
    let frames = FrameSequence::from(frames(LOW, 16, steps)).with_notes_cut(longest);
    let mut velocities = Velocities::new();
    for step in 0..frames.len() {
        let before = step.checked_sub(1).map_or(Frame::default(), |before| frames[before]);
        for pitch in pitches(begun(before, frames[step])) {
            velocities.insert((step, pitch), velocity(step, usize::from(pitch - LOW)));
        }
    }
    Sequence::Frames(frames.with_velocities(velocities))
}

#[test]
fn single_notes_cost_what_they_cost_in_a_batch() {
    for (longest, velocities, cell, layers) in
        [(6, 0, Cell::Gru, 1), (4, 5, Cell::Lstm, 2), (9, 127, Cell::RnnTanh, 1)]
    {
        let encoding = encoding(75, longest, velocities, true);
        let model = model(&encoding, cell, layers);
        let (sequence, short) = (piece(40, longest), piece(9, longest));
        let scored =
            scoring::score(&model, &[sequence.clone(), short.clone()], &mut Workspace::default()).unwrap();
        for (sequence, scored) in [(&sequence, &scored[0]), (&short, &scored[1])] {
            let expected = note_by_note(&model, sequence);
            for (found, expected) in scored.total().iter().zip(&expected) {
                approx::assert_abs_diff_eq!(*found, *expected, epsilon = 1e-4);
                assert!(expected.is_finite());
            }
        }
        // The loss is the same sum.
        let mut batch = SequenceBatch::new(&encoding);
        batch.fill(&encoding, &[Some(Slice { sequence: &sequence, start: 0, transpose: 0 })], 40);
        let mut ws = Workspace::default();
        model.forward(&batch, &mut model.zero_state(1), Mode::Eval, &mut ws).unwrap();
        let nats = model.loss(&batch, &mut ws).unwrap();
        approx::assert_relative_eq!(nats, scored[0].total().sum(), max_relative = 1e-5);
    }
}

#[test]
fn the_probabilities_of_all_short_pieces_sum_to_one() {
    let (steps, longest) = (3, 2);
    let encoding = encoding(LOW + 1, longest, 0, false);
    let model = model(&encoding, Cell::Gru, 1);
    // Of two pitches at each step: silent, struck or held.
    let mut pieces = Vec::new();
    for code in 0..9usize.pow(steps) {
        let digits = (0..2 * steps).map(|place| code / 3usize.pow(place) % 3).collect::<Vec<_>>();
        let plane = |step: usize, from: usize| {
            (0..2)
                .filter(|p| digits[2 * step + p] >= from)
                .fold(0u128, |plane, p| plane | 1 << (LOW as usize + p))
        };
        let mut all: Vec<Frame> = (0..steps as usize)
            .map(|step| Frame { sounding: plane(step, 1), onsets: plane(step, 1) & !plane(step, 2) })
            .collect();
        let out_of_nothing = (0..all.len()).any(|step| {
            let before = step.checked_sub(1).map_or(0, |before| all[before].sounding);
            all[step].sounding & !all[step].onsets & !before != 0
        });
        let as_written = all.clone();
        cut_notes(&mut all, longest);
        if !out_of_nothing && all == as_written {
            pieces.push(Sequence::frames(all));
        }
    }
    assert!(pieces.len() > 100, "{}", pieces.len());
    let scored = scoring::score(&model, &pieces, &mut Workspace::default()).unwrap();
    let total: f64 = scored.iter().map(|nll| (-nll.total().sum()).exp()).sum();
    approx::assert_abs_diff_eq!(total, 1.0, epsilon = 1e-5);
}

#[test]
fn lengths_and_velocities_have_the_gradient_of_their_loss() {
    for (velocities, cell, layers) in [(0, Cell::Lstm, 1), (3, Cell::Gru, 2), (3, Cell::RnnTanh, 1)] {
        let encoding = encoding(75, 4, velocities, true);
        // The end of the first slice cuts notes whose lengths are known, that of the second is the end of the piece.
        let sequence = piece(10, 4);
        let mut batch = SequenceBatch::new(&encoding);
        let slice = |start| Some(Slice { sequence: &sequence, start, transpose: 0 });
        batch.fill(&encoding, &[slice(0), slice(6), None], 6);
        let model = model(&encoding, cell, layers);
        let moved = verify_some(&format!("{cell}, {velocities} velocities"), &model.cast(), &batch.cast());
        assert!(moved > model.params().len() / 8, "{moved} of {}", model.params().len());
    }
}

/// What a frame is written from, as offsets from the lowest of 16 pitches.
struct Written<'a> {
    context: &'a [f64],
    /// What sounded in the last frame.
    before: u128,
    /// Pitch and steps left of the notes that are held.
    held: &'a [(u32, u32)],
    /// Velocity bins of the notes that began last.
    loud: &'a [usize],
    /// Pitch, steps, whether they are only the least, and velocity bin of the notes that begin.
    notes: &'a [(u32, usize, bool, usize)],
}

/// −ln P of one frame by the equations of `note_wise` and `note_wise::lengths`, in plain loops over `f64`: 16 pitches, at most `longest` steps,
/// `bins` velocities.
fn naive(model: &SequenceModel<f64>, longest: usize, bins: usize, written: &Written<'_>) -> f64 {
    let &Written { context, before, held, loud, notes } = written;
    let weight = |name: &str| weights(model, name);
    let mut h: Vec<f64> = linear(&weight, "notes.bridge", context).iter().map(|a| a.tanh()).collect();
    let from_context = product(&weight("notes.context.weight"), context);
    let after = weight("notes.after_length.weight");
    let outer = [127 - before.leading_zeros().min(127) as usize, before.trailing_zeros() as usize];
    // Features: 16 pitches, 25 intervals, twice 25 around, 8 counts, the start, lengths, velocities; then the held pitches, their ends, and
    // the last velocities.
    let (counts, ends) = (16 + 25 + 50, 16 + 25 + 50 + 9);
    let told = ends + longest as u32 + bins as u32;
    let lengths_at = 17 + 24 + 2 * 49;
    let nll_of = |logits: &[f64], classes: std::ops::Range<usize>| -> f64 {
        let sum = |logits: &[f64]| logits.iter().map(|logit| logit.exp()).sum::<f64>();
        sum(logits).ln() - sum(&logits[classes]).ln()
    };
    let mut nll = 0.0;
    for place in 0..=notes.len() {
        let last = place.checked_sub(1).map(|last| notes[last]);
        let mut features: Vec<u32> = Vec::new();
        match last {
            None => features.push(counts + 8),
            Some((pitch, ..)) => {
                features.push(pitch);
                if let Some(below) = place.checked_sub(2) {
                    let (lower, steps, _, bin) = notes[below];
                    features.push(16 + pitch - lower - 1);
                    features.push(ends + steps as u32 - 1);
                    features.extend((bins > 0).then_some(ends + longest as u32 + bin as u32));
                }
                let near = |k: &u32| k.abs_diff(pitch) <= 12;
                let sounded = (0..16u32).filter(|&k| before >> k & 1 == 1).filter(near);
                features.extend(sounded.map(|k| 16 + 25 + 12 + k - pitch));
                let held = held.iter().map(|(k, _)| *k).filter(near);
                features.extend(held.map(|k| 16 + 25 + 25 + 12 + k - pitch));
                features.push(counts + (place as u32).min(8) - 1);
            }
        }
        features.extend(held.iter().map(|(k, _)| told + k));
        for steps in 1..=longest as u32 {
            features.extend(held.iter().any(|(_, left)| *left == steps).then_some(told + 16 + steps - 1));
        }
        let is_loud = |bin: &u32| loud.contains(&(*bin as usize));
        features.extend((0..bins as u32).filter(is_loud).map(|bin| told + 16 + longest as u32 + bin));
        gru(&weight, &features, &mut h);
        let y = linear(&weight, "notes.output", &h);
        let mut added = [0.0; 17];
        if let Some((_, steps, open, bin)) = last {
            let logit = |l: usize| y[lengths_at + l] + from_context[17 + l];
            let logits: Vec<f64> = (0..longest).map(logit).collect();
            nll += nll_of(&logits, steps - 1..if open { longest } else { steps });
            let row = &after[(steps - 1) * (17 + bins)..][..17 + bins];
            added.copy_from_slice(&row[..17]);
            let logit = |u: usize| y[lengths_at + longest + u] + from_context[17 + longest + u] + row[17 + u];
            let logits: Vec<f64> = (0..bins).map(logit).collect();
            nll += if bins > 0 { nll_of(&logits, bin..bin + 1) } else { 0.0 };
        }
        let lowest = last.map_or(0, |(pitch, ..)| pitch as usize + 1);
        let logit = |k: usize| {
            let interval = if last.is_some() && k < 16 { y[17 + k - lowest] } else { 0.0 };
            let from_outer = |place: usize| y[17 + 24 + 49 * place + 24 + k - outer[place]];
            let relative = if before != 0 && k < 16 { from_outer(0) + from_outer(1) } else { 0.0 };
            y[k] + from_context[k] + interval + relative + added[k]
        };
        let open = |k: &usize| !held.iter().any(|(pitch, _)| *pitch as usize == *k);
        let total: f64 = (lowest..=16).filter(open).map(|k| logit(k).exp()).sum();
        nll += total.ln() - logit(notes.get(place).map_or(16, |note| note.0 as usize));
    }
    nll
}

#[test]
fn a_batch_costs_what_plain_loops_say() {
    for (longest, bins) in [(5, 0), (6, 3)] {
        let encoding = encoding(75, longest, bins, false);
        let model = model(&encoding, Cell::Gru, 1).cast::<f64>();
        let sequence = piece(30, longest);
        let Sequence::Frames(all) = &sequence else { unreachable!() };
        let mut batch = SequenceBatch::new(&encoding);
        batch.fill(&encoding, &[Some(Slice { sequence: &sequence, start: 0, transpose: 0 })], 30);
        let batch = batch.cast::<f64>();
        let mut ws = Workspace::default();
        model.forward(&batch, &mut model.zero_state(1), Mode::Eval, &mut ws).unwrap();
        let (mut expected, mut loud) = (0.0, Vec::new());
        for (t, &frame) in all.iter().enumerate() {
            let context: Vec<f64> = ws.hidden().slice(ndarray::s![t, 0, ..]).to_vec();
            let before = t.checked_sub(1).map_or(Frame::default(), |before| all[before]);
            let begins = begun(before, frame);
            // Steps until the pitch is silent, or begins again.
            let left = |pitch: u8| {
                let goes_on = |s: &usize| {
                    all[*s].sounding >> pitch & 1 == 1 && begun(all[s - 1], all[*s]) >> pitch & 1 == 0
                };
                1 + (t + 1..all.len()).take_while(goes_on).count()
            };
            let (mut held, mut notes) = (Vec::new(), Vec::new());
            for pitch in pitches(frame.sounding) {
                let (offset, steps) = (u32::from(pitch - LOW), left(pitch));
                if begins >> pitch & 1 == 1 {
                    let bin = velocity_bin(velocity(t, offset as usize), bins.max(1)) as usize;
                    notes.push((offset, steps, t + steps == all.len(), bin));
                } else {
                    held.push((offset, steps as u32));
                }
            }
            let before = before.sounding >> LOW;
            let written = Written { context: &context, before, held: &held, loud: &loud, notes: &notes };
            expected += naive(&model, longest, bins, &written);
            if !notes.is_empty() {
                loud = notes.iter().map(|note| note.3).collect();
            }
        }
        approx::assert_relative_eq!(model.loss(&batch, &mut ws).unwrap(), expected, max_relative = 1e-9);
    }
}

#[test]
fn a_note_has_the_steps_left_to_its_end_or_to_the_next_of_its_pitch() {
    let held = Frame { sounding: 0b11, onsets: 0 };
    let frames = [
        Frame { sounding: 0b01, onsets: 0b01 },
        Frame { sounding: 0b11, onsets: 0b10 },
        held,
        Frame { sounding: 0b11, onsets: 0b01 },
        Frame { sounding: 0b01, onsets: 0 },
    ];
    let left = StepsLeft::of(&frames);
    let at = |step: usize| left.at(step, frames[step]).collect::<Vec<_>>();
    assert_eq!(at(0), [(0, 3)]);
    assert_eq!(at(1), [(0, 2), (1, 3)]);
    assert_eq!(at(3), [(0, 2), (1, 1)]);
    assert_eq!((at(4), left.longest()), (vec![(0, 1)], 3));
    let mut cut = frames;
    cut_notes(&mut cut, 2);
    assert_eq!(cut.map(|frame| frame.sounding), [0b01, 0b11, 0b10, 0b01, 0b01]);
    assert_eq!(StepsLeft::of(&cut).longest(), 2);
    assert_eq!(StepsLeft::of(&[]).longest(), 0);
    for bins in [1, 3, 32, 127] {
        assert!((0..bins as u32).all(|bin| velocity_bin(velocity_of(bin, bins), bins) == bin), "{bins}");
        assert_eq!((velocity_bin(1, bins), velocity_bin(127, bins)), (0, bins as u32 - 1));
    }
}

#[test]
fn an_excerpt_keeps_velocities_and_begins_what_is_held() {
    let note = |onsets| Frame { sounding: 0b11 << LOW, onsets };
    let frames = vec![note(0b11 << LOW), note(0), note(0b10 << LOW), note(0)];
    let bars = BarMap::uniform(4, "1/16".parse().expect("a metre"));
    let all = [((0, LOW), 10), ((0, LOW + 1), 20), ((2, LOW + 1), 30)];
    let piece = FrameSequence::new(frames, Some(bars)).with_velocities(all.into());
    let excerpt = |from, expected: &[((usize, u8), u8)]| {
        let found = piece.from_bar(from).expect("a bar");
        let again = FrameSequence::new(found.to_vec(), found.bars().cloned());
        assert_eq!(found, again.with_velocities(expected.iter().copied().collect()));
    };
    excerpt(1, &[((0, LOW), 10), ((0, LOW + 1), 20), ((1, LOW + 1), 30)]);
    excerpt(3, &[((0, LOW), 10), ((0, LOW + 1), 30)]);
}

#[test]
fn what_cannot_be_is_refused_in_words() {
    let recurrent = RecurrentConfig { hidden: 3, ..RecurrentConfig::default() };
    let problem = |encoding: Encoding, network| {
        let config =
            ModelConfig::new(encoding, recurrent.clone()).with_network(network, recurrent.clone(), 0.0);
        SequenceModel::zeros(config).err().expect("refused").to_string()
    };
    for network in [Network::Independent, Network::Coupled, Network::Biaxial] {
        assert!(
            problem(encoding(70, 8, 0, false), network)
                .contains("only a note-wise network decides the lengths")
        );
    }
    assert!(
        problem(encoding(70, 0, 8, false), Network::NoteWise).contains("note_velocities needs note_lengths")
    );
    assert!(problem(encoding(70, 9999, 0, false), Network::NoteWise).contains("note_lengths is 9999"));
    assert!(problem(encoding(70, 8, 128, false), Network::NoteWise).contains("127 at most"));
    let encoding = encoding(75, 3, 2, false);
    let long = Sequence::frames(frames(LOW, 16, 40));
    let told = |sequence: &Sequence| encoding.check(sequence).map_err(|error| error.to_string());
    assert!(told(&long).expect_err("too long").contains("longer than the longest"));
    assert!(told(&encoding.fit(long)).expect_err("no velocities").contains("have none"));
    assert_eq!(told(&piece(40, 3)), Ok(()));
}
