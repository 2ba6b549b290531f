//! `composer compose`: a model writes music, as MIDI and as sound.

use super::steer::SteerArgs;
use crate::cli::{ComposeArgs, Length, MusicArgs};
use crate::failure::wrong_input;
use crate::run::OutputFolder;
use anyhow::Context;
use composer_audio::{RenderOptions, render};
use composer_decoding::grammar::{Grammar, MusicGrammar, steps_per_quarter};
use composer_decoding::primer::Primer;
use composer_decoding::token_stream::TokenGenerator;
use composer_decoding::{Composition, Generator, beam};
use composer_models::file::Notes;
use composer_models::sequence_model::Stepper;
use composer_models::{Encoding, SequenceModel, file};
use composer_music::representation::frames::{DecodeOptions, FrameRepresentation};
use composer_music::representation::{AnyRepresentation, Representation, Symbols};
use composer_music::{Score, midi};
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

/// A language model of the music that ships; `scripts/train_built_in_models.sh` trains it.
const BUILT_IN: &[u8] = include_bytes!("../../models/compose.safetensors");

/// The model in a file, or the one that composer carries.
///
/// # Errors
/// The file cannot be read, or is no model.
pub fn load(path: Option<&Path>) -> anyhow::Result<(SequenceModel, Notes)> {
    Ok(match path {
        Some(path) => file::load(path)?,
        None => file::from_bytes(BUILT_IN, Path::new("the model that composer carries"))?,
    })
}

/// Runs the command.
pub fn run(args: &ComposeArgs) -> anyhow::Result<()> {
    let (model, notes) = load(args.model.as_deref())?;
    check(&args.music)?;
    if args.music.temperature == Some(0.0) {
        println!(
            "Temperature 0 is greedy: the likeliest at every step. The seed changes nothing, and all outputs are alike."
        );
    }
    let pieces = compose(&model, &notes, &args.music, &args.steer)?;
    let folder = OutputFolder::create(&args.output_dir)?;
    for piece in save(pieces, &args.music, &folder)? {
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
    SteerArgs::default().frame_options(args)?;
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

/// Composes and writes `composition-N.mid` and `.wav`.
pub fn write(
    model: &SequenceModel,
    notes: &Notes,
    args: &MusicArgs,
    folder: &OutputFolder,
) -> anyhow::Result<Vec<Written>> {
    save(compose(model, notes, args, &SteerArgs::default())?, args, folder)
}

/// A piece, and what its steps or tokens cost in nats.
type Piece = (Score, Vec<f64>);

fn save(pieces: Vec<Piece>, args: &MusicArgs, folder: &OutputFolder) -> anyhow::Result<Vec<Written>> {
    let mut written = Vec::new();
    for (number, (score, nll)) in pieces.into_iter().enumerate() {
        let file_stem = format!("composition-{}", number + 1);
        folder.write(&format!("{file_stem}.mid"), &midi::write(&score)?)?;
        write_wav(&score, args.soundfont.as_deref(), &folder.path(&format!("{file_stem}.wav")))?;
        let nll_per_step = nll.iter().sum::<f64>() / nll.len().max(1) as f64;
        written.push(Written { file_stem, score, nll_per_step });
    }
    Ok(written)
}

fn compose(
    model: &SequenceModel,
    notes: &Notes,
    args: &MusicArgs,
    steer: &SteerArgs,
) -> anyhow::Result<Vec<Piece>> {
    match (model.encoding(), &notes.representation) {
        (Encoding::Frames { representation, .. }, _) => {
            compose_frames(model, representation, notes, args, steer)
        }
        (Encoding::Tokens { fingerprint, .. }, Some(representation))
            if *fingerprint == representation.fingerprint() =>
        {
            compose_tokens(model, representation, args, steer)
        }
        (Encoding::Tokens { .. }, _) => Err(wrong_input(
            "this model writes tokens and does not say what they mean: its file lacks the representation",
        )),
        (Encoding::Values { .. }, _) => {
            Err(wrong_input("this model predicts real values, which are no music"))
        }
    }
}

/// Steps of the piece and of a bar, in a metre.
fn lengths(length: Length, metre: (u8, u8), steps_per_quarter: u64) -> anyhow::Result<(usize, u64)> {
    let whole = 4 * steps_per_quarter * u64::from(metre.0);
    let bar = whole / u64::from(metre.1.max(1));
    if bar == 0 || !whole.is_multiple_of(u64::from(metre.1.max(1))) {
        return Err(wrong_input(format!(
            "a bar of {}/{} is no whole number of the model's steps, {steps_per_quarter} to a quarter: use a primer in \
             another metre",
            metre.0, metre.1
        )));
    }
    let steps = match length {
        Length::Bars(bars) => bars * bar as usize,
        Length::Steps(steps) => steps,
    };
    Ok((steps, bar))
}

fn compose_frames(
    model: &SequenceModel,
    representation: &FrameRepresentation,
    notes: &Notes,
    args: &MusicArgs,
    steer: &SteerArgs,
) -> anyhow::Result<Vec<Piece>> {
    let primer = steer.primer()?.map(|score| Primer::new(score, representation)).transpose()?;
    let plain = DecodeOptions {
        tempo: notes.quarters_per_minute.unwrap_or(DEFAULT_QPM),
        program: notes.program.unwrap_or(0),
        ..DecodeOptions::default()
    };
    let carried = primer.as_ref().map_or(plain, Primer::decode_options);
    let decode = DecodeOptions { tempo: args.qpm.unwrap_or(carried.tempo), ..carried };
    let (steps, bar) = lengths(args.length, decode.time_signature, representation.steps_per_quarter.into())?;
    let rules = steer.rules(args, steps as u64, bar)?;
    let options = steer.frame_options(args)?;
    let mut generator =
        Generator::new(Stepper::new(model), options, args.num_outputs, args.seed)?.with_rules(rules)?;
    let mut begun = Composition::default();
    if let Some(primer) = &primer {
        let nll = generator.read(primer.frames(), steer.injects())?;
        if steer.injects() {
            begun = Composition { frames: primer.frames().to_vec(), nll };
        }
    }
    if begun.frames.len() >= steps {
        let bars = |steps: usize| steps.div_ceil(bar as usize);
        return Err(wrong_input(format!(
            "the primer is {} bars long, and so no music is left to write in a piece of {}: ask for more with --length, or \
             only let the model hear it with --condition-on-primer",
            bars(begun.frames.len()),
            bars(steps)
        )));
    }
    let mut compositions = vec![begun.clone(); args.num_outputs];
    for decided in generator.take(steps - begun.frames.len()) {
        for (composition, step) in compositions.iter_mut().zip(decided?) {
            composition.frames.push(step.frame);
            composition.nll.push(step.nll);
        }
    }
    let finish = |composition: Composition| {
        let mut score = representation.decode(&composition.frames, &decode);
        if let Some(primer) = primer.as_ref().filter(|_| steer.injects()) {
            primer.carry_over(&mut score, representation, args.qpm.is_some());
        }
        (score, composition.nll)
    };
    Ok(compositions.into_iter().map(finish).collect())
}

/// Most tokens of a piece, for models that never come to an end.
const MAX_TOKENS: usize = 100_000;

fn compose_tokens(
    model: &SequenceModel,
    representation: &AnyRepresentation,
    args: &MusicArgs,
    steer: &SteerArgs,
) -> anyhow::Result<Vec<Piece>> {
    let primer = match steer.primer()? {
        Some(score) => match representation.encode(&score).map_err(wrong_input)? {
            Symbols::Tokens(tokens) => tokens,
            Symbols::Frames(_) => Vec::new(),
        },
        None => Vec::new(),
    };
    let (steps, bar) = lengths(args.length, (4, 4), steps_per_quarter(representation))?;
    let rules = steer.rules(args, steps as u64, bar)?;
    rules.check()?;
    let Some(mut grammar) = MusicGrammar::new(representation, rules) else {
        return Err(wrong_input("this model names frames as its tokens: its file is damaged"));
    };
    let injected = if steer.injects() { primer.as_slice() } else { &[] };
    let options = steer.token_options(args)?;
    let mut pieces: Vec<(Vec<u32>, Vec<f64>)> = vec![(injected.to_vec(), Vec::new()); args.num_outputs];
    if let Some(beam_options) = steer.beam_options()? {
        injected.iter().for_each(|&token| grammar.push(token));
        let found = beam::search(Stepper::new(model), grammar, &primer, &beam_options, MAX_TOKENS)?;
        pieces.truncate(found.len());
        for (piece, found) in pieces.iter_mut().zip(found) {
            piece.0.extend(found.tokens);
            piece.1.extend(found.nll);
        }
    } else {
        let mut generator =
            TokenGenerator::new(Stepper::new(model), grammar, options, args.num_outputs, args.seed)?;
        generator.read(&primer, steer.injects())?;
        for decided in generator.take(MAX_TOKENS) {
            for written in decided? {
                let piece = &mut pieces[written.piece];
                piece.0.push(written.token);
                piece.1.push(written.nll);
            }
        }
    }
    let decode =
        |(tokens, nll)| Ok((representation.decode(&Symbols::Tokens(tokens)).map_err(wrong_input)?, nll));
    pieces.into_iter().map(decode).collect()
}

/// Renders a score into a WAV file.
pub fn write_wav(score: &Score, soundfont: Option<&Path>, path: &Path) -> anyhow::Result<()> {
    let options = RenderOptions { soundfont: soundfont.map(Path::to_owned), ..RenderOptions::default() };
    let audio = render(score, &options).context("cannot turn the music into sound")?;
    composer_audio::write_wav(path, &audio).with_context(|| format!("cannot write {}", path.display()))
}

/// A WAV small enough for a page: mono at half the usual rate.
pub fn small_wav(score: &Score, soundfont: Option<&Path>) -> anyhow::Result<Vec<u8>> {
    let options = RenderOptions { soundfont: soundfont.map(Path::to_owned), ..RenderOptions::preview() };
    Ok(composer_audio::wav_bytes(&render(score, &options)?))
}
