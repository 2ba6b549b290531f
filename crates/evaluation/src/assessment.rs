//! [`Assessor`]: everything that this crate knows about sets of pieces beside real music, in one structure each.

use composer_music::Score;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use crate::distance::{Comparison, DistributionComparison, compare, compare_distributions, excerpts};
use crate::failure;
use crate::failure::{DetectorsByLength, Diagnosis, EXCERPT, FailureMode, TooLittleMusic};
use crate::grid::Grid;
use crate::judgement::Likeness;
use crate::originality::{Originality, Verdict};
use crate::significance::Interval;
use crate::significance::bootstrap::bootstrap;
use crate::statistics::voice_leading::{FAULTS, Fault, VoiceLeading, voice_leading, voices};
use crate::statistics::{Summary, summarise};

/// Resamples for the intervals of voice leading.
const RESAMPLES: usize = 500;

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
    /// The thresholds of the failure modes for pieces of that length, in the order of [`FailureMode::ALL`]. As JSON, by name.
    #[serde(serialize_with = "crate::failure::by_mode")]
    pub thresholds: [f64; 4],
    /// The set in one table.
    pub summary: Summary,
    /// The real music in one table.
    pub reference_summary: Summary,
    /// Statistic by statistic.
    pub comparisons: Vec<Comparison>,
    /// Histogram by histogram.
    pub distributions: Vec<DistributionComparison>,
    /// Faults of voice leading, if there are pieces in parts; otherwise empty.
    pub voice_leading: Vec<VoiceLeadingRate>,
}

/// How often a fault of voice leading occurs, per 100 notes.
#[derive(Clone, Debug, Serialize)]
pub struct VoiceLeadingRate {
    /// The fault, see [`FAULTS`].
    pub name: &'static str,
    /// In the pieces of the set that are written in parts, with its interval over pieces.
    pub rate: Interval,
    /// In those of the real music; `None` if there are none.
    pub reference: Option<Interval>,
    /// In Bach's chorales.
    pub bach: f64,
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

    /// The fault to look at first: the one that most pieces show before any other; `None` if most pieces show none.
    pub fn main_failure(&self) -> Option<failure::Fault> {
        let mut first: Vec<(failure::Fault, usize)> = Vec::new();
        for finding in self.pieces.iter().filter_map(|piece| piece.diagnosis.main_finding()) {
            match first.iter_mut().find(|(mode, _)| *mode == finding.mode) {
                Some((_, count)) => *count += 1,
                None => first.push((finding.mode, 1)),
            }
        }
        let (mode, count) = first.into_iter().max_by_key(|&(_, count)| count)?;
        (2 * count > self.pieces.len() || count > 0 && 2 * self.without_failure() < self.pieces.len())
            .then_some(mode)
    }

    /// The median of the [scores](crate::judgement::Likeness) of the pieces that could be judged; NaN without any.
    pub fn median_likeness(&self) -> f64 {
        let scores: Vec<f64> =
            self.pieces.iter().filter_map(|piece| Some(piece.diagnosis.likeness?.score)).collect();
        crate::significance::quantile::quantile(&scores, 0.5)
    }

    /// How many pieces show no failure.
    pub fn without_failure(&self) -> usize {
        self.pieces.iter().filter(|piece| piece.diagnosis.has_no_failure()).count()
    }
}

/// Median length of pieces in quarters, in the limits that excerpts have.
pub fn excerpt_length(set: &[&Score]) -> u32 {
    let mut lengths: Vec<u32> = set.iter().map(|score| failure::quarters(score)).collect();
    lengths.sort_unstable();
    lengths.get(lengths.len() / 2).copied().unwrap_or(*EXCERPT.start())
}

/// Real music, prepared to assess sets of pieces by.
pub struct Assessor {
    seed: u64,
    quarters: u32,
    detectors: DetectorsByLength,
    originality: Originality,
    reference_summary: Summary,
    reference_excerpts: Vec<Score>,
    reference_parts: Vec<VoiceLeading>,
}

impl Assessor {
    /// Calibrates on named real pieces (for originality: the pieces that were trained on). All will be compared in
    /// excerpts of so many quarters, see [`excerpt_length`]. Deterministic for a seed.
    ///
    /// # Errors
    /// When there is too little real music to calibrate the detectors on.
    pub fn new(reference: &[(String, &Score)], quarters: u32, seed: u64) -> Result<Self, TooLittleMusic> {
        let grids: Vec<Grid> = reference.iter().map(|(_, score)| Grid::new(score)).collect();
        let detectors = DetectorsByLength::for_lengths(&grids, &[quarters], seed)?;
        Ok(Self::with(detectors, reference, quarters, seed))
    }

    /// [`Self::new`] for sets of known pieces: the sets are compared in excerpts of their median length, but each piece is
    /// judged by excerpts of about its own.
    ///
    /// # Errors
    /// As there.
    pub fn for_pieces(
        reference: &[(String, &Score)],
        pieces: &[&Score],
        seed: u64,
    ) -> Result<Self, TooLittleMusic> {
        let grids: Vec<Grid> = reference.iter().map(|(_, score)| Grid::new(score)).collect();
        let detectors = DetectorsByLength::calibrate(&grids, pieces, seed)?;
        Ok(Self::with(detectors, reference, excerpt_length(pieces), seed))
    }

    fn with(detectors: DetectorsByLength, reference: &[(String, &Score)], quarters: u32, seed: u64) -> Self {
        let real = scores(reference);
        Self {
            seed,
            quarters,
            detectors,
            originality: Originality::new(reference),
            reference_summary: summarise(&real),
            reference_excerpts: excerpts(&real, quarters),
            reference_parts: faults(&real),
        }
    }

    /// Assesses a set of named pieces.
    pub fn assess(&self, set: &[(String, &Score)]) -> Assessment {
        let assessed = |(name, score): &(String, &Score)| Assessed {
            name: name.clone(),
            diagnosis: self.detectors.of(score).diagnose(score),
            originality: self.originality.judge(score),
        };
        let ours = scores(set);
        let excerpts = excerpts(&ours, self.quarters);
        Assessment {
            quarters: self.quarters,
            pieces: set.iter().map(assessed).collect(),
            thresholds: self.detectors.of_length(self.quarters).thresholds(),
            summary: summarise(&ours),
            reference_summary: self.reference_summary.clone(),
            comparisons: compare(&excerpts, &self.reference_excerpts, self.seed),
            distributions: compare_distributions(&excerpts, &self.reference_excerpts, self.seed),
            voice_leading: self.voice_leading(&faults(&ours)),
        }
    }

    /// How much a piece is like the real music.
    pub fn likeness(&self, score: &Score) -> Likeness {
        let detectors = self.detectors.of(score);
        detectors.likeness(&detectors.lay_out(score))
    }

    fn voice_leading(&self, pieces: &[VoiceLeading]) -> Vec<VoiceLeadingRate> {
        if pieces.is_empty() {
            return Vec::new();
        }
        let rate = |pieces: &[VoiceLeading], fault: &Fault| {
            let pooled = |pieces: &[VoiceLeading]| {
                let mut counts = VoiceLeading::default();
                pieces.iter().for_each(|piece| counts.merge(piece));
                counts.per_100_notes((fault.count)(&counts))
            };
            bootstrap(pieces, pooled, RESAMPLES, &mut ChaCha8Rng::seed_from_u64(self.seed))
        };
        let row = |fault: &Fault| VoiceLeadingRate {
            name: fault.name,
            rate: rate(pieces, fault),
            reference: (!self.reference_parts.is_empty()).then(|| rate(&self.reference_parts, fault)),
            bach: fault.bach,
        };
        FAULTS.iter().map(row).collect()
    }
}

/// The counts of every piece that is written in parts.
fn faults(scores: &[Score]) -> Vec<VoiceLeading> {
    scores.iter().filter_map(|score| Some(voice_leading(&voices(score)?))).collect()
}

fn scores(pieces: &[(String, &Score)]) -> Vec<Score> {
    pieces.iter().map(|(_, score)| (*score).clone()).collect()
}

/// Assesses one set of named pieces beside real ones, in excerpts of its median length: see [`Assessor`].
///
/// # Errors
/// When there is too little real music to calibrate the detectors on.
pub fn assess(
    set: &[(String, &Score)],
    reference: &[(String, &Score)],
    seed: u64,
) -> Result<Assessment, TooLittleMusic> {
    let pieces: Vec<&Score> = set.iter().map(|(_, score)| *score).collect();
    Ok(Assessor::for_pieces(reference, &pieces, seed)?.assess(set))
}
