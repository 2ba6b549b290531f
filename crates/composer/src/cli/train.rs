//! `composer train`, and the quick start.

use super::cluster;
use super::failure::wrong_input;
use super::help::{choice, presets, typed_command, with_cells, with_default};
use super::interrupt;
use super::music_args::MusicArgs;
use super::task_args::{self, Part, PartTrainingArgs, TASKS};
use super::terminal::Terminal;
use clap::{Args, Parser};
use composer::compose::ComposeOptions;
use composer::outputs;
use composer::parts::TrainPartOptions;
use composer::settings::{Layers, Preset};
use composer::text::training as text;
use composer::train::{TrainOptions, plan, train_on};
use composer_bptt::Cell;
use composer_models::seq2seq::Task;
use composer_training::distributed::Communicator;
use std::path::PathBuf;

/// `composer train`: options for the settings that are changed most often, and `--set` for all of them.
#[derive(Clone, Debug, Parser)]
#[command(after_long_help = presets())]
pub struct TrainArgs {
    /// Folder with MIDI, MusicXML and ABC files (searched with its subfolders) [default: the built-in corpus]; of the tasks accompany, drum and
    /// reharmonise several, for reharmonise each with the name of its style: rag=FOLDER
    #[arg(value_name = "FOLDER")]
    pub folders: Vec<String>,

    /// What to train the model for
    #[arg(long, value_parser = choice(TASKS), default_value = "compose")]
    pub task: Part,

    /// Where to write the model, the music and the report [default: a new folder in runs/]
    #[arg(long, value_name = "FOLDER")]
    pub output_dir: Option<PathBuf>,

    /// Resume a run that was stopped
    #[arg(long, value_name = "RUN", conflicts_with_all = ["output_dir", "init_from"])]
    pub resume: Option<PathBuf>,

    /// Print all settings, the number of parameters and the estimated memory and time, without training
    #[arg(long)]
    pub dry_run: bool,

    /// Where the settings come from
    #[command(flatten)]
    pub settings: SettingsArgs,

    /// Options of the other tasks
    #[command(flatten)]
    pub part: PartTrainingArgs,

    /// What to compose when the training is done
    #[command(flatten, next_help_heading = "Compositions")]
    pub music: MusicArgs,

    /// Seed of the compositions
    #[arg(long, default_value_t = ComposeOptions::default().seed, value_name = "SEED", help_heading = "Compositions")]
    pub compose_seed: u64,
}

/// Settings of a training.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Settings")]
pub struct SettingsArgs {
    /// Settings for a training time: quick, good or overnight; --help lists them
    #[arg(long, value_name = "NAME")]
    pub preset: Option<Preset>,

    /// Read settings from a file: config.toml of a run, or a model, file or built-in, which holds its own
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Change one setting, for example learning_rate=0.002 or training.optimizer.kind=adamw; --dry-run prints all of them
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,

    #[arg(long, help = with_default("Seed of the training: initial weights, order of the pieces, dropout", "training.seed"))]
    pub seed: Option<u64>,

    #[arg(long, help = with_default("Maximum number of epochs; early stopping on the validation loss", "training.epochs"))]
    pub epochs: Option<u64>,

    /// Maximum training time in minutes, instead of a number of epochs unless --epochs is given too [default: no limit]
    #[arg(long, value_parser = minutes)]
    pub minutes: Option<f64>,

    #[arg(long, help = with_default(&with_cells("Cell of the network"), "model.cell"))]
    pub cell: Option<Cell>,

    #[arg(long, help = with_default("Hidden units in each layer", "model.hidden"))]
    pub hidden: Option<usize>,

    #[arg(long, help = with_default("Number of layers", "model.layers"))]
    pub layers: Option<usize>,

    #[arg(long, help = with_default("Dropout between layers and before the output", "model.dropout"))]
    pub dropout: Option<f64>,

    #[arg(long, help = with_default("Batch size, in sequences", "training.batch_size"))]
    pub batch_size: Option<usize>,

    #[arg(long, help = with_default("Steps of truncated backpropagation through time (64 sixteenths are four bars); 0: whole pieces", "training.tbptt_len"))]
    pub tbptt_len: Option<usize>,

    #[arg(long, help = with_default("Peak learning rate", "training.learning_rate"))]
    pub learning_rate: Option<f64>,

    #[arg(long, value_name = "NAME", help = with_default("Representation: frames, events, metrical-events, remi, multitrack-remi, voices, chords or bars", "music.representation"))]
    pub representation: Option<String>,

    /// What the network is told, so that compose can ask for it: of style, metre, density, polyphony, register, key, bars_left, form, harmony, rhythm, with commas between; none: nothing [default: all but style for frames, none for tokens]
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub conditions: Vec<String>,

    #[arg(long, value_name = "SOURCE", help = with_default("Styles of the pieces: folder, or a file with the path of a piece, a tab and its style in each line", "music.style_from"))]
    pub style_from: Option<String>,
    /// Keep the written order of MusicXML and ABC instead of playing the repeats
    #[arg(long)]
    pub no_repeats: bool,

    /// Fine-tune: start from the weights of this model, a file or the name of a built-in one, and keep its network and representation
    #[arg(long, value_name = "MODEL")]
    pub init_from: Option<PathBuf>,

    /// With --init-from: also train from random weights, which takes as long again, and say what starting from the model gained
    #[arg(long)]
    pub compare_from_nothing: bool,
}

impl TrainArgs {
    fn layers(&self) -> anyhow::Result<Layers> {
        let args = &self.settings;
        let conditions = Some(&args.conditions).filter(|names| !names.is_empty());
        let none = Vec::new();
        let conditions = conditions.map(|names| if names[..] == ["none"] { &none } else { names });
        let layers = Layers { preset: args.preset, file: args.config.clone(), ..Layers::default() }
            .with("music.folder", self.folders.first())?
            .with("music.representation", args.representation.as_ref())?
            .with("music.repeats", args.no_repeats.then_some(false))?
            .with("model.init_from", args.init_from.as_ref())?
            .with("model.conditions", conditions)?
            .with("music.style_from", args.style_from.as_ref())?
            .with("model.cell", args.cell)?
            .with("model.hidden", args.hidden)?
            .with("model.layers", args.layers)?
            .with("model.dropout", args.dropout)?
            .with("model.output_dropout", args.dropout)?
            .with("training.seed", args.seed)?;
        args.of_training(layers)
    }

    /// The options of a task that writes a part for a given one.
    fn part_options(&self, task: Task) -> anyhow::Result<TrainPartOptions> {
        let args = &self.settings;
        let foreign = [
            ("--preset", args.preset.is_some()),
            ("--config", args.config.is_some()),
            ("--layers", args.layers.is_some()),
            ("--representation", args.representation.is_some()),
            ("--conditions", !args.conditions.is_empty()),
            ("--style-from", args.style_from.is_some()),
            ("--no-repeats", args.no_repeats),
        ];
        if let Some((name, _)) = foreign.iter().find(|(_, given)| *given) {
            return Err(wrong_input(format!("{name} is only for --task compose")));
        }
        if self.folders.is_empty() {
            return Err(wrong_input("this task needs one or several folders of music"));
        }
        let options = self.part.options(task, self.folders.clone());
        Ok(TrainPartOptions {
            settings: args.of_training(Layers::default())?.single,
            cell: args.cell,
            init_from: args.init_from.clone(),
            compare_from_nothing: args.compare_from_nothing,
            output_dir: self.output_dir.clone(),
            resume: self.resume.clone(),
            epochs: args.epochs,
            hidden: args.hidden,
            dropout: args.dropout,
            seed: args.seed.unwrap_or(options.seed),
            ..options
        })
    }
}

impl SettingsArgs {
    /// With the settings of a training that all tasks have, and single ones over all others. With minutes alone, there is no limit of
    /// epochs (0).
    fn of_training(&self, layers: Layers) -> anyhow::Result<Layers> {
        let layers = layers
            .with("training.epochs", self.epochs.or(self.minutes.map(|_| 0)))?
            .with("training.minutes", self.minutes)?
            .with("training.batch_size", self.batch_size)?
            .with("training.tbptt_len", self.tbptt_len)?
            .with("training.learning_rate", self.learning_rate)?;
        Ok(layers.with_texts(&self.set)?)
    }
}

/// A time limit.
fn minutes(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(minutes) if minutes > 0.0 && minutes.is_finite() => Ok(minutes),
        _ => Err("write a number of minutes above 0, for example 30".to_owned()),
    }
}

/// Runs the command, on all processes that were started for it.
pub fn run(args: &TrainArgs, terminal: &mut Terminal) -> anyhow::Result<()> {
    cluster::run(terminal, |ranks, terminal| run_on(args, ranks, terminal))
}

fn run_on(args: &TrainArgs, ranks: &dyn Communicator, terminal: &mut Terminal) -> anyhow::Result<()> {
    if args.dry_run && ranks.rank() > 0 {
        return Ok(());
    }
    if let Some(task) = args.task {
        return task_args::run(&args.part_options(task)?, args.dry_run, ranks, terminal);
    }
    if args.folders.len() > 1 || (args.resume.is_some() && !args.folders.is_empty()) {
        return Err(wrong_input("--task compose takes one folder, or --resume without a folder"));
    }
    if let (Some(config), Some(folder)) = (&args.settings.config, &args.output_dir) {
        outputs::check_folder([config], folder)?;
    }
    let layers = args.layers()?;
    let options = TrainOptions {
        settings: match &args.resume {
            Some(run) => layers.resumed(run)?,
            None => layers.settings()?,
        },
        output_dir: args.output_dir.clone(),
        resume: args.resume.clone(),
        compare_from_nothing: args.settings.compare_from_nothing,
        compositions: args.music.options(args.compose_seed),
        command: typed_command(),
    };
    if args.dry_run {
        let plan = plan(&options, terminal)?;
        let text = text::plan(&plan)?;
        return terminal.result(|| plan, || text);
    }
    interrupt::watch()?;
    let Some(trained) = train_on(&options, ranks, terminal)? else { return Ok(()) };
    terminal.result(|| text::record(&trained), || text::trained(&trained))
}
