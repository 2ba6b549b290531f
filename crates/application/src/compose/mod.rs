//! A model composes, as notes, as MIDI files and as sound.

mod assemble;
mod bars;
pub(crate) mod carried;
mod choices;
mod feasible;
mod options;
pub mod pick;
mod piece;
mod plan;
mod ranges;
mod reading;
mod report;
mod save;
mod work;
mod write;

pub use bars::{BarNote, BarStream, ComposedBar};
pub use options::{
    ComposeOptions, FRAME_TEMPERATURE, FrameChoice, Length, NOTE_RHYTHM_MIN_P, NOTE_TOP_P, Primer,
    TOKEN_TEMPERATURE, TokenChoice,
};
pub use piece::Piece;
pub use ranges::{pitch_range, register};
pub use save::COMPOSITION_PREFIX;
pub(crate) use save::save_in_run;
pub use save::{FileOptions, SavedPiece, check_unused, save, save_apart};

use crate::error::Result;
use crate::model::TrainedModel;
use crate::progress::Progress;

/// Composes.
///
/// ```
/// use composer_application::compose::{ComposeOptions, Length, compose};
/// use composer_application::TrainedModel;
///
/// let metre = Some(composer_music::Metre::COMMON);
/// let options = ComposeOptions { num_outputs: 1, length: Length::Bars(1), metre, ..ComposeOptions::default() };
/// let pieces = compose(&TrainedModel::built_in()?, &options)?;
/// assert_eq!(pieces[0].nll.len(), 16, "sixteenths");
/// # Ok::<(), composer_application::Error>(())
/// ```
///
/// # Errors
/// An option is out of range or does not fit the model, the primer cannot be used, or the model's file is damaged.
pub fn compose(model: &TrainedModel, options: &ComposeOptions) -> Result<Vec<Piece>> {
    compose_with(model, options, &mut ())
}

/// As [`compose`]; `progress` is told how far it is, gets the music so far if it wants it, and may stop it at any step.
///
/// # Errors
/// As [`compose`], and when it was stopped.
pub fn compose_with(
    model: &TrainedModel,
    options: &ComposeOptions,
    progress: &mut dyn Progress,
) -> Result<Vec<Piece>> {
    write::run_all(write::begin(model, options)?, progress)
}
