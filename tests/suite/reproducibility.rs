//! The same seed gives the same weights and the same music, bit for bit, on any number of threads.

use composer_bptt::{Cell, Init, RecurrentConfig};
use composer_decoding::{Composition, FrameOptions, compose};
use composer_models::Stepper;
use composer_models::{Encoding, ModelConfig, Sequence, SequenceModel};
use composer_music::corpus;
use composer_music::representation::frames::FrameRepresentation;
use composer_training::{TrainingConfig, train};

/// Two short epochs with dropout and transposition on pieces of the built-in corpus, then two compositions.
fn train_and_compose(threads: usize, seed: u64) -> (Vec<u32>, Vec<Composition>) {
    let representation = FrameRepresentation::default();
    let pieces = corpus::shipped::piano().pieces;
    let sequence = |index: usize| {
        let frames = representation.encode(&pieces[index].score);
        Sequence::frames(frames[..frames.len().min(256)].to_vec())
    };
    let (train_set, valid_set) = ([sequence(0), sequence(1), sequence(2)], [sequence(3)]);
    let recurrent = RecurrentConfig {
        cell: Cell::Lstm,
        hidden: 40,
        layers: 2,
        dropout: 0.2,
        ..RecurrentConfig::default()
    };
    let encoding = Encoding::Frames {
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
    let config = ModelConfig { coupled: true, output_dropout: 0.2, ..ModelConfig::new(encoding, recurrent) };
    let training =
        TrainingConfig { epochs: 2, batch_size: 3, tbptt_len: 32, seed, ..TrainingConfig::default() };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
    pool.install(|| {
        let mut model = SequenceModel::new(config, &Init::default(), seed).expect("a model");
        train(&mut model, &train_set, &valid_set, &training, &mut ()).expect("trained");
        let options = FrameOptions { temperature: 0.8, ..FrameOptions::default() };
        let music = compose(Stepper::new(&model), options, 2, 48, seed).expect("composed");
        (model.params().values().iter().map(|value| value.to_bits()).collect(), music)
    })
}

#[test]
fn weights_and_music_do_not_depend_on_the_number_of_threads() {
    let one = train_and_compose(1, 7);
    for threads in [2, 4] {
        let other = train_and_compose(threads, 7);
        assert!(one.0 == other.0, "other weights on {threads} threads");
        assert_eq!(one.1, other.1, "other music on {threads} threads");
    }
    let (weights, music) = train_and_compose(1, 8);
    assert!(weights != one.0 && music != one.1, "another seed gives other weights and music");
}
