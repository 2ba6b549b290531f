//! `composer accompany`: a melody gets an accompaniment.

use super::{PartArgs, add_track, find_part, free_channel, only, pitched, pitched_notes, softer, write_part};
use clap::Args;
use composer_decoding::FrameOptions;
use composer_decoding::rules::lowest_notes;
use composer_models::Seq2Seq;
use composer_models::seq2seq::{PartNotes, Task};
use composer_music::representation::frames::DecodeOptions;
use composer_music::roles::Role;

const SHIPPED: &[u8] = include_bytes!("../../../models/accompany.safetensors");

/// `composer accompany`.
#[derive(Clone, Debug, Args)]
pub struct AccompanyArgs {
    /// Options of all parts
    #[command(flatten)]
    pub part: PartArgs,

    /// Where the melody is
    #[command(flatten)]
    pub melody: MelodyArgs,
}

/// Options of commands that write an accompaniment.
#[derive(Clone, Copy, Debug, Args)]
pub struct MelodyArgs {
    /// Which track is the melody, counted from 0
    #[arg(long, value_name = "N")]
    pub melody_track: Option<usize>,

    /// Keep every note of the accompaniment below the melody
    #[arg(long)]
    pub below_melody: bool,
}

/// Runs the command.
pub fn run(args: &AccompanyArgs) -> anyhow::Result<()> {
    let (model, notes) = args.part.load(Task::Accompany, SHIPPED)?;
    accompany(&model, &notes, &args.melody, None, &args.part, "accompanied")
}

/// Writes the melody, untouched, with a new part under it.
pub fn accompany(
    model: &Seq2Seq,
    notes: &PartNotes,
    melody: &MelodyArgs,
    style: Option<u32>,
    args: &PartArgs,
    ending: &str,
) -> anyhow::Result<()> {
    let score = args.read()?;
    let given = only(&score, &find_part(&score, Role::Melody, melody.melody_track)?);
    let left_out = score.notes().count() - given.notes().count();
    if left_out > 0 {
        eprintln!("{left_out} notes of other parts are left out: the new part takes their place.");
    }
    let options = FrameOptions {
        temperature: args.temperature,
        max_polyphony: args.max_polyphony,
        max_silence: 16,
        ..FrameOptions::default()
    };
    let below = if melody.below_melody { lowest_notes(&pitched().encode(&given)) } else { Vec::new() };
    let written = write_part(model, &given, style, options, below, args.seed)?;
    let decode = DecodeOptions {
        velocity: softer(&given),
        program: notes.program,
        channel: free_channel(&given),
        ..DecodeOptions::default()
    };
    let part = pitched_notes(&written.frames, &given, &decode);
    let mut result = given.clone();
    add_track(&mut result, "accompaniment", part);
    args.save(&result, ending, &given, &written)
}
