//! The generate loop for tokens.

use crate::common;
use approx::{abs_diff_eq, assert_abs_diff_eq};

use common::Markov;
use composer_bptt::{Cell, Init, RecurrentConfig};
use composer_decoding::beam::{BeamOptions, search};
use composer_decoding::grammar::Free;
use composer_decoding::token_stream::{DecidedToken, TokenGenerator};
use composer_decoding::{TokenOptions, continue_tokens};
use composer_models::scoring::score;
use composer_models::{Encoding, ModelConfig, Sequence, SequenceModel, Stepper, VoiceInputs, Workspace};
use composer_music::BarMap;

fn write(model: Markov, outputs: usize, seed: u64, tokens: usize) -> Vec<Vec<u32>> {
    let mut pieces = vec![Vec::new(); outputs];
    let generator =
        TokenGenerator::new(model, Free, TokenOptions::default(), outputs, seed).expect("options");
    for decided in generator.take(tokens) {
        for written in decided.expect("written") {
            pieces[written.piece].push(written.token);
        }
    }
    pieces
}

#[test]
fn the_same_seed_gives_the_same_piece_alone_and_among_others() {
    let many = write(Markov::new(9), 4, 7, 50);
    assert_eq!(write(Markov::new(9), 1, 7, 50)[0], many[0]);
    assert_ne!(many[0], many[1]);
    assert_ne!(write(Markov::new(9), 1, 8, 50)[0], many[0]);
}

#[test]
fn tokens_stream_as_they_are_decided() {
    let mut model = Markov::new(4);
    // The model breaks down at token 3, which comes third: the first two tokens must be out before.
    model.logits = vec![vec![0.0; 4]; 5];
    model.logits[4] = vec![-99.0, 0.0, -99.0, -99.0];
    model.logits[1] = vec![-99.0, -99.0, -99.0, 0.0];
    model.logits[3] = vec![f32::NAN; 4];
    let mut generator = TokenGenerator::new(model, Free, TokenOptions::default(), 1, 1).expect("options");
    let mut next = || generator.next().expect("no end");
    assert_eq!(next().expect("decided")[0].token, 1);
    assert_eq!(next().expect("decided")[0].token, 3);
    let error = next().expect_err("NaN is no token");
    assert!(error.to_string().contains("NaN") && error.to_string().contains("step 2"), "{error}");
}

#[test]
fn the_likelihood_of_what_was_written_is_the_models() {
    let model = Markov::new(6);
    let mut generator = TokenGenerator::new(
        model.clone(),
        Free,
        TokenOptions { temperature: 0.5, top_k: 3, ..Default::default() },
        2,
        3,
    )
    .expect("options");
    generator.read(&[2], true).expect("read");
    let mut last = [2; 2];
    for decided in generator.take(20) {
        for (last, written) in last.iter_mut().zip(decided.expect("written")) {
            let expected = -model.log_p(*last, written.token as usize);
            assert!(
                abs_diff_eq!(written.nll, expected, epsilon = 1e-6),
                "{} instead of {expected}",
                written.nll
            );
            *last = written.token as usize;
        }
    }
}

#[test]
fn a_continuation_is_what_the_generator_writes_after_what_it_read() {
    let stack = RecurrentConfig { cell: Cell::Gru, hidden: 8, ..Default::default() };
    let model = SequenceModel::tokens(5, stack, 3).expect("a model");
    let options = TokenOptions::default();
    let found = continue_tokens(&model, &[4, 0, 2], 20, options, 7).expect("tokens");
    let mut generator = TokenGenerator::new(Stepper::new(&model), Free, options, 1, 7).expect("options");
    generator.read(&[4, 0, 2], false).expect("known tokens");
    let expected: Vec<u32> = generator.take(20).map(|decided| decided.expect("a token")[0].token).collect();
    assert_eq!(found, expected);
    assert!(found.iter().any(|&token| token != found[0]), "sampled");
    let greedy = |seed| continue_tokens(&model, &[], 20, TokenOptions::greedy(), seed).expect("tokens");
    assert_eq!(greedy(1), greedy(2), "nothing is drawn");
    let unknown = continue_tokens(&model, &[5], 1, options, 1).expect_err("5 is the start feature, no token");
    assert!(unknown.to_string().contains('5'), "{unknown}");
    let stack = RecurrentConfig { hidden: 4, ..Default::default() };
    let values = SequenceModel::values(1, stack, 1).expect("a model");
    let wrong = continue_tokens(&values, &[], 1, options, 1).expect_err("no tokens");
    assert!(wrong.to_string().contains("real values"), "{wrong}");
}

#[test]
fn what_a_model_that_is_told_of_the_past_writes_costs_what_it_costs_when_it_is_read() {
    let voices = VoiceInputs { voices: 2, steps_per_quarter: 4, metre: 12, bar_line: 5 };
    let bars = BarMap::from_changes(4, [(0, "1/8".parse().unwrap()), (2, "3/4".parse().unwrap())]);
    for (longest_match, voices) in [(true, None), (false, Some(voices)), (true, Some(voices))] {
        let encoding = Encoding::Tokens { vocabulary: 5, fingerprint: "test".into(), longest_match, voices };
        let stack = RecurrentConfig { cell: Cell::Gru, hidden: 8, ..RecurrentConfig::default() };
        let model = SequenceModel::new(ModelConfig::new(encoding, stack), &Init::PYTORCH, 4).unwrap();
        let primer = [0, 1, 2, 0, 1];
        let mut generator = TokenGenerator::new(Stepper::new(&model), Free, TokenOptions::default(), 3, 7)
            .unwrap()
            .with_bars(bars.clone());
        generator.read(&primer, false).unwrap();
        let mut written = vec![(primer.to_vec(), Vec::new()); 3];
        for decided in generator.take(40) {
            for DecidedToken { piece, token, nll } in decided.unwrap() {
                written[piece].0.push(token);
                written[piece].1.push(nll);
            }
        }
        let options = BeamOptions { width: 4, length_penalty: 0.0, ..Default::default() };
        let found = search(Stepper::new(&model), Free, &primer, &options, 12, Some(&bars)).unwrap();
        written.extend(found.into_iter().map(|found| ([&primer[..], &found.tokens].concat(), found.nll)));
        assert_eq!(written.len(), 7);
        for (tokens, nll) in written {
            let piece = [Sequence::tokens_in(tokens, bars.clone())];
            let scored = score(&model, &piece, &mut Workspace::default()).unwrap().remove(0);
            for (step, &nll) in nll.iter().enumerate() {
                assert_abs_diff_eq!(nll, scored.sounding[primer.len() + step], epsilon = 1e-5);
            }
        }
    }
}
