//! [`Judge`]: what is wrong with a piece, in which bars, compared with real music.

use crate::project::{Judgement, Mark};
use composer_evaluation::failure::{DetectorsByLength, EXCERPT, Fault};
use composer_evaluation::grid::{Grid, STEPS_PER_QUARTER};
use composer_music::Score;
use composer_music::corpus;
use std::collections::BTreeMap;
use std::path::Path;

/// Seed of the corruptions that the detectors learn from; `composer diagnose` has the same.
const SEED: u64 = 1;

/// Lengths in quarters that pieces are compared in.
const LENGTHS: [u32; 9] = [16, 24, 32, 48, 64, 96, 128, 192, 256];

/// The folder of a project with real music to compare with, in place of the built-in corpus.
pub const REFERENCE: &str = "reference";

/// Detectors that were calibrated so far.
pub struct Judge {
    real: Vec<Grid>,
    is_own: bool,
    by_length: BTreeMap<u32, Option<DetectorsByLength>>,
}

impl Judge {
    /// With the reference of a project, or the built-in corpus.
    pub fn new(folder: &Path) -> Self {
        let own = folder.join(REFERENCE);
        let own = own.is_dir().then(|| corpus::load(&own).ok()).flatten();
        let is_own = own.is_some();
        let pieces = own.unwrap_or_else(corpus::shipped).pieces;
        Self {
            real: pieces.iter().map(|piece| Grid::new(&piece.score)).collect(),
            is_own,
            by_length: BTreeMap::new(),
        }
    }

    /// Judges a piece. `is_alike`: it should be like the built-in corpus; of other music only the failure modes are told, not figures that
    /// differ by style.
    pub fn judge(&mut self, score: &Score, is_alike: bool) -> Judgement {
        let quarters = (Grid::new(score).len() / STEPS_PER_QUARTER).clamp(*EXCERPT.start(), *EXCERPT.end());
        let distance = |length: &u32| (f64::from(*length).ln() - f64::from(quarters).ln()).abs();
        let length = LENGTHS.into_iter().min_by(|a, b| distance(a).total_cmp(&distance(b))).unwrap_or(64);
        let real = &self.real;
        let detectors = self
            .by_length
            .entry(length)
            .or_insert_with(|| DetectorsByLength::for_lengths(real, &[length], SEED).ok());
        let Some(detectors) = detectors else {
            let nothing = Some("not assessed: there is too little real music to compare with".to_owned());
            return Judgement { nothing, ..Judgement::default() };
        };
        let diagnosis = detectors.of(score).diagnose(score);
        let counts = self.is_own || is_alike;
        let told =
            diagnosis.findings.iter().filter(|finding| counts || matches!(finding.mode, Fault::Mode(_)));
        let findings: Vec<Mark> = told
            .map(|finding| Mark {
                name: finding.mode.name().to_owned(),
                bars: finding.bars.iter().map(|bars| (bars.start, bars.end)).collect(),
                sentence: finding.sentence.clone(),
                cause: finding.cause.to_owned(),
                remedy: finding.remedy.to_owned(),
            })
            .collect();
        let nothing = match (diagnosis.nothing_found(), findings.is_empty()) {
            (Some(text), _) => Some(text),
            (None, true) => Some("none of the tested faults found".to_owned()),
            (None, false) => None,
        };
        let score = diagnosis.likeness.filter(|_| counts).map(|likeness| likeness.score);
        Judgement { score, findings, nothing }
    }
}
