//! `remi` tokens, also a network's, to a sheet of notes.

use super::super::quantise::{Loss, Sound, one_at_a_time};
use super::super::velocity;
use super::bars::bar;
use super::sheet::{MAX_QUARTERS, Sheet};
use super::vocabulary::{Token, Tokens};
use crate::metre::Metre;

/// Reads tokens one by one.
///
/// What no writer would write still means something: a position beyond its bar is the last of the bar, a note without
/// length lasts a step, a second velocity replaces the first, a metre counts only right after its BAR.
pub(super) fn sheet(vocabulary: &Tokens, tokens: &[u32], steps_per_quarter: u32) -> Sheet {
    let mut reader = Reader {
        steps_per_quarter,
        sheet: Sheet { bars: Vec::new(), tempos: Vec::new(), sounds: Vec::new() },
        step: 0,
        fresh_bar: false,
        program: 0,
        loudness: velocity::of_bin(16),
        note: None,
    };
    tokens.iter().filter_map(|&number| vocabulary.token(number)).for_each(|token| reader.token(token));
    reader.end_note();
    let mut sheet = reader.sheet;
    sheet.sounds = one_at_a_time(sheet.sounds, &mut Loss::default());
    // Positions may go back within a bar.
    sheet.tempos.sort_by_key(|&(step, _)| step);
    sheet.tempos.reverse();
    sheet.tempos.dedup_by_key(|&mut (step, _)| step);
    sheet.tempos.reverse();
    sheet.tempos.dedup_by_key(|&mut (_, tempo)| tempo);
    sheet
}

struct Reader {
    steps_per_quarter: u32,
    sheet: Sheet,
    step: u64,
    /// Whether BAR was the last token.
    fresh_bar: bool,
    program: u16,
    loudness: u8,
    /// The note whose velocity and length are being read; its length so far is 0.
    note: Option<Sound>,
}

impl Reader {
    fn token(&mut self, token: Token) {
        if !matches!(token, Token::Velocity(_) | Token::Duration(_)) {
            self.end_note();
        }
        let fresh_bar = std::mem::replace(&mut self.fresh_bar, token == Token::Bar);
        match token {
            Token::Bar => {
                let (start, index, metre) = match self.sheet.bars.last() {
                    Some(last) => (last.end, last.index + 1, last.metre),
                    None => (0, 0, Metre::COMMON),
                };
                let bar = bar(self.steps_per_quarter, start, index, metre);
                self.step = bar.start;
                self.sheet.bars.push(bar);
            }
            Token::Metre(metre) => {
                if let Some(last) = self.sheet.bars.last_mut().filter(|_| fresh_bar) {
                    *last = bar(self.steps_per_quarter, last.start, last.index, metre);
                }
            }
            Token::Position(position) => {
                if let Some(bar) = self.sheet.bars.last() {
                    self.step = bar.start + position.min(bar.length() - 1);
                }
            }
            Token::Tempo(tempo) => self.sheet.tempos.push((self.step, tempo)),
            Token::Chord(_) => {}
            Token::Program(program) => self.program = program,
            Token::Pitch(pitch) => {
                let (start, part) = (self.step, self.program);
                self.note = Some(Sound { start, part, pitch, end: start, velocity: self.loudness });
            }
            Token::Velocity(bin) => {
                self.loudness = velocity::of_bin(bin);
                if let Some(note) = &mut self.note {
                    note.velocity = self.loudness;
                }
            }
            Token::Duration(steps) => {
                let longest = MAX_QUARTERS * u64::from(self.steps_per_quarter);
                if let Some(note) = &mut self.note {
                    note.end = note.start + (note.end - note.start + steps).min(longest);
                }
            }
        }
    }

    fn end_note(&mut self) {
        self.sheet
            .sounds
            .extend(self.note.take().map(|note| Sound { end: note.end.max(note.start + 1), ..note }));
    }
}
