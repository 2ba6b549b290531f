//! Percussion on one staff of five lines: where General MIDI's drums stand, and how long their notes are written.

use super::measures::Measure;
use super::quantise::SheetNote;

/// Pitch, step and octave on the staff with a treble clef in mind, head, name.
type Row = (u8, char, u8, Head, &'static str);

/// The head of a percussion note.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Head {
    /// Round: drums.
    Normal,
    /// A cross: cymbals and sticks.
    Cross,
    /// A circle around a cross: an open hi-hat.
    CircledCross,
    /// A triangle.
    Triangle,
}

impl Head {
    /// By its name in MusicXML; what is neither a cross nor a triangle is round.
    pub fn named(name: &str) -> Self {
        match name {
            "x" | "cross" => Head::Cross,
            "circle-x" => Head::CircledCross,
            "triangle" => Head::Triangle,
            _ => Head::Normal,
        }
    }
}

const ROWS: [Row; 47] = [
    (35, 'F', 4, Head::Normal, "Acoustic Bass Drum"),
    (36, 'F', 4, Head::Normal, "Bass Drum 1"),
    (37, 'C', 5, Head::Cross, "Side Stick"),
    (38, 'C', 5, Head::Normal, "Acoustic Snare"),
    (39, 'C', 5, Head::Cross, "Hand Clap"),
    (40, 'C', 5, Head::Normal, "Electric Snare"),
    (41, 'G', 4, Head::Normal, "Low Floor Tom"),
    (42, 'G', 5, Head::Cross, "Closed Hi-Hat"),
    (43, 'A', 4, Head::Normal, "High Floor Tom"),
    (44, 'D', 4, Head::Cross, "Pedal Hi-Hat"),
    (45, 'B', 4, Head::Normal, "Low Tom"),
    (46, 'G', 5, Head::CircledCross, "Open Hi-Hat"),
    (47, 'D', 5, Head::Normal, "Low-Mid Tom"),
    (48, 'E', 5, Head::Normal, "Hi-Mid Tom"),
    (49, 'A', 5, Head::Cross, "Crash Cymbal 1"),
    (50, 'E', 5, Head::Normal, "High Tom"),
    (51, 'F', 5, Head::Cross, "Ride Cymbal 1"),
    (52, 'A', 5, Head::Cross, "Chinese Cymbal"),
    (53, 'F', 5, Head::Cross, "Ride Bell"),
    (54, 'E', 5, Head::Triangle, "Tambourine"),
    (55, 'A', 5, Head::Cross, "Splash Cymbal"),
    (56, 'E', 5, Head::Triangle, "Cowbell"),
    (57, 'B', 5, Head::Cross, "Crash Cymbal 2"),
    (58, 'B', 4, Head::Triangle, "Vibraslap"),
    (59, 'F', 5, Head::Cross, "Ride Cymbal 2"),
    (60, 'E', 5, Head::Normal, "High Bongo"),
    (61, 'D', 5, Head::Normal, "Low Bongo"),
    (62, 'E', 5, Head::Cross, "Mute High Conga"),
    (63, 'E', 5, Head::Normal, "Open High Conga"),
    (64, 'D', 5, Head::Normal, "Low Conga"),
    (65, 'E', 5, Head::Normal, "High Timbale"),
    (66, 'D', 5, Head::Normal, "Low Timbale"),
    (67, 'E', 5, Head::Triangle, "High Agogo"),
    (68, 'D', 5, Head::Triangle, "Low Agogo"),
    (69, 'B', 4, Head::Cross, "Cabasa"),
    (70, 'B', 4, Head::Cross, "Maracas"),
    (71, 'G', 5, Head::Triangle, "Short Whistle"),
    (72, 'G', 5, Head::Triangle, "Long Whistle"),
    (73, 'D', 5, Head::Cross, "Short Guiro"),
    (74, 'D', 5, Head::Cross, "Long Guiro"),
    (75, 'D', 5, Head::Cross, "Claves"),
    (76, 'E', 5, Head::Triangle, "High Wood Block"),
    (77, 'D', 5, Head::Triangle, "Low Wood Block"),
    (78, 'E', 5, Head::Cross, "Mute Cuica"),
    (79, 'E', 5, Head::Normal, "Open Cuica"),
    (80, 'G', 5, Head::Cross, "Mute Triangle"),
    (81, 'G', 5, Head::Triangle, "Open Triangle"),
];

/// Step, octave and head of a drum; what General MIDI does not name stands in the middle.
pub fn place(pitch: u8) -> (char, u8, Head) {
    let row = ROWS.iter().find(|row| row.0 == pitch);
    row.map_or(('B', 4, Head::Triangle), |row| (row.1, row.2, row.3))
}

/// The first drum that stands at a place with a head.
pub fn at(step: char, octave: u8, head: Head) -> Option<u8> {
    // The usual bass drum and snare come first, the others as in the table.
    let usual = |row: &&Row| !matches!(row.0, 35 | 37 | 40);
    let here = |row: &&Row| (row.1, row.2, row.3) == (step, octave, head);
    ROWS.iter().filter(usual).find(here).or_else(|| ROWS.iter().find(here)).map(|row| row.0)
}

/// The name of a drum in General MIDI.
pub fn name(pitch: u8) -> String {
    let row = ROWS.iter().find(|row| row.0 == pitch);
    row.map_or_else(|| format!("Percussion {pitch}"), |row| row.4.to_owned())
}

/// Drums as two voices, hands and feet, each hit as long as to the next of its voice, the end of the beat at most: the length of a hit
/// in a file means nothing.
pub fn voices(notes: &[SheetNote], measures: &[Measure]) -> Vec<Vec<SheetNote>> {
    let is_foot = |note: &&SheetNote| matches!(note.pitch, 35 | 36 | 44);
    let feet: Vec<SheetNote> = notes.iter().filter(is_foot).copied().collect();
    let hands: Vec<SheetNote> = notes.iter().filter(|note| !is_foot(note)).copied().collect();
    [hands, feet].into_iter().map(|voice| lengthened(voice, measures)).collect()
}

fn lengthened(mut voice: Vec<SheetNote>, measures: &[Measure]) -> Vec<SheetNote> {
    voice.dedup_by_key(|note| (note.onset, note.pitch));
    let onsets: Vec<u64> = voice.iter().map(|note| note.onset).collect();
    for note in &mut voice {
        let next = onsets.get(onsets.partition_point(|&onset| onset <= note.onset));
        let index = measures.partition_point(|measure| measure.start <= note.onset).saturating_sub(1);
        let measure = &measures[index];
        let inside = note.onset - measure.start;
        let beat = measure.spans().find(|&(_, to)| to > inside).map_or(measure.length, |(_, to)| to);
        let end = measure.start + beat;
        note.end = next.map_or(end, |&next| next.min(end));
    }
    voice
}
