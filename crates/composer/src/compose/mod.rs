//! A model composes, as notes, as MIDI files and as sound.

mod options;
pub mod pick;

pub use options::{
    ComposeOptions, FRAME_TEMPERATURE, FrameChoice, Length, Primer, TOKEN_TEMPERATURE, TokenChoice,
};

use crate::error::{Result, wrong_input};
use crate::model::TrainedModel;
use crate::run_folder::OutputFolder;
use crate::sound::write_wav;
use composer_decoding::grammar::{Grammar, MusicGrammar, steps_per_quarter};
use composer_decoding::token_stream::TokenGenerator;
use composer_decoding::{Composition, Generator, beam, primer as decoding};
use composer_models::file::Notes;
use composer_models::sequence_model::Stepper;
use composer_models::{Encoding, SequenceModel};
use composer_music::representation::frames::{DecodeOptions, FrameRepresentation};
use composer_music::representation::{AnyRepresentation, Representation, Symbols};
use composer_music::{Score, midi};
use std::path::Path;

/// Tempo when neither the options nor the training music give one.
const DEFAULT_QPM: f64 = 96.0;

/// A composed piece.
#[derive(Clone, Debug, PartialEq)]
pub struct Piece {
    /// The music.
    pub score: Score,
    /// −ln P of each step or token under the model, in nats.
    pub nll: Vec<f64>,
}

impl Piece {
    /// Mean −ln P of a step or token under the model, in nats.
    pub fn nll_per_step(&self) -> f64 {
        self.nll.iter().sum::<f64>() / self.nll.len().max(1) as f64
    }
}

/// A piece that was written to disk as MIDI and WAV.
#[derive(Clone, Debug, PartialEq)]
pub struct SavedPiece {
    /// Its name without an ending.
    pub file_stem: String,
    /// The piece.
    pub piece: Piece,
}

/// Composes.
///
/// ```
/// use composer::compose::{ComposeOptions, Length, compose};
/// use composer::TrainedModel;
///
/// let options = ComposeOptions { num_outputs: 1, length: Length::Bars(1), ..ComposeOptions::default() };
/// let pieces = compose(&TrainedModel::built_in()?, &options)?;
/// assert_eq!(pieces[0].nll.len(), 16, "sixteenths");
/// # Ok::<(), composer::Error>(())
/// ```
///
/// # Errors
/// An option is out of range or does not fit the model, the primer cannot be used, or the model's file is damaged.
pub fn compose(model: &TrainedModel, options: &ComposeOptions) -> Result<Vec<Piece>> {
    options.check()?;
    Ok(match (model.model.encoding(), model.token_representation()?) {
        (Encoding::Frames { representation, .. }, _) => {
            compose_frames(&model.model, representation, &model.notes, options)?
        }
        (_, Some(representation)) => compose_tokens(&model.model, representation, options)?,
        (Encoding::Tokens { .. } | Encoding::Values { .. }, None) => Vec::new(),
    })
}

/// Writes each piece into a folder, as `composition-1.mid` and `composition-1.wav` and so on; makes the folder.
///
/// # Errors
/// The folder cannot be written, or the SoundFont cannot be used.
pub fn save(pieces: Vec<Piece>, folder: &Path, soundfont: Option<&Path>) -> Result<Vec<SavedPiece>> {
    save_into(pieces, &OutputFolder::create(folder)?, soundfont)
}

pub(crate) fn save_into(
    pieces: Vec<Piece>,
    folder: &OutputFolder,
    soundfont: Option<&Path>,
) -> Result<Vec<SavedPiece>> {
    let mut saved = Vec::new();
    for (number, piece) in pieces.into_iter().enumerate() {
        let file_stem = format!("composition-{}", number + 1);
        let bytes = midi::write(&piece.score).map_err(anyhow::Error::from)?;
        folder.write(&format!("{file_stem}.mid"), &bytes)?;
        write_wav(&piece.score, soundfont, &folder.path(&format!("{file_stem}.wav")))?;
        saved.push(SavedPiece { file_stem, piece });
    }
    Ok(saved)
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
    options: &ComposeOptions,
) -> anyhow::Result<Vec<Piece>> {
    let primer = options.primer()?.map(|score| decoding::Primer::new(score, representation)).transpose()?;
    let plain = DecodeOptions {
        tempo: notes.quarters_per_minute.unwrap_or(DEFAULT_QPM),
        program: notes.program.unwrap_or(0),
        ..DecodeOptions::default()
    };
    let carried = primer.as_ref().map_or(plain, decoding::Primer::decode_options);
    let decode = DecodeOptions { tempo: options.qpm.unwrap_or(carried.tempo), ..carried };
    let (steps, bar) =
        lengths(options.length, decode.time_signature, representation.steps_per_quarter.into())?;
    let rules = options.rules(steps as u64, bar)?;
    let choice = options.frame_options()?;
    let mut generator =
        Generator::new(Stepper::new(model), choice, options.num_outputs, options.seed)?.with_rules(rules)?;
    let mut begun = Composition::default();
    if let Some(primer) = &primer {
        let nll = generator.read(primer.frames(), options.injects())?;
        if options.injects() {
            begun = Composition { frames: primer.frames().to_vec(), nll };
        }
    }
    if begun.frames.len() >= steps {
        let bars = |steps: usize| steps.div_ceil(bar as usize);
        return Err(wrong_input(format!(
            "the primer is {} bars long, which leaves nothing to compose in a piece of {}: ask for a longer piece (--length), or \
             let the model only condition on the primer (--condition-on-primer)",
            bars(begun.frames.len()),
            bars(steps)
        )));
    }
    let mut compositions = vec![begun.clone(); options.num_outputs];
    for decided in generator.take(steps - begun.frames.len()) {
        for (composition, step) in compositions.iter_mut().zip(decided?) {
            composition.frames.push(step.frame);
            composition.nll.push(step.nll);
        }
    }
    let finish = |composition: Composition| {
        let mut score = representation.decode(&composition.frames, &decode);
        if let Some(primer) = primer.as_ref().filter(|_| options.injects()) {
            primer.carry_over(&mut score, representation, options.qpm.is_some());
        }
        Piece { score, nll: composition.nll }
    };
    Ok(compositions.into_iter().map(finish).collect())
}

/// Most tokens of a piece, for models that never come to an end.
const MAX_TOKENS: usize = 100_000;

fn compose_tokens(
    model: &SequenceModel,
    representation: &AnyRepresentation,
    options: &ComposeOptions,
) -> anyhow::Result<Vec<Piece>> {
    let primer = match options.primer()? {
        Some(score) => match representation.encode(&score).map_err(wrong_input)? {
            Symbols::Tokens(tokens) => tokens,
            Symbols::Frames(_) => Vec::new(),
        },
        None => Vec::new(),
    };
    let (steps, bar) = lengths(options.length, (4, 4), steps_per_quarter(representation))?;
    let rules = options.rules(steps as u64, bar)?;
    rules.check()?;
    let Some(mut grammar) = MusicGrammar::new(representation, rules) else {
        return Err(wrong_input("this model names frames as its tokens: its file is damaged"));
    };
    let injected = if options.injects() { primer.as_slice() } else { &[] };
    let choice = options.token_options()?;
    let mut pieces: Vec<(Vec<u32>, Vec<f64>)> = vec![(injected.to_vec(), Vec::new()); options.num_outputs];
    if let Some(beam_options) = options.beam_options()? {
        injected.iter().for_each(|&token| grammar.push(token));
        let found = beam::search(Stepper::new(model), grammar, &primer, &beam_options, MAX_TOKENS)?;
        pieces.truncate(found.len());
        for (piece, found) in pieces.iter_mut().zip(found) {
            piece.0.extend(found.tokens);
            piece.1.extend(found.nll);
        }
    } else {
        let mut generator =
            TokenGenerator::new(Stepper::new(model), grammar, choice, options.num_outputs, options.seed)?;
        generator.read(&primer, options.injects())?;
        for decided in generator.take(MAX_TOKENS) {
            for decided in decided? {
                let piece = &mut pieces[decided.piece];
                piece.0.push(decided.token);
                piece.1.push(decided.nll);
            }
        }
    }
    let decode = |(tokens, nll)| {
        let score = representation.decode(&Symbols::Tokens(tokens)).map_err(wrong_input)?;
        Ok(Piece { score, nll })
    };
    pieces.into_iter().map(decode).collect()
}
