//! Copy, reverse and transpose: what each way from source to target can learn, and that the source is used at all.

use composer_bptt::{AttentionScore, Cell, Init, RecurrentConfig};
use composer_decoding::beam::{BeamOptions, search};
use composer_decoding::grammar::Free;
use composer_models::seq2seq::{AttentionConfig, Conditioned, Pair, Seq2SeqWorkspace, mean_pair_nll};
use composer_models::{Encoding, Seq2Seq, Seq2SeqConfig, Sequence};
use composer_training::sampling::Curve;
use composer_training::{
    Control, EpochReport, Observer, OptimizerConfig, Sampling, TrainingConfig, UpdateReport, train,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const V: usize = 8;

fn pairs(count: usize, length: usize, seed: u64, task: fn(&[u32]) -> Vec<u32>) -> Vec<Pair> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..count)
        .map(|_| {
            let source: Vec<u32> = (0..length).map(|_| rng.random_range(0..V as u32)).collect();
            Pair { target: Sequence::tokens(task(&source)), source: Sequence::tokens(source), style: None }
        })
        .collect()
}

fn model(attention: Option<AttentionScore>, bridge: bool) -> Seq2Seq {
    model_of(attention, bridge, 48)
}

fn model_of(attention: Option<AttentionScore>, bridge: bool, hidden: usize) -> Seq2Seq {
    let encoding =
        Encoding::Tokens { vocabulary: V, fingerprint: "toy".into(), longest_match: false, voices: None };
    let stack = RecurrentConfig { cell: Cell::Gru, ..RecurrentConfig::default() };
    let config = Seq2SeqConfig {
        source: encoding.clone(),
        target: encoding,
        styles: 0,
        encoder: RecurrentConfig { hidden: hidden / 2, bidirectional: true, ..stack.clone() },
        decoder: RecurrentConfig { hidden, ..stack },
        bridge,
        aligned: false,
        attention: attention.map(|score| AttentionConfig { score, hidden: 32 }),
        output_dropout: 0.0,
        note_wise: None,
    };
    Seq2Seq::new(config, &Init::RECOMMENDED, 2).expect("a model")
}

/// Stops when the validation loss is low enough.
struct Until {
    enough: f64,
    reached: bool,
}

impl Observer<Seq2Seq> for Until {
    fn update(&mut self, _: &UpdateReport) -> Control {
        if self.reached { Control::Stop } else { Control::Continue }
    }

    fn epoch(&mut self, report: &EpochReport, _: &Seq2Seq) -> std::io::Result<()> {
        self.reached |= report.valid_nll < self.enough;
        Ok(())
    }
}

/// Trains for so many epochs, or until the validation loss is below `enough`: the least validation loss.
fn learn(model: &mut Seq2Seq, length: usize, epochs: u64, task: fn(&[u32]) -> Vec<u32>, enough: f64) -> f64 {
    let config = TrainingConfig {
        epochs,
        batch_size: 16,
        tbptt_len: length,
        learning_rate: 0.01,
        patience: 0,
        ..TrainingConfig::for_pairs()
    };
    let valid = pairs(32, length, 2, task);
    let train_set = pairs(640, length, 1, task);
    let mut until = Until { enough, reached: false };
    train(model, &train_set, &valid, &config, &mut until).expect("trained").best.valid_nll
}

/// −ln P of the targets in nats per token.
fn nll(model: &Seq2Seq, pairs: &[Pair], window: usize) -> f64 {
    mean_pair_nll(model, pairs, window, &mut Seq2SeqWorkspace::default()).expect("scored")
}

fn reversed(source: &[u32]) -> Vec<u32> {
    source.iter().rev().copied().collect()
}

/// What a toy task makes of its source.
type Rearrange = fn(&[u32]) -> Vec<u32>;

#[test]
fn every_score_learns_to_copy_reverse_and_transpose() {
    let tasks: [(&str, Rearrange); 3] = [
        ("copy", |source| source.to_vec()),
        ("reverse", reversed),
        ("transpose", |source| source.iter().map(|token| (token + 3) % V as u32).collect()),
    ];
    for (name, task) in tasks {
        for score in AttentionScore::ALL {
            let mut model = model(Some(score), true);
            let nll = learn(&mut model, 6, 30, task, 0.35);
            assert!(
                nll < 0.35,
                "{name} with {score:?}: {nll} nats per token; knowing nothing is {}",
                (V as f64).ln()
            );
        }
    }
}

#[test]
fn the_answer_is_found_by_beam_search_and_a_shuffled_source_gives_it_away() {
    let mut model = model(Some(AttentionScore::General), true);
    learn(&mut model, 6, 30, reversed, 0.0);
    let mut held_out = pairs(24, 6, 3, reversed);
    let right = held_out.iter().filter(|pair| {
        let conditioned = Conditioned::new(&model, pair.source.clone(), None).expect("a source");
        let found = search(conditioned, Free, &[], &BeamOptions::default(), 6, None).expect("found");
        Sequence::tokens(found[0].tokens.clone()) == pair.target
    });
    let right = right.count();
    assert!(right >= 18, "{right} of 24 reversed");
    let with_source = nll(&model, &held_out, 6);
    let first = held_out[0].source.clone();
    for index in 0..held_out.len() {
        held_out[index].source = held_out.get(index + 1).map_or(first.clone(), |next| next.source.clone());
    }
    let shuffled = nll(&model, &held_out, 6);
    assert!(shuffled > with_source + 1.0, "{with_source} with the source, {shuffled} with a shuffled one");
}

#[test]
fn reading_the_source_is_learnt_without_another_weight_changing() {
    let aligned = |aligned| {
        let base = model_of(None, false, 16);
        Seq2SeqConfig { aligned, ..base.config().clone() }
    };
    let unconditional = Seq2Seq::new(aligned(false), &Init::RECOMMENDED, 2).expect("a model");
    let mut model =
        Seq2Seq::from_unconditional(&unconditional, aligned(true), &Init::RECOMMENDED, 2).expect("a model");
    let copy: Rearrange = |source| source.to_vec();
    let (training, valid) = (pairs(64, 6, 1, copy), pairs(32, 6, 2, copy));
    let before = (nll(&model, &valid, 6), model.params().values().to_vec());
    let config = TrainingConfig {
        epochs: 12,
        source_only: true,
        optimizer: OptimizerConfig { weight_decay: 0.5, ..TrainingConfig::for_pairs().optimizer },
        learning_rate: 0.02,
        ..TrainingConfig::for_pairs()
    };
    let after = train(&mut model, &training, &valid, &config, &mut ()).expect("trained").best.valid_nll;
    assert!(after < before.0 - 0.5, "{after} after {}", before.0);
    let (mut kept, mut learnt) = (0, 0);
    for ((now, was), reads) in model.params().values().iter().zip(&before.1).zip(model.reads_source()) {
        assert!(reads || now == was);
        kept += usize::from(!reads);
        learnt += usize::from(now != was);
    }
    assert!(kept > 500 && learnt > 500, "{kept} kept, {learnt} learnt");
}

#[test]
fn scheduled_sampling_still_learns() {
    let mut model = model(Some(AttentionScore::General), true);
    let config = TrainingConfig {
        epochs: 24,
        tbptt_len: 5,
        learning_rate: 0.01,
        sampling: Sampling { curve: Curve::LinearToEnd, floor: 0.5, ..Sampling::default() },
        patience: 0,
        ..TrainingConfig::for_pairs()
    };
    let (training, valid) = (pairs(640, 5, 1, reversed), pairs(32, 5, 2, reversed));
    let nll = train(&mut model, &training, &valid, &config, &mut ()).expect("trained").best.valid_nll;
    assert!(nll < 0.6, "{nll} nats per token");
}

/// The lesson of Bahdanau et al. (2015): one state cannot hold a long source, attention need not. Long:
/// `cargo test --release -p composer-training --test toy_tasks -- --ignored --nocapture`.
#[test]
#[ignore = "trains for many minutes"]
fn a_long_source_is_reversed_with_attention_and_not_through_a_short_state() {
    const LONGEST: usize = 50;
    // Short ones come first to be learnt, and show the way to the long ones.
    let training: Vec<Pair> =
        (0..40).flat_map(|seed| pairs(64, 2 + seed as usize * (LONGEST - 2) / 39, seed, reversed)).collect();
    let held_out = pairs(32, LONGEST, 99, reversed);
    let variants: [(&str, Option<AttentionScore>, usize); 4] = [
        ("bridge, 48 units", None, 48),
        ("bridge, 192 units", None, 192),
        ("attention, additive, 48 units", Some(AttentionScore::Additive), 48),
        ("attention, general, 48 units", Some(AttentionScore::General), 48),
    ];
    let measured = variants.map(|(name, attention, hidden)| {
        let mut model = model_of(attention, true, hidden);
        let config = TrainingConfig {
            epochs: 40,
            tbptt_len: LONGEST,
            learning_rate: 0.005,
            patience: 0,
            ..TrainingConfig::for_pairs()
        };
        let valid = pairs(32, LONGEST, 98, reversed);
        train(&mut model, &training, &valid, &config, &mut ()).expect("trained");
        let nll = self::nll(&model, &held_out, LONGEST);
        println!("{name}: {nll:.3} nats per token of {LONGEST}; knowing nothing is {:.3}", (V as f64).ln());
        nll
    });
    assert!(measured[2] < 0.5 * measured[0] && measured[2] < 0.3, "{measured:?}");
}
