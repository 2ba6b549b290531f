//! Primers: music that a model goes on from.

use crate::Error;
use crate::grammar::read_pitch;
use composer_music::representation::frames::{Frame, FrameParts, FrameRepresentation};
use composer_music::representation::pitch_name;
use composer_music::text::counted;
use composer_music::{Note, Score, Ticks, Track};

/// Ticks in a quarter of a primer that was written as text.
const TICKS_PER_QUARTER: u16 = 480;

/// Music that a piece begins with, or that a model reads before it begins one.
#[derive(Clone, Debug, PartialEq)]
pub struct Primer {
    /// The music.
    pub score: Score,
    /// Where it ends, in ticks: with its last note, or after a rest.
    pub length: Ticks,
}

/// Reads notes such as `C4:1 E4+G4:0.5 R:2`: pitches (with `+` between those that sound together, R for a rest) and lengths in
/// quarters, one after the other.
///
/// # Errors
/// [`Error::Unreadable`] names what cannot be read.
pub fn read_notes(text: &str) -> Result<Primer, Error> {
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
    Ok(Primer { score, length: now })
}

impl From<Score> for Primer {
    /// Music that ends with its last note.
    fn from(score: Score) -> Self {
        Self { length: score.end(), score }
    }
}

impl Primer {
    /// Its frames on a model's grid, to the end of its last note. Drums are left out, or everything else where the model writes drums.
    ///
    /// # Errors
    /// As of [`Primer::check_frames`].
    pub fn frames(&self, representation: &FrameRepresentation) -> Result<Vec<Frame>, Error> {
        self.check_frames(representation)?;
        Ok(representation.encode(&self.score))
    }

    /// Refuses a primer that a model of frames cannot read.
    ///
    /// # Errors
    /// [`Error::Primer`]: there are no notes of the kind that it reads, or some are outside its range.
    pub fn check_frames(&self, representation: &FrameRepresentation) -> Result<(), Error> {
        match representation.parts {
            FrameParts::Drums if self.score.notes().any(Note::is_drum) => Ok(()),
            FrameParts::Drums => Err(Error::Primer("the primer has no drums to go on from".into())),
            // What lies outside its range is moved by octaves.
            FrameParts::Melody | FrameParts::LeadSheet => self.check_range(0, 127),
            FrameParts::Together | FrameParts::Quartet | FrameParts::Choir => {
                self.check_range(representation.pitch_low, representation.pitch_high)
            }
        }
    }

    /// Refuses a primer without pitched notes, or with notes outside a range.
    ///
    /// # Errors
    /// [`Error::Primer`].
    pub fn check_range(&self, low: u8, high: u8) -> Result<(), Error> {
        let outside: Vec<u8> =
            self.pitched().map(|note| note.pitch).filter(|pitch| !(low..=high).contains(pitch)).collect();
        if let Some(&pitch) = outside.first() {
            return Err(Error::Primer(format!(
                "{} of the primer, such as {}, {} outside the range of the model, {} to {}: transpose the primer",
                counted(outside.len(), "note"),
                pitch_name(pitch),
                if outside.len() == 1 { "lies" } else { "lie" },
                pitch_name(low),
                pitch_name(high)
            )));
        }
        match self.pitched().next() {
            Some(_) => Ok(()),
            None => Err(Error::Primer("the primer has no pitched notes to go on from".into())),
        }
    }

    /// Mean velocity of its pitched notes, 1 to 127.
    pub fn velocity(&self) -> u8 {
        let (sum, count) =
            self.pitched().fold((0, 0), |(sum, count), note| (sum + usize::from(note.velocity), count + 1));
        (sum / count.max(1)).clamp(1, 127) as u8
    }

    /// The program that most of its pitched notes have; of equals the lowest.
    pub fn program(&self) -> u8 {
        let mut programs = [0usize; 128];
        self.pitched().for_each(|note| programs[usize::from(note.program & 127)] += 1);
        (0..128u8).max_by_key(|&program| (programs[usize::from(program)], 127 - program)).unwrap_or(0)
    }

    fn pitched(&self) -> impl Iterator<Item = &Note> {
        self.score.notes().filter(|note| !note.is_drum())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_are_read_in_order_with_rests_and_chords() {
        let primer = read_notes("C4:1 R:0.5 E4+G4:2 R:1").expect("notes");
        assert_eq!(primer.length, 4 * 480 + 240, "with the rest at its end");
        let notes: Vec<_> =
            primer.score.notes().map(|note| (note.onset, note.duration, note.pitch)).collect();
        assert_eq!(notes, [(0, 480, 60), (720, 960, 64), (720, 960, 67)]);
        for wrong in ["C4", "H4:1", "C4:0", "C4:-1", "C4:x", "C4:nan"] {
            assert!(read_notes(wrong).expect_err("refused").to_string().contains(wrong));
        }
    }

    #[test]
    fn the_first_note_velocities_and_programs_are_there() {
        let mut primer = read_notes("C4:1 D4:1").expect("notes");
        primer.score.tracks[0].notes[0].velocity = 33;
        primer.score.tracks[0].notes.iter_mut().for_each(|note| note.program = 6);
        let frames = primer.frames(&FrameRepresentation::default()).expect("a primer");
        assert_eq!((frames.len(), frames[0].onsets), (8, 1 << 60), "the first note is there");
        assert_eq!((primer.program(), primer.velocity()), (6, 56));
    }

    #[test]
    fn primers_that_do_not_fit_are_refused_in_words() {
        let representation = FrameRepresentation { pitch_low: 60, pitch_high: 72, ..Default::default() };
        let refused =
            |text: &str| read_notes(text).expect("notes").frames(&representation).expect_err("refused");
        assert!(
            refused("C4:1 C3:1").to_string().contains("C3, lies outside the range of the model, C4 to C5")
        );
        assert!(refused("R:1").to_string().contains("no pitched notes"));
    }
}
