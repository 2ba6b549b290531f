//! Likelihood summaries, music statistics, failure-mode detectors, originality, significance.
