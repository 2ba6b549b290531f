//! What music is like, in numbers: for one piece or for many, on their own or beside others.
//!
//! Unless a function says otherwise: drums have no pitch and are left out wherever pitch matters; times are in
//! quarter notes; a figure that has nothing to average is NaN (`null` in JSON), never a made-up zero.

mod averages;
pub mod distributions;
pub mod harmony;
pub use composer_music::key;
pub mod muspy;
pub mod piece;
pub mod sounding;
pub mod structureness;
pub mod summary;
mod table;
pub mod voice_leading;

pub(crate) use averages::{mean, ratio};
pub use summary::{Summary, summarise};
pub use table::{Table, muspy_table, table};
