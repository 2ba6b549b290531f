//! The contour of the bass line, which drum models condition on, at the models' grid.

use super::STEPS_PER_QUARTER;
use composer_music::representation::contour::{BassContour, SourceRepresentation};

/// The source of drum models.
pub const BASS: SourceRepresentation =
    SourceRepresentation::Contour(BassContour { steps_per_quarter: STEPS_PER_QUARTER });
