//! What a token says, read from its name in the vocabulary.

use crate::harmony::read_pitch_class;

/// What a token says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// A note begins (`events`).
    NoteOn(u8),
    /// A note ends (`events`).
    NoteOff(u8),
    /// Time goes on by so many steps (`events`).
    Shift(u64),
    /// How loud.
    Velocity,
    /// The pedal goes down (true) or up.
    Pedal(bool),
    /// A bar begins (`remi`).
    Bar,
    /// Its metre.
    Metre(u64, u64),
    /// A step within the bar.
    Position(u64),
    /// How fast: quarter notes per minute, rounded.
    Tempo(u64),
    /// A chord label.
    Chord,
    /// Who plays; true for drums.
    Program(bool),
    /// A note begins (`remi`).
    Pitch(u8),
    /// It lasts so many steps.
    Duration(u64),
    /// A voice is silent (`voices`).
    Rest,
    /// A voice goes on with its note.
    Hold,
    /// A voice sings a note.
    Sing(u8),
    /// Anything else.
    Other,
}

impl Meaning {
    /// Reads a name of the vocabulary; a name in brackets is a pattern of several.
    pub fn read(name: &str) -> Vec<Meaning> {
        match name.strip_prefix('[').and_then(|name| name.strip_suffix(']')) {
            Some(pattern) => pattern.split(' ').map(one).collect(),
            None => vec![one(name)],
        }
    }
}

fn one(name: &str) -> Meaning {
    let after = |prefix: &str| name.strip_prefix(prefix);
    let read = || -> Option<Meaning> {
        Some(match name {
            "REST" => Meaning::Rest,
            "HOLD" => Meaning::Hold,
            "BAR" => Meaning::Bar,
            "PEDAL_UP" => Meaning::Pedal(false),
            "PEDAL_DOWN" => Meaning::Pedal(true),
            _ => {
                if let Some(pitch) = after("NOTE_ON_") {
                    Meaning::NoteOn(read_pitch(pitch)?)
                } else if let Some(pitch) = after("NOTE_OFF_") {
                    Meaning::NoteOff(read_pitch(pitch)?)
                } else if let Some(steps) = after("TIME_SHIFT_") {
                    Meaning::Shift(steps.parse().ok()?)
                } else if let Some(metre) = after("METRE_") {
                    let (beats, value) = metre.split_once('/')?;
                    Meaning::Metre(beats.parse().ok()?, value.parse().ok()?)
                } else if let Some(step) = after("POSITION_") {
                    Meaning::Position(step.parse().ok()?)
                } else if let Some(steps) = after("DURATION_") {
                    Meaning::Duration(steps.parse().ok()?)
                } else if let Some(pitch) = after("PITCH_") {
                    Meaning::Pitch(read_pitch(pitch)?)
                } else if after("VELOCITY_").is_some() {
                    Meaning::Velocity
                } else if let Some(tempo) = after("TEMPO_") {
                    Meaning::Tempo(tempo.parse().ok()?)
                } else if after("CHORD_").is_some() {
                    Meaning::Chord
                } else if let Some(program) = after("PROGRAM_") {
                    Meaning::Program(program == "DRUMS")
                } else {
                    Meaning::Sing(read_pitch(name)?)
                }
            }
        })
    };
    read().unwrap_or(Meaning::Other)
}

/// The MIDI pitch of a name such as `C#4` (61); C4 is 60.
pub fn read_pitch(name: &str) -> Option<u8> {
    let (class, digits) = read_pitch_class(name)?;
    let octave: i8 = digits.parse().ok()?;
    // B#3 is C4, Cb4 is B3: the class has wrapped around, the octave not.
    let letter = read_pitch_class(&name[..1])?.0;
    let shift = name[1..name.len() - digits.len()]
        .chars()
        .map(|c| if matches!(c, '#' | '♯') { 1 } else { -1 })
        .sum::<i32>();
    debug_assert_eq!((i32::from(letter) + shift).rem_euclid(12), i32::from(class));
    u8::try_from(12 * (i32::from(octave) + 1) + i32::from(letter) + shift).ok().filter(|&pitch| pitch < 128)
}

#[cfg(test)]
mod tests {
    use super::*;
    use composer_music::representation::pitch_name;

    #[test]
    fn pitches_are_read_as_they_are_named() {
        for pitch in 0..128 {
            assert_eq!(read_pitch(&pitch_name(pitch)), Some(pitch));
        }
        assert_eq!((read_pitch("Bb3"), read_pitch("Cb4"), read_pitch("B#3")), (Some(58), Some(59), Some(60)));
        assert_eq!(
            (read_pitch("F♯4"), read_pitch("B♭3"), read_pitch("A♯-1")),
            (Some(66), Some(58), Some(10))
        );
        assert_eq!(
            (read_pitch("H2"), read_pitch("C"), read_pitch("C99"), read_pitch("")),
            (None, None, None, None)
        );
    }

    #[test]
    fn odd_spellings_of_pitches_are_read_or_refused() {
        assert_eq!((read_pitch("E04"), read_pitch("C-0"), read_pitch("C-01")), (Some(64), Some(12), Some(0)));
        assert_eq!((read_pitch("Dbbb4"), read_pitch("F###4")), (Some(59), Some(68)));
        assert_eq!((read_pitch("F2147483647"), read_pitch("C127"), read_pitch("C-9")), (None, None, None));
    }

    #[test]
    fn patterns_are_spelt() {
        assert_eq!(
            Meaning::read("[BAR METRE_3/4 PITCH_C4]"),
            [Meaning::Bar, Meaning::Metre(3, 4), Meaning::Pitch(60)]
        );
    }
}
