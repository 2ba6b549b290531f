//! Primers: music that a model goes on from.

use crate::Error;
use crate::grammar::read_pitch;
use composer_music::representation::frames::{DecodeOptions, Frame, FrameRepresentation};
use composer_music::representation::grid::Grid;
use composer_music::representation::pitch_name;
use composer_music::{Note, Score, Tempo, Track};

/// Ticks in a quarter of a primer that was written as text.
const TICKS_PER_QUARTER: u16 = 480;

/// A primer on the grid of a model.
#[derive(Clone, Debug)]
pub struct Primer {
    score: Score,
    frames: Vec<Frame>,
    grid: Grid,
}

/// Reads notes such as `C4:1 E4+G4:0.5 R:2`: pitches (with `+` between those that sound together, R for a rest) and lengths in
/// quarters, one after the other.
///
/// # Errors
/// [`Error::Unreadable`] names what cannot be read.
pub fn read_notes(text: &str) -> Result<Score, Error> {
    let mut notes = Vec::new();
    let mut now = 0;
    for word in text.split_whitespace() {
        let unreadable =
            || Error::Unreadable { what: "the note", text: word.into(), like: "C4:1, E4+G4:0.5 or R:2" };
        let (pitches, length) = word.split_once(':').ok_or_else(unreadable)?;
        let quarters: f64 = length.parse().map_err(|_| unreadable())?;
        if !(quarters > 0.0 && quarters <= 1024.0) {
            return Err(unreadable());
        }
        let duration = ((quarters * f64::from(TICKS_PER_QUARTER)).round() as u64).max(1);
        if pitches != "R" {
            for name in pitches.split('+') {
                let pitch = read_pitch(name).ok_or_else(unreadable)?;
                notes.push(Note { onset: now, duration, pitch, velocity: 80, channel: 0, program: 0 });
            }
        }
        now += duration;
    }
    notes.sort_unstable();
    let mut score = Score::new(TICKS_PER_QUARTER);
    score.tracks.push(Track { name: None, notes });
    Ok(score)
}

impl Primer {
    /// Puts music on a model's grid. Drums are left out.
    ///
    /// # Errors
    /// [`Error::Primer`]: there are no notes, they go on for too long, or some are outside the range of the model.
    pub fn new(score: Score, representation: &FrameRepresentation) -> Result<Self, Error> {
        let range = representation.pitch_low..=representation.pitch_high;
        let pitched = || score.notes().filter(|note| !note.is_drum());
        let outside: Vec<u8> =
            pitched().map(|note| note.pitch).filter(|pitch| !range.contains(pitch)).collect();
        if let Some(&pitch) = outside.first() {
            return Err(Error::Primer(format!(
                "{} notes of the primer, such as {}, lie outside the range of the model, {} to {}: transpose the primer",
                outside.len(),
                pitch_name(pitch),
                pitch_name(*range.start()),
                pitch_name(*range.end())
            )));
        }
        if pitched().next().is_none() {
            return Err(Error::Primer("the primer has no pitched notes to go on from".into()));
        }
        let frames = representation.encode(&score);
        let grid = Grid::new(score.ticks_per_quarter, representation.steps_per_quarter);
        Ok(Self { frames, grid, score })
    }

    /// Its frames.
    pub fn frames(&self) -> &[Frame] {
        &self.frames
    }

    /// Its metre at the beginning.
    pub fn metre(&self) -> (u8, u8) {
        self.score.time_signatures.first().map_or((4, 4), |metre| (metre.numerator, metre.denominator))
    }

    /// What the music after it takes from it: its last tempo, its metre, its mean velocity, and the program that most of its
    /// notes have.
    pub fn decode_options(&self) -> DecodeOptions {
        let notes: Vec<&Note> = self.score.notes().filter(|note| !note.is_drum()).collect();
        let loudness: usize = notes.iter().map(|note| usize::from(note.velocity)).sum();
        let mut programs = [0usize; 128];
        notes.iter().for_each(|note| programs[usize::from(note.program & 127)] += 1);
        let program = (0..128).max_by_key(|&program| (programs[program], 127 - program)).unwrap_or(0);
        DecodeOptions {
            tempo: self
                .score
                .tempos
                .last()
                .map_or(120.0, |tempo| 60e6 / f64::from(tempo.micros_per_quarter.max(1))),
            velocity: (loudness / notes.len().max(1)).clamp(1, 127) as u8,
            program: program as u8,
            time_signature: self.metre(),
            ..DecodeOptions::default()
        }
    }

    /// Gives the notes of a piece that begins with the primer's frames the velocities, programs and channels that they have in
    /// the primer, and (unless the piece has a tempo of its own) its tempos.
    pub fn carry_over(&self, piece: &mut Score, representation: &FrameRepresentation, own_tempo: bool) {
        let grid = Grid::new(piece.ticks_per_quarter, representation.steps_per_quarter);
        let end = self.frames.len() as u64;
        for note in piece.tracks.iter_mut().flat_map(|track| &mut track.notes) {
            let step = grid.step(note.onset);
            let same =
                |old: &&Note| !old.is_drum() && old.pitch == note.pitch && self.grid.step(old.onset) == step;
            if let Some(old) = self.score.notes().filter(|_| step < end).find(same) {
                (note.velocity, note.program, note.channel) = (old.velocity, old.program, old.channel);
            }
        }
        if !own_tempo && !self.score.tempos.is_empty() {
            let scaled = |tempo: &Tempo| Tempo {
                tick: (u128::from(tempo.tick) * u128::from(piece.ticks_per_quarter)
                    / u128::from(self.score.ticks_per_quarter)) as u64,
                ..*tempo
            };
            piece.tempos = self.score.tempos.iter().map(scaled).collect();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_are_read_in_order_with_rests_and_chords() {
        let score = read_notes("C4:1 R:0.5 E4+G4:2").expect("notes");
        let notes: Vec<_> = score.notes().map(|note| (note.onset, note.duration, note.pitch)).collect();
        assert_eq!(notes, [(0, 480, 60), (720, 960, 64), (720, 960, 67)]);
        for wrong in ["C4", "H4:1", "C4:0", "C4:-1", "C4:x", "C4:nan"] {
            assert!(read_notes(wrong).expect_err("refused").to_string().contains(wrong));
        }
    }

    #[test]
    fn the_first_note_velocities_programs_and_tempo_carry_on() {
        let representation = FrameRepresentation::default();
        let mut score = read_notes("C4:1 D4:1").expect("notes");
        score.tracks[0].notes[0].velocity = 33;
        score.tracks[0].notes.iter_mut().for_each(|note| note.program = 6);
        score.tempos.push(Tempo { tick: 480, micros_per_quarter: 750_000 });
        let primer = Primer::new(score, &representation).expect("a primer");
        let mut frames = primer.frames().to_vec();
        assert_eq!((frames.len(), frames[0].onsets), (8, 1 << 60), "the first note is there");
        frames.push(Frame { sounding: 1 << 67, onsets: 1 << 67 });
        let options = primer.decode_options();
        assert_eq!((options.program, options.velocity, options.tempo), (6, 56, 80.0));
        let mut piece = representation.decode(&frames, &options);
        primer.carry_over(&mut piece, &representation, false);
        let notes: Vec<_> = piece.notes().map(|note| (note.pitch, note.velocity, note.program)).collect();
        assert_eq!(notes, [(60, 33, 6), (62, 80, 6), (67, 56, 6)]);
        assert_eq!(piece.tempos, [Tempo { tick: 480, micros_per_quarter: 750_000 }]);
    }

    #[test]
    fn primers_that_do_not_fit_are_refused_in_words() {
        let representation = FrameRepresentation { pitch_low: 60, pitch_high: 72, ..Default::default() };
        let refused =
            |text: &str| Primer::new(read_notes(text).expect("notes"), &representation).expect_err("refused");
        assert!(
            refused("C4:1 C3:1").to_string().contains("C3, lie outside the range of the model, C4 to C5")
        );
        assert!(refused("R:1").to_string().contains("no pitched notes"));
    }
}
