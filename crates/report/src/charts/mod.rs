//! Charts of the reports and studies: lines with bands, bars, heat maps, histograms; as SVG, by plotters.

mod bars;
mod heat_map;
mod legend;
mod lines;
mod style;

pub use crate::colours::standalone;
pub use bars::{bars, samples};
pub use heat_map::heat_map;
pub use lines::{Axes, histograms, lines};
pub use plotters::prelude::RGBColor;
pub use style::{BLUE, GREY, Line, OCHRE, PALETTE, PLUM, cell_name, color, plain};
