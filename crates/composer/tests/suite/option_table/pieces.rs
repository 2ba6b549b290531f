//! What pieces show of an option.

use composer::compose::{ComposeOptions, Piece, Primer};
use composer_music::{Note, Score, Ticks};

/// Pieces with the option and without it.
pub struct Pieces {
    pub with: Vec<Piece>,
    pub without: Vec<Piece>,
}

impl Pieces {
    pub fn differ(&self) -> bool {
        self.with.iter().zip(&self.without).any(|(with, without)| with.score != without.score)
    }

    pub fn scores(&self) -> impl Iterator<Item = &Score> {
        self.with.iter().map(|piece| &piece.score)
    }

    pub fn all(&self, holds: impl Fn(&Score) -> bool) -> bool {
        !self.with.is_empty() && self.scores().all(holds)
    }

    /// Whether every pitched note is one that `fits` says may be at its quarter.
    pub fn pitches(&self, fits: impl Fn(f64, u8) -> bool) -> bool {
        self.all(|score| {
            let quarter = |note: &Note| note.onset as f64 / f64::from(score.ticks_per_quarter);
            pitched(score).all(|note| fits(quarter(note), note.pitch))
        })
    }

    pub fn equal_outputs(&self) -> bool {
        self.with.len() == 2 && self.with[0].score == self.with[1].score
    }
}

pub fn pitched(score: &Score) -> impl Iterator<Item = &Note> {
    score.notes().filter(|note| !note.is_drum())
}

pub fn quarters(score: &Score) -> f64 {
    score.end() as f64 / f64::from(score.ticks_per_quarter)
}

pub fn most_at_once(score: &Score) -> usize {
    let at = |tick: Ticks| score.notes().filter(|note| note.onset <= tick && tick < note.end()).count();
    score.notes().map(|note| at(note.onset)).max().unwrap_or(0)
}

/// Whether pieces begin with exactly the notes of a primer and nothing new begins before `end` quarters.
pub fn begins_with(pieces: &Pieces, primer: &Score, end: f64) -> bool {
    pieces.all(|score| {
        let scale = Ticks::from(score.ticks_per_quarter / primer.ticks_per_quarter);
        let mut expected: Vec<Note> = primer
            .notes()
            .map(|note| Note { onset: note.onset * scale, duration: note.duration * scale, ..*note })
            .collect();
        let limit = (end * f64::from(score.ticks_per_quarter)) as Ticks;
        let mut begun: Vec<Note> = score.notes().filter(|note| note.onset < limit).copied().collect();
        expected.sort_unstable();
        begun.sort_unstable();
        score.ticks_per_quarter.is_multiple_of(primer.ticks_per_quarter)
            && begun == expected
            && score.notes().any(|note| note.onset >= limit)
    })
}

pub fn text_primer(options: &mut ComposeOptions, inject: bool) {
    options.primer = Primer::Notes { text: "C4:1 E4:0.5 R:0.5 G4:1 R:1.5".into(), inject };
}

pub fn begins_with_text(pieces: &Pieces) -> bool {
    pieces.all(|score| {
        let quarter = f64::from(score.ticks_per_quarter);
        let places = |note: &Note| (note.onset as f64 / quarter, note.end() as f64 / quarter, note.pitch);
        let begun: Vec<_> = score.notes().map(places).filter(|&(onset, ..)| onset < 4.5).collect();
        begun == [(0.0, 1.0, 60), (1.0, 1.5, 64), (2.0, 3.0, 67)] && quarters(score) == 8.0
    })
}
