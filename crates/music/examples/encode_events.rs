//! Reads every MIDI file of the folders given and encodes it to the 388 events, on one thread; prints one line:
//! files, tokens, seconds. The other half of `scripts/compare_miditok.sh`.

use composer_music::corpus::midi_files;
use composer_music::midi;
use composer_music::representation::events::{EventRepresentation, Section};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folders: Vec<String> = std::env::args().skip(1).collect();
    let files = midi_files(&folders)?;
    let pitched = EventRepresentation::default();
    let drums = EventRepresentation { section: Section::Drums, ..pitched };
    let started = std::time::Instant::now();
    let mut tokens = 0;
    for file in &files {
        let score = midi::read_file(&file.path)?.score;
        tokens += pitched.encode_tokens(&score)?.len() + drums.encode_tokens(&score)?.len();
    }
    println!("{} {tokens} {}", files.len(), started.elapsed().as_secs_f64());
    Ok(())
}
