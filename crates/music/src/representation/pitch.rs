//! MIDI pitches in names and in files.

/// The name of a pitch: C4 is 60.
pub fn pitch_name(pitch: u8) -> String {
    const NAMES: [&str; 12] = ["C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"];
    format!("{}{}", NAMES[usize::from(pitch % 12)], i16::from(pitch / 12) - 1)
}

/// Reads a bound of a range of pitches: what a model file or a cache says is not believed.
pub(super) fn midi_pitch<'de, D: serde::Deserializer<'de>>(from: D) -> Result<u8, D::Error> {
    let pitch = <u8 as serde::Deserialize>::deserialize(from)?;
    match pitch {
        0..=127 => Ok(pitch),
        _ => Err(serde::de::Error::custom(format!("{pitch} is no MIDI pitch (0 to 127)"))),
    }
}
