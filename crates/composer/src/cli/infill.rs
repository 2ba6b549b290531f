//! `composer infill`.

use super::rewrite_args::RewriteArgs;
use super::terminal::Terminal;
use clap::Args;
use composer::compose::pitch_range;
use composer::infill;
use composer::rewrite::{Bars, GapNetwork, InfillOptions, RewriteSettings, infill_by};
use composer_decoding::rewrite::Keep;
use std::path::{Path, PathBuf};

/// `composer infill`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "docs/rewriting.md says how it is done and how well.")]
pub struct InfillArgs {
    /// Options of rewriting
    #[command(flatten)]
    pub rewrite: RewriteArgs,

    /// The bars to write anew, counted from 1, such as 9-12; an upbeat is bar 1
    #[arg(long)]
    pub bars: Bars,

    /// Only the notes of this track, counted from 0
    #[arg(long, value_name = "N")]
    pub track: Option<usize>,

    /// Only the notes between two pitches, such as C3-C5
    #[arg(long, value_name = "LOW-HIGH", value_parser = pitch_range)]
    pub range: Option<(u8, u8)>,

    /// What stays of the notes: rhythm or pitches
    #[arg(long, value_name = "WHAT", value_parser = keep)]
    pub keep: Option<Keep>,

    /// Let a network write the bars that was trained to fill gaps, by composer train --task infill; the model gives their likelihood
    #[arg(long, value_name = "FILE")]
    pub network: Option<PathBuf>,

    /// How often the new notes are drawn again, each time by what is around them
    #[arg(long, value_name = "N", default_value_t = RewriteSettings::default().sweeps)]
    pub sweeps: usize,
}

fn keep(text: &str) -> Result<Keep, String> {
    match text {
        "rhythm" => Ok(Keep::Rhythm),
        "pitches" => Ok(Keep::Pitches),
        _ => Err(format!("there is no \"{text}\" to keep; there are rhythm and pitches")),
    }
}

impl InfillArgs {
    /// The same with its results in a folder.
    pub fn into_folder(self, folder: &Path) -> Self {
        Self { rewrite: self.rewrite.into_folder(folder, ENDING), ..self }
    }
}

/// Runs the command.
pub fn run(args: &InfillArgs, terminal: &mut Terminal) -> anyhow::Result<()> {
    let (tune, model) = args.rewrite.read()?;
    let options = InfillOptions {
        bars: args.bars,
        track: args.track,
        range: args.range,
        keep: args.keep.unwrap_or_default(),
        settings: args.rewrite.settings(args.sweeps)?,
    };
    let results = match &args.network {
        Some(path) => infill_by(&GapNetwork::load(path)?, &model, &tune, &options)?,
        None => infill(&model, &tune, &options)?,
    };
    args.rewrite.save(results, &tune, (ENDING, args.network.as_deref()), terminal)
}

/// In the names of results.
pub const ENDING: &str = "infilled";
