//! [`assess`]: everything that this crate knows about a set of pieces beside real music, in one structure.

use composer_music::Score;
use serde::Serialize;

use crate::distance::{Comparison, compare, excerpts};
use crate::failure::{Detectors, Diagnosis, Extent, FailureMode, TooLittleMusic};
use crate::grid::{Grid, STEPS_PER_QUARTER};
use crate::originality::{Originality, Verdict};
use crate::statistics::{Summary, summarise};

/// Shortest and longest excerpts, in quarters, that pieces are compared in: four bars and sixty-four.
const EXCERPT: std::ops::RangeInclusive<u32> = 16..=256;

/// A piece of the set.
#[derive(Clone, Debug, Serialize)]
pub struct Assessed {
    /// Its name.
    pub name: String,
    /// What is wrong with it.
    pub diagnosis: Diagnosis,
    /// Whether it was copied.
    pub originality: Verdict,
}

/// A set of pieces beside real music.
#[derive(Clone, Debug, Serialize)]
pub struct Assessment {
    /// Length in quarters of the excerpts that were compared.
    pub quarters: u32,
    /// Every piece of the set.
    pub pieces: Vec<Assessed>,
    /// What real music stays below, per failure mode in the order of [`FailureMode::ALL`].
    pub thresholds: [f64; 4],
    /// The set in one table.
    pub summary: Summary,
    /// The real music in one table.
    pub reference_summary: Summary,
    /// Statistic by statistic.
    pub comparisons: Vec<Comparison>,
}

impl Assessment {
    /// How many pieces of the set show a failure.
    pub fn count(&self, mode: FailureMode) -> usize {
        self.pieces.iter().filter(|piece| piece.diagnosis.has(mode)).count()
    }

    /// How many pieces were copied.
    pub fn copied(&self) -> usize {
        self.pieces.iter().filter(|piece| piece.originality.copied).count()
    }

    /// The failure to look at first: the one that most pieces show before any other; `None` if most pieces are sound.
    pub fn main_failure(&self) -> Option<FailureMode> {
        let first = |mode: FailureMode| {
            let pieces = self.pieces.iter().filter_map(|piece| piece.diagnosis.main_finding());
            pieces.filter(|finding| finding.mode == mode).count()
        };
        let (mode, count) =
            FailureMode::ALL.map(|mode| (mode, first(mode))).into_iter().max_by_key(|&(_, n)| n)?;
        (2 * count > self.pieces.len() || count > 0 && 2 * self.sound() < self.pieces.len()).then_some(mode)
    }

    /// How many pieces show no failure.
    pub fn sound(&self) -> usize {
        self.pieces.iter().filter(|piece| piece.diagnosis.findings.is_empty()).count()
    }
}

/// Median length of pieces in quarters, in the limits that excerpts have.
pub fn excerpt_length(set: &[&Score]) -> u32 {
    let mut lengths: Vec<u32> = set.iter().map(|score| Grid::new(score).len() / STEPS_PER_QUARTER).collect();
    lengths.sort_unstable();
    let median = lengths.get(lengths.len() / 2).copied().unwrap_or(0);
    median.clamp(*EXCERPT.start(), *EXCERPT.end())
}

/// Assesses a set of named pieces beside real ones (for originality: the pieces that were trained on).
///
/// All are compared in excerpts of the median length of the set, in bars of four quarters. Deterministic for a seed.
///
/// # Errors
/// When there is too little real music to calibrate the detectors on.
pub fn assess(
    set: &[(String, &Score)],
    reference: &[(String, &Score)],
    seed: u64,
) -> Result<Assessment, TooLittleMusic> {
    let scores =
        |pieces: &[(String, &Score)]| pieces.iter().map(|(_, score)| (*score).clone()).collect::<Vec<_>>();
    let (ours, real) = (scores(set), scores(reference));
    let quarters = excerpt_length(&set.iter().map(|(_, score)| *score).collect::<Vec<_>>());
    let detectors = Detectors::calibrate(&real, Extent::Excerpts { quarters }, seed)?;
    let originality = Originality::new(reference);
    let assessed = |(name, score): &(String, &Score)| Assessed {
        name: name.clone(),
        diagnosis: detectors.diagnose(score),
        originality: originality.judge(score),
    };
    Ok(Assessment {
        quarters,
        pieces: set.iter().map(assessed).collect(),
        thresholds: detectors.thresholds(),
        summary: summarise(&ours),
        reference_summary: summarise(&real),
        comparisons: compare(&excerpts(&ours, quarters), &excerpts(&real, quarters), seed),
    })
}
