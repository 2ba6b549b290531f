//! How much of a published test set is in its training set, and what likelihoods are without it.

use crate::error::{Result, wrong_input, wrong_option};
use crate::likelihood::nll_by_piece;
use crate::model::TrainedModel;
use composer_evaluation::leakage::{Leakage, Options, PieceNats, SubsetNats, Totals, baselines};
use composer_evaluation::likelihood::FrameSpace;
use composer_models::{Encoding, Sequence};
use composer_music::frame_json::{FrameSets, read_frame_json};
use composer_music::input::shown;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Lengths of context among which the validation pieces choose for the prediction by partial matching.
const ORDERS: [usize; 9] = [1, 2, 3, 4, 5, 6, 8, 12, 16];

/// What to compare, and with which network.
#[derive(Clone, Debug, Default)]
pub struct LeakageOptions {
    /// The set: pieces of frames of MIDI pitches, as JSON.
    pub file: PathBuf,
    /// What counts as shared.
    pub shared: Options,
    /// A model file to score beside the baselines, of frames without an onset plane.
    pub model: Option<PathBuf>,
}

/// What the test pieces share with the training pieces, and likelihoods with and without those that share much.
#[derive(Clone, Debug, Serialize)]
pub struct LeakageAudit {
    /// The set.
    pub file: PathBuf,
    /// Sums over the test pieces.
    pub totals: Totals,
    /// Each predictor: baselines, then the network.
    pub predictors: Vec<SubsetNats>,
    /// Every test piece.
    #[serde(flatten)]
    pub leakage: Leakage,
}

/// Compares the test pieces of a set with its training pieces; the validation pieces choose the orders of the baselines.
///
/// # Errors
/// The file, the model or an option cannot be used.
pub fn leakage(options: &LeakageOptions) -> Result<LeakageAudit> {
    if options.shared.min_frames < 2 {
        Err(wrong_option("min_frames", format!("is {}: it must be at least 2", options.shared.min_frames)))?;
    }
    let sets = read_frame_json(&options.file).map_err(wrong_input)?;
    let network = options.model.as_deref().map(|path| network(path, &sets)).transpose()?;
    let leakage = Leakage::new(&sets, options.shared);
    let mut rows = baselines(&sets, FrameSpace::PIANO, &ORDERS);
    rows.extend(network);
    let predictors = rows.iter().map(|row| leakage.likelihood(row)).collect();
    Ok(LeakageAudit { file: options.file.clone(), totals: leakage.totals(), predictors, leakage })
}

fn network(path: &Path, sets: &FrameSets) -> anyhow::Result<PieceNats> {
    let TrainedModel { model, .. } = TrainedModel::load(path)?;
    let piano = FrameSpace { onset_plane: false, ..FrameSpace::PIANO };
    match model.encoding() {
        Encoding::Frames { representation, .. } if FrameSpace::from(representation) == piano => {}
        _ => {
            let name = shown(path);
            return Err(wrong_input(format!(
                "{name} cannot be scored on such sets: it must be a model of frames of the pitches 21 to 108 without an onset plane, \
                 as composer benchmark frames --output writes"
            )));
        }
    }
    let sequences: Vec<Sequence> = sets.test.iter().cloned().map(Sequence::frames).collect();
    let nats = nll_by_piece(&model, &sequences)?.iter().map(|piece| piece.sounding).collect();
    let recurrent = &model.config().recurrent;
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    Ok(PieceNats { name: format!("{} {} ({file})", recurrent.cell, recurrent.hidden), nats })
}
