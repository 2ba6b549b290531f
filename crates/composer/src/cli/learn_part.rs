//! `composer learn-part`: trains a model for `accompany`, `drum` or `reharmonise`, and measures whether it listens.

use super::failure::wrong_input;
use clap::{Args, ValueEnum};
use composer::parts::{Heaps, Measured, contour, drums, held_out, pitched};
use composer_bptt::{AttentionScore, Cell, Init, RecurrentConfig};
use composer_models::seq2seq::{self, AttentionConfig, Pair, PartNotes, Task};
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

    /// Times to go through the music at most; stops earlier when held-out music no longer gains [default: 14, for drums 10]
    #[arg(long)]
    pub epochs: Option<u64>,

    /// Times to go through the music before that without the source: first to write alone, then to listen, which a small
    /// collection needs; with `--listen aligned` [default: 0, for aligned drums 25]
    #[arg(long, value_name = "EPOCHS")]
    pub alone: Option<u64>,

    /// Units of the decoder
    #[arg(long, default_value_t = 96)]
    pub hidden: usize,

    /// Units of the encoder in each direction [default: 32, for drums 64]
    #[arg(long)]
    pub encoder: Option<usize>,

    /// Share of the decoder's units that are switched off at random while training
    #[arg(long, default_value_t = 0.3)]
    pub dropout: f64,

    /// Share of the source's notes that are hidden at random while training [default: 0.1, for drums 0]
    #[arg(long)]
    pub hide_source: Option<f64>,

    /// Share of the new part's own past that is hidden at random while training, so that the model listens to the source
    /// [default: 0.1, for drums 0.2]
    #[arg(long)]
    pub hide_history: Option<f64>,

    /// Weight decay [default: 0.02, for drums 0.3]
    #[arg(long)]
    pub weight_decay: Option<f64>,

    /// How the source is heard; several are combined [default: aligned,attention; for drums aligned]
    #[arg(long, value_delimiter = ',', value_name = "WAY")]
    pub listen: Option<Vec<Way>>,

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

/// What the arguments say, and for the rest what each task is learnt best with: docs/parts.md.
struct Recipe {
    epochs: u64,
    alone: u64,
    encoder: usize,
    hide_source: f64,
    hide_history: f64,
    weight_decay: f64,
    listen: Vec<Way>,
}

impl LearnArgs {
    fn recipe(&self) -> anyhow::Result<Recipe> {
        let drum = self.task == TaskName::Drum;
        let ways = if drum { vec![Way::Aligned] } else { vec![Way::Aligned, Way::Attention] };
        let listen = self.listen.clone().unwrap_or(ways);
        let only_aligned = listen == [Way::Aligned];
        let alone = self.alone.unwrap_or(if drum && only_aligned { 25 } else { 0 });
        if alone > 0 && !only_aligned {
            return Err(wrong_input(
                "--alone needs --listen aligned: no other way of listening can begin silent",
            ));
        }
        Ok(Recipe {
            epochs: self.epochs.unwrap_or(if drum { 10 } else { 14 }),
            alone,
            encoder: self.encoder.unwrap_or(if drum { 64 } else { 32 }),
            hide_source: self.hide_source.unwrap_or(if drum { 0.0 } else { 0.1 }),
            hide_history: self.hide_history.unwrap_or(if drum { 0.2 } else { 0.1 }),
            weight_decay: self.weight_decay.unwrap_or(if drum { 0.3 } else { 0.02 }),
            listen,
        })
    }
}

/// Runs the command.
pub fn run(args: &LearnArgs) -> anyhow::Result<()> {
    let task = match args.task {
        TaskName::Accompany => Task::Accompany,
        TaskName::Drum => Task::Drum,
        TaskName::Reharmonise => Task::Reharmonise,
    };
    let recipe = args.recipe()?;
    let heaps = Heaps::read(task, &args.folders)?;
    let config = configuration(task, heaps.styles.len(), args, &recipe);
    let deaf = Seq2SeqConfig { bridge: false, aligned: false, attention: None, ..config.clone() }.completed();
    let mut measured = Vec::new();
    for fold in 0..args.compare.unwrap_or(1).into() {
        let learning = Learning { train: heaps.train(fold), valid: heaps.valid(fold), args, recipe: &recipe };
        eprintln!(
            "{} + {} + {} pieces have both parts, to learn from, to validate and to test.",
            learning.train.len(),
            learning.valid.len(),
            heaps.test(fold).len()
        );
        let (model, valid_nll, deaf) = learning.models(&config, &deaf)?;
        if fold == 0 {
            save(&model, task, &heaps, valid_nll, args)?;
        }
        let deaf = deaf.as_ref().filter(|_| args.compare.is_some());
        measured.extend(held_out(&model, deaf, heaps.test(fold))?);
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

fn configuration(task: Task, styles: usize, args: &LearnArgs, recipe: &Recipe) -> Seq2SeqConfig {
    let frames = |representation| Encoding::Frames { representation, metre: METRE };
    let stack = |hidden| RecurrentConfig { cell: Cell::Gru, hidden, ..RecurrentConfig::default() };
    let score = match args.score {
        ScoreName::Dot => AttentionScore::Dot,
        ScoreName::General => AttentionScore::General,
        ScoreName::Additive => AttentionScore::Additive,
    };
    let drum = task == Task::Drum;
    let listens = |way| recipe.listen.contains(&way);
    Seq2SeqConfig {
        source: frames(if drum { contour::representation() } else { pitched() }),
        target: frames(if drum { drums() } else { pitched() }),
        styles,
        encoder: RecurrentConfig { bidirectional: true, ..stack(recipe.encoder) },
        decoder: stack(args.hidden),
        bridge: listens(Way::Bridge),
        aligned: listens(Way::Aligned),
        attention: listens(Way::Attention).then_some(AttentionConfig { score, hidden: args.hidden / 2 }),
        output_dropout: args.dropout,
    }
    .completed()
}

/// What one fold is learnt from, and how.
struct Learning<'a> {
    train: Vec<Pair>,
    valid: &'a [Pair],
    args: &'a LearnArgs,
    recipe: &'a Recipe,
}

impl Learning<'_> {
    /// A model with its validation loss; and one that hears no source, if there must be one to begin with or to compare with.
    fn models(
        &self,
        config: &Seq2SeqConfig,
        deaf: &Seq2SeqConfig,
    ) -> anyhow::Result<(Seq2Seq, f64, Option<Seq2Seq>)> {
        let Recipe { alone, epochs, .. } = *self.recipe;
        if alone == 0 {
            let (model, valid_nll) = self.fit(self.fresh(config)?, epochs, false)?;
            let mut to_compare = None;
            if self.args.compare.is_some() {
                to_compare = Some(self.fit(self.fresh(deaf)?, epochs, false)?.0);
            }
            return Ok((model, valid_nll, to_compare));
        }
        let (deaf, _) = self.fit(self.fresh(deaf)?, alone, false)?;
        let model = Seq2Seq::listening(&deaf, config.clone(), &Init::RECOMMENDED, self.args.seed)?;
        let (model, valid_nll) = self.fit(model, epochs, true)?;
        Ok((model, valid_nll, Some(deaf)))
    }

    /// A model that knows nothing but how often each pitch sounds.
    fn fresh(&self, config: &Seq2SeqConfig) -> anyhow::Result<Seq2Seq> {
        let mut model = Seq2Seq::new(config.clone(), &Init::RECOMMENDED, self.args.seed)?;
        let targets: Vec<Sequence> = self.train.iter().map(|pair| pair.target.clone()).collect();
        let prior = prior::output_bias(&model.config().target, &targets);
        model.output_bias_mut().copy_from_slice(&prior);
        Ok(model)
    }

    /// Trains a model, or only how it listens.
    fn fit(&self, mut model: Seq2Seq, epochs: u64, only_listening: bool) -> anyhow::Result<(Seq2Seq, f64)> {
        let Learning { args, recipe, .. } = *self;
        let drums = args.task == TaskName::Drum;
        let training = PairConfig {
            epochs,
            transpose: if drums { 0 } else { 5 }, // transposed drums are other drums
            hide_source: recipe.hide_source,
            hide_history: recipe.hide_history,
            weight_decay: recipe.weight_decay,
            scheduled_sampling: args.scheduled_sampling,
            only_listening,
            seed: args.seed,
            ..PairConfig::default()
        };
        if recipe.alone > 0 {
            eprintln!("{}", if only_listening { "then to listen:" } else { "first to write alone:" });
        }
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
        let valid_nll = train_pairs(&mut model, &self.train, self.valid, &training, &mut report)?;
        Ok((model, valid_nll))
    }
}
