//! Beam search against enumeration.

use crate::common;
use approx::{abs_diff_eq, assert_abs_diff_eq};

use common::Markov;
use composer_decoding::beam::{BeamOptions, search};
use composer_decoding::grammar::{Free, Grammar};

const V: usize = 3;
const LENGTH: usize = 5;

/// Every piece of five tokens with its likelihood, the most likely first.
fn enumerated(model: &Markov) -> Vec<(f64, Vec<u32>)> {
    let mut all: Vec<(f64, Vec<u32>)> = (0..V.pow(LENGTH as u32))
        .map(|number| {
            let tokens: Vec<u32> =
                (0..LENGTH).map(|place| (number / V.pow(place as u32) % V) as u32).collect();
            let mut last = V;
            let log_p = tokens.iter().map(|&token| {
                let log_p = model.log_p(last, token as usize);
                last = token as usize;
                log_p
            });
            (log_p.sum(), tokens)
        })
        .collect();
    all.sort_by(|a, b| b.0.total_cmp(&a.0));
    all
}

#[test]
fn a_beam_as_wide_as_the_tree_finds_the_best_pieces_in_their_order() {
    let model = Markov::new(V);
    let best = enumerated(&model);
    let options = BeamOptions { width: 81, length_penalty: 0.0, ..Default::default() };
    let found = search(model, Free, &[], &options, LENGTH, None).expect("found");
    for (found, (log_p, _)) in found.iter().zip(&best).take(20) {
        // Pieces of the same transitions are equally likely, so likelihoods are compared and not tokens.
        assert!(
            abs_diff_eq!(found.score, log_p, epsilon = 1e-9)
                && abs_diff_eq!(found.nll.iter().sum::<f64>(), -log_p, epsilon = 1e-9)
        );
        let said = best.iter().find(|(_, tokens)| *tokens == found.tokens).expect("one of all pieces");
        assert_abs_diff_eq!(said.0, found.score, epsilon = 1e-9);
    }
}

#[test]
fn width_one_is_greedy_and_wider_is_never_worse() {
    let model = Markov::new(V);
    let mut greedy = Vec::new();
    let mut last = V;
    for _ in 0..LENGTH {
        last = (0..V).max_by(|&a, &b| model.log_p(last, a).total_cmp(&model.log_p(last, b))).expect("tokens");
        greedy.push(last as u32);
    }
    let score = |width| {
        let options = BeamOptions { width, length_penalty: 0.0, ..Default::default() };
        search(model.clone(), Free, &[], &options, LENGTH, None).expect("found").remove(0)
    };
    assert_eq!(score(1).tokens, greedy);
    assert!(score(1).score <= score(3).score && score(3).score <= score(27).score);
}

/// Finished after the token 0.
#[derive(Clone)]
struct UntilZero(bool);

impl Grammar for UntilZero {
    fn allow(&self, allowed: &mut [bool]) {
        allowed.fill(true);
    }
    fn push(&mut self, token: u32) {
        self.0 |= token == 0;
    }
    fn is_finished(&self) -> bool {
        self.0
    }
}

#[test]
fn the_length_penalty_prefers_longer_pieces() {
    let mut model = Markov::new(2);
    // From the start: the end with 0.6; from 1: the end with 0.9, so "1 1 0" is unlikely but long.
    model.logits = vec![vec![0.0, 0.0], vec![-1.0, 1.0], vec![0.4, 0.0]];
    let best = |length_penalty| {
        let options = BeamOptions { width: 8, length_penalty, ..Default::default() };
        search(model.clone(), UntilZero(false), &[], &options, 12, None).expect("found").remove(0).tokens
    };
    assert_eq!(best(0.0), [0], "the shortest is the most likely");
    assert!(best(2.0).len() > 4, "{:?}", best(2.0));
}

#[test]
fn groups_differ_and_a_primer_is_read() {
    let model = Markov::new(V);
    let plain = BeamOptions { width: 2, groups: 2, diversity: 0.0, length_penalty: 0.0 };
    let same = search(model.clone(), Free, &[], &plain, LENGTH, None).expect("found");
    assert_eq!(same[0].tokens, same[1].tokens, "without diversity both groups are greedy");
    let diverse = search(model.clone(), Free, &[], &BeamOptions { diversity: 5.0, ..plain }, LENGTH, None)
        .expect("found");
    assert!(diverse[0].tokens.iter().zip(&diverse[1].tokens).all(|(a, b)| a != b), "{diverse:?}");
    let primed = search(model.clone(), Free, &[2], &plain, 1, None).expect("found");
    assert_abs_diff_eq!(primed[0].nll[0], -model.log_p(2, primed[0].tokens[0] as usize), epsilon = 1e-9);
    assert!(BeamOptions { width: 3, groups: 2, ..plain }.check().is_err());
}
