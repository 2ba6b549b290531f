//! Trainings on several ranks are the same bits as in one process: losses, validation, weights, and what a checkpoint carries.

use crate::common::{config, frames, frames_in_bars, ostinato, round, tokens};
use composer_bptt::{AttentionScore, Cell, Init, RecurrentConfig};
use composer_models::seq2seq::{AttentionConfig, Pair};
use composer_models::{
    ConditionValues, Conditions, ModelConfig, Network, Seq2Seq, Seq2SeqConfig, Sequence, SequenceModel,
    TokenNetwork,
};
use composer_training::distributed::tree::{TreeSum, leaves_of};
use composer_training::distributed::{Alone, Communicator, GradientType, Threads};
use composer_training::sampling::Curve;
use composer_training::{
    Checkpoint, Control, EpochReport, Error, Observer, Sampling, Snapshot, Trainable, Trainer,
    TrainingConfig, UpdateReport,
};

/// What happened on one rank.
#[derive(Default)]
struct Seen {
    stop_after: Option<u64>,
    losses: Vec<f64>,
    epochs: Vec<EpochReport>,
    checkpoint: Vec<u8>,
}

impl<M> Observer<M> for Seen {
    fn update(&mut self, report: &UpdateReport) -> Control {
        self.losses.push(report.nll);
        if self.stop_after == Some(report.update) { Control::Stop } else { Control::Continue }
    }

    fn epoch(&mut self, report: &EpochReport, _model: &M) -> std::io::Result<()> {
        self.epochs.push(report.clone());
        Ok(())
    }

    fn save(&mut self, snapshot: &Snapshot<'_>) -> Result<(), Error> {
        self.checkpoint = snapshot.to_bytes("")?;
        Ok(())
    }
}

/// What must be the same on any number of ranks: losses, epochs, the best and the last weights.
type Run = (Vec<f64>, Vec<EpochReport>, Vec<f32>, Vec<f32>);

fn on_rank<M: Trainable>(
    mut model: M,
    examples: &[M::Example],
    config: &TrainingConfig,
    ranks: &dyn Communicator,
    from: &[u8],
    seen: &mut Seen,
) -> Run {
    let mut trainer = Trainer::new(&mut model, examples, &examples[..3], config).unwrap().on(ranks).unwrap();
    if !from.is_empty() {
        trainer = trainer.resume(&Checkpoint::from_bytes(from).unwrap()).unwrap();
    }
    let outcome = trainer.run(seen).unwrap();
    (seen.losses.clone(), seen.epochs.clone(), outcome.best.weights, outcome.last.weights)
}

/// Trains on so many ranks, each a thread; the run, which is that of every rank, and the checkpoint of rank 0.
fn on_ranks<M>(
    model: &M,
    examples: &[M::Example],
    config: &TrainingConfig,
    ranks: usize,
    from: &[u8],
    stop_after: Option<u64>,
) -> (Run, Vec<u8>)
where
    M: Trainable + Clone + Send + Sync,
    M::Example: Sync,
{
    let mut all: Vec<(Run, Vec<u8>)> = std::thread::scope(|scope| {
        let start = |rank: Threads| {
            scope.spawn(move || {
                let mut seen =
                    Seen { stop_after: stop_after.filter(|_| rank.rank() == 0), ..Seen::default() };
                let run = on_rank(model.clone(), examples, config, &rank, from, &mut seen);
                (run, seen.checkpoint)
            })
        };
        let threads: Vec<_> = Threads::group(ranks).into_iter().map(start).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    for (rank, (run, checkpoint)) in all.iter().enumerate().skip(1) {
        assert_eq!(*run, all[0].0, "rank {rank} of {ranks}");
        assert!(checkpoint.is_empty(), "rank {rank} saved");
    }
    all.swap_remove(0)
}

/// The same in one process, on any number of ranks, and resumed from the middle of an epoch on another number.
fn is_the_same_everywhere<M>(name: &str, model: &M, examples: &[M::Example], config: &TrainingConfig)
where
    M: Trainable + Clone + Send + Sync,
    M::Example: Sync,
{
    let alone = on_rank(model.clone(), examples, config, &Alone, &[], &mut Seen::default());
    assert!(alone.0.len() > 6 && alone.0.iter().all(|loss| loss.is_finite()), "{name}: {:?}", alone.0);
    for ranks in [1, 2, 3, 4, 8] {
        assert_eq!(on_ranks(model, examples, config, ranks, &[], None).0, alone, "{name}, {ranks} ranks");
    }
    let stop = alone.0.len() as u64 / 2 + 1;
    for (before, after) in [(4, 2), (2, 8), (8, 1), (1, 3)] {
        let (first, checkpoint) = on_ranks(model, examples, config, before, &[], Some(stop));
        assert_eq!(first.0, alone.0[..stop as usize], "{name}");
        let (second, _) = on_ranks(model, examples, config, after, &checkpoint, None);
        assert_eq!(second.0, alone.0[stop as usize..], "{name}, from {before} to {after} ranks");
        assert_eq!((&second.2, &second.3), (&alone.2, &alone.3), "{name}, from {before} to {after} ranks");
    }
}

/// With everything that draws random numbers.
fn noisy() -> RecurrentConfig {
    RecurrentConfig {
        cell: Cell::Lstm,
        hidden: 8,
        layers: 2,
        dropout: 0.2,
        recurrent_dropout: 0.1,
        zoneout: 0.1,
        ..RecurrentConfig::default()
    }
}

fn short() -> TrainingConfig {
    let sampling = Sampling { curve: Curve::LinearToEnd, floor: 0.5, ..Sampling::default() };
    TrainingConfig {
        epochs: 3,
        batch_size: 9,
        copies: 1,
        micro_shards: 8,
        ema_decay: 0.9,
        sampling,
        ..config()
    }
}

fn told(sequence: Sequence) -> Sequence {
    sequence.with_conditions(ConditionValues { density: Some(3.0), ..ConditionValues::default() }.into())
}

#[test]
fn frames_that_are_written_note_by_note_are_the_same_on_any_number_of_ranks() {
    let conditions = Conditions { density: Some(vec![2.0, 4.0]), ..Conditions::default() };
    let notes = RecurrentConfig { cell: Cell::Gru, hidden: 6, layers: 1, ..noisy() };
    let config = ModelConfig::new(frames_in_bars(), noisy());
    let config = ModelConfig { output_dropout: 0.2, bar_attention: 5, ..config };
    let config = config.with_network(Network::NoteWise, notes, 0.1).with_conditions(conditions);
    let model = SequenceModel::new(config, &Init::default(), 1).unwrap();
    let music: Vec<Sequence> =
        [50, 33, 17, 40, 61, 16, 20, 48, 9, 30].map(|steps| told(ostinato(steps))).to_vec();
    is_the_same_everywhere("note-wise", &model, &music, &TrainingConfig { transpose: 2, ..short() });
}

#[test]
fn tokens_are_the_same_on_any_number_of_ranks() {
    let config = ModelConfig { output_dropout: 0.2, ..ModelConfig::new(tokens(), noisy()) };
    let network = TokenNetwork { embedding: 0, tied: true, embedding_dropout: 0.2, softmaxes: 2 };
    let model = SequenceModel::new(config.with_token_network(network), &Init::default(), 1).unwrap();
    let music: Vec<Sequence> = [50, 33, 17, 40, 61, 16, 20, 48, 9, 30].map(round).to_vec();
    let config = TrainingConfig { gradient_type: GradientType::F16, ..short() };
    is_the_same_everywhere("tokens", &model, &music, &config);
    let few = TrainingConfig { tbptt_len: 0, recompute: true, epochs: 8, ..short() };
    is_the_same_everywhere("whole pieces, fewer than micro-shards", &model, &music[..6], &few);
}

#[test]
fn pairs_are_the_same_on_any_number_of_ranks() {
    let stack = RecurrentConfig { cell: Cell::Gru, hidden: 8, dropout: 0.1, ..RecurrentConfig::default() };
    let config = Seq2SeqConfig {
        source: frames(),
        target: frames(),
        styles: 0,
        encoder: RecurrentConfig { bidirectional: true, ..stack.clone() },
        decoder: stack,
        bridge: false,
        aligned: false,
        attention: Some(AttentionConfig { score: AttentionScore::General, hidden: 8 }),
        output_dropout: 0.3,
        note_wise: None,
    };
    let model = Seq2Seq::new(config, &Init::RECOMMENDED, 2).unwrap();
    let pair = |steps| Pair { source: ostinato(steps), target: ostinato(steps), style: None };
    let pairs = [64, 40, 7, 33, 50, 20, 64, 30, 41, 64].map(pair);
    let config = TrainingConfig {
        tbptt_len: 64,
        batch_size: 5,
        copies: 2,
        source_dropout: 0.1,
        history_dropout: 0.2,
        ..short()
    };
    is_the_same_everywhere("pairs", &model, &pairs, &config);
}

#[test]
fn dropout_does_not_repeat_and_micro_shards_learn_the_gradient_of_the_whole_batch() {
    // Without dropout, the sum over micro-shards is that of the whole batch within rounding.
    let model = || {
        let recurrent = RecurrentConfig { hidden: 8, ..RecurrentConfig::default() };
        SequenceModel::new(ModelConfig::new(tokens(), recurrent), &Init::default(), 1).unwrap()
    };
    let music: Vec<Sequence> = [50, 33, 17, 40, 61, 16, 20, 48, 9, 30].map(round).to_vec();
    let plain = TrainingConfig { sampling: Sampling::default(), ..short() };
    let whole = TrainingConfig { micro_shards: 0, ..plain.clone() };
    let losses =
        |config: &TrainingConfig| on_rank(model(), &music, config, &Alone, &[], &mut Seen::default()).0;
    for (sharded, whole) in losses(&plain).into_iter().zip(losses(&whole)) {
        assert!((sharded - whole).abs() < 2e-5, "{sharded} {whole}");
    }
}

#[test]
fn what_does_not_fit_is_refused_by_every_rank() {
    let music: Vec<Sequence> = [50, 33, 17].map(round).to_vec();
    let other: Vec<Sequence> = [50, 33, 18].map(round).to_vec();
    let refused = |config: TrainingConfig, differs: bool| -> Vec<String> {
        let run = |rank: Threads| {
            let music = if differs && rank.rank() == 1 { &other } else { &music };
            let mut model =
                SequenceModel::new(ModelConfig::new(tokens(), noisy()), &Init::default(), 1).unwrap();
            let trainer = Trainer::new(&mut model, music, music, &config).unwrap().on(&rank);
            trainer.err().expect("refused").to_string()
        };
        std::thread::scope(|scope| {
            let threads: Vec<_> =
                Threads::group(4).into_iter().map(|rank| scope.spawn(|| run(rank))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        })
    };
    for text in refused(TrainingConfig { micro_shards: 3, ..short() }, false) {
        assert_eq!(
            text,
            "training.micro_shards is 3, and must be at least the number of processes that train together"
        );
    }
    for text in refused(short(), true) {
        assert_eq!(text, "processes 0 and 1 train with other music: give all the same");
    }
}

#[test]
fn the_sum_is_that_of_the_tree_whatever_rank_has_the_leaves() {
    // Numbers whose sum depends on the order; more than two blocks of half precision.
    const PARAMETERS: usize = 2100;
    let number = |leaf: usize, at: usize| {
        ((at * 31 + leaf * 977) % 1009) as f32 / 1009.0 * 10f32.powi((leaf % 5) as i32 - 2)
    };
    let all: Vec<Vec<f32>> =
        (0..12).map(|leaf| (0..PARAMETERS).map(|at| number(leaf, at)).collect()).collect();
    for leaves in [1, 2, 3, 5, 8, 12] {
        for kind in [GradientType::F32, GradientType::F16] {
            let sum = |ranks: &dyn Communicator| {
                let mut tree = TreeSum::new(leaves, kind);
                let own = leaves_of(ranks.rank(), leaves, ranks.size());
                own.for_each(|leaf| tree.push(leaf, &all[leaf], leaf as f64 / 3.0));
                let mut gradients = vec![0.0; PARAMETERS];
                let loss = tree.finish(ranks, &mut gradients).unwrap();
                (gradients, loss)
            };
            let alone = sum(&Alone);
            let exact = |at: usize| -> f64 { all[..leaves].iter().map(|leaf| f64::from(leaf[at])).sum() };
            let far = if kind == GradientType::F32 { 1e-4 } else { 0.5 };
            assert!((0..PARAMETERS).all(|at| (f64::from(alone.0[at]) - exact(at)).abs() < far));
            for size in 2..=leaves {
                std::thread::scope(|scope| {
                    let (sum, alone) = (&sum, &alone);
                    for rank in Threads::group(size) {
                        scope.spawn(move || assert!(sum(&rank) == *alone, "{leaves} leaves, {size} ranks"));
                    }
                });
            }
        }
    }
}
