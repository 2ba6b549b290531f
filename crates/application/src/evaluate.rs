//! Comparison of music with real music, and the likelihood of held-out music under a model.

use crate::diagnose::{judged, reference};
use crate::error::{Result, wrong_input};
use crate::likelihood::measure;
use crate::model::TrainedModel;
use crate::progress::Progress;
use crate::train::material::Material;
use composer_evaluation::assessment::{Assessment, Assessor};
use composer_evaluation::distance::{Closer, closer};
use composer_evaluation::statistics::muspy;
use composer_models::Encoding;
use composer_music::Score;
use composer_music::corpus::Piece;
use composer_music::input;
use composer_music::representation::frames::FrameRepresentation;
use composer_report::Likelihood;
use composer_report::evaluation::{AssessedSet, EvaluationPage};
use std::path::{Path, PathBuf};

/// What to evaluate, and the reference to compare with.
#[derive(Clone, Debug)]
pub struct EvaluateOptions {
    /// Folders of MIDI files, or files; each is a set of its own.
    pub music: Vec<PathBuf>,
    /// A trained model whose likelihood of the reference's test pieces is measured.
    pub model: Option<PathBuf>,
    /// Folder of real music to compare with; `None`: the built-in corpus.
    pub reference: Option<PathBuf>,
    /// Whether the model learnt from no piece of the reference: all of them are its test pieces then, and there are no baselines.
    pub held_out: bool,
    /// Whether the metrics of MusPy are computed too.
    pub muspy: bool,
    /// Seed of the resampling behind the intervals.
    pub seed: u64,
}

impl Default for EvaluateOptions {
    fn default() -> Self {
        Self { music: Vec::new(), model: None, reference: None, held_out: false, muspy: false, seed: 1 }
    }
}

/// A set of pieces, assessed.
#[derive(Debug)]
pub struct EvaluatedSet {
    /// The folder or file.
    pub name: String,
    /// The pieces, in the order of the assessment.
    pub scores: Vec<Score>,
    /// The figures.
    pub assessment: Assessment,
    /// Name and metrics of each piece as MusPy computes them, if they were asked for.
    pub muspy: Option<Vec<(String, muspy::Metrics)>>,
}

/// What was found.
pub struct Evaluation {
    /// Baselines and the model, the model last; empty without a model.
    pub likelihoods: Vec<Likelihood>,
    /// The sets.
    pub sets: Vec<EvaluatedSet>,
    /// Which of the first two sets is closer to real music; empty for fewer sets.
    pub closer: Vec<Closer>,
}

impl Evaluation {
    /// The page that shows everything; `None` without a set.
    ///
    /// # Errors
    /// A chart cannot be drawn.
    pub fn to_html(&self) -> Result<Option<String>> {
        if self.sets.is_empty() {
            return Ok(None);
        }
        let sets: Vec<AssessedSet> = self
            .sets
            .iter()
            .map(|set| AssessedSet { name: &set.name, assessment: &set.assessment, scores: &set.scores })
            .collect();
        let page = EvaluationPage { sets: &sets, closer: &self.closer, likelihoods: &self.likelihoods };
        Ok(Some(page.to_html()?))
    }
}

/// Compares sets of music with real music, and measures the likelihood under a model; `progress` is told what is left out.
///
/// # Errors
/// A file cannot be read, or there is too little real music.
pub fn evaluate(options: &EvaluateOptions, progress: &mut dyn Progress) -> Result<Evaluation> {
    let likelihoods = match &options.model {
        Some(model) => likelihoods(model, options.reference.as_deref(), options.held_out)?,
        None => Vec::new(),
    };
    let sets = sets(options, progress)?;
    let closer = match &sets[..] {
        [first, second, ..] => {
            closer(&first.assessment.comparisons, &second.assessment.comparisons, options.seed)
        }
        _ => Vec::new(),
    };
    Ok(Evaluation { likelihoods, sets, closer })
}

/// Reads every set and compares it with the same real music, in excerpts of one length.
fn sets(options: &EvaluateOptions, progress: &mut dyn Progress) -> anyhow::Result<Vec<EvaluatedSet>> {
    let mut sets = Vec::new();
    for path in &options.music {
        sets.push((input::shown(path), judged(&[path], progress)?));
    }
    if sets.is_empty() {
        return Ok(Vec::new());
    }
    let reference = reference(options.reference.as_deref())?;
    let all: Vec<&Score> = sets.iter().flat_map(|(_, pieces)| pieces).map(|piece| &piece.score).collect();
    let assessor = Assessor::for_pieces(&named(&reference), &all, options.seed).map_err(wrong_input)?;
    let judge = |(name, pieces): (String, Vec<Piece>)| {
        let assessment = assessor.assess(&named(&pieces));
        let muspy = options.muspy.then(|| {
            pieces.iter().map(|piece| (piece.name.clone(), muspy::Metrics::of(&piece.score))).collect()
        });
        let scores = pieces.into_iter().map(|piece| piece.score).collect();
        EvaluatedSet { name, scores, assessment, muspy }
    };
    Ok(sets.into_iter().map(judge).collect())
}

fn named(pieces: &[Piece]) -> Vec<(String, &Score)> {
    pieces.iter().map(|piece| (piece.name.clone(), &piece.score)).collect()
}

/// Baselines and model on the test pieces of the reference, or the model alone on all of its pieces.
fn likelihoods(path: &Path, folder: Option<&Path>, held_out: bool) -> anyhow::Result<Vec<Likelihood>> {
    let trained = TrainedModel::load(path)?;
    let (model, tokens) = (&trained.model, trained.token_representation()?);
    let representation = match model.encoding() {
        Encoding::Frames { representation, .. } => *representation,
        Encoding::Tokens { .. } | Encoding::Values { .. } => FrameRepresentation::default(),
    };
    let mut material = Material::load(folder, representation)?;
    if let Some(tokens) = tokens {
        material.read_as(tokens.clone())?;
    }
    material.fit(model.encoding());
    if material.test.sequences.iter().all(composer_models::Sequence::is_empty) {
        return Err(wrong_input(format!(
            "the test pieces of {} hold no {} for this model to predict; give more music as the reference",
            material.name,
            model.encoding().kind()
        )));
    }
    if held_out {
        material.hold_out_all();
        let rows = measure(model, &material)?;
        return Ok(rows.into_iter().next_back().into_iter().collect());
    }
    measure(model, &material)
}
