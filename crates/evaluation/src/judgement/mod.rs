//! Judgement of a piece against the reference: what lies outside it, and how much the whole is like it.

pub mod figures;
mod likeness;
pub(crate) mod measurements;
mod normal;
pub mod outliers;
pub mod tail;
pub mod words;

pub use figures::Aspect;
pub use likeness::Likeness;
pub(crate) use likeness::LikenessModel;
pub use outliers::{Outliers, Side};
