//! `composer drum`: drums that go with a bass line.

use super::{PartArgs, add_track, drum_notes, find_part, only, write_part};
use clap::Args;
use composer_decoding::FrameOptions;
use composer_models::seq2seq::Task;
use composer_music::roles::Role;

const SHIPPED: &[u8] = include_bytes!("../../../models/drum.safetensors");

/// `composer drum`.
#[derive(Clone, Debug, Args)]
pub struct DrumArgs {
    /// Options of all parts
    #[command(flatten)]
    pub part: PartArgs,

    /// Which track is the bass, counted from 0
    #[arg(long, value_name = "N")]
    pub bass_track: Option<usize>,
}

/// Runs the command.
pub fn run(args: &DrumArgs) -> anyhow::Result<()> {
    let (model, _) = args.part.load(Task::Drum, SHIPPED)?;
    let score = args.part.read()?;
    let bass = find_part(&score, Role::Bass, args.bass_track)?;
    let mut result = score.clone();
    let before = result.notes().count();
    result.tracks.iter_mut().for_each(|track| track.notes.retain(|note| !note.is_drum()));
    let replaced = before - result.notes().count();
    if replaced > 0 {
        eprintln!("{replaced} drum notes of the file are replaced by the new ones.");
    }
    // Drums may rest for as long as they like, and do not tire.
    let options = FrameOptions {
        temperature: args.part.temperature,
        max_polyphony: args.part.max_polyphony,
        max_silence: usize::MAX,
        max_note_steps: usize::MAX,
        ..FrameOptions::default()
    };
    let given = only(&score, &bass);
    let written = write_part(&model, &given, None, options, Vec::new(), args.part.seed)?;
    let part = drum_notes(&written.frames, &result);
    add_track(&mut result, "drums", part);
    args.part.save(&result, "drums", &given, &written)
}
