//! [`Syntax`]: what the grammars of the representations have in common.

use super::meaning::Meaning;
use crate::rules::Rules;

/// What the grammar of a representation remembers.
pub(super) trait Syntax: Clone {
    /// Prepares for questions about the next token.
    fn look_ahead(&mut self, rules: &Rules);
    fn allows(&self, meaning: Meaning, rules: &Rules) -> bool;
    fn take(&mut self, meaning: Meaning, rules: &Rules);
    fn is_finished(&self, rules: &Rules) -> bool;
}

/// How many of the next `limit` steps from `step` on a set of pitches may go on sounding.
pub(super) fn furthest(rules: &Rules, step: u64, sounding: u128, limit: u64) -> u64 {
    let limit = rules.length.map_or(limit, |length| limit.min(length.saturating_sub(step)));
    if sounding == 0 || (rules.chords.is_none() && (rules.key.is_none() || rules.length.is_none())) {
        return limit;
    }
    (0..limit).find(|ahead| sounding & !rules.pitches(step + ahead) != 0).unwrap_or(limit)
}
