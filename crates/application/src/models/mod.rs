//! Models: the built-in ones, each a model file and a card, and where a name or a path leads.

mod built_in;
mod card;
mod describe;
mod pack;
mod source;
mod task;

pub use built_in::{BuiltIn, DEFAULT};
pub use card::{Card, ComposeDefaults, DataSet, Figure, Figures, Recipe};
pub use describe::{Details, describe};
pub use pack::{Packed, pack};
pub use source::{Source, read};
pub use task::{CardTask, task_name};
