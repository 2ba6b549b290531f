//! Conditions: what a language model is told of the music around a step, as input features of all its recurrences.
//!
//! [`Conditions`] is part of a model's configuration: which conditions it has, and which values it tells apart. Categories (style, metre,
//! key) have a feature each; attributes (density, polyphony, register) one for each level between boundaries that were learnt from the
//! training music as quantiles; the bars that are left one for each of the last. [`ConditionValues`] are the values at a step: measured of
//! the music while training, asked for when composing. What is not given has no feature on, so that a model which was trained with
//! [`Dropped`] conditions does without.

mod condition;
mod draw;
mod features;
mod harmony;
mod learn;
mod measure;
mod piece;
mod steering;
mod track;
mod values;

pub use condition::{Condition, Dropped};
pub use draw::Drawn;
pub use features::Conditions;
pub use harmony::{Harmony, HarmonyPlan};
pub use learn::LEVELS;
pub use measure::measure;
pub use piece::PieceConditions;
pub use steering::Steering;
pub use track::{ConditionTrack, WINDOW_BARS};
pub use values::ConditionValues;
