//! Options that `infill` and `vary` share, and what they write.

use super::failure::wrong_input;
use super::files::save;
use super::pick_args::PickArgs;
use super::recipes;
use super::terminal::Terminal;
use clap::Args;
use composer::again::Made;
use composer::compose::ComposeOptions;
use composer::convert::output_format;
use composer::rewrite::{RewriteSettings, Rewritten, Tune};
use composer::text::pieces::{rewritten, rewritten_record};
use composer::{Progress, TrainedModel, outputs};
use composer_decoding::harmony::Key;
use composer_music::input::is_standard;
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

impl RewriteArgs {
    /// The settings.
    pub fn settings(&self, sweeps: usize) -> anyhow::Result<RewriteSettings> {
        let options = ComposeOptions { num_outputs: self.num_outputs, ..ComposeOptions::default() };
        Ok(RewriteSettings {
            num_outputs: self.pick.over(options)?.num_outputs,
            seed: self.seed,
            temperature: self.temperature,
            max_polyphony: self.max_polyphony,
            key: self.key,
            chords: self.chords.clone(),
            candidates: self.candidates,
            sweeps,
        })
    }

    /// The tune and the model.
    pub fn read(&self) -> anyhow::Result<(Tune, TrainedModel)> {
        self.output.as_deref().map_or(Ok(composer_music::notation::Format::Midi), output_format)?;
        Ok((Tune::read(&self.tune)?, TrainedModel::load_or_built_in(self.model.as_deref())?))
    }

    /// The same with its results in a folder.
    pub fn into_folder(self, folder: &Path, ending: &str) -> Self {
        let tune = Tune::read(&self.tune).ok();
        let output = tune.and_then(|tune| Some(folder.join(self.output(&tune, ending).file_name()?)));
        Self { output, ..self }
    }

    /// Where a single result goes: next to the tune, whose name gets another ending.
    fn output(&self, tune: &Tune, ending: &str) -> PathBuf {
        match &self.output {
            Some(path) => path.clone(),
            None if is_standard(&self.tune) => self.tune.clone(),
            None => {
                let file = composer_music::notation::file_of(&self.tune);
                file.with_extension(format!("{ending}.{}", tune.format.extension()))
            }
        }
    }

    /// Chooses among results and writes them; `ending` goes into their names, and `network` was read as well.
    pub fn save(
        &self,
        results: Vec<Rewritten>,
        tune: &Tune,
        (ending, network): (&str, Option<&Path>),
        terminal: &mut Terminal,
    ) -> anyhow::Result<()> {
        for note in results.first().iter().flat_map(|result| &result.piece.notes) {
            terminal.warning(note);
        }
        let results = self.chosen(results, terminal)?;
        let path = self.output(tune, ending);
        let several = results.len() > 1;
        if several && is_standard(&path) {
            return Err(wrong_input(
                "the standard output takes one result: name a file for several with --output",
            ));
        }
        let paths: Vec<PathBuf> = (1..=results.len())
            .map(|number| if several { numbered(&path, number) } else { path.clone() })
            .collect();
        let read = [Some(self.tune.as_path()), self.model.as_deref(), network];
        let read_files: Vec<&Path> =
            read.iter().copied().flatten().map(composer_music::notation::file_of).collect();
        outputs::check(&read_files, &paths.iter().map(PathBuf::as_path).collect::<Vec<_>>())?;
        let format = output_format(&path)?;
        for (result, path) in results.iter().zip(&paths) {
            if save(path, &result.piece.to_bytes(format)?, "", terminal)? {
                return Ok(());
            }
        }
        let made: Vec<Made> =
            results.iter().zip(&paths).map(|(result, path)| self.made(result, path)).collect();
        recipes::write(&made, &read, terminal)?;
        let with_paths = || paths.iter().zip(&results);
        terminal.result(
            || with_paths().map(|(path, made)| rewritten_record(path, made, self.seed)).collect::<Vec<_>>(),
            || with_paths().map(|(path, made)| rewritten(path, made, self.seed)).collect::<String>(),
        )
    }

    /// Those that are kept, the best first.
    fn chosen(&self, results: Vec<Rewritten>, terminal: &mut Terminal) -> anyhow::Result<Vec<Rewritten>> {
        if self.pick.pick.is_none() {
            return Ok(results);
        }
        let pieces = results.iter().map(|result| result.piece.clone()).collect();
        let best = self.pick.choose(pieces, self.model.as_deref(), terminal)?;
        Ok(best.iter().map(|judged| results[judged.number - 1].clone()).collect())
    }

    fn made<'a>(&self, result: &Rewritten, path: &'a Path) -> Made<'a> {
        let nats_per_step = Some(result.piece.nll_per_step()).filter(|nats| nats.is_finite());
        Made { path, seed: self.seed, output: result.output + 1, nats_per_step }
    }
}

/// `tune.mid` as `tune-2.mid`.
pub fn numbered(path: &Path, number: usize) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let ending = path.extension().map_or(String::new(), |ending| format!(".{}", ending.to_string_lossy()));
    path.with_file_name(format!("{stem}-{number}{ending}"))
}
