//! Networks of tokens: what they read besides the token before, against plain words and differences in `f64`.

use crate::conditions;
use crate::whole_gradients::verify_some;
use approx::assert_abs_diff_eq;
use composer_bptt::{Cell, Init, Mode, RecurrentConfig};
use composer_models::batch::Slice;
use composer_models::file::{Notes, from_bytes, to_bytes};
use composer_models::streams::{Purpose, stream};
use composer_models::{
    ConditionTrack, Encoding, LanguageModel, ModelConfig, Sequence, SequenceBatch, SequenceModel, StepInput,
    Stepper, TokenNetwork, VoiceInputs, Workspace,
};
use ndarray::{Array2, Axis};
use std::path::Path;

const V: usize = 4;

fn encoding(longest_match: bool) -> Encoding {
    Encoding::Tokens { vocabulary: V, fingerprint: "test".into(), longest_match, voices: None }
}

/// Token 0, 1 and 2 in turn come back with what followed them.
fn piece() -> Sequence {
    Sequence::tokens(vec![0, 1, 2, 3, 0, 1, 2, 0])
}

fn filled(config: &ModelConfig, sequence: &Sequence) -> SequenceBatch {
    let mut batch = SequenceBatch::of_model(config);
    let slice = |start| Some(Slice { sequence, start, transpose: 0 });
    batch.fill(&config.encoding, &[slice(0), slice(3), None], 8);
    batch
}

fn config(encoding: Encoding) -> ModelConfig {
    let recurrent = RecurrentConfig { cell: Cell::Lstm, hidden: 3, layers: 2, ..RecurrentConfig::default() };
    ModelConfig::new(encoding, recurrent)
}

#[test]
fn the_longest_match_is_read_as_its_token_and_its_length() {
    let mut batch = SequenceBatch::new(&encoding(true));
    let piece = piece();
    batch.fill(&encoding(true), &[Some(Slice { sequence: &piece, start: 0, transpose: 0 })], 8);
    let rows: Vec<&[u32]> =
        batch.offsets.windows(2).map(|bounds| &batch.indices[bounds[0]..bounds[1]]).collect();
    assert_eq!(encoding(true).inputs(), 2 * V + 1 + 6);
    // The token before; then V + 1 + the token after the match, and 2·V + 1 for one equal token, + 1 for two or three.
    let (start, follows, length) = (4, 5, 9);
    let expected: [&[u32]; 8] = [
        &[start],
        &[0],
        &[1],
        &[2],
        &[3],
        &[0, follows + 1, length],
        &[1, follows + 2, length + 1],
        &[2, follows + 3, length + 1],
    ];
    assert_eq!(rows, expected);
}

#[test]
fn a_network_that_reads_the_longest_match_has_the_gradient_of_its_loss() {
    let config = config(encoding(true));
    let batch = filled(&config, &piece());
    let model = SequenceModel::new(config, &Init::PYTORCH, 3).unwrap();
    verify_some("tokens, longest match", &model.cast(), &batch.cast());
}

#[test]
fn a_network_that_reads_what_voices_sing_has_the_gradient_of_its_loss() {
    let voices = VoiceInputs { voices: 3, steps_per_quarter: 4, metre: 16, bar_line: 4 };
    let encoding = Encoding::Tokens {
        vocabulary: V,
        fingerprint: "test".into(),
        longest_match: false,
        voices: Some(voices),
    };
    let config = config(encoding);
    let batch = filled(&config, &piece());
    let model = SequenceModel::new(config, &Init::PYTORCH, 3).unwrap();
    verify_some("tokens of voices", &model.cast(), &batch.cast());
}

#[test]
fn an_encoding_without_it_is_written_as_before_and_read_again() {
    let before = r#"{"kind":"tokens","vocabulary":4,"fingerprint":"test"}"#;
    let read: Encoding = serde_json::from_str(before).unwrap();
    assert_eq!(read, encoding(false));
    assert_eq!(serde_json::to_string(&read).unwrap(), before);
    let with = serde_json::to_string(&encoding(true)).unwrap();
    assert_eq!(serde_json::from_str::<Encoding>(&with).unwrap(), encoding(true));
}

/// Networks with an embedding or several softmaxes.
fn networks() -> [(&'static str, TokenNetwork); 6] {
    let plain = TokenNetwork::default();
    [
        ("embedding", TokenNetwork { embedding: 5, ..plain.clone() }),
        ("tied", TokenNetwork { tied: true, ..plain.clone() }),
        ("tied, tokens dropped", TokenNetwork { tied: true, embedding_dropout: 0.4, ..plain.clone() }),
        ("two softmaxes", TokenNetwork { softmaxes: 2, ..plain.clone() }),
        ("an embedding, two softmaxes", TokenNetwork { softmaxes: 2, embedding: 5, ..plain.clone() }),
        ("tied, three softmaxes", TokenNetwork { tied: true, softmaxes: 3, embedding: 2, ..plain }),
    ]
}

fn told(sequence: Sequence) -> Sequence {
    sequence.with_conditions(ConditionTrack::from(conditions::some_track().at(0).unwrap().clone()))
}

#[test]
fn embeddings_have_the_gradient_of_both_of_their_uses() {
    for (name, network) in networks() {
        for longest_match in [false, true] {
            let config = config(encoding(longest_match)).with_conditions(conditions::all());
            let config = config.with_token_network(network.clone());
            let mut batch = filled(&config, &told(piece()));
            if network.embedding_dropout > 0.0 {
                batch.drop_tokens(V, network.embedding_dropout, &mut stream(3, Purpose::EmbeddingDropout, 1));
            }
            let model = SequenceModel::new(config, &Init::PYTORCH, 3).unwrap();
            assert_eq!(model.weight("output.weight").is_err(), network.tied, "{name}");
            verify_some(name, &model.cast(), &batch.cast());
        }
    }
}

#[test]
fn a_dropped_token_is_read_as_zeros_in_its_row_alone() {
    let config =
        config(encoding(false)).with_token_network(TokenNetwork { embedding: 5, ..Default::default() });
    let mut model = SequenceModel::new(config.clone(), &Init::PYTORCH, 3).unwrap();
    let mut batch = filled(&config, &piece());
    batch.drop_tokens(V, 0.5, &mut stream(1, Purpose::EmbeddingDropout, 1));
    // What moves when the vector of a token does.
    let mut read = |token: usize, row: usize| {
        let hidden = |model: &SequenceModel| {
            let mut ws = Workspace::default();
            model.forward(&batch, &mut model.zero_state(3), Mode::Eval, &mut ws).unwrap();
            ws.hidden().index_axis(Axis(1), row).to_owned()
        };
        let before = hidden(&model);
        model
            .weight_mut("embedding.weight")
            .unwrap()
            .index_axis_mut(Axis(0), token)
            .mapv_inplace(|x| x + 0.5);
        before != hidden(&model)
    };
    let kept: Vec<bool> =
        (0..2).flat_map(|row| (0..V).map(move |token| (token, row))).map(|(t, r)| read(t, r)).collect();
    assert!(kept.contains(&true) && kept.contains(&false), "{kept:?}");
    assert_ne!(kept[..V], kept[V..], "rows have masks of their own");
}

#[test]
fn single_steps_and_segments_compute_what_a_batch_does() {
    for (name, network) in networks() {
        let config = config(encoding(true)).with_token_network(network);
        let mut model = SequenceModel::new(config.clone(), &Init::PYTORCH, 3).unwrap().cast::<f32>();
        let batch = filled(&config, &piece());
        let mut ws = Workspace::default();
        model.forward(&batch, &mut model.zero_state(3), Mode::Eval, &mut ws).unwrap();
        let logits = ws.logits().to_owned();
        let mut stepper = Stepper::new(&model);
        let mut state = stepper.zero_state(3);
        for (step, expected) in logits.outer_iter().enumerate() {
            let offsets = &batch.offsets[3 * step..=3 * step + 3];
            let indices = &batch.indices[offsets[0]..offsets[3]];
            let offsets: Vec<usize> = offsets.iter().map(|offset| offset - offsets[0]).collect();
            let mut found = Array2::zeros((3, V));
            let input = StepInput::MultiHot { indices, offsets: &offsets };
            stepper.step(input, &mut state, found.view_mut()).unwrap();
            found.iter().zip(expected).for_each(|(a, b)| assert_abs_diff_eq!(a, b, epsilon = 1e-5));
        }
        model.params_mut().zero_grad();
        let nats = model.loss(&batch, &mut ws).unwrap();
        model.backward(&batch, &mut ws).unwrap();
        let whole = model.params().grads().to_vec();
        model.params_mut().zero_grad();
        let mut state = model.zero_state(3);
        let again = model.learn_with_checkpointing(&batch, &mut state, 0.0, Mode::Eval, &mut ws).unwrap();
        assert_abs_diff_eq!(again, nats, epsilon = 1e-4);
        assert_abs_diff_eq!(model.params().grads(), &whole[..], epsilon = 1e-5);
        let (loaded, _) =
            from_bytes(&to_bytes(&model, &Notes::default()).unwrap(), Path::new("model")).unwrap();
        assert_eq!(loaded.config(), model.config(), "{name}");
        assert_eq!(loaded.params().values(), model.params().values(), "{name}");
    }
}

#[test]
fn networks_that_contradict_themselves_are_refused_in_a_sentence() {
    let refused = |encoding: Encoding, network: TokenNetwork| {
        let config = ModelConfig { token_network: network, ..config(encoding) }.fitted();
        SequenceModel::zeros(config).err().expect("refused").to_string()
    };
    let plain = TokenNetwork::default();
    let tied = TokenNetwork { tied: true, embedding: 5, ..plain.clone() };
    assert!(refused(encoding(false), tied.clone()).contains("embedding is 5, and must be 3"));
    assert!(refused(Encoding::values(2), tied).contains("networks of tokens"));
    let dropped = TokenNetwork { embedding_dropout: 1.0, embedding: 5, ..plain.clone() };
    assert!(refused(encoding(false), dropped).contains("below 1"));
    assert!(refused(encoding(false), TokenNetwork { softmaxes: 0, ..plain }).contains("from 1"));
}
