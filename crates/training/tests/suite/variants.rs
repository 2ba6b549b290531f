//! Variants of pieces: read anew in every epoch, by seed and epoch alone, and the same after a training was resumed.

use crate::common;

use common::{Watcher, config, model, round, tokens};
use composer_bptt::Cell;
use composer_models::Sequence;
use composer_training::{Checkpoint, Error, Outcome, TrainingConfig, TrainingSet, resume, train};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use std::cell::RefCell;

/// The round, begun at a random token, and as long as chance has it.
fn turned(seen: &RefCell<Vec<Sequence>>, rng: &mut ChaCha8Rng) -> Sequence {
    let Sequence::Tokens(tokens) = round(48) else { panic!("a round is of tokens") };
    let mut tokens = tokens.to_vec();
    tokens.rotate_left(rng.random_range(0..6));
    tokens.truncate(rng.random_range(20..48));
    let variant = Sequence::tokens(tokens);
    seen.borrow_mut().push(variant.clone());
    variant
}

fn short() -> TrainingConfig {
    TrainingConfig { epochs: 3, copies: 5, tbptt_len: 8, batch_size: 2, ..config() }
}

/// Trains, or goes on; the variants that were read, the weights, the checkpoint.
fn run(
    stop_after: Option<u64>,
    from: Option<&[u8]>,
    seed: u64,
) -> (Vec<Sequence>, Vec<f32>, Vec<u8>, Outcome) {
    let seen = RefCell::new(Vec::new());
    let pieces = [round(48), round(30)];
    let vary = |_: usize, rng: &mut ChaCha8Rng| Ok(turned(&seen, rng));
    let music = TrainingSet::augmented(&pieces, &vary);
    let mut model = model(Cell::Gru, tokens());
    let mut watcher = Watcher { stop_after, ..Watcher::default() };
    let config = TrainingConfig { seed, ..short() };
    let outcome = match from {
        None => train(&mut model, music, &pieces[..1], &config, &mut watcher),
        Some(bytes) => {
            let checkpoint = Checkpoint::from_bytes(bytes).unwrap();
            resume(&mut model, music, &pieces[..1], &config, &checkpoint, &mut watcher)
        }
    }
    .unwrap();
    (seen.into_inner(), outcome.last.weights.clone(), watcher.checkpoint, outcome)
}

#[test]
fn every_visit_is_another_variant_and_the_same_for_the_same_seed() {
    let (seen, weights, ..) = run(None, None, 1);
    assert_eq!(seen.len(), 3 * 2 * 5, "epochs, pieces, copies");
    assert!(seen[..10] != seen[10..20], "the second epoch has variants of its own");
    let (again, same_weights, ..) = run(None, None, 1);
    assert_eq!((&again, &same_weights), (&seen, &weights));
    assert_ne!(run(None, None, 2).0, seen);
}

#[test]
fn a_training_on_variants_goes_on_bit_for_bit() {
    let (seen, weights, _, whole) = run(None, None, 1);
    let first = whole.epochs[0].updates;
    for stop_after in [1, first - 1, first + 2] {
        let (_, _, checkpoint, stopped) = run(Some(stop_after), None, 1);
        assert!(stopped.interrupted());
        let (rest, gone_on, _, outcome) = run(None, Some(&checkpoint), 1);
        assert_eq!(gone_on, weights, "stopped after update {stop_after}");
        assert_eq!(outcome.epochs, whole.epochs);
        assert_eq!(rest, seen[seen.len() - rest.len()..]);
    }
}

#[test]
fn a_variant_that_cannot_be_written_or_read_ends_the_training_in_words() {
    let pieces = [round(20)];
    let failing = |vary: &composer_training::Augment<'_>| {
        let music = TrainingSet::augmented(&pieces, vary);
        train(&mut model(Cell::Gru, tokens()), music, &pieces, &short(), &mut Watcher::default())
            .unwrap_err()
            .to_string()
    };
    let told = failing(&|_, _| Err(Error::Variant("my song: too long".into())));
    assert_eq!(told, "a piece cannot be varied: my song: too long");
    assert!(failing(&|_, _| Ok(Sequence::tokens(vec![99]))).contains("99"));
}
