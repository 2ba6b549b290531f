//! Encoder–decoders: gradients against differences, single steps against whole sequences, the model file.

use crate::single_notes::{frames, note_by_note_of};
use approx::abs_diff_eq;
use composer_bptt::gradcheck::{Options, Part, check};
use composer_bptt::{AttentionScore, Cell, Init, Mode, RecurrentConfig};
use composer_models::seq2seq::{
    AttentionConfig, Conditioned, Pair, PairBatch, PartNotes, Seq2SeqWorkspace, Task, Window, from_bytes,
    to_bytes,
};
use composer_models::{Encoding, LanguageModel, NoteWiseConfig, Seq2Seq, Seq2SeqConfig, Sequence, StepInput};
use composer_music::representation::frames::{Frame, FrameRepresentation, strike_rising_edges};
use ndarray::Array2;
use std::path::Path;

fn tokens(vocabulary: usize) -> Encoding {
    Encoding::Tokens { vocabulary, fingerprint: "test".into(), longest_match: false, voices: None }
}

fn stack(cell: Cell, hidden: usize, bidirectional: bool) -> RecurrentConfig {
    RecurrentConfig { cell, hidden, bidirectional, ..RecurrentConfig::default() }
}

/// Every way from source to target, and every cell.
fn configurations() -> Vec<(&'static str, Seq2SeqConfig)> {
    let base = |cell| Seq2SeqConfig {
        source: tokens(4),
        target: tokens(3),
        styles: 2,
        encoder: stack(cell, 3, true),
        decoder: stack(cell, 6, false),
        bridge: false,
        aligned: false,
        attention: None,
        output_dropout: 0.0,
        note_wise: None,
    };
    let attention = |score| Some(AttentionConfig { score, hidden: 4 });
    vec![
        ("bridge", Seq2SeqConfig { bridge: true, ..base(Cell::Lstm) }),
        ("aligned", Seq2SeqConfig { aligned: true, ..base(Cell::Gru) }),
        ("dot", Seq2SeqConfig { attention: attention(AttentionScore::Dot), ..base(Cell::RnnTanh) }),
        (
            "general",
            Seq2SeqConfig { attention: attention(AttentionScore::General), bridge: true, ..base(Cell::Gru) },
        ),
        (
            "additive, aligned, bridge",
            Seq2SeqConfig {
                attention: attention(AttentionScore::Additive),
                aligned: true,
                bridge: true,
                ..base(Cell::Lstm)
            },
        ),
    ]
}

/// Frames that are written note by note, with every way to the source but the bridge.
fn note_wise() -> Seq2SeqConfig {
    let encoding = |pitch_high, look_back| {
        let representation =
            FrameRepresentation { pitch_low: 60, pitch_high, ..FrameRepresentation::default() };
        let (metre, longest_match) = (4, pitch_high > 64);
        Encoding::Frames {
            representation,
            metre,
            bar_line: 0,
            look_back,
            longest_match,
            returns: false,
            rhythm: false,
            note_lengths: 0,
            note_velocities: 0,
        }
    };
    let (source, target) = (encoding(63, 0), encoding(66, 0));
    Seq2SeqConfig {
        note_wise: Some(NoteWiseConfig::new(&target, stack(Cell::Lstm, 4, false))),
        source,
        target,
        aligned: true,
        attention: Some(AttentionConfig { score: AttentionScore::General, hidden: 4 }),
        ..configurations().remove(1).1
    }
}

fn pairs_of_frames() -> Vec<Pair> {
    let pair = |steps, style| Pair {
        source: Sequence::frames(frames(60, 4, steps)),
        target: Sequence::frames(frames(60, 7, steps)),
        style: Some(style),
    };
    vec![pair(12, 1), pair(7, 0)]
}

fn pairs() -> Vec<Pair> {
    vec![
        Pair {
            source: Sequence::tokens(vec![0, 3, 1, 2, 2]),
            target: Sequence::tokens(vec![2, 0, 1, 1, 0]),
            style: Some(1),
        },
        Pair {
            source: Sequence::tokens(vec![1, 0, 3]),
            target: Sequence::tokens(vec![0, 2, 2]),
            style: Some(0),
        },
    ]
}

fn batch(config: &Seq2SeqConfig, pairs: &[Pair]) -> PairBatch {
    let windows: Vec<_> = pairs.iter().map(|pair| Window::of(pair, 0, usize::MAX)).collect();
    let mut batch = PairBatch::new(config);
    batch.fill(config, &windows).expect("the model's symbols");
    batch
}

#[test]
fn a_model_made_from_an_unconditional_one_computes_the_same() {
    let (_, config) = configurations().swap_remove(1);
    assert!(config.aligned);
    let unconditional = Seq2SeqConfig { aligned: false, ..config.clone() };
    let unconditional = Seq2Seq::<f64>::new(unconditional, &Init::PYTORCH, 3).expect("a model");
    let model =
        Seq2Seq::from_unconditional(&unconditional, config.clone(), &Init::PYTORCH, 4).expect("a model");
    let logits = |model: &Seq2Seq<f64>| {
        let mut ws = Seq2SeqWorkspace::default();
        model.forward(&batch(model.config(), &pairs()), Mode::Eval, &mut ws).expect("fits");
        ws.logits().to_vec()
    };
    assert_eq!(logits(&model), logits(&unconditional));
    // The encoder, and three gates of six units by six numbers that it says.
    let encoder: usize = model
        .params()
        .entries()
        .iter()
        .filter(|e| e.name.starts_with("encoder"))
        .map(|e| e.range.len())
        .sum();
    assert_eq!(model.reads_source().iter().filter(|&&reads| reads).count(), encoder + 3 * 6 * 6);

    let other = Seq2SeqConfig { decoder: stack(Cell::Gru, 5, false), ..config.clone() };
    assert!(Seq2Seq::from_unconditional(&unconditional, other, &Init::PYTORCH, 4).is_err());
    for (_, config) in configurations().into_iter().filter(|(name, _)| *name != "aligned") {
        assert!(Seq2Seq::from_unconditional(&unconditional, config, &Init::PYTORCH, 4).is_err());
    }
}

#[test]
fn gradients_agree_with_differences() {
    let of_tokens = configurations().into_iter().map(|(name, config)| (name, config, pairs()));
    for (name, config, pairs) in of_tokens.chain([("note-wise", note_wise(), pairs_of_frames())]) {
        let mut model = Seq2Seq::<f64>::new(config, &Init::PYTORCH, 3).expect("a model");
        let batch = batch(model.config(), &pairs);
        let target_steps = batch.target.target_steps as f64;
        let mut ws = Seq2SeqWorkspace::default();
        model.forward(&batch, Mode::Eval, &mut ws).expect("fits");
        model.loss(&batch, &mut ws).expect("fits");
        model.params_mut().zero_grad();
        model.backward(&batch, &mut ws).expect("fits");
        let (values, gradient) = (model.params().values().to_vec(), model.params().grads().to_vec());
        let parts: Vec<Part> = (model.params().entries().iter())
            .map(|entry| Part::new(entry.name.clone(), entry.range.clone()))
            .collect();
        let mut moved = model.clone();
        let loss = |values: &[f64]| -> f64 {
            moved.params_mut().values_mut().copy_from_slice(values);
            moved.forward(&batch, Mode::Eval, &mut ws).expect("fits");
            moved.loss(&batch, &mut ws).expect("fits") / target_steps
        };
        // The smallest gradients are a hundred-thousandth of the largest here, and differences see no more of them.
        let options = Options { floor: 1e-4, ..Options::default() };
        let report = check(&parts, &values, &gradient, loss, &options);
        assert!(report.passed(), "{name}: {:?}", report.failures().collect::<Vec<_>>());
        assert!(gradient.iter().filter(|&&g| g != 0.0).count() > gradient.len() / 2, "{name}: mostly zeros");
    }
}

#[test]
fn single_steps_say_what_the_whole_says() {
    for (name, config) in configurations() {
        let model = Seq2Seq::<f32>::new(config, &Init::PYTORCH, 5).expect("a model");
        let pair = pairs().remove(0);
        let batch = batch(model.config(), std::slice::from_ref(&pair));
        let mut ws = Seq2SeqWorkspace::default();
        model.forward(&batch, Mode::Eval, &mut ws).expect("fits");
        let mut stepper = Conditioned::new(&model, pair.source.clone(), pair.style).expect("a source");
        let Sequence::Tokens(target) = &pair.target else { panic!("tokens") };
        let mut state = stepper.zero_state(2);
        let mut logits = Array2::zeros((2, 3));
        let before = std::iter::once(3).chain(target.iter().copied());
        for (token, whole) in before.zip(ws.logits().chunks_exact(3)) {
            let input = StepInput::MultiHot { indices: &[token, token], offsets: &[0, 1, 2] };
            stepper.step(input, &mut state, logits.view_mut()).expect("a step");
            for row in logits.rows() {
                for (a, b) in row.iter().zip(whole) {
                    assert!(abs_diff_eq!(a, b, epsilon = 1e-5), "{name}: {row:?} instead of {whole:?}");
                }
            }
            state = stepper.gather(&state, &[1, 0]);
        }
    }
}

#[test]
fn single_notes_cost_what_they_cost_in_a_batch() {
    let model = Seq2Seq::<f32>::new(note_wise(), &Init::PYTORCH, 5).expect("a model");
    let pair = pairs_of_frames().remove(0);
    let batch = batch(model.config(), std::slice::from_ref(&pair));
    let mut ws = Seq2SeqWorkspace::default();
    model.forward(&batch, Mode::Eval, &mut ws).expect("fits");
    let whole = model.loss(&batch, &mut ws).expect("fits");
    let mut conditioned = Conditioned::new(&model, pair.source.clone(), pair.style).expect("a source");
    let single: f64 = note_by_note_of(&mut conditioned, &pair.target).iter().sum();
    assert!(ws.logits().is_empty());
    approx::assert_relative_eq!(whole, single, max_relative = 1e-5);
}

#[test]
fn padding_changes_nothing() {
    let of_tokens = configurations().into_iter().map(|(name, config)| (name, config, pairs()));
    for (name, config, pairs) in of_tokens.chain([("note-wise", note_wise(), pairs_of_frames())]) {
        let model = Seq2Seq::<f64>::new(config, &Init::PYTORCH, 5).expect("a model");
        let nll = |pairs: &[Pair]| {
            let batch = batch(model.config(), pairs);
            let mut ws = Seq2SeqWorkspace::default();
            model.forward(&batch, Mode::Eval, &mut ws).expect("fits");
            model.loss(&batch, &mut ws).expect("fits")
        };
        let (together, alone) = (nll(&pairs), nll(&pairs[..1]) + nll(&pairs[1..]));
        assert!(abs_diff_eq!(together, alone, epsilon = 1e-10), "{name}: {together} and {alone}");
    }
}

#[test]
fn model_files_come_back_and_wrong_input_is_refused_in_words() {
    let representation =
        FrameRepresentation { pitch_low: 60, pitch_high: 71, ..FrameRepresentation::default() };
    let mut config = configurations().remove(4).1;
    config.source = Encoding::Frames {
        representation,
        metre: 16,
        bar_line: 24,
        look_back: 0,
        longest_match: false,
        returns: false,
        rhythm: false,
        note_lengths: 0,
        note_velocities: 0,
    };
    config.target = Encoding::Frames {
        representation,
        metre: 16,
        bar_line: 24,
        look_back: 0,
        longest_match: false,
        returns: false,
        rhythm: false,
        note_lengths: 0,
        note_velocities: 0,
    };
    let model = Seq2Seq::<f32>::new(config, &Init::PYTORCH, 1).expect("a model");
    let notes = PartNotes {
        task: Task::Accompany,
        styles: vec!["rag".into(), "game".into()],
        program: 0,
        corpus: "a test".into(),
        seed: 1,
        valid_nll: Some(1.5),
    };
    let bytes = to_bytes(&model, &notes).expect("bytes");
    let (again, notes_again) = from_bytes(&bytes, Path::new("x")).expect("a model");
    assert_eq!((again.params().values(), &notes_again), (model.params().values(), &notes));
    let mut frames = vec![Frame { sounding: 1 << 60, onsets: 0 }; 3];
    strike_rising_edges(&mut frames);
    let refused = |source, style| Conditioned::new(&again, source, style).err().expect("refused").to_string();
    assert!(refused(Sequence::frames(frames.clone()), Some(2)).contains("no style 2"));
    assert!(refused(Sequence::frames(Vec::new()), None).contains("empty"));
    assert!(refused(Sequence::tokens(vec![1]), None).contains("frames"));
    let error = composer_models::file::from_bytes(&bytes, Path::new("x")).err().expect("refused");
    assert!(error.to_string().contains("another kind"), "{error}");
}

#[test]
fn given_features_are_read_as_the_tokens_that_they_stand_for() {
    for (name, config) in configurations() {
        // A token is one feature; the last of tokens is the start, which no source has.
        let given = |tokens: &Sequence| {
            let Sequence::Tokens(tokens) = tokens else { panic!("tokens") };
            let mut rows = Array2::zeros((tokens.len(), 5));
            tokens.iter().enumerate().for_each(|(step, &token)| rows[[step, token as usize]] = 1.0);
            Sequence::Values(rows)
        };
        let features = Seq2SeqConfig { source: Encoding::mapping(5, 0), ..config.clone() };
        let of_features: Vec<Pair> =
            pairs().into_iter().map(|pair| Pair { source: given(&pair.source), ..pair }).collect();
        let computed = |config: &Seq2SeqConfig, pairs: &[Pair]| {
            let mut model = Seq2Seq::<f64>::new(config.clone(), &Init::PYTORCH, 3).expect("a model");
            let (batch, mut ws) = (batch(model.config(), pairs), Seq2SeqWorkspace::default());
            model.forward(&batch, Mode::Eval, &mut ws).expect("fits");
            let logits = ws.logits().to_vec();
            model.loss(&batch, &mut ws).expect("fits");
            model.backward(&batch, &mut ws).expect("fits");
            (logits, model.params().grads().to_vec())
        };
        assert_eq!(computed(&features, &of_features), computed(&config, &pairs()), "{name}");
        let mut half = of_features[0].clone();
        half.source = Sequence::Values(Array2::from_elem((5, 5), 0.5));
        let refused = PairBatch::new(&features).fill(&features, &[Window::of(&half, 0, 9)]);
        assert!(refused.expect_err("no features").to_string().contains("on"), "{name}");
        for wrong in [Encoding::mapping(5, 1), Encoding::values(5)] {
            let wrong = Seq2SeqConfig { source: wrong, ..config.clone() };
            assert!(Seq2Seq::<f64>::zeros(wrong).is_err(), "{name}");
        }
        let wrong = Seq2SeqConfig { target: Encoding::mapping(5, 0), ..config.clone() };
        assert!(Seq2Seq::<f64>::zeros(wrong).is_err(), "{name}");
    }
}
