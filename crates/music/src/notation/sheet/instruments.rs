//! Names of General MIDI's programs.

/// The 128 names in order, divided by commas.
const NAMES: &str = "Piano, Bright Piano, Electric Grand, Honky-tonk Piano, Electric Piano 1, Electric Piano 2, Harpsichord, \
    Clavinet, Celesta, Glockenspiel, Music Box, Vibraphone, Marimba, Xylophone, Tubular Bells, Dulcimer, Drawbar Organ, \
    Percussive Organ, Rock Organ, Organ, Reed Organ, Accordion, Harmonica, Bandoneon, Classical Guitar, Acoustic Guitar, \
    Jazz Guitar, Electric Guitar, Muted Guitar, Overdriven Guitar, Distorted Guitar, Guitar Harmonics, Acoustic Bass, \
    Fingered Bass, Picked Bass, Fretless Bass, Slap Bass 1, Slap Bass 2, Synth Bass 1, Synth Bass 2, Violin, Viola, \
    Violoncello, Contrabass, Tremolo Strings, Pizzicato Strings, Harp, Timpani, Strings, Slow Strings, Synth Strings 1, \
    Synth Strings 2, Choir, Voice, Synth Voice, Orchestra Hit, Trumpet, Trombone, Tuba, Muted Trumpet, Horn, Brass, \
    Synth Brass 1, Synth Brass 2, Soprano Saxophone, Alto Saxophone, Tenor Saxophone, Baritone Saxophone, Oboe, English Horn, \
    Bassoon, Clarinet, Piccolo, Flute, Recorder, Pan Flute, Bottle, Shakuhachi, Whistle, Ocarina, Square Lead, Saw Lead, \
    Calliope Lead, Chiffer Lead, Charang Lead, Voice Lead, Fifths Lead, Bass Lead, New Age Pad, Warm Pad, Polysynth Pad, \
    Choir Pad, Bowed Pad, Metallic Pad, Halo Pad, Sweep Pad, Rain, Soundtrack, Crystal, Atmosphere, Brightness, Goblins, \
    Echoes, Sci-fi, Sitar, Banjo, Shamisen, Koto, Kalimba, Bagpipe, Fiddle, Shanai, Tinkle Bell, Agogo, Steel Drums, \
    Woodblock, Taiko, Melodic Tom, Synth Drum, Reverse Cymbal, Fret Noise, Breath Noise, Seashore, Bird, Telephone, \
    Helicopter, Applause, Gunshot";

/// The name of a program, 0–127.
pub fn name(program: u8) -> &'static str {
    NAMES.split(", ").nth(usize::from(program)).unwrap_or("Instrument").trim()
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_program_has_a_name() {
        assert_eq!(super::NAMES.split(", ").count(), 128);
        assert_eq!([0, 40, 56, 73, 127].map(super::name), ["Piano", "Violin", "Trumpet", "Flute", "Gunshot"]);
    }
}
