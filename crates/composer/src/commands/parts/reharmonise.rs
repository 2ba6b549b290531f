//! `composer reharmonise`: the melody stays, and the harmony changes to another style.

use super::PartArgs;
use super::accompany::{MelodyArgs, accompany};
use crate::failure::wrong_input;
use clap::Args;
use composer_models::seq2seq::Task;

const SHIPPED: &[u8] = include_bytes!("../../../models/reharmonise.safetensors");

/// `composer reharmonise`.
#[derive(Clone, Debug, Args)]
pub struct ReharmoniseArgs {
    /// Options of all parts
    #[command(flatten)]
    pub part: PartArgs,

    /// The new style, one of those that the model knows
    #[arg(long)]
    pub style: String,

    /// Where the melody is
    #[command(flatten)]
    pub melody: MelodyArgs,
}

/// Runs the command.
pub fn run(args: &ReharmoniseArgs) -> anyhow::Result<()> {
    let (model, notes) = args.part.load(Task::Reharmonise, SHIPPED)?;
    let Some(style) = notes.styles.iter().position(|style| *style == args.style) else {
        return Err(wrong_input(format!(
            "this model knows no style \"{}\", but {}; train one with others by `composer learn-part reharmonise`",
            args.style,
            notes.styles.join(", ")
        )));
    };
    accompany(&model, &notes, &args.melody, Some(style as u32), &args.part, &args.style)
}
