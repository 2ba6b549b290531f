//! `composer compose`.

use super::music_args::MusicArgs;
use super::pick_args::PickArgs;
use super::recipes;
use super::steering::SteerArgs;
use super::terminal::Terminal;
use clap::Args;
use composer::compose::pick::SavedChoice;
use composer::compose::{ComposeOptions, FileOptions, check_unused, compose};
use composer::text::pieces::{composition_records, compositions};
use composer::{Progress, TrainedModel};
use composer_music::notation::Format;
use std::io::Write;
use std::path::PathBuf;

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

/// Runs the command.
pub fn run(args: &ComposeArgs, terminal: &mut Terminal) -> anyhow::Result<()> {
    let folder = terminal.folder().or(args.output_dir.clone());
    folder.as_deref().map(check_unused).transpose()?;
    let model = TrainedModel::load_or_built_in(args.model.as_deref())?;
    let (choice, options) = (args.pick.choice(), args.steer.over(args.music.options(args.seed))?);
    let options = ComposeOptions { num_outputs: choice.num_outputs(options.num_outputs)?, ..options };
    if let Some(remark) = options.remark() {
        if terminal.is_json() { terminal.note(remark) } else { writeln!(terminal, "{remark}")? }
    }
    let pieces = compose(&model, &options)?;
    pieces.first().into_iter().flat_map(|piece| &piece.notes).for_each(|note| terminal.warning(note));
    let judged = choice.choose(pieces, args.model.as_deref(), terminal)?;
    let files = FileOptions { formats: &args.format, soundfont: options.soundfont.as_deref() };
    let saved = SavedChoice::save(judged, folder.as_deref(), files)?;
    let read = [&args.model, &args.music.soundfont, &args.steer.primer_midi, &args.pick.reference];
    recipes::write(&saved.made(args.seed), &read.map(Option::as_deref), terminal)?;
    terminal.result(|| composition_records(&saved, args.seed), || compositions(&saved, args.seed))
}
