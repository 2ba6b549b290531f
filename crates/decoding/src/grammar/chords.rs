//! The grammar of `chords`: every symbol for a span, and the rules for the notes that it is voiced with.

use crate::rules::Rules;
use composer_music::representation::chords::ChordRepresentation;
use std::sync::Arc;

#[derive(Clone, Debug)]
pub(super) struct Chords {
    /// The pitches of each symbol, as a plane of a frame; none for "no chord".
    voicings: Arc<Vec<u128>>,
    /// Quarters of a symbol, and those so far.
    span: u64,
    now: u64,
}

impl Chords {
    pub(super) fn new(representation: ChordRepresentation, symbols: usize) -> Self {
        let voicing = |symbol: u32| {
            let score = representation.decode_tokens(&[symbol]);
            score.notes().fold(0, |plane, note| plane | 1 << note.pitch)
        };
        let voicings = (0..symbols as u32).map(voicing).collect();
        Self { voicings: Arc::new(voicings), span: representation.quarters_per_chord.max(1).into(), now: 0 }
    }

    pub(super) fn now(&self) -> u64 {
        self.now
    }

    pub(super) fn span(&self) -> u64 {
        self.span
    }

    /// The symbol of silence.
    pub(super) fn rest(&self) -> Option<u32> {
        self.voicings.iter().position(|&voicing| voicing == 0).map(|symbol| symbol as u32)
    }

    pub(super) fn allow(&self, allowed: &mut [bool], rules: &Rules) {
        let pitches = rules.pitches_during(self.now, self.span);
        let last = rules.last_chord().filter(|last| self.now + self.span > last.begin);
        for (allowed, &voicing) in allowed.iter_mut().zip(self.voicings.iter()) {
            let lowest = voicing & voicing.wrapping_neg();
            let fits = voicing & !pitches == 0 && voicing.count_ones() as usize <= rules.max_polyphony;
            *allowed = fits && last.is_none_or(|last| last.bass & lowest != 0);
        }
    }

    pub(super) fn take(&mut self) {
        self.now += self.span;
    }

    pub(super) fn is_finished(&self, rules: &Rules) -> bool {
        rules.length.is_some_and(|length| self.now >= length)
    }
}
