//! Options of `composer compose` that judge and choose among compositions.

use clap::Args;
use composer::compose::pick::Choice;
use std::path::PathBuf;

/// Which compositions to keep.
#[derive(Clone, Debug, Args)]
pub struct PickArgs {
    /// Keep the N compositions that are most like the reference, the best first
    #[arg(long, value_name = "N", conflicts_with = "num_outputs", help_heading = "Choice")]
    pub pick: Option<usize>,

    /// Compose so many pieces to pick from [default: four times as many]
    #[arg(long, value_name = "N", help_heading = "Choice")]
    pub from: Option<usize>,

    /// Folder of real music to compare with [default: the music that the model has learnt from]
    #[arg(long, value_name = "FOLDER", help_heading = "Choice")]
    pub reference: Option<PathBuf>,
}

impl PickArgs {
    /// The choice.
    pub fn choice(&self) -> Choice {
        Choice { keep: self.pick, from: self.from, reference: self.reference.clone() }
    }
}
