//! The tokens of `remi`: which number means what.

use super::super::{chords, pitch_name, velocity};
use super::bars;
use super::options::{ChordTokens, RemiRepresentation};
use super::sheet::DRUMS;
use crate::metre::Metre;

pub(super) const BAR: u32 = 0;

/// Slowest tempo in quarter notes per minute; every next one is a semitone faster, so that twelve double it.
const SLOWEST: f64 = 20.0;
const TEMPOS: u32 = 49;

/// What a token means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token {
    Bar,
    Metre(Metre),
    Position(u64),
    Tempo(u32),
    Chord(u32),
    Program(u16),
    Pitch(u8),
    Velocity(u32),
    Duration(u64),
}

/// The numbering of the tokens: blocks in the order of [`Token`].
pub(super) struct Tokens {
    metres: Vec<Metre>,
    positions: u32,
    chords: u32,
    chord_tokens: ChordTokens,
    programs: u32,
    longest: u32,
}

impl Tokens {
    pub(super) fn new(options: &RemiRepresentation) -> Self {
        let steps = options.grid_steps();
        Self {
            metres: bars::metres(steps),
            positions: bars::MAX_QUARTERS as u32 * steps,
            chords: if options.chords == ChordTokens::None { 0 } else { chords::NUM_SYMBOLS },
            chord_tokens: options.chords,
            programs: if options.programs { u32::from(DRUMS) + 1 } else { 0 },
            longest: 4 * steps,
        }
    }

    /// Longest length that one DURATION says.
    pub(super) fn longest(&self) -> u64 {
        u64::from(self.longest)
    }

    pub(super) fn chord_tokens(&self) -> ChordTokens {
        self.chord_tokens
    }

    /// Sizes of the blocks.
    fn blocks(&self) -> [u32; 9] {
        let metres = self.metres.len() as u32;
        [
            1,
            metres,
            self.positions,
            TEMPOS,
            self.chords,
            self.programs,
            128,
            velocity::VELOCITY_BINS,
            self.longest,
        ]
    }

    pub(super) fn len(&self) -> usize {
        self.blocks().iter().sum::<u32>() as usize
    }

    /// The number of a token; `None` for a metre that does not fit the grid.
    pub(super) fn number(&self, token: Token) -> Option<u32> {
        let (block, place) = match token {
            Token::Bar => (0, 0),
            Token::Metre(metre) => (1, self.metres.iter().position(|&other| other == metre)? as u32),
            Token::Position(position) => (2, position as u32),
            Token::Tempo(tempo) => (3, tempo),
            Token::Chord(chord) => (4, chord),
            Token::Program(program) => (5, u32::from(program)),
            Token::Pitch(pitch) => (6, u32::from(pitch)),
            Token::Velocity(bin) => (7, bin),
            Token::Duration(steps) => (8, steps as u32 - 1),
        };
        Some(self.blocks()[..block].iter().sum::<u32>() + place)
    }

    /// What a number means; `None` beyond the vocabulary.
    pub(super) fn token(&self, number: u32) -> Option<Token> {
        let mut place = number;
        for (block, size) in self.blocks().into_iter().enumerate() {
            if place < size {
                return Some(match block {
                    0 => Token::Bar,
                    1 => Token::Metre(self.metres[place as usize]),
                    2 => Token::Position(u64::from(place)),
                    3 => Token::Tempo(place),
                    4 => Token::Chord(place),
                    5 => Token::Program(place as u16),
                    6 => Token::Pitch(place as u8),
                    7 => Token::Velocity(place),
                    _ => Token::Duration(u64::from(place) + 1),
                });
            }
            place -= size;
        }
        None
    }

    pub(super) fn names(&self) -> Vec<String> {
        (0..self.len() as u32).filter_map(|number| self.token(number)).map(|token| name(&token)).collect()
    }
}

fn name(token: &Token) -> String {
    match *token {
        Token::Bar => "BAR".to_owned(),
        Token::Metre(metre) => format!("METRE_{metre}"),
        Token::Position(step) => format!("POSITION_{step}"),
        Token::Tempo(tempo) => format!("TEMPO_{:.0}", quarters_per_minute(tempo)),
        Token::Chord(chord) => format!("CHORD_{}", chords::symbol_name(chord)),
        Token::Program(DRUMS) => "PROGRAM_DRUMS".to_owned(),
        Token::Program(program) => format!("PROGRAM_{program}"),
        Token::Pitch(pitch) => format!("PITCH_{}", pitch_name(pitch)),
        Token::Velocity(bin) => format!("VELOCITY_{bin}"),
        Token::Duration(steps) => format!("DURATION_{steps}"),
    }
}

fn quarters_per_minute(tempo: u32) -> f64 {
    SLOWEST * (f64::from(tempo) / 12.0).exp2()
}

/// The tempo of the vocabulary that is nearest on a logarithmic scale.
pub(super) fn tempo_of_micros(micros_per_quarter: u32) -> u32 {
    let ratio = 60e6 / f64::from(micros_per_quarter.max(1)) / SLOWEST;
    (12.0 * ratio.log2()).round().clamp(0.0, f64::from(TEMPOS - 1)) as u32
}

/// Microseconds per quarter note of a tempo of the vocabulary.
pub(super) fn micros_of_tempo(tempo: u32) -> u32 {
    (60e6 / quarters_per_minute(tempo)).round() as u32
}

/// The tempo that a tempo becomes.
pub(super) fn nearest_micros(micros_per_quarter: u32) -> u32 {
    micros_of_tempo(tempo_of_micros(micros_per_quarter))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_tokens_are_inverse() {
        for options in [
            RemiRepresentation::default(),
            RemiRepresentation { steps_per_quarter: 4, programs: true, chords: ChordTokens::Beats },
            RemiRepresentation { steps_per_quarter: 1, programs: false, chords: ChordTokens::Quarters },
        ] {
            let tokens = Tokens::new(&options);
            for number in 0..tokens.len() as u32 {
                let token = tokens.token(number).expect("in the vocabulary");
                assert_eq!(tokens.number(token), Some(number), "{token:?}");
            }
            assert_eq!(tokens.token(tokens.len() as u32), None);
            let mut names = tokens.names();
            names.sort();
            names.dedup();
            assert_eq!(names.len(), tokens.len(), "every name once");
        }
    }

    #[test]
    fn tempos_come_back() {
        assert!((0..TEMPOS).all(|tempo| tempo_of_micros(micros_of_tempo(tempo)) == tempo));
        assert_eq!(quarters_per_minute(tempo_of_micros(500_000)).round(), 120.0);
    }
}
