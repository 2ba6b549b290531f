//! Broken rhythm and tuplets.

use super::line::{Fault, Line};
use super::reader::Reader;

impl Reader {
    /// `>` lengthens the note before by half and halves the next; `>>` by three quarters, `<` the other way round.
    pub(super) fn broken(&mut self, line: &mut Line) {
        let sign = line.peek().unwrap_or(b'>');
        let mut times = 0u32;
        while line.eat(sign) {
            times += 1;
        }
        let whole = 1u64 << times.min(6);
        let (long, short) = ((2 * whole - 1, whole), (1, whole));
        let (before, after) = if sign == b'>' { (long, short) } else { (short, long) };
        let voice = self.here();
        let Some((first, duration, onset)) = voice.last.take() else { return };
        for note in &mut voice.notes[first..] {
            note.duration = note.duration * before.0 / before.1;
        }
        let duration = duration * before.0 / before.1;
        // A longer layer before this one keeps its end.
        let end = voice.notes.iter().map(|note| note.onset + note.duration).max().unwrap_or(0);
        voice.length = if voice.layer == 0 { onset + duration } else { voice.length.max(end) };
        voice.cursor = onset + duration;
        voice.broken = Some(after);
    }

    /// `(3`, `(3:2:4`; another bracket is a slur.
    pub(super) fn tuplet(&mut self, line: &mut Line) -> Result<(), Fault> {
        line.at += 1;
        let Some(p) = line.number() else {
            return Ok(());
        };
        let compound = self
            .metre
            .is_some_and(|metre| metre.is_compound() || metre.numerator == 3 && metre.denominator == 8);
        let (mut q, mut r) = (None, None);
        if line.eat(b':') {
            q = line.number();
            if line.eat(b':') {
                r = line.number();
            }
        }
        let usual = match p {
            2 | 4 | 8 => 3,
            3 | 6 => 2,
            _ if compound => 3,
            _ => 2,
        };
        let (q, r) = (q.unwrap_or(usual), r.unwrap_or(p));
        if [p, q, r].iter().any(|number| !(1..=64).contains(number)) {
            return Err(format!("a tuplet of {p}:{q}:{r} is none"));
        }
        self.here().tuplet = Some((r as u32, p, q));
        Ok(())
    }
}
