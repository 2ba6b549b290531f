//! `composer infill` and `composer vary`: notes of a tune written anew.

use super::pick_args::PickArgs;
use super::recipes;
use super::terminal::Terminal;
use clap::Args;
use composer::compose::pitch_range;
use composer::convert::output_format;
use composer::rewrite::{
    Bars, GapNetwork, InfillOptions, Lock, Only, RewriteSettings, Rewritten, Tune, VaryOptions, infill_by,
};
use composer::text::pieces::{rewritten, rewritten_records};
use composer::{Progress, TrainedModel, infill, outputs, vary};
use composer_decoding::harmony::Key;
use composer_decoding::rewrite::Keep;
use std::path::{Path, PathBuf};

/// Options of every command that writes notes of a tune anew.
#[derive(Clone, Debug, Args)]
pub struct RewriteArgs {
    /// The tune: MIDI, MusicXML or ABC; - is the standard input
    pub tune: PathBuf,

    /// File to write, in the format of its ending; several results get numbers; - is the standard output, as MIDI [default: next to the tune]
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// The trained model, which must write frames: model.safetensors of a run [default: the built-in model]
    #[arg(long, value_name = "FILE")]
    pub model: Option<PathBuf>,

    /// Number of results
    #[arg(long, default_value_t = RewriteSettings::default().num_outputs, value_name = "N")]
    pub num_outputs: usize,

    /// Which results to keep
    #[command(flatten)]
    pub pick: PickArgs,

    /// Seed of the random numbers; the same seed gives the same music
    #[arg(long, default_value_t = RewriteSettings::default().seed)]
    pub seed: u64,

    /// Temperature: 1 is the model's own distribution, lower is safer, higher is riskier
    #[arg(long, default_value_t = RewriteSettings::default().temperature)]
    pub temperature: f64,

    /// Maximum polyphony: notes that sound at the same time
    #[arg(long, default_value_t = RewriteSettings::default().max_polyphony, value_name = "N")]
    pub max_polyphony: usize,

    /// Only notes of this key: "D minor", Bb
    #[arg(long)]
    pub key: Option<Key>,

    /// Only notes of these chords, one for each bar from the first that changes, in a cycle: "Dm Gm A7 Dm"
    #[arg(long)]
    pub chords: Option<String>,

    /// Candidates that are weighed against each other: more take longer and fit better
    #[arg(long, default_value_t = RewriteSettings::default().candidates, value_name = "N")]
    pub candidates: usize,
}

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
    #[arg(long, value_name = "WHAT")]
    pub keep: Option<Keep>,

    /// Let a network write the bars that was trained to fill gaps, by composer train --task infill; the model gives their likelihood
    #[arg(long, value_name = "FILE")]
    pub network: Option<PathBuf>,

    /// How often the new notes are drawn again, each time by what is around them
    #[arg(long, value_name = "N", default_value_t = RewriteSettings::default().sweeps)]
    pub sweeps: usize,
}

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

/// Runs `composer infill`.
pub fn infill_bars(args: &InfillArgs, terminal: &mut Terminal) -> anyhow::Result<()> {
    let (tune, model) = args.rewrite.read()?;
    let options = InfillOptions {
        bars: args.bars,
        track: args.track,
        range: args.range,
        keep: args.keep.unwrap_or_default(),
        settings: RewriteSettings { sweeps: args.sweeps, ..args.rewrite.settings()? },
    };
    let results = match &args.network {
        Some(path) => infill_by(&GapNetwork::load(path)?, &model, &tune, &options)?,
        None => infill(&model, &tune, &options)?,
    };
    args.rewrite.save(results, &tune, ("infilled", args.network.as_deref()), terminal)
}

/// Runs `composer vary`.
pub fn vary_tune(args: &VaryArgs, terminal: &mut Terminal) -> anyhow::Result<()> {
    let (tune, model) = args.rewrite.read()?;
    let VaryArgs { amount, only, .. } = *args;
    let options = VaryOptions { amount, only, lock: args.lock.clone(), settings: args.rewrite.settings()? };
    args.rewrite.save(vary(&model, &tune, &options)?, &tune, ("varied", None), terminal)
}

impl RewriteArgs {
    /// The settings, which draw the notes once.
    fn settings(&self) -> anyhow::Result<RewriteSettings> {
        Ok(RewriteSettings {
            num_outputs: self.pick.choice().num_outputs(self.num_outputs)?,
            seed: self.seed,
            temperature: self.temperature,
            max_polyphony: self.max_polyphony,
            key: self.key,
            chords: self.chords.clone(),
            candidates: self.candidates,
            sweeps: 0,
        })
    }

    /// The tune and the model.
    fn read(&self) -> anyhow::Result<(Tune, TrainedModel)> {
        self.output.as_deref().map(output_format).transpose()?;
        Ok((Tune::read(&self.tune)?, TrainedModel::load_or_built_in(self.model.as_deref())?))
    }

    /// Chooses among results and writes them; `ending` goes into their names, and `network` was read as well.
    fn save(
        &self,
        results: Vec<Rewritten>,
        tune: &Tune,
        (ending, network): (&str, Option<&Path>),
        terminal: &mut Terminal,
    ) -> anyhow::Result<()> {
        let remarks = results.first().into_iter().flat_map(|result| &result.piece.notes);
        remarks.for_each(|remark| terminal.warning(remark));
        let results = Rewritten::chosen(results, &self.pick.choice(), self.model.as_deref(), terminal)?;
        let ending = format!("{ending}.{}", tune.format.extension());
        let path = terminal.place(outputs::place(self.output.as_deref(), &self.tune, &ending));
        let paths = outputs::places(&path, results.len())?;
        let format = output_format(&path)?;
        let made: Vec<_> = results.iter().zip(paths).map(|(made, path)| made.made(path, self.seed)).collect();
        let bytes = results.iter().map(|result| result.piece.to_bytes(format));
        let read = [Some(self.tune.as_path()), self.model.as_deref(), network];
        if recipes::save(&made, bytes, &read, terminal)? {
            return Ok(());
        }
        terminal.result(|| rewritten_records(&made, &results), || rewritten(&made, &results))
    }
}
