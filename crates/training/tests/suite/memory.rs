//! Truncated BPTT takes the same memory for a piece of any length, and a step allocates nothing after the first; activations computed again
//! teach the same.

use crate::common;

use approx::abs_diff_eq;
use common::{Watcher, config, frames, model, network_model, ostinato, round, token_model, tokens};
use composer_bptt::{Cell, Init, Mode};
use composer_models::batch::Slice;
use composer_models::{
    ConditionValues, Conditions, Encoding, ModelConfig, Network, Sequence, SequenceBatch, SequenceModel,
    TokenNetwork, Workspace,
};
use composer_tensor::allocations::{CountingAllocator, count};
use composer_testkit::alone;
use composer_training::{TrainingConfig, train};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

#[test]
fn the_length_of_a_piece_does_not_matter() {
    alone("memory::the_length_of_a_piece_does_not_matter", || {
        let config = TrainingConfig { epochs: 1, batch_size: 1, copies: 1, ..config() };
        let valid = [ostinato(40)];
        let mut model = model(Cell::Lstm, frames());
        let mut peak = |steps: usize, config: &TrainingConfig| {
            let music = [ostinato(steps)];
            let run = || train(&mut model, &music, &valid, config, &mut Watcher::default()).unwrap();
            count(run).1.expect("the allocator counts").peak
        };
        peak(100, &config); // what is allocated once in a process
        let [short, long] = [1000, 16_000].map(|steps| peak(steps, &config));
        println!("1000 steps: {short} bytes, 16000 steps: {long}");
        // A loss is noted for every update; nothing else is kept.
        let notes = 64 * (16_000 / config.tbptt_len) as u64;
        assert!(long < short + notes, "{short} and {long}");
        let whole = TrainingConfig { tbptt_len: 0, ..config };
        let whole = peak(16_000, &whole);
        println!("through the whole piece: {whole}");
        assert!(whole > 5 * long, "the counter sees gradients through whole pieces: {whole}");
    });
}

#[test]
fn a_step_allocates_nothing_after_the_first() {
    alone("memory::a_step_allocates_nothing_after_the_first", || {
        for network in Network::ALL {
            no_step_after_the_second_allocates(&network_model(network, 16).config().clone(), ostinato);
        }
        let tokens = token_model(16).config().clone();
        no_step_after_the_second_allocates(
            &tokens.clone().with_token_network(TokenNetwork::default()),
            round,
        );
        no_step_after_the_second_allocates(&tokens, round);
    });
}

fn no_step_after_the_second_allocates(config: &ModelConfig, piece: impl Fn(usize) -> Sequence) {
    let conditions = Conditions { density: Some(vec![3.0]), ..Conditions::default() };
    let config = config.clone().with_conditions(conditions);
    let mut model = SequenceModel::new(config, &Init::default(), 1).unwrap();
    let density = ConditionValues { density: Some(4.0), ..ConditionValues::default() };
    let (long, short) = (piece(32).with_conditions(density.into()), piece(20));
    let mut batches = [[&long, &long], [&long, &short], [&short, &long]].map(|rows| {
        let mut batch = SequenceBatch::of_model(model.config());
        let slice = |sequence| Some(Slice { sequence, start: 0, transpose: 0 });
        batch.fill(model.encoding(), &rows.map(slice), 32);
        if let p @ 0.1.. = model.config().token_network.embedding_dropout {
            batch.drop_tokens(6, p, &mut ChaCha8Rng::seed_from_u64(2));
        }
        batch
    });
    let (mut ws, mut state) = (Workspace::default(), model.zero_state(2));
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut step = |batch: &mut SequenceBatch| {
        model.forward(batch, &mut state, Mode::Train { rng: &mut rng }, &mut ws).unwrap();
        model.loss(batch, &mut ws).unwrap();
        model.backward(batch, &mut ws).unwrap();
    };
    step(&mut batches[0]);
    step(&mut batches[1]);
    // A thread that the system starts late takes memory for itself, once.
    let mut later = || count(|| batches[1..].iter_mut().for_each(&mut step)).1.expect("the allocator counts");
    let later = [later(), later(), later()];
    assert!(later.iter().any(|later| later.count == 0), "{:?}: {later:?}", model.config());
}

/// Losses of a few epochs over a piece of three segments.
fn losses(encoding: Encoding, music: Sequence, recompute: bool) -> Vec<f64> {
    let config = TrainingConfig { epochs: 3, tbptt_len: 0, recompute, label_smoothing: 0.1, ..config() };
    let (mut model, mut watcher) = (model(Cell::Gru, encoding), Watcher::default());
    let music = [music];
    train(&mut model, &music, &music, &config, &mut watcher).unwrap();
    watcher.losses
}

#[test]
fn activations_computed_again_teach_the_same() {
    for (encoding, music) in [(frames(), ostinato(1200)), (tokens(), round(1200))] {
        let [kept, again] = [false, true].map(|recompute| losses(encoding.clone(), music.clone(), recompute));
        assert!(kept.len() > 2 && kept.last() < kept.first(), "it learns: {kept:?}");
        for (kept, again) in kept.iter().zip(&again) {
            assert!(abs_diff_eq!(kept, again, epsilon = 1e-4 * kept.abs().max(1.0)), "{kept} and {again}");
        }
    }
}
