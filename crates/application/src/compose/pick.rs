//! Compositions judged against the music of their model's style, and the best of them.

use super::piece::Piece;
use super::save::{FileOptions, SavedPiece, save, save_apart};
use crate::again::Made;
use crate::error::{Result, wrong_input, wrong_option};
use crate::model::TrainedModel;
use crate::models::{BuiltIn, Source};
use crate::progress::Progress;
use crate::settings::{CONFIG_FILE, Settings};
use composer_evaluation::failure::DetectorsByLength;
use composer_evaluation::grid::Grid;
use composer_evaluation::judgement::Likeness;
use composer_music::Score;
use composer_music::{corpus, input};
use std::path::{Path, PathBuf};

/// Seed of the corruptions that the judgement learns from.
const SEED: u64 = 1;

/// Real music to compare compositions with.
pub struct Reference {
    /// What it is, for people.
    pub name: String,
    grids: Vec<Grid>,
}

impl Reference {
    /// The music in a folder.
    ///
    /// # Errors
    /// It cannot be read, or holds no music.
    pub fn folder(folder: &Path) -> Result<Self> {
        Ok(Self::new(input::shown(folder), corpus::load(folder).map_err(wrong_input)?))
    }

    /// The built-in corpus.
    pub fn built_in() -> Self {
        Self::new("the built-in corpus".into(), corpus::shipped())
    }

    fn new(name: String, corpus: corpus::Corpus) -> Self {
        Self { name, grids: corpus.pieces.iter().map(|piece| Grid::new(&piece.score)).collect() }
    }

    /// The music that a model has learnt from: the built-in corpus for the built-in models of it (the usual one, where `model` is `None`), and
    /// for a model in its run folder what the settings there say. `None` if that is not known or cannot be read.
    pub fn of_model(model: Option<&Path>) -> Option<Self> {
        let source = match model {
            Some(model) => Source::find(model).ok()?,
            None => Source::BuiltIn(BuiltIn::of_task(None).ok()?),
        };
        let path = match source {
            Source::File(path) => path,
            Source::BuiltIn(model) => {
                return model.card().ok().filter(|card| card.of_built_in_corpus).map(|_| Self::built_in());
            }
        };
        let settings = std::fs::read_to_string(path.parent()?.join(CONFIG_FILE)).ok()?;
        let folder = toml::from_str::<Settings>(&settings).ok()?.music.folder;
        if folder.is_empty() { Some(Self::built_in()) } else { Self::folder(Path::new(&folder)).ok() }
    }
}

/// A composition with how much it is like the reference.
#[derive(Clone, Debug)]
pub struct JudgedPiece {
    /// The composition.
    pub piece: Piece,
    /// Its place among those that were composed, from 1.
    pub number: usize,
    /// How much it is like the reference; `None` if there is too little real music to say.
    pub likeness: Option<Likeness>,
}

/// Judges compositions, in excerpts of their length; without a score if there is too little real music.
pub fn judge(pieces: Vec<Piece>, reference: Option<&Reference>) -> Vec<JudgedPiece> {
    let scores: Vec<&Score> = pieces.iter().map(|piece| &piece.score).collect();
    let detectors =
        reference.and_then(|reference| DetectorsByLength::calibrate(&reference.grids, &scores, SEED).ok());
    let likeness = |score: &Score| {
        let detectors = detectors.as_ref()?.of(score);
        Some(detectors.likeness(&detectors.lay_out(score)))
    };
    let judged = |(i, piece): (usize, Piece)| {
        let likeness = likeness(&piece.score);
        JudgedPiece { piece, number: i + 1, likeness }
    };
    pieces.into_iter().enumerate().map(judged).collect()
}

/// The `keep` compositions that are most like the reference, the best first; of equal ones the earlier.
///
/// ```
/// use composer_application::compose::pick::{Reference, judge, pick};
/// use composer_application::compose::{ComposeOptions, Length, compose};
/// use composer_application::TrainedModel;
///
/// let options = ComposeOptions { num_outputs: 3, length: Length::Bars(4), ..ComposeOptions::default() };
/// let pieces = compose(&TrainedModel::built_in()?, &options)?;
/// let best = pick(judge(pieces, Some(&Reference::built_in())), 1)?;
/// assert_eq!(best.len(), 1);
/// # Ok::<(), composer_application::Error>(())
/// ```
///
/// # Errors
/// There are fewer compositions than are to be kept, or they have no scores.
pub fn pick(mut judged: Vec<JudgedPiece>, keep: usize) -> Result<Vec<JudgedPiece>> {
    if keep == 0 || keep > judged.len() {
        let problem =
            format!("is {keep}, and must be between 1 and the {} pieces that are composed", judged.len());
        return Err(wrong_option("pick", problem).into());
    }
    if judged.iter().any(|piece| piece.likeness.is_none()) {
        return Err(wrong_input(
            "there is too little real music to pick by: give a folder of it, at least 10 pieces in the style of the model",
        )
        .into());
    }
    let score = |piece: &JudgedPiece| piece.likeness.map_or(0.0, |likeness| likeness.score);
    judged.sort_by(|a, b| score(b).total_cmp(&score(a)).then(a.number.cmp(&b.number)));
    judged.truncate(keep);
    Ok(judged)
}

/// Which of several results to keep: the best, by what they are compared with, or all.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    /// How many of them; `None`: all, in their order.
    pub keep: Option<usize>,
    /// How many to choose from; `None`: four times as many.
    pub from: Option<usize>,
    /// Folder of real music to compare with; `None`: the music that the model has learnt from.
    pub reference: Option<PathBuf>,
}

impl Choice {
    /// How many results to make: those to choose from, or as many as are asked for.
    ///
    /// # Errors
    /// None are to be kept, or more than there are, or none are to be chosen.
    pub fn num_outputs(&self, asked: usize) -> Result<usize> {
        let Some(keep) = self.keep else {
            return match self.from {
                None => Ok(asked),
                Some(_) => Err(wrong_input(
                    "--from is the number of pieces to pick from: say with --pick how many to keep",
                )
                .into()),
            };
        };
        let from = self.from.unwrap_or(keep.saturating_mul(4));
        if keep == 0 || keep > from {
            return Err(wrong_input(format!(
                "--pick is {keep} and --from is {from}: the number to keep must be at least 1 and at most the number to pick from"
            ))
            .into());
        }
        Ok(from)
    }

    /// Judges what a model (`None`: the usual built-in one) wrote, and keeps the best if that is asked for.
    ///
    /// # Errors
    /// The reference cannot be read; the best are to be kept, and there is no music to compare with, or too little.
    pub fn choose(
        &self,
        pieces: Vec<Piece>,
        model: Option<&Path>,
        progress: &mut dyn Progress,
    ) -> Result<Vec<JudgedPiece>> {
        let reference = reference(self.reference.as_deref(), model)?;
        let Some(keep) = self.keep else { return Ok(judge(pieces, reference.as_ref())) };
        let Some(reference) = reference else {
            return Err(wrong_input(
                "the music that this model has learnt from is not at hand to pick by: give a folder of such music with --reference",
            )
            .into());
        };
        let from = pieces.len();
        let best = pick(judge(pieces, Some(&reference)), keep)?;
        progress.note(&format!(
            "Kept the {keep} of {from} pieces that are most like the reference ({}), the best first.",
            reference.name
        ));
        Ok(best)
    }
}

/// What a model's compositions are compared with: a folder that was asked for, or the music of the model.
///
/// # Errors
/// The folder cannot be read.
pub fn reference(folder: Option<&Path>, model: Option<&Path>) -> Result<Option<Reference>> {
    match folder {
        Some(folder) => Reference::folder(folder).map(Some),
        None => Ok(Reference::of_model(model)),
    }
}

/// Compositions on disk, with the judgement of each.
#[derive(Clone, Debug)]
pub struct SavedChoice {
    /// Their folder.
    pub folder: PathBuf,
    /// The compositions.
    pub pieces: Vec<SavedPiece>,
    /// The place of each among those that were composed, from 1.
    pub numbers: Vec<usize>,
    /// How much each is like the reference.
    pub likeness: Vec<Option<Likeness>>,
}

impl SavedChoice {
    /// Writes compositions into a folder as [`save`] does; without one, as [`save_apart`] does into `compositions`.
    ///
    /// # Errors
    /// As these.
    pub fn save(judged: Vec<JudgedPiece>, folder: Option<&Path>, options: FileOptions<'_>) -> Result<Self> {
        let numbers = judged.iter().map(|judged| judged.number).collect();
        let likeness = judged.iter().map(|judged| judged.likeness).collect();
        let pieces = judged.into_iter().map(|judged| judged.piece).collect();
        let (folder, pieces) = match folder {
            Some(folder) => (folder.to_owned(), save(pieces, folder, options)?),
            None => save_apart(pieces, Path::new("compositions"), options)?,
        };
        Ok(Self { folder, pieces, numbers, likeness })
    }

    /// What their recipes say, with the seed.
    pub fn made(&self, seed: u64) -> Vec<Made> {
        let made = |(saved, &output): (&SavedPiece, &usize)| Made {
            path: self.folder.join(&saved.files[0]),
            seed,
            output,
            nats_per_step: Some(saved.piece.nll_per_step()),
        };
        self.pieces.iter().zip(&self.numbers).map(made).collect()
    }
}

impl TrainedModel {
    /// Composes `from` pieces and keeps the `keep` best by [`pick`].
    ///
    /// # Errors
    /// As [`compose`](super::compose) and [`pick`].
    pub fn compose_best(
        &self,
        options: &super::ComposeOptions,
        keep: usize,
        from: usize,
        reference: &Reference,
    ) -> Result<Vec<JudgedPiece>> {
        let options = super::ComposeOptions { num_outputs: from, ..options.clone() };
        pick(judge(super::compose(self, &options)?, Some(reference)), keep)
    }
}
