//! Options of `composer compose` that judge and choose among compositions.

use super::failure::wrong_input;
use clap::Args;
use composer::Progress;
use composer::compose::pick::{JudgedPiece, judge, pick, reference};
use composer::compose::{ComposeOptions, Piece};
use std::path::{Path, PathBuf};

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
    /// The options with the number of pieces to compose.
    pub fn over(&self, options: ComposeOptions) -> anyhow::Result<ComposeOptions> {
        let Some(keep) = self.pick else {
            return match self.from {
                None => Ok(options),
                Some(_) => Err(wrong_input(
                    "--from is the number of pieces to pick from: say with --pick how many to keep",
                )),
            };
        };
        let from = self.from.unwrap_or(keep.saturating_mul(4));
        if keep == 0 || keep > from {
            return Err(wrong_input(format!(
                "--pick is {keep} and --from is {from}: the number to keep must be at least 1 and at most the number to pick from"
            )));
        }
        Ok(ComposeOptions { num_outputs: from, ..options })
    }

    /// Judges the pieces, and keeps the best if that is asked for.
    pub fn choose(
        &self,
        pieces: Vec<Piece>,
        model: Option<&Path>,
        terminal: &mut dyn Progress,
    ) -> anyhow::Result<Vec<JudgedPiece>> {
        let reference = reference(self.reference.as_deref(), model)?;
        let Some(keep) = self.pick else { return Ok(judge(pieces, reference.as_ref())) };
        let Some(reference) = reference else {
            return Err(wrong_input(
                "the music that this model has learnt from is not at hand to pick by: give a folder of such music with --reference",
            ));
        };
        let from = pieces.len();
        let best = pick(judge(pieces, Some(&reference)), keep)?;
        terminal.note(&format!(
            "Kept the {keep} of {from} pieces that are most like the reference ({}), the best first.",
            reference.name
        ));
        Ok(best)
    }
}
