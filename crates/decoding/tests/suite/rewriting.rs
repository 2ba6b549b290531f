//! Rewriting draws from the exact conditional distribution, which a small model allows to enumerate, and touches nothing else.

use composer_bptt::{Cell, Init, RecurrentConfig};
use composer_decoding::Error;
use composer_decoding::rewrite::{GridNote, Keep, Passage, RewriteOptions, Rewriter};
use composer_models::{
    ConditionTrack, Encoding, ModelConfig, Network, Sequence, SequenceModel, Workspace, scoring,
};
use composer_music::BarMap;
use composer_music::representation::frames::{Frame, FrameRepresentation};
use std::collections::BTreeMap;
use std::ops::Range;

const LOW: u8 = 60;
const STEPS: usize = 8;

fn model(network: Network, onset_plane: bool) -> SequenceModel {
    let representation = FrameRepresentation {
        pitch_low: LOW,
        pitch_high: LOW + 2,
        onset_plane,
        ..FrameRepresentation::default()
    };
    let encoding = Encoding::Frames {
        representation,
        metre: 4,
        bar_line: 0,
        look_back: 1,
        longest_match: true,
        returns: false,
        rhythm: false,
        note_lengths: 0,
        note_velocities: 0,
    };
    let recurrent = RecurrentConfig { cell: Cell::Gru, hidden: 6, ..RecurrentConfig::default() };
    let notes = RecurrentConfig { cell: Cell::Gru, hidden: 5, ..RecurrentConfig::default() };
    let config = ModelConfig::new(encoding, recurrent).with_network(network, notes, 0.0);
    let mut model = SequenceModel::new(config, &Init::PYTORCH, 5).expect("a model");
    model.params_mut().values_mut().iter_mut().for_each(|value| *value *= 3.0);
    if let Ok(mut coupling) = model.weight_mut("coupling.weight") {
        coupling.iter_mut().enumerate().for_each(|(i, weight)| *weight = 1.5 * (3.0 * i as f32).sin());
    }
    model
}

fn note(start: usize, offset: u8, end: usize) -> GridNote {
    GridNote { start, pitch: LOW + offset, end }
}

fn frames(notes: &[GridNote]) -> Vec<Frame> {
    let mut frames = vec![Frame::default(); STEPS];
    for note in notes {
        frames[note.start].onsets |= 1 << note.pitch;
        frames[note.start..note.end].iter_mut().for_each(|frame| frame.sounding |= 1 << note.pitch);
    }
    frames
}

/// A piece in bars of four steps with a note that sounds into the gap, `3..5`, and one that is struck in it.
fn passage(notes: &[GridNote], gap: Range<usize>, keep: Keep) -> Passage {
    let mut begin = vec![0; STEPS];
    begin[gap.clone()].fill(0b111 << LOW);
    Passage {
        kept: frames(&[note(0, 0, 2), note(1, 1, 4), note(6, 1, 8), note(5, 2, 7)]),
        notes: notes.to_vec(),
        begin,
        sound: vec![u128::MAX; STEPS],
        end: gap.end,
        keep,
        max_polyphony: 2,
        bars: BarMap::uniform(4, "1/4".parse().expect("a metre")),
        conditions: ConditionTrack::default(),
    }
}

/// All ways to fill a gap at one pitch.
fn lines(offset: u8, gap: Range<usize>) -> Vec<Vec<GridNote>> {
    let Some(start) = gap.clone().next() else { return vec![Vec::new()] };
    let mut all = lines(offset, start + 1..gap.end);
    for end in start + 1..=gap.end {
        for mut rest in lines(offset, end..gap.end) {
            rest.insert(0, note(start, offset, end));
            all.push(rest);
        }
    }
    all
}

/// Whether new notes satisfy a passage; written as its documentation says it.
fn satisfies(passage: &Passage, notes: &[GridNote], onset_plane: bool) -> bool {
    let sounds = |step: usize, pitch: u8| passage.kept[step].sounding >> pitch & 1 == 1;
    if notes.iter().any(|note| (note.start..note.end).any(|step| sounds(step, note.pitch))) {
        return false;
    }
    let touches = |a: &GridNote| {
        let before = a.start.checked_sub(1).is_some_and(|step| sounds(step, a.pitch));
        before || notes.iter().any(|b| b.pitch == a.pitch && b.end == a.start)
    };
    if !onset_plane && notes.iter().any(touches) {
        return false;
    }
    let mut whole = passage.kept.clone();
    for note in notes {
        whole[note.start..note.end].iter_mut().for_each(|frame| frame.sounding |= 1 << note.pitch);
    }
    if whole.iter().any(|frame| frame.sounding.count_ones() as usize > passage.max_polyphony) {
        return false;
    }
    let rhythm = |notes: &[GridNote]| notes.iter().map(|note| (note.start, note.end)).collect::<Vec<_>>();
    match passage.keep {
        Keep::Nothing => true,
        Keep::Rhythm => rhythm(notes) == rhythm(&passage.notes),
        Keep::Pitches => {
            // Step by step the next of the line, in any order within a step.
            let mut line: Vec<u8> = passage.notes.iter().map(|note| note.pitch).collect();
            for chord in notes.chunk_by(|a, b| a.start == b.start) {
                if chord.len() > line.len() {
                    return false;
                }
                let mut next: Vec<u8> = line.drain(..chord.len()).collect();
                next.sort_unstable();
                if !next.iter().eq(chord.iter().map(|note| &note.pitch)) {
                    return false;
                }
            }
            line.is_empty()
        }
    }
}

/// P of each set of new notes, by the likelihood of the whole piece.
fn exact(
    model: &SequenceModel,
    passage: &Passage,
    gap: Range<usize>,
    plane: bool,
) -> BTreeMap<Vec<GridNote>, f64> {
    let mut sets = vec![Vec::new()];
    for offset in 0..3 {
        let lines = lines(offset, gap.clone());
        let with =
            |set: &Vec<GridNote>| lines.iter().map(|line| [&set[..], line].concat()).collect::<Vec<_>>();
        sets = sets.iter().flat_map(with).collect();
    }
    sets.iter_mut().for_each(|set| set.sort_unstable());
    sets.retain(|set| satisfies(passage, set, plane));
    let sequence = |set: &Vec<GridNote>| {
        let mut whole = passage.kept.clone();
        for note in set {
            whole[note.start].onsets |= 1 << note.pitch;
            whole[note.start..note.end].iter_mut().for_each(|frame| frame.sounding |= 1 << note.pitch);
        }
        Sequence::frames_in(whole, passage.bars.clone())
    };
    let sequences: Vec<Sequence> = sets.iter().map(sequence).collect();
    let nll = scoring::score(model, &sequences, &mut Workspace::default()).expect("scores");
    let weights: Vec<f64> = nll.iter().map(|nll| (-nll.total().sum()).exp()).collect();
    let total: f64 = weights.iter().sum();
    sets.into_iter().zip(weights).map(|(set, weight)| (set, weight / total)).collect()
}

/// Half the summed distance between frequencies and probabilities; nothing may occur that has no probability.
fn distance(exact: &BTreeMap<Vec<GridNote>, f64>, counts: &BTreeMap<Vec<GridNote>, usize>) -> f64 {
    let total: usize = counts.values().sum();
    for set in counts.keys() {
        assert!(exact.contains_key(set), "{set:?} is not allowed");
    }
    let share = |set: &Vec<GridNote>| counts.get(set).copied().unwrap_or(0) as f64 / total as f64;
    0.5 * exact.iter().map(|(set, p)| (p - share(set)).abs()).sum::<f64>()
}

/// What the frequencies of so many draws of the distribution itself would differ by, on average: Σ √(p (1 − p) / 2 π n).
fn noise(exact: &BTreeMap<Vec<GridNote>, f64>, draws: usize) -> f64 {
    let of = |p: &f64| (p * (1.0 - p) / (2.0 * std::f64::consts::PI * draws as f64)).sqrt();
    exact.values().map(of).sum()
}

const OPTIONS: RewriteOptions = RewriteOptions { candidates: 4, copies: 0.0, horizon: 4, temperature: 1.0 };

/// Cases: what is kept, and the notes that go.
fn cases() -> [(Keep, Vec<GridNote>); 3] {
    [
        (Keep::Nothing, vec![note(3, 0, 5)]),
        (Keep::Rhythm, vec![note(3, 0, 4), note(4, 0, 5), note(4, 1, 5)]),
        (Keep::Pitches, vec![note(2, 0, 3), note(2, 2, 3), note(3, 0, 5)]),
    ]
}

fn sweeps_draw_exactly(network: Network) {
    for (onset_plane, copies) in [(true, 0.4), (false, 0.3)] {
        let model = model(network, onset_plane);
        for (keep, notes) in cases() {
            let gap = if keep == Keep::Pitches { 2..5 } else { 3..5 };
            let passage = passage(&notes, gap.clone(), keep);
            let exact = exact(&model, &passage, gap.clone(), onset_plane);
            if exact.is_empty() {
                // Without onsets, notes of one pitch may not touch.
                assert!(!onset_plane);
                continue;
            }
            let options = RewriteOptions { copies, candidates: 12, ..OPTIONS };
            let mut rewriter = Rewriter::new(&model, &passage, options, 7, 0).expect("a passage");
            rewriter = rewriter.with_material(vec![note(6, 1, 8), note(5, 2, 7), note(0, 0, 2)]);
            rewriter.fill().expect("fills");
            let mut counts = BTreeMap::new();
            let draws = 2000;
            for _ in 0..draws {
                // The whole gap, then each step of it.
                let blocks = if keep == Keep::Nothing { passage.blocks(1, 0) } else { Vec::new() };
                rewriter.sweep(std::slice::from_ref(&gap)).expect("sweeps");
                rewriter.sweep(&blocks).expect("sweeps");
                *counts.entry(rewriter.notes().to_vec()).or_insert(0) += 1;
            }
            let (found, limit) = (distance(&exact, &counts), 3.0 * noise(&exact, draws) + 0.005);
            assert!(found < limit, "{network} {onset_plane} {copies} {keep:?}: {found} of {limit}");
        }
    }
}

/// A test of its own for each network, so that they run side by side.
macro_rules! sweeps_draw_from_the_exact_conditional_distribution {
    ($($test:ident $network:ident),*) => {
        $(
            #[test]
            fn $test() {
                sweeps_draw_exactly(Network::$network);
            }
        )*

        #[test]
        fn every_network_is_swept() {
            assert_eq!(Network::ALL, [$(Network::$network),*]);
        }
    };
}

sweeps_draw_from_the_exact_conditional_distribution! {
    independent_networks_are_swept_exactly Independent,
    coupled_networks_are_swept_exactly Coupled,
    note_wise_networks_are_swept_exactly NoteWise,
    biaxial_networks_are_swept_exactly Biaxial
}

#[test]
fn many_candidates_fill_a_gap_by_the_same_distribution() {
    let model = model(Network::NoteWise, true);
    for (keep, notes) in cases() {
        let gap = if keep == Keep::Pitches { 2..5 } else { 3..5 };
        let passage = passage(&notes, gap.clone(), keep);
        let exact = exact(&model, &passage, gap, true);
        let draws = 1500;
        let distance_with = |candidates| {
            let mut counts = BTreeMap::new();
            for output in 0..draws as u64 {
                let options = RewriteOptions { candidates, ..OPTIONS };
                let mut rewriter = Rewriter::new(&model, &passage, options, 3, output).expect("a passage");
                let update = rewriter.fill().expect("fills");
                assert!((1.0 - 1e-9..=candidates as f64 + 1e-9).contains(&update.effective));
                *counts.entry(rewriter.notes().to_vec()).or_insert(0) += 1;
            }
            distance(&exact, &counts)
        };
        // A finite number of candidates has a bias of the order of one over it.
        let limit = 1.5 * noise(&exact, draws) + 2.0 / 64.0;
        let found = distance_with(64);
        assert!(found < limit, "{keep:?}: {found} of {limit}");
        if keep == Keep::Nothing {
            let found = distance_with(1);
            assert!(found > 2.0 * limit, "without what follows it is another one: {found} of {limit}");
        }
    }
}

#[test]
fn what_is_kept_stays_frame_for_frame_and_the_same_seed_gives_the_same_notes() {
    let model = model(Network::NoteWise, true);
    let passage = passage(&[note(3, 0, 5)], 3..5, Keep::Nothing);
    let run = |output| {
        let mut rewriter = Rewriter::new(&model, &passage, OPTIONS, 1, output).expect("a passage");
        rewriter.fill().expect("fills");
        rewriter.sweep(&passage.blocks(1, 0)).expect("sweeps");
        (rewriter.notes().to_vec(), rewriter.frames().to_vec())
    };
    let mut different = 0;
    for output in 0..20 {
        let (notes, frames) = run(output);
        assert_eq!(run(output), (notes.clone(), frames.clone()));
        different += usize::from(notes != run(0).0);
        for (step, (frame, kept)) in frames.iter().zip(&passage.kept).enumerate() {
            if !(3..5).contains(&step) {
                assert_eq!(frame, kept, "step {step}");
            }
            assert_eq!(frame.sounding & kept.sounding, kept.sounding);
        }
    }
    assert!(different > 5, "outputs differ");
}

#[test]
fn what_makes_no_sense_is_refused() {
    let model = model(Network::Independent, true);
    let passage = passage(&[], 3..5, Keep::Nothing);
    let refused = |passage: &Passage, options| {
        Rewriter::new(&model, passage, options, 1, 0).err().map(|e| e.to_string())
    };
    let closed = Passage { begin: vec![0; STEPS], ..passage.clone() };
    assert!(refused(&closed, OPTIONS).expect("refused").contains("at least one new note"));
    let short = Passage { begin: vec![1; 3], ..passage.clone() };
    assert!(refused(&short, OPTIONS).expect("refused").contains("as long as the piece"));
    for (options, name) in [
        (RewriteOptions { candidates: 0, ..OPTIONS }, "candidates"),
        (RewriteOptions { copies: 1.0, ..OPTIONS }, "copies"),
        (RewriteOptions { temperature: 0.0, ..OPTIONS }, "temperature"),
        (RewriteOptions { temperature: 2.0, ..OPTIONS }, "temperature"),
    ] {
        assert!(refused(&passage, options).expect("refused").contains(name), "{name}");
    }
    // Four new notes at once, and two may sound.
    let crowded =
        Passage { keep: Keep::Rhythm, notes: vec![note(3, 0, 4), note(3, 1, 4), note(3, 2, 4)], ..passage };
    let mut rewriter = Rewriter::new(&model, &crowded, OPTIONS, 1, 0).expect("a passage");
    assert!(matches!(rewriter.fill(), Err(Error::NothingLeft { .. })));
}
