//! `composer learn-part`: trains a model for `accompany`, `drum` or `reharmonise`, and measures whether it listens.

use super::material::{pair, with_foreign_sources};
use super::{drums, pitched};
use crate::failure::wrong_input;
use clap::{Args, ValueEnum};
use composer_bptt::{AttentionScore, Cell, Init, RecurrentConfig};
use composer_models::seq2seq::{self, AttentionConfig, Pair, PartNotes, Task};
use composer_models::{Encoding, Seq2Seq, Seq2SeqConfig, Sequence, prior};
use composer_music::corpus;
use composer_training::pairs::{PairConfig, pair_nll, train_pairs};
use std::path::{Path, PathBuf};

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
    #[arg(long, default_value_t = 30)]
    pub epochs: u64,

    /// Units of the decoder; the encoder has half as many in each direction
    #[arg(long, default_value_t = 128)]
    pub hidden: usize,

    /// Share of units that are switched off at random while training
    #[arg(long, default_value_t = 0.2)]
    pub dropout: f64,

    /// Also look at all steps of the source (otherwise at the step that sounds at the same time, which knows what is around it)
    #[arg(long)]
    pub attention: Option<ScoreName>,

    /// Share of what is fed back at the end of training that the model wrote itself; 0 is teacher forcing
    #[arg(long, default_value_t = 0.0)]
    pub scheduled_sampling: f64,

    /// Also train the same model without any source, to compare
    #[arg(long)]
    pub compare: bool,

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

#[derive(Default)]
struct Pairs {
    train: Vec<Pair>,
    valid: Vec<Pair>,
    test: Vec<Pair>,
}

/// Runs the command.
pub fn run(args: &LearnArgs) -> anyhow::Result<()> {
    let task = match args.task {
        TaskName::Accompany => Task::Accompany,
        TaskName::Drum => Task::Drum,
        TaskName::Reharmonise => Task::Reharmonise,
    };
    let (pairs, styles) = read(task, &args.folders)?;
    eprintln!(
        "{} + {} + {} pieces have both parts, to learn from, to validate and to test.",
        pairs.train.len(),
        pairs.valid.len(),
        pairs.test.len()
    );
    if pairs.train.is_empty() || pairs.valid.is_empty() || pairs.test.is_empty() {
        return Err(wrong_input("that is too few: at least one of each is needed"));
    }
    let config = configuration(task, styles.len(), args);
    let (model, valid_nll) = fit(config.clone(), &pairs, args)?;
    let notes = PartNotes {
        task,
        styles,
        program: 0,
        corpus: args
            .folders
            .iter()
            .map(|folder| folder.rsplit('/').next().unwrap_or(folder))
            .collect::<Vec<_>>()
            .join(", "),
        seed: args.seed,
        valid_nll: Some(valid_nll),
    };
    seq2seq::save(&model, &notes, &args.output)?;
    println!("{}", args.output.display());
    println!("On {} pieces that were not learnt from, in nats per step of the new part:", pairs.test.len());
    println!("  {:.3} with the source", pair_nll(&model, &pairs.test, WINDOW)?);
    println!(
        "  {:.3} with the source of another piece",
        pair_nll(&model, &with_foreign_sources(&pairs.test), WINDOW)?
    );
    if args.compare {
        let deaf = Seq2SeqConfig { bridge: false, aligned: false, attention: None, ..config };
        let (deaf, _) = fit(deaf, &pairs, args)?;
        println!(
            "  {:.3} for the same model trained without a source",
            pair_nll(&deaf, &pairs.test, WINDOW)?
        );
    }
    Ok(())
}

/// Steps of a window that is measured: 32 bars.
const WINDOW: usize = 512;

fn read(task: Task, folders: &[String]) -> anyhow::Result<(Pairs, Vec<String>)> {
    let (mut pairs, mut styles) = (Pairs::default(), Vec::new());
    for folder in folders {
        let (style, folder) = match (task, folder.split_once('=')) {
            (Task::Reharmonise, Some((name, folder))) => {
                styles.push(name.to_owned());
                (Some(styles.len() as u32 - 1), folder)
            }
            (Task::Reharmonise, None) => {
                return Err(wrong_input(format!(
                    "which style is {folder}? Write STYLE=FOLDER, such as rag={folder}"
                )));
            }
            _ => (None, folder.as_str()),
        };
        let split = corpus::split(corpus::load(Path::new(folder))?.pieces);
        for (set, pieces) in
            [(&mut pairs.train, split.train), (&mut pairs.valid, split.valid), (&mut pairs.test, split.test)]
        {
            set.extend(pieces.iter().filter_map(|piece| pair(task, &piece.score, style)));
        }
    }
    Ok((pairs, styles))
}

fn configuration(task: Task, styles: usize, args: &LearnArgs) -> Seq2SeqConfig {
    let frames = |representation| Encoding::Frames { representation, metre: METRE };
    let stack = |hidden| RecurrentConfig { cell: Cell::Gru, hidden, ..RecurrentConfig::default() };
    let score = args.attention.map(|score| match score {
        ScoreName::Dot => AttentionScore::Dot,
        ScoreName::General => AttentionScore::General,
        ScoreName::Additive => AttentionScore::Additive,
    });
    Seq2SeqConfig {
        source: frames(pitched()),
        target: frames(if task == Task::Drum { drums() } else { pitched() }),
        styles,
        encoder: RecurrentConfig { bidirectional: true, ..stack((args.hidden / 2).max(1)) },
        decoder: stack(args.hidden),
        bridge: false,
        aligned: true,
        attention: score.map(|score| AttentionConfig { score, hidden: args.hidden / 2 }),
        output_dropout: args.dropout,
    }
    .completed()
}

fn fit(config: Seq2SeqConfig, pairs: &Pairs, args: &LearnArgs) -> anyhow::Result<(Seq2Seq, f64)> {
    let mut model = Seq2Seq::new(config, &Init::RECOMMENDED, args.seed)?;
    let targets: Vec<Sequence> = pairs.train.iter().map(|pair| pair.target.clone()).collect();
    let prior = prior::output_bias(&model.config().target, &targets);
    model.output_bias_mut().copy_from_slice(&prior);
    let drums = matches!(args.task, TaskName::Drum);
    let training = PairConfig {
        epochs: args.epochs,
        transpose: if drums { 0 } else { 5 }, // transposed drums are other drums
        scheduled_sampling: args.scheduled_sampling,
        seed: args.seed,
        ..PairConfig::default()
    };
    let mut report = |epoch: &composer_training::pairs::PairEpoch| {
        eprintln!(
            "  epoch {:>3}: {:.3} nats per step, held out {:.3}{}",
            epoch.epoch,
            epoch.train_nll,
            epoch.valid_nll,
            if epoch.best { " *" } else { "" }
        );
        true
    };
    let valid_nll = train_pairs(&mut model, &pairs.train, &pairs.valid, &training, &mut report)?;
    Ok((model, valid_nll))
}
