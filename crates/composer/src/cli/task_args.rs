//! Options of training a model for a new part: `composer train --task`, and its old name `composer learn-part`.

use super::help::{Choices, choice};
use super::interrupt;
use super::terminal::Terminal;
use clap::Args;
use composer::parts::{Conditioning, TrainPartOptions, plan_part, train_part_on};
use composer::text::training as text;
use composer_bptt::AttentionScore;
use composer_models::seq2seq::Task;
use composer_training::distributed::Communicator;
use std::path::PathBuf;

/// The task of a model for a new part; none for one that composes.
pub type Part = Option<Task>;

/// What to train a model for.
pub const TASKS: Choices<Part> = &[
    ("compose", "Compose pieces", None),
    ("accompany", "Write an accompaniment for a melody", Some(Task::Accompany)),
    ("drum", "Write drums for a bass line", Some(Task::Drum)),
    ("reharmonise", "Write an accompaniment in a style for a melody", Some(Task::Reharmonise)),
    ("infill", "Fill gaps between bars", Some(Task::Infill)),
    ("humanise", "Give quantised notes velocities and timing", Some(Task::Humanise)),
];

/// Kinds of conditioning.
const WAYS: Choices<Conditioning> = &[
    ("aligned", "Each step on the output of a bidirectional encoder at the same step", Conditioning::Aligned),
    ("attention", "Each step on all steps of the source, by attention", Conditioning::Attention),
    ("bridge", "The initial state of the decoder on the final state of the encoder", Conditioning::Bridge),
];

/// The attention scores.
const SCORES: Choices<AttentionScore> = &[
    ("dot", "Luong et al. 2015: dot product", AttentionScore::Dot),
    ("general", "Luong et al. 2015: bilinear form", AttentionScore::General),
    ("additive", "Bahdanau et al. 2015: feed-forward network", AttentionScore::Additive),
];

/// Options of the tasks that write a part for a given one.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Tasks accompany, drum, reharmonise, infill and humanise")]
pub struct PartTrainingArgs {
    /// Where to write the model
    #[arg(long, default_value = "part.safetensors", value_name = "FILE")]
    pub output: PathBuf,

    /// Epochs of unconditional pretraining of the decoder, after which only the encoder and the weights that read it are
    /// trained; for small corpora, with `--conditioning aligned` [default: 0, for aligned drums 25]
    #[arg(long, alias = "alone", value_name = "EPOCHS")]
    pub unconditional_epochs: Option<u64>,

    /// Hidden units of the encoder per direction [default: 32, for drums 64, to humanise 80]
    #[arg(long)]
    pub encoder: Option<usize>,

    /// Hidden units of the recurrence that writes the notes of a step one by one; 0: each pitch on its own [default: 96, for drums,
    /// infill and to humanise 0]
    #[arg(long)]
    pub note_hidden: Option<usize>,

    /// How many earlier bars the decoder reads at each step: one, two, four … bars ago [default: 2, for drums, infill and to humanise 0]
    #[arg(long, value_name = "BARS")]
    pub look_back: Option<usize>,

    /// Source dropout: probability that a note of the source is dropped during training [default: 0.1, for drums and to humanise 0]
    #[arg(long, alias = "hide-source")]
    pub source_dropout: Option<f64>,

    /// History dropout: probability that a note of the new part's own past is dropped during training, so that the model relies
    /// on the source [default: 0.1, for drums and to humanise 0.2]
    #[arg(long, alias = "hide-history")]
    pub history_dropout: Option<f64>,

    /// Weight decay [default: 0.02, for drums 0.3, to humanise 0.1]
    #[arg(long)]
    pub weight_decay: Option<f64>,

    /// How the decoder is conditioned on the source; several may be combined [default: aligned,attention; for drums, to infill and to humanise aligned]
    #[arg(long, alias = "listen", value_parser = choice(WAYS), value_delimiter = ',', value_name = "WAY")]
    pub conditioning: Option<Vec<Conditioning>>,

    /// Attention score [default: general]
    #[arg(long, value_parser = choice(SCORES))]
    pub score: Option<AttentionScore>,

    /// Scheduled sampling: probability at the end of training that an input is the model's own sample; 0 is teacher forcing
    #[arg(long, default_value_t = TrainPartOptions::default().scheduled_sampling)]
    pub scheduled_sampling: f64,

    /// Also compare with unconditional models, by cross-validation over N of 6 folds
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=6))]
    pub compare: Option<u8>,
}

impl PartTrainingArgs {
    /// The options of a task; what `train` has for all tasks is still the default.
    pub fn options(&self, task: Task, folders: Vec<String>) -> TrainPartOptions {
        TrainPartOptions {
            task,
            folders,
            output: self.output.clone(),
            unconditional_epochs: self.unconditional_epochs,
            encoder: self.encoder,
            note_hidden: self.note_hidden,
            look_back: self.look_back,
            source_dropout: self.source_dropout,
            history_dropout: self.history_dropout,
            weight_decay: self.weight_decay,
            conditioning: self.conditioning.clone(),
            score: self.score,
            scheduled_sampling: self.scheduled_sampling,
            compare: self.compare,
            ..TrainPartOptions::default()
        }
    }
}

/// Trains, and prints where the model is and its figures; or prints what training would do and cost (`dry_run`).
pub fn run(
    options: &TrainPartOptions,
    dry_run: bool,
    ranks: &dyn Communicator,
    terminal: &mut Terminal,
) -> anyhow::Result<()> {
    if dry_run {
        let plan = plan_part(options)?;
        let text = text::part_plan(&plan)?;
        return terminal.result(|| plan, || text);
    }
    if options.output_dir.is_some() || options.resume.is_some() {
        interrupt::watch()?;
    }
    let trained = train_part_on(options, ranks, terminal)?;
    if ranks.rank() > 0 {
        return Ok(());
    }
    terminal.result(|| text::part_record(&trained), || text::part(&trained))
}
