//! Playing notes with a SoundFont, through rustysynth.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::sync::Arc;

use composer_music::input::check_regular;
use rustysynth::{SoundFont, Synthesizer, SynthesizerSettings};

use crate::Error;
use crate::buffer::Mix;
use crate::timeline::TimedNote;

/// Seconds after the last note during which releases and reverberation ring out.
const TAIL: f64 = 3.0;

/// MIDI's command byte for "program change".
const PROGRAM_CHANGE: i32 = 0xC0;

enum Command {
    Off,
    On,
}

pub(crate) fn play(notes: &[TimedNote], path: &Path, sample_rate: u32) -> Result<Mix, Error> {
    let mut synthesizer = load(path, sample_rate)?;
    if notes.is_empty() {
        return Ok(Mix::silent(0));
    }
    let at = |seconds: f64| (seconds * f64::from(sample_rate)).round() as usize;
    let mut events: Vec<(usize, Command, &TimedNote)> = Vec::with_capacity(2 * notes.len());
    for note in notes {
        events.push((at(note.start), Command::On, note));
        events.push((at(note.end).max(at(note.start) + 1), Command::Off, note));
    }
    // Notes end before the next ones begin.
    events.sort_by_key(|(sample, command, _)| (*sample, matches!(command, Command::On)));

    let end = notes.iter().map(|note| note.end).fold(0.0, f64::max);
    let mut mix = Mix::silent(at(end + TAIL) + 1);
    let mut programs = [None; 16];
    let mut done = 0;
    for (sample, command, timed) in events {
        synthesizer.render(&mut mix.left[done..sample], &mut mix.right[done..sample]);
        done = sample;
        let note = &timed.note;
        let channel = note.channel & 15;
        match command {
            Command::Off => synthesizer.note_off(channel.into(), note.pitch.into()),
            Command::On => {
                let program = &mut programs[usize::from(channel)];
                if *program != Some(note.program) {
                    *program = Some(note.program);
                    synthesizer.process_midi_message(channel.into(), PROGRAM_CHANGE, note.program.into(), 0);
                }
                synthesizer.note_on(channel.into(), note.pitch.into(), note.velocity.into());
            }
        }
    }
    synthesizer.render(&mut mix.left[done..], &mut mix.right[done..]);
    Ok(mix)
}

fn load(path: &Path, sample_rate: u32) -> Result<Synthesizer, Error> {
    let file = check_regular(path)
        .and_then(|()| File::open(path))
        .map_err(|source| Error::SoundFontUnreadable { path: path.to_owned(), source })?;
    let not_a_soundfont =
        |reason: String| Error::NotASoundFont { path: path.to_owned(), reason: reason.to_lowercase() };
    let font =
        SoundFont::new(&mut BufReader::new(file)).map_err(|error| not_a_soundfont(error.to_string()))?;
    let settings = SynthesizerSettings::new(sample_rate as i32);
    Synthesizer::new(&Arc::new(font), &settings).map_err(|error| not_a_soundfont(error.to_string()))
}
