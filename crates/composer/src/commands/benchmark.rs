//! `composer benchmark`: figures that can be compared with published ones.

use super::train::model_nll;
use crate::cli::FramesArgs;
use crate::failure::wrong_input;
use composer_evaluation::likelihood::marginal::Marginal;
use composer_evaluation::likelihood::markov::MarkovChain;
use composer_evaluation::likelihood::{FrameSpace, Nll};
use composer_music::frame_json::read_frame_json;

/// `composer benchmark frames`.
pub fn frames(args: &FramesArgs) -> anyhow::Result<()> {
    let sets = read_frame_json(&args.file).map_err(wrong_input)?;
    let space = FrameSpace { onset_plane: false, ..FrameSpace::PIANO };
    let frames: usize = sets.test.iter().map(Vec::len).sum();
    println!("{}: {} test pieces, {frames} frames", args.file.display(), sets.test.len());
    println!("{:<28}{:>14}{:>22}", "nats per frame, test set", "all frames", "without the first");
    row("per-pitch marginal", &Marginal::fit(&sets.train, space).score(&sets.test));
    row("per-pitch Markov chain", &MarkovChain::fit(&sets.train, space).score(&sets.test));
    let _ = model_nll;
    Ok(())
}

fn row(name: &str, nll: &Nll) {
    println!("{name:<28}{:>14.3}{:>22.3}", nll.per_frame(), nll.per_frame_without_first());
}
