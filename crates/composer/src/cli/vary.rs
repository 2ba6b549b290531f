//! `composer vary`.

use super::rewrite_args::RewriteArgs;
use super::terminal::Terminal;
use clap::Args;
use composer::rewrite::{Lock, Only, VaryOptions};
use composer::vary;
use std::path::Path;

/// `composer vary`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "docs/rewriting.md says how it is done and how much each amount changes.")]
pub struct VaryArgs {
    /// Options of rewriting
    #[command(flatten)]
    pub rewrite: RewriteArgs,

    /// How much is written anew: a share of the beats, above 0 and at most 1
    #[arg(long, default_value_t = VaryOptions::default().amount)]
    pub amount: f64,

    /// Vary only the melody, the harmony or the rhythm
    #[arg(long, value_name = "WHAT")]
    pub only: Option<Only>,

    /// Bars, such as 1-4, and tracks counted from 0, such as track:2, that stay; several with commas
    #[arg(long, value_delimiter = ',')]
    pub lock: Vec<Lock>,
}

impl VaryArgs {
    /// The same with its results in a folder.
    pub fn into_folder(self, folder: &Path) -> Self {
        Self { rewrite: self.rewrite.into_folder(folder, ENDING), ..self }
    }
}

/// Runs the command.
pub fn run(args: &VaryArgs, terminal: &mut Terminal) -> anyhow::Result<()> {
    let (tune, model) = args.rewrite.read()?;
    let options = VaryOptions {
        amount: args.amount,
        only: args.only,
        lock: args.lock.clone(),
        settings: args.rewrite.settings(0)?,
    };
    args.rewrite.save(vary(&model, &tune, &options)?, &tune, (ENDING, None), terminal)
}

/// In the names of results.
pub const ENDING: &str = "varied";
