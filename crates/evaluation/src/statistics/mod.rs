//! What music is like, in numbers: for one piece or for many, on their own or beside others.
//!
//! Unless a function says otherwise: drums have no pitch and are left out wherever pitch matters; times are in
//! quarter notes; a figure that has nothing to average is NaN (`null` in JSON), never a made-up zero.

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

pub use summary::{Summary, summarise};
pub use table::{Table, muspy_table, table};

/// `part / whole`; NaN if there is no whole.
pub(crate) fn ratio(part: f64, whole: f64) -> f64 {
    if whole == 0.0 { f64::NAN } else { part / whole }
}

/// Arithmetic mean; NaN of nothing.
pub(crate) fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (mut sum, mut count) = (0.0, 0.0);
    for value in values {
        sum += value;
        count += 1.0;
    }
    ratio(sum, count)
}
