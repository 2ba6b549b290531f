//! Frame accuracy after Bay, Ehmann and Downie (2009): how many of the pitches that sound or are predicted are right.

use serde::Serialize;

/// Hits and errors, pooled over frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FrameCounts {
    /// Pitches predicted that sound.
    pub true_positives: u64,
    /// Pitches predicted that do not sound.
    pub false_positives: u64,
    /// Pitches that sound and were not predicted.
    pub false_negatives: u64,
}

impl FrameCounts {
    /// Compares one frame of predicted pitches with what sounds.
    pub fn add(&mut self, predicted: u128, sounding: u128) {
        self.true_positives += u64::from((predicted & sounding).count_ones());
        self.false_positives += u64::from((predicted & !sounding).count_ones());
        self.false_negatives += u64::from((sounding & !predicted).count_ones());
    }

    /// `ΣTP / Σ(TP + FP + FN)`; 0 if nothing sounds and nothing was predicted.
    pub fn accuracy(&self) -> f64 {
        ratio(self.true_positives, self.true_positives + self.false_positives + self.false_negatives)
    }

    /// `ΣTP / Σ(TP + FP)`; 0 if nothing was predicted.
    pub fn precision(&self) -> f64 {
        ratio(self.true_positives, self.true_positives + self.false_positives)
    }

    /// `ΣTP / Σ(TP + FN)`; 0 if nothing sounds.
    pub fn recall(&self) -> f64 {
        ratio(self.true_positives, self.true_positives + self.false_negatives)
    }
}

fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}
