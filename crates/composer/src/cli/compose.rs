//! `composer compose`.

use super::music_args::MusicArgs;
use super::pick_args::PickArgs;
use super::recipes;
use super::steering::SteerArgs;
use super::terminal::Terminal;
use clap::Args;
use composer::again::Made;
use composer::compose::{ComposeOptions, FileOptions, check_unused, compose, save, save_apart};
use composer::text::pieces::{composed, composed_record};
use composer::{Progress, TrainedModel};
use composer_music::notation::Format;
use std::io::Write;
use std::path::{Path, PathBuf};

/// `composer compose`.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "docs/options.md shows which option works with models of which representation, and what each promises."
)]
pub struct ComposeArgs {
    /// The trained model: model.safetensors of a run, or the name of a built-in model (composer models lists them) [default: the built-in model
    /// compose, of piano rags and game music]
    #[arg(long, value_name = "MODEL")]
    pub model: Option<PathBuf>,

    /// Folder for the files of music and the WAV files, without compositions of before [default: compositions, or the first of compositions-2, -3 …]
    #[arg(long, value_name = "FOLDER")]
    pub output_dir: Option<PathBuf>,

    /// Formats of the music, beside WAV: midi, musicxml, mxl (compressed MusicXML), abc; several with commas
    #[arg(long, value_name = "FORMAT", value_delimiter = ',', default_value = "midi")]
    pub format: Vec<Format>,

    /// What to compose
    #[command(flatten)]
    pub music: MusicArgs,

    /// Which compositions to keep
    #[command(flatten)]
    pub pick: PickArgs,

    /// Seed of the random numbers; the same seed gives the same music
    #[arg(long, default_value_t = ComposeOptions::default().seed)]
    pub seed: u64,

    /// How to steer the model
    #[command(flatten)]
    pub steer: SteerArgs,
}

impl ComposeArgs {
    /// The same with its results in a folder.
    pub fn into_folder(self, folder: &Path) -> Self {
        Self { output_dir: Some(folder.to_owned()), ..self }
    }

    /// The files that it reads.
    fn read(&self) -> [Option<&Path>; 4] {
        let primer = self.steer.primer_midi.as_deref();
        [self.model.as_deref(), self.music.soundfont.as_deref(), primer, self.pick.reference.as_deref()]
    }
}

/// Runs the command.
pub fn run(args: &ComposeArgs, terminal: &mut Terminal) -> anyhow::Result<()> {
    args.output_dir.as_deref().map_or(Ok(()), check_unused)?;
    let model = TrainedModel::load_or_built_in(args.model.as_deref())?;
    let options = args.pick.over(args.steer.over(args.music.options(args.seed))?)?;
    if options.temperature == Some(0.0) {
        let text = "Temperature 0 is greedy decoding: the most likely symbol at every step. The seed has no effect, and all outputs are identical.";
        if terminal.is_json() { terminal.note(text) } else { writeln!(terminal, "{text}")? }
    }
    let pieces = compose(&model, &options)?;
    if let Some(piece) = pieces.first() {
        piece.notes.iter().for_each(|note| terminal.warning(note));
    }
    let judged = args.pick.choose(pieces, args.model.as_deref(), terminal)?;
    let numbers: Vec<usize> = judged.iter().map(|judged| judged.number).collect();
    let (likeness, pieces): (Vec<_>, Vec<_>) =
        judged.into_iter().map(|judged| (judged.likeness, judged.piece)).unzip();
    let files = FileOptions { formats: &args.format, soundfont: options.soundfont.as_deref() };
    let (folder, saved) = match &args.output_dir {
        Some(folder) => (folder.clone(), save(pieces, folder, files)?),
        None => save_apart(pieces, Path::new("compositions"), files)?,
    };
    let firsts: Vec<PathBuf> = saved.iter().map(|saved| folder.join(&saved.files[0])).collect();
    let made = saved.iter().zip(&firsts).zip(&numbers).map(|((saved, path), &output)| Made {
        path,
        seed: args.seed,
        output,
        nats_per_step: Some(saved.piece.nll_per_step()),
    });
    recipes::write(&made.collect::<Vec<_>>(), &args.read(), terminal)?;
    let judged = || saved.iter().zip(likeness.iter().copied());
    terminal.result(
        || judged().map(|(saved, like)| composed_record(&folder, saved, args.seed, like)).collect::<Vec<_>>(),
        || judged().map(|(saved, like)| composed(&folder, saved, args.seed, like)).collect::<String>(),
    )
}
