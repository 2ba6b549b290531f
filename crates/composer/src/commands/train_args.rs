//! The arguments of `composer train`: shortcuts for the settings that are wanted most, and `--set` for all of them.

use crate::cli::MusicArgs;
use clap::Args;
use std::path::PathBuf;
use toml::Value;

/// `composer train`.
#[derive(Clone, Debug, Args)]
pub struct TrainArgs {
    /// Folder with MIDI files (searched with its subfolders); without it, the music that composer carries
    pub folder: Option<PathBuf>,

    /// Where to write the model, the music and the report [default: a new folder in runs/]
    #[arg(long, value_name = "FOLDER")]
    pub output_dir: Option<PathBuf>,

    /// Go on with a training that was stopped
    #[arg(long, value_name = "RUN", conflicts_with_all = ["folder", "output_dir", "init_from"])]
    pub resume: Option<PathBuf>,

    /// Begin with the weights of this model instead of random ones
    #[arg(long, value_name = "MODEL")]
    pub init_from: Option<PathBuf>,

    /// Read settings from a file: every run folder has one, config.toml, and every model file holds its own
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Change one setting, for example training.learning_rate=0.002; see --dry-run for all of them
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,

    /// Only show all settings, the size of the network, and how much memory and time it will take
    #[arg(long)]
    pub dry_run: bool,

    /// Times to go through the music at most; stops earlier when held-out music no longer gains [default: 28]
    #[arg(long)]
    pub epochs: Option<u64>,

    /// Cell of the network
    #[arg(help = format!("Cell of the network: {} [default: lstm]", composer_bptt::Cell::names()))]
    #[arg(long)]
    pub cell: Option<composer_bptt::Cell>,

    /// Units in each layer [default: 192]
    #[arg(long)]
    pub hidden: Option<usize>,

    /// Layers on top of each other [default: 1]
    #[arg(long)]
    pub layers: Option<usize>,

    /// Share of units that are switched off at random while training, against learning by heart [default: 0.25]
    #[arg(long)]
    pub dropout: Option<f64>,

    /// Pieces that are read side by side [default: 16]
    #[arg(long)]
    pub batch_size: Option<usize>,

    /// Steps of music that a gradient goes back (64 sixteenths are four bars); 0: through whole pieces [default: 64]
    #[arg(long)]
    pub tbptt_len: Option<usize>,

    /// How large the steps of learning are at their largest [default: 0.004]
    #[arg(long)]
    pub learning_rate: Option<f64>,

    /// How music becomes symbols: frames, events, metrical-events, remi, multitrack-remi, voices, chords or bars [default: frames]
    #[arg(long, value_name = "NAME")]
    pub representation: Option<String>,

    /// What to write when the training is done
    #[command(flatten)]
    pub music: MusicArgs,
}

impl TrainArgs {
    /// The shortcuts that were used, as settings.
    pub fn options(&self) -> Vec<(&'static str, Value)> {
        let count = |value: Option<usize>| value.map(|value| Value::Integer(value as i64));
        let path =
            |path: &Option<PathBuf>| path.as_ref().map(|path| Value::String(path.display().to_string()));
        let options = [
            ("music.folder", path(&self.folder)),
            ("music.representation", self.representation.clone().map(Value::String)),
            ("model.init_from", path(&self.init_from)),
            ("model.cell", self.cell.map(|cell| Value::String(cell.to_string()))),
            ("model.hidden", count(self.hidden)),
            ("model.layers", count(self.layers)),
            ("model.dropout", self.dropout.map(Value::Float)),
            ("model.output_dropout", self.dropout.map(Value::Float)),
            ("training.epochs", count(self.epochs.map(|epochs| epochs as usize))),
            ("training.batch_size", count(self.batch_size)),
            ("training.tbptt_len", count(self.tbptt_len)),
            ("training.learning_rate", self.learning_rate.map(Value::Float)),
        ];
        options.into_iter().filter_map(|(key, value)| Some((key, value?))).collect()
    }
}
