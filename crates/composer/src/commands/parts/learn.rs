//! `composer learn-part`: trains a model for `accompany`, `drum` or `reharmonise`, and measures whether it listens.

use super::heaps::Heaps;
use super::measure::{Measured, held_out};
use super::{contour, drums, pitched};
use clap::{Args, ValueEnum};
use composer_bptt::{AttentionScore, Cell, Init, RecurrentConfig};
use composer_models::seq2seq::{self, AttentionConfig, PartNotes, Task};
use composer_models::{Encoding, Seq2Seq, Seq2SeqConfig, Sequence, prior};
use composer_training::pairs::{PairConfig, PairEpoch, train_pairs};
use std::path::PathBuf;

/// `composer learn-part`.
#[derive(Clone, Debug, Args)]
pub struct LearnArgs {
    /// What to learn
    pub task: TaskName,

    /// Folders of MIDI files; for reharmonise each with the name of its style: rag=FOLDER
    #[arg(required = true, value_name = "[STYLE=]FOLDER")]
    pub folders: Vec<String>,

    /// Where to write the model
    #[arg(long, default_value = "part.safetensors", value_name = "FILE")]
    pub output: PathBuf,

    /// Times to go through the music at most; stops earlier when held-out music no longer gains
    #[arg(long, default_value_t = 14)]
    pub epochs: u64,

    /// Units of the decoder
    #[arg(long, default_value_t = 96)]
    pub hidden: usize,

    /// Units of the encoder in each direction
    #[arg(long, default_value_t = 32)]
    pub encoder: usize,

    /// Share of the decoder's units that are switched off at random while training
    #[arg(long, default_value_t = 0.3)]
    pub dropout: f64,

    /// Share of the source's notes that are hidden at random while training
    #[arg(long, default_value_t = 0.1)]
    pub hide_source: f64,

    /// Share of the new part's own past that is hidden at random while training, so that the model listens to the source
    #[arg(long, default_value_t = 0.1)]
    pub hide_history: f64,

    /// Weight decay
    #[arg(long, default_value_t = 0.02)]
    pub weight_decay: f64,

    /// How the source is heard; several are combined
    #[arg(long, value_delimiter = ',', default_value = "aligned,attention", value_name = "WAY")]
    pub listen: Vec<Way>,

    /// How attention compares
    #[arg(long, default_value = "general")]
    pub score: ScoreName,

    /// Share of what is fed back at the end of training that the model wrote itself; 0 is teacher forcing
    #[arg(long, default_value_t = 0.0)]
    pub scheduled_sampling: f64,

    /// Also compare, in N trainings with another sixth of the music held out each time, with models without any source
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=6))]
    pub compare: Option<u8>,

    /// Seed of weights, order and dropout
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

/// Names of the tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TaskName {
    /// A melody gets an accompaniment
    Accompany,
    /// A bass line gets drums
    Drum,
    /// A melody gets an accompaniment in a style
    Reharmonise,
}

/// Ways from the source to the new part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Way {
    /// At each step what sounds at the same time, by an encoder that knows what is around it
    Aligned,
    /// All steps at once, weighted by where the decoder wants to look
    Attention,
    /// As the state that the encoder ends with
    Bridge,
}

/// Names of the attention scores.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ScoreName {
    /// Luong's dot product
    Dot,
    /// Luong's dot product after a learnt map
    General,
    /// Bahdanau's small network
    Additive,
}

/// Steps of the metrical cycle that both sides are told: a bar of 4/4.
const METRE: usize = 16;

/// Runs the command.
pub fn run(args: &LearnArgs) -> anyhow::Result<()> {
    let task = match args.task {
        TaskName::Accompany => Task::Accompany,
        TaskName::Drum => Task::Drum,
        TaskName::Reharmonise => Task::Reharmonise,
    };
    let heaps = Heaps::read(task, &args.folders)?;
    let config = configuration(task, heaps.styles.len(), args);
    let mut measured = Vec::new();
    for fold in 0..args.compare.unwrap_or(1).into() {
        let (model, valid_nll) = fit(config.clone(), &heaps, fold, args)?;
        if fold == 0 {
            save(&model, task, &heaps, valid_nll, args)?;
        }
        let deaf = Seq2SeqConfig { bridge: false, aligned: false, attention: None, ..config.clone() };
        let deaf = args.compare.map(|_| fit(deaf, &heaps, fold, args)).transpose()?;
        measured.extend(held_out(&model, deaf.as_ref().map(|(deaf, _)| deaf), heaps.test(fold))?);
    }
    Measured::print(&measured, args.seed);
    Ok(())
}

fn save(model: &Seq2Seq, task: Task, heaps: &Heaps, valid_nll: f64, args: &LearnArgs) -> anyhow::Result<()> {
    let notes = PartNotes {
        task,
        styles: heaps.styles.clone(),
        program: 0,
        corpus: heaps.corpus.clone(),
        seed: args.seed,
        valid_nll: Some(valid_nll),
    };
    seq2seq::save(model, &notes, &args.output)?;
    println!("{}", args.output.display());
    Ok(())
}

fn configuration(task: Task, styles: usize, args: &LearnArgs) -> Seq2SeqConfig {
    let frames = |representation| Encoding::Frames { representation, metre: METRE };
    let stack = |hidden| RecurrentConfig { cell: Cell::Gru, hidden, ..RecurrentConfig::default() };
    let score = match args.score {
        ScoreName::Dot => AttentionScore::Dot,
        ScoreName::General => AttentionScore::General,
        ScoreName::Additive => AttentionScore::Additive,
    };
    let drum = task == Task::Drum;
    let listens = |way| args.listen.contains(&way);
    Seq2SeqConfig {
        source: frames(if drum { contour::representation() } else { pitched() }),
        target: frames(if drum { drums() } else { pitched() }),
        styles,
        encoder: RecurrentConfig { bidirectional: true, ..stack(args.encoder) },
        decoder: stack(args.hidden),
        bridge: listens(Way::Bridge),
        aligned: listens(Way::Aligned),
        attention: listens(Way::Attention).then_some(AttentionConfig { score, hidden: args.hidden / 2 }),
        output_dropout: args.dropout,
    }
    .completed()
}

/// Trains a model without heap `fold`.
fn fit(
    config: Seq2SeqConfig,
    heaps: &Heaps,
    fold: usize,
    args: &LearnArgs,
) -> anyhow::Result<(Seq2Seq, f64)> {
    let (train, valid) = (heaps.train(fold), heaps.valid(fold));
    eprintln!(
        "{} + {} + {} pieces have both parts, to learn from, to validate and to test.",
        train.len(),
        valid.len(),
        heaps.test(fold).len()
    );
    let mut model = Seq2Seq::new(config, &Init::RECOMMENDED, args.seed)?;
    let targets: Vec<Sequence> = train.iter().map(|pair| pair.target.clone()).collect();
    let prior = prior::output_bias(&model.config().target, &targets);
    model.output_bias_mut().copy_from_slice(&prior);
    let drums = matches!(args.task, TaskName::Drum);
    let training = PairConfig {
        epochs: args.epochs,
        transpose: if drums { 0 } else { 5 }, // transposed drums are other drums
        hide_source: args.hide_source,
        hide_history: args.hide_history,
        weight_decay: args.weight_decay,
        scheduled_sampling: args.scheduled_sampling,
        seed: args.seed,
        ..PairConfig::default()
    };
    let mut report = |epoch: &PairEpoch| {
        eprintln!(
            "  epoch {:>3}: {:.3} nats per step, held out {:.3}{}",
            epoch.epoch,
            epoch.train_nll,
            epoch.valid_nll,
            if epoch.best { " *" } else { "" }
        );
        true
    };
    let valid_nll = train_pairs(&mut model, &train, valid, &training, &mut report)?;
    Ok((model, valid_nll))
}
