//! Figures to compare, with published ones or between machines.

mod leakage;
mod likelihoods;
mod options;
mod recipe;
mod speed;

use crate::error::{Result, wrong_input};
use crate::likelihood::model_nll;
use crate::outputs;
use crate::progress::Progress;
use crate::study::refused;
use crate::train::progress_observer::ProgressObserver;
use anyhow::Context;
use composer_bptt::{Init, RecurrentConfig};
use composer_evaluation::likelihood::marginal::Marginal;
use composer_evaluation::likelihood::markov::MarkovChain;
use composer_evaluation::likelihood::{FrameSpace, Nll};
use composer_evaluation::significance::student::student_interval;
use composer_models::file::{self, Notes};
use composer_models::{Encoding, ModelConfig, Network, Sequence, SequenceModel};
use composer_music::frame_json::{FrameSets, read_frame_json};
use composer_music::representation::frames::{Frame, FrameRepresentation};
use composer_report::scaling::chart;
use composer_studies::speed::{Curve, Scaling};
use composer_training::{TrainingConfig, train};
use std::io::Write;
use std::path::Path;

pub use leakage::{LeakageAudit, LeakageOptions, leakage};
pub use likelihoods::FrameLikelihoods;
pub use options::FramesOptions;
pub use recipe::Recipe;
pub use speed::{Measured, SpeedOptions, speed};

/// The likelihood of the test pieces under two baselines, and under a network that is trained on the training pieces and
/// stopped by the validation pieces.
///
/// With a recipe, it decides all but the file, the baselines, the minutes (if not 0) and the seeds.
///
/// # Errors
/// The file or an option cannot be used.
pub fn frames(
    given: &FramesOptions,
    recipe: Option<Recipe>,
    progress: &mut dyn Progress,
) -> Result<FrameLikelihoods> {
    let sets = read_frame_json(&given.file).map_err(wrong_input)?;
    let options = match recipe {
        None => given.clone(),
        Some(recipe) => {
            let FramesOptions { file, baselines, minutes, seed, seeds, output, .. } = given.clone();
            let frames = sets.train.iter().map(Vec::len).sum();
            let minutes = if minutes > 0.0 { minutes } else { recipe::MINUTES };
            FramesOptions { file, baselines, minutes, seed, seeds, output, ..recipe.options(frames) }
        }
    };
    let space = FrameSpace { onset_plane: false, ..FrameSpace::PIANO };
    let mut predictors = vec![
        ("per-pitch marginal".to_string(), Marginal::fit(&sets.train, space).score(&sets.test)),
        ("per-pitch Markov chain".to_string(), MarkovChain::fit(&sets.train, space).score(&sets.test)),
    ];
    let mut networks = Vec::new();
    for seed in (options.seed..).take(if options.baselines { 0 } else { options.seeds as usize }) {
        let (name, nll) = network(&sets, &FramesOptions { seed, ..options.clone() }, progress)?;
        networks.push(nll.per_frame());
        predictors.push((if options.seeds > 1 { format!("{name}, seed {seed}") } else { name }, nll));
    }
    let frames = sets.test.iter().map(Vec::len).sum();
    let mean = (networks.len() > 1).then(|| student_interval(&networks));
    Ok(FrameLikelihoods { file: options.file.clone(), pieces: sets.test.len(), frames, predictors, mean })
}

fn network(
    sets: &FrameSets,
    options: &FramesOptions,
    progress: &mut dyn Progress,
) -> anyhow::Result<(String, Nll)> {
    let sequences = |pieces: &[Vec<Frame>]| pieces.iter().cloned().map(Sequence::frames).collect::<Vec<_>>();
    let representation = FrameRepresentation { onset_plane: false, ..FrameRepresentation::default() };
    let FramesOptions { cell, hidden, .. } = *options;
    let recurrent = RecurrentConfig { cell, hidden, ..RecurrentConfig::default() };
    let notes = RecurrentConfig {
        cell: options.note_cell,
        hidden: options.note_hidden,
        ..RecurrentConfig::default()
    };
    let mut encoding = Encoding::frames(representation);
    if let Encoding::Frames { longest_match, .. } = &mut encoding {
        *longest_match = options.longest_match;
    }
    let config = ModelConfig::new(encoding, recurrent);
    let config = ModelConfig { output_dropout: options.dropout, ..config };
    let config = config.with_network(options.network, notes, options.dropout).with_relative_logits(true);
    let training = TrainingConfig {
        epochs: options.epochs,
        minutes: options.minutes,
        batch_size: 16,
        copies: options.copies,
        ema_decay: options.ema_decay,
        patience: options.patience,
        transpose: options.transpose,
        learning_rate: options.learning_rate,
        seed: options.seed,
        ..TrainingConfig::default()
    };
    outputs::check([&options.file], &options.output)?;
    let output = outputs::create(options.output.as_deref())?;
    let (train_set, valid_set) = (sequences(&sets.train), sequences(&sets.valid));
    let mut model = SequenceModel::new(config, &Init::default(), options.seed)?;
    model.init_output_bias(&train_set);
    let mut observer = ProgressObserver { progress, epochs: options.epochs };
    let outcome = train(&mut model, &train_set, &valid_set, &training, &mut observer);
    progress.finished();
    let outcome = outcome?;
    if let Some(mut output) = output {
        let bytes = file::to_bytes(&model, &Notes::default()).map_err(anyhow::Error::msg)?;
        output.write_all(&bytes).and_then(|()| output.commit()).context("cannot write the model")?;
    }
    let network = match options.network {
        Network::Independent => String::new(),
        Network::Coupled => " coupled".to_owned(),
        Network::NoteWise | Network::Biaxial => {
            format!(" {}, {} {}", options.network, options.note_cell, options.note_hidden)
        }
    };
    let name = format!("{cell} {hidden}{network} (epoch {})", outcome.best.epoch);
    Ok((name, model_nll(&model, &sequences(&sets.test))?))
}

/// How the cost of a training step grows with the length and the batch, and falls with the threads; `svg`: a file for the curves.
///
/// # Errors
/// A size is out of range, or the file cannot be written: nothing is then measured.
pub fn scaling(options: &Scaling, svg: Option<&Path>) -> Result<Vec<Curve>> {
    options.check().map_err(refused)?;
    let file = outputs::create(svg)?;
    let curves = composer_studies::speed::scaling(options).map_err(refused)?;
    if let Some(mut file) = file {
        file.write_all(chart(&options.shape, &curves)?.as_bytes())?;
        file.commit()?;
    }
    Ok(curves)
}
