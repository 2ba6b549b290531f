//! `composer compose`: a model writes music, as MIDI and as sound.

use crate::cli::{ComposeArgs, MusicArgs};
use crate::failure::wrong_input;
use crate::run::OutputFolder;
use anyhow::Context;
use composer_audio::{RenderOptions, render};
use composer_decoding::{FrameOptions, compose};
use composer_models::file::Notes;
use composer_models::sequence_model::Stepper;
use composer_models::{Encoding, SequenceModel, file};
use composer_music::Score;
use composer_music::midi;
use composer_music::representation::frames::DecodeOptions;
use std::path::Path;

/// Tempo when neither the user nor the training music says one.
const DEFAULT_QPM: f64 = 96.0;

/// A piece that was written to disk.
pub struct Written {
    /// Its name without ".mid".
    pub file_stem: String,
    /// The music.
    pub score: Score,
    /// Mean −ln P of a step under the model, in nats.
    pub nll_per_step: f64,
}

/// Runs the command.
pub fn run(args: &ComposeArgs) -> anyhow::Result<()> {
    let (model, notes) = file::load(&args.model)?;
    check(&args.music)?;
    let folder = OutputFolder::create(&args.output_dir)?;
    for piece in write(&model, &notes, &args.music, &folder)? {
        println!(
            "{0}.mid  {0}.wav  ({1:.2} nats per step under the model)",
            folder.path(&piece.file_stem).display(),
            piece.nll_per_step
        );
    }
    Ok(())
}

/// Refuses options that make no sense before any work is done.
pub fn check(args: &MusicArgs) -> anyhow::Result<()> {
    options(args).check()?;
    if args.num_outputs == 0 || args.num_outputs > 1000 {
        return Err(wrong_input("--num-outputs must be between 1 and 1000"));
    }
    if let Some(qpm) = args.qpm.filter(|qpm| !(10.0..=400.0).contains(qpm)) {
        return Err(wrong_input(format!(
            "--qpm is {qpm}, and must be between 10 and 400 quarters per minute"
        )));
    }
    if let Some(soundfont) = &args.soundfont {
        render(&Score::new(1), &RenderOptions { soundfont: Some(soundfont.clone()), ..Default::default() })
            .map_err(wrong_input)?;
    }
    Ok(())
}

fn options(args: &MusicArgs) -> FrameOptions {
    FrameOptions {
        temperature: args.temperature,
        // Temperature is about which pitches begin; how long they are held is rhythm, and stays as learnt.
        hold_temperature: (args.temperature > 0.0).then_some(1.0),
        max_polyphony: args.max_polyphony,
        ..Default::default()
    }
}

/// Composes and writes `composition-N.mid` and `.wav`.
pub fn write(
    model: &SequenceModel,
    notes: &Notes,
    args: &MusicArgs,
    folder: &OutputFolder,
) -> anyhow::Result<Vec<Written>> {
    let Encoding::Frames { representation, .. } = model.encoding() else {
        return Err(wrong_input("this model writes tokens, which this version cannot turn into music"));
    };
    let steps = args.length.steps(representation.steps_per_quarter);
    let decode = DecodeOptions {
        tempo: args.qpm.or(notes.quarters_per_minute).unwrap_or(DEFAULT_QPM),
        program: notes.program.unwrap_or(0),
        ..DecodeOptions::default()
    };
    let compositions = compose(Stepper::new(model), options(args), args.num_outputs, steps, args.seed)?;
    let mut written = Vec::new();
    for (number, composition) in compositions.iter().enumerate() {
        let file_stem = format!("composition-{}", number + 1);
        let score = representation.decode(&composition.frames, &decode);
        folder.write(&format!("{file_stem}.mid"), &midi::write(&score)?)?;
        write_wav(&score, args.soundfont.as_deref(), &folder.path(&format!("{file_stem}.wav")))?;
        let nll_per_step = composition.nll.iter().sum::<f64>() / composition.nll.len().max(1) as f64;
        written.push(Written { file_stem, score, nll_per_step });
    }
    Ok(written)
}

fn write_wav(score: &Score, soundfont: Option<&Path>, path: &Path) -> anyhow::Result<()> {
    let options = RenderOptions { soundfont: soundfont.map(Path::to_owned), ..RenderOptions::default() };
    let audio = render(score, &options).context("cannot turn the music into sound")?;
    composer_audio::write_wav(path, &audio).with_context(|| format!("cannot write {}", path.display()))
}

/// A WAV small enough for a page: mono at half the usual rate.
pub fn small_wav(score: &Score, soundfont: Option<&Path>) -> anyhow::Result<Vec<u8>> {
    let options = RenderOptions { soundfont: soundfont.map(Path::to_owned), ..RenderOptions::preview() };
    Ok(composer_audio::wav_bytes(&render(score, &options)?))
}
