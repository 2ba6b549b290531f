//! Encoder–decoders are trained by the same loop as all models: resumed bit for bit, and the same as a loop that is written out.

use crate::common::{Watcher, frames, ostinato, round};
use composer_bptt::{AttentionScore, Cell, Init, Mode, RecurrentConfig};
use composer_models::seq2seq::{
    AttentionConfig, Pair, PairBatch, Seq2SeqWorkspace, Window, draw_symbol, mean_pair_nll, replace_inputs,
};
use composer_models::streams::{Purpose, stream};
use composer_models::{Encoding, Seq2Seq, Seq2SeqConfig};
use composer_training::sampling::{Curve, Source};
use composer_training::{
    Advice, Checkpoint, Control, EpochReport, Error, Observer, Optimizer, OptimizerConfig, Outcome, Sampling,
    Snapshot, Trainer, TrainingConfig, TrainingSet, UpdateReport, clip_grad_norm, train,
};
use rand::RngExt;
use rand::seq::SliceRandom;

/// A way from source to target.
#[derive(Clone, Copy, Debug)]
enum Way {
    Aligned,
    Attention,
    Bridge,
}

fn model(way: Way, encoding: Encoding) -> Seq2Seq {
    let stack = RecurrentConfig { cell: Cell::Gru, hidden: 10, ..RecurrentConfig::default() };
    let attention = AttentionConfig { score: AttentionScore::General, hidden: 8 };
    let config = Seq2SeqConfig {
        source: encoding.clone(),
        target: encoding,
        styles: 0,
        encoder: RecurrentConfig { bidirectional: true, ..stack.clone() },
        decoder: stack,
        bridge: matches!(way, Way::Bridge),
        aligned: matches!(way, Way::Aligned),
        attention: matches!(way, Way::Attention).then_some(attention),
        output_dropout: 0.3,
        note_wise: None,
    };
    Seq2Seq::new(config, &Init::RECOMMENDED, 2).unwrap()
}

fn tokens() -> Encoding {
    Encoding::Tokens { vocabulary: 6, fingerprint: "toy".into(), longest_match: false, voices: None }
}

fn pairs(encoding: &Encoding) -> Vec<Pair> {
    let sequence = |steps| match encoding {
        Encoding::Tokens { .. } => round(steps),
        _ => ostinato(steps),
    };
    let pair = |steps| Pair { source: sequence(steps), target: sequence(steps), style: None };
    [64, 40, 7, 33].map(pair).to_vec()
}

fn config() -> TrainingConfig {
    TrainingConfig {
        epochs: 5,
        batch_size: 3,
        tbptt_len: 13,
        transpose: 3,
        source_dropout: 0.1,
        history_dropout: 0.2,
        learning_rate: 0.01,
        optimizer: OptimizerConfig { weight_decay: 0.1, ..TrainingConfig::for_pairs().optimizer },
        ..TrainingConfig::for_pairs()
    }
}

fn sampling(source: Source) -> Sampling {
    Sampling { curve: Curve::LinearToEnd, floor: 0.5, source, ..Sampling::default() }
}

/// What happened in one part of a run.
#[derive(Default)]
struct Recorder {
    stop_after: Option<u64>,
    losses: Vec<f64>,
    epochs: Vec<EpochReport>,
    checkpoint: Vec<u8>,
}

impl Observer<Seq2Seq> for Recorder {
    fn update(&mut self, report: &UpdateReport) -> Control {
        self.losses.push(report.nll);
        if self.stop_after == Some(report.update) { Control::Stop } else { Control::Continue }
    }

    fn epoch(&mut self, report: &EpochReport, _model: &Seq2Seq) -> std::io::Result<()> {
        self.epochs.push(report.clone());
        Ok(())
    }

    fn save(&mut self, snapshot: &Snapshot<'_>) -> Result<(), Error> {
        self.checkpoint = snapshot.to_bytes("some notes")?;
        Ok(())
    }

    fn advice(&mut self, _advice: Advice) {}
}

/// Trains in as many parts as there are places to stop at, each in a model of its own; all losses, the outcome, the weights.
fn in_parts(
    way: Way,
    encoding: &Encoding,
    config: &TrainingConfig,
    stops: &[u64],
) -> (Vec<f64>, Outcome, Vec<f32>) {
    let pairs = pairs(encoding);
    let (mut losses, mut saved) = (Vec::new(), Vec::new());
    for stop_after in stops.iter().copied().map(Some).chain([None]) {
        let mut model = model(way, encoding.clone());
        let mut recorder = Recorder { stop_after, ..Recorder::default() };
        let mut trainer = Trainer::new(&mut model, &pairs, &pairs[..1], config).unwrap();
        if !saved.is_empty() {
            trainer = trainer.resume(&Checkpoint::from_bytes(&saved).unwrap()).unwrap();
        }
        let outcome = trainer.run(&mut recorder).unwrap();
        losses.extend(recorder.losses);
        saved = recorder.checkpoint;
        if !outcome.interrupted() {
            return (losses, outcome, model.params().values().to_vec());
        }
    }
    unreachable!("the last part runs to the end")
}

#[test]
fn stopped_anywhere_every_way_from_source_to_target_is_resumed_bit_for_bit() {
    let average = TrainingConfig { ema_decay: 0.9, label_smoothing: 0.1, ..config() };
    let sampled = TrainingConfig { sampling: sampling(Source::Model), ..config() };
    let noise = TrainingConfig { sampling: sampling(Source::Noise), copies: 2, ..config() };
    for (way, encoding, config) in [
        (Way::Aligned, frames(), average.clone()),
        (Way::Aligned, tokens(), sampled.clone()),
        (Way::Aligned, tokens(), TrainingConfig { source_only: true, ema_decay: 0.9, ..sampled.clone() }),
        (Way::Attention, frames(), sampled.clone()),
        (Way::Attention, tokens(), average.clone()),
        (Way::Bridge, frames(), TrainingConfig { tbptt_len: 0, ..average }),
        (Way::Bridge, tokens(), sampled),
        (Way::Bridge, tokens(), noise),
    ] {
        let told = format!("{way:?} {encoding:?}");
        let whole = in_parts(way, &encoding, &config, &[]);
        let updates = whole.0.len() as u64;
        assert!(updates >= 10, "{told}: {updates} updates");
        assert!(whole.0[updates as usize - 1] < whole.0[0], "{told}: it learns");
        let first = whole.1.epochs[0].updates;
        for stops in [vec![1], vec![first], vec![first + 1], vec![1, first + 1, updates - 1]] {
            let parts = in_parts(way, &encoding, &config, &stops);
            assert!(parts.0 == whole.0, "{told}: other losses after stops at {stops:?}");
            assert!(parts.1 == whole.1, "{told}: another outcome after stops at {stops:?}");
            assert!(parts.2 == whole.2, "{told}: other weights after stops at {stops:?}");
        }
    }
}

/// The loop that an encoder–decoder was trained by before it had the trainer: what each update does, written out.
fn written_out(model: &mut Seq2Seq, pairs: &[Pair], valid: &[Pair], config: &TrainingConfig) -> Vec<f32> {
    let (mut ws, mut batch) = (Seq2SeqWorkspace::default(), PairBatch::new(model.config()));
    let mut optimizer = Optimizer::new(config.optimizer, model.params().len());
    let frozen = model.params().values().to_vec();
    let trained = if config.source_only { model.reads_source() } else { vec![true; frozen.len()] };
    let encoding = model.config().target.clone();
    let mut best =
        (mean_pair_nll(model, valid, config.tbptt_len, &mut ws).unwrap(), model.params().values().to_vec());
    for epoch in 1..=config.epochs {
        let mut order = stream(config.seed, Purpose::Shuffling, epoch);
        let mut dropout = stream(config.seed, Purpose::Dropout, epoch);
        let mut draws = stream(config.seed, Purpose::ScheduledSampling, epoch);
        let mut windows = Vec::new();
        for pair in pairs {
            let transpose = order.random_range(encoding.transpositions(&pair.target, config.transpose));
            let longest = config.tbptt_len.min(pair.target.len());
            let first = if model.config().aligned { order.random_range(0..longest) } else { 0 };
            if first > 0 {
                windows.push(Window { pair, start: 0, steps: first, transpose });
            }
            let starts = (first..pair.target.len()).step_by(config.tbptt_len);
            windows.extend(starts.map(|start| Window { pair, start, steps: config.tbptt_len, transpose }));
        }
        windows.shuffle(&mut order);
        let updates = windows.len().div_ceil(config.batch_size) as u64;
        for (update, group) in (0..).zip(windows.chunks(config.batch_size)) {
            let (done, total) = ((epoch - 1) * updates + update, config.epochs * updates);
            batch.fill(model.config(), group).unwrap();
            let truth = config.sampling.truth_probability(done, total);
            if truth < 1.0 {
                model.forward(&batch, Mode::Eval, &mut ws).unwrap();
                replace_inputs(&mut batch.target, &encoding, 1.0 - truth, &mut draws, |row, before, rng| {
                    let logits = &ws.logits()[row * encoding.outputs()..][..encoding.outputs()];
                    draw_symbol(&encoding, logits, before, 1.0, rng)
                });
            }
            batch.drop_inputs(model.config(), config.source_dropout, config.history_dropout, &mut dropout);
            model.forward(&batch, Mode::Train { rng: &mut dropout }, &mut ws).unwrap();
            model.loss(&batch, &mut ws).unwrap();
            model.params_mut().zero_grad();
            model.backward(&batch, &mut ws).unwrap();
            for (gradient, &trained) in model.params_mut().grads_mut().iter_mut().zip(&trained) {
                *gradient = if trained { *gradient } else { 0.0 };
            }
            clip_grad_norm(model.params_mut(), config.clip_grad_norm);
            let factor = config.schedule.factor(done, total, &Default::default());
            optimizer.update(model.params_mut(), config.learning_rate * factor);
            for (index, value) in model.params_mut().values_mut().iter_mut().enumerate() {
                *value = if trained[index] { *value } else { frozen[index] };
            }
        }
        let nll = mean_pair_nll(model, valid, config.tbptt_len, &mut ws).unwrap();
        if nll < best.0 {
            best = (nll, model.params().values().to_vec());
        }
    }
    best.1
}

#[test]
fn the_trainer_does_what_a_loop_that_is_written_out_does() {
    for (way, encoding, sampling, source_only) in [
        (Way::Aligned, frames(), sampling(Source::Model), false),
        (Way::Aligned, tokens(), Sampling::default(), true),
        (Way::Attention, tokens(), sampling(Source::Model), false),
        (Way::Bridge, frames(), Sampling::default(), false),
    ] {
        let config = TrainingConfig { sampling, source_only, patience: 0, ..config() };
        let pairs = pairs(&encoding);
        let (mut one, mut other) = (model(way, encoding.clone()), model(way, encoding));
        let outcome = train(&mut one, &pairs, &pairs[..1], &config, &mut ()).unwrap();
        let weights = written_out(&mut other, &pairs, &pairs[..1], &config);
        assert!(one.params().values() == weights, "{way:?}");
        assert_eq!(outcome.best.weights, weights);
    }
}

#[test]
fn a_model_that_cannot_get_better_keeps_its_weights() {
    let pairs = pairs(&tokens());
    let mut model = model(Way::Aligned, tokens());
    let before = model.params().values().to_vec();
    let config = TrainingConfig { learning_rate: 10.0, clip_grad_norm: 100.0, epochs: 2, ..config() };
    let outcome = train(&mut model, &pairs, &pairs[..1], &config, &mut ()).unwrap();
    assert_eq!((outcome.best.epoch, outcome.best.updates), (0, 0), "{:?}", outcome.epochs);
    assert!(model.params().values() == before && outcome.last.weights != before);
    assert!(outcome.best.valid_nll < outcome.last.valid_nll);
}

#[test]
fn settings_that_make_no_sense_for_a_model_are_refused_by_name() {
    let pairs = pairs(&tokens());
    let complaint = |way, config: TrainingConfig| {
        train(&mut model(way, tokens()), &pairs, &pairs, &config, &mut ()).expect_err("refused").to_string()
    };
    let recompute = TrainingConfig { recompute: true, ..config() };
    assert!(complaint(Way::Aligned, recompute).contains("training.recompute"));
    let source_only = TrainingConfig { source_only: true, ..config() };
    assert!(complaint(Way::Bridge, source_only).contains("training.source_only"));
    let untold = TrainingConfig { condition_dropout: 0.1, ..config() };
    assert!(complaint(Way::Bridge, untold.clone()).contains("training.condition_dropout"));
    let mut sequences = crate::common::model(Cell::Gru, tokens());
    let refused = train(&mut sequences, &[round(20)], &[round(20)], &config(), &mut Watcher::default());
    assert!(refused.expect_err("it has no source").to_string().contains("training.source_dropout"));
    let untold = TrainingConfig { source_dropout: 0.0, history_dropout: 0.0, ..untold };
    let refused = train(&mut sequences, &[round(20)], &[round(20)], &untold, &mut Watcher::default());
    assert!(refused.expect_err("it has no conditions").to_string().contains("training.condition_dropout"));
}

#[test]
fn another_kind_of_model_does_not_take_over_a_checkpoint() {
    let pairs = pairs(&tokens());
    let mut recorder = Recorder { stop_after: Some(2), ..Recorder::default() };
    train(&mut model(Way::Bridge, tokens()), &pairs, &pairs, &config(), &mut recorder).unwrap();
    let checkpoint = Checkpoint::from_bytes(&recorder.checkpoint).unwrap();
    assert_eq!((checkpoint.kind(), checkpoint.updates(), checkpoint.notes()), ("seq2seq", 2, "some notes"));
    assert!(!checkpoint.is_final());
    assert_eq!(checkpoint.model::<Seq2SeqConfig>().unwrap(), *model(Way::Bridge, tokens()).config());
    let mut sequences = crate::common::model(Cell::Gru, tokens());
    let music = [round(64)];
    let plain = crate::common::config();
    let refused = Trainer::new(&mut sequences, &music, &music, &plain).unwrap();
    let refused = refused.resume(&checkpoint).err().expect("refused").to_string();
    assert!(refused.contains("another model"), "{refused}");
    let mut attends = model(Way::Attention, tokens());
    let config = config();
    let refused = Trainer::new(&mut attends, &pairs, &pairs, &config).unwrap().resume(&checkpoint).err();
    assert!(refused.expect("refused").to_string().contains("another model"));
}

#[test]
fn pairs_may_be_varied_too() {
    let pairs = pairs(&tokens());
    let swap = |index: usize, rng: &mut rand_chacha::ChaCha8Rng| {
        let steps = rng.random_range(8..20);
        Ok(Pair { source: round(steps), target: round(steps), ..pairs[index].clone() })
    };
    let set = TrainingSet::augmented(&pairs, &swap);
    let outcome = train(&mut model(Way::Aligned, tokens()), set, &pairs, &config(), &mut ()).unwrap();
    assert!(outcome.epochs.iter().any(|epoch| epoch.steps != outcome.epochs[0].steps));
}

#[test]
fn a_weight_that_is_not_finite_is_named_with_its_gate() {
    let pairs = pairs(&tokens());
    let mut model = model(Way::Attention, tokens());
    let weight = model.params().id("encoder.weight_hh_l0").unwrap();
    model.params_mut().value_mut(weight)[2 * 10 * 10] = f32::NAN;
    let config = TrainingConfig { validate_first: false, ..config() };
    let told = train(&mut model, &pairs, &pairs, &config, &mut ()).expect_err("it diverges").to_string();
    assert!(told.contains("encoder.weight_hh_l0, gate n"), "{told}");
}
