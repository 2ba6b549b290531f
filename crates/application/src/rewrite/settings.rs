//! [`RewriteSettings`]: what all ways of rewriting have in common.

use crate::error::{Result, wrong_option};
use composer_decoding::harmony::Key;
use composer_decoding::rewrite::RewriteOptions;

/// What all ways of rewriting have in common.
#[derive(Clone, Debug, PartialEq)]
pub struct RewriteSettings {
    /// Number of results, each with random numbers of its own.
    pub num_outputs: usize,
    /// Seed of the random numbers.
    pub seed: u64,
    /// Temperature of new notes: 1 is the model's own distribution.
    pub temperature: f64,
    /// Notes that may sound together, where those that stay are not more.
    pub max_polyphony: usize,
    /// New notes are of this key.
    pub key: Option<Key>,
    /// New notes are of these chords, one for each bar that is written anew, in a cycle.
    pub chords: Option<String>,
    /// Candidates at a time: more take longer and come nearer to what the model finds likely given both sides.
    pub candidates: usize,
    /// How often the new notes are drawn again, in shorter and shorter blocks.
    pub sweeps: usize,
}

impl Default for RewriteSettings {
    fn default() -> Self {
        Self {
            num_outputs: 1,
            seed: 1,
            temperature: 1.0,
            max_polyphony: 8,
            key: None,
            chords: None,
            candidates: RewriteOptions::default().candidates,
            sweeps: 4,
        }
    }
}

impl RewriteSettings {
    pub(super) fn options(&self) -> RewriteOptions {
        RewriteOptions {
            candidates: self.candidates,
            temperature: self.temperature,
            ..RewriteOptions::default()
        }
    }

    /// Refuses what makes no sense, before any work is done.
    pub(super) fn check(&self) -> Result<()> {
        self.options().check()?;
        if self.num_outputs == 0 || self.num_outputs > 1000 {
            return Err(wrong_option("num_outputs", "must be between 1 and 1000").into());
        }
        if self.max_polyphony == 0 {
            return Err(wrong_option("max_polyphony", "must be at least 1").into());
        }
        Ok(())
    }
}
