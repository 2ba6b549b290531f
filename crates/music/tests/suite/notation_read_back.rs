//! What is written as MusicXML is what [`quantised`] says, for any score, by a small reader of its own.

use crate::common::{any_score, seeded};
use crate::notation::score;
use composer_music::notation::{Format, quantised, write};
use composer_music::{Score, corpus};
use proptest::prelude::*;
use roxmltree::{Document, Node, ParsingOptions};
use std::collections::BTreeMap;

/// A note as a reader finds it: onset and end in 3,360ths of a quarter, pitch, velocity.
type Found = (u64, u64, u8, u8);

/// A small reader of what is written: checks that every voice fills every measure, and returns the pitched notes with their ties joined.
fn read_back(text: &str) -> Result<Vec<Found>, String> {
    let options = ParsingOptions { allow_dtd: true, ..ParsingOptions::default() };
    if text.matches("<tuplet type=\"start\"").count() != text.matches("<tuplet type=\"stop\"").count() {
        return Err("a tuplet does not end".to_owned());
    }
    let document = Document::parse_with_options(text, options).map_err(|error| error.to_string())?;
    let mut found = Vec::new();
    let mut lengths: Vec<Vec<u64>> = Vec::new();
    for part in document.root_element().children().filter(|node| node.has_tag_name("part")) {
        let (mut unit, mut start, mut open) = (1, 0, BTreeMap::new());
        let mut own = Vec::new();
        for measure in part.children().filter(|node| node.has_tag_name("measure")) {
            let length = read_measure(measure, &mut unit, start, &mut open, &mut found)?;
            own.push(length);
            start += length;
        }
        if !open.is_empty() {
            return Err(format!("ties without end: {open:?}"));
        }
        lengths.push(own);
    }
    if lengths.windows(2).any(|pair| pair[0] != pair[1]) {
        return Err("measures differ in length between parts".to_owned());
    }
    found.sort_unstable();
    Ok(found)
}

fn number(node: Node, name: &str) -> Option<i64> {
    node.children().find(|child| child.has_tag_name(name))?.text()?.parse().ok()
}

/// Notes of one voice and pitch that wait for the end of their tie: by end, pitch and voice, where they stand in the list.
type Open = BTreeMap<(u64, u8, i64), Vec<usize>>;

fn read_measure(
    measure: Node,
    unit: &mut u64,
    start: u64,
    open: &mut Open,
    found: &mut Vec<Found>,
) -> Result<u64, String> {
    let (mut now, mut longest, mut chord_from) = (0u64, 0, 0);
    let mut voices: BTreeMap<i64, u64> = BTreeMap::new();
    for node in measure.children().filter(Node::is_element) {
        let length = number(node, "duration").unwrap_or(0) as u64 * *unit;
        match node.tag_name().name() {
            "attributes" => {
                if let Some(divisions) = number(node, "divisions") {
                    *unit = 3360 / divisions as u64;
                }
            }
            "backup" => now = now.checked_sub(length).ok_or("backup before the measure")?,
            "note" | "forward" => {
                let in_chord = node.children().any(|child| child.has_tag_name("chord"));
                let from = if in_chord { chord_from } else { now };
                let voice = number(node, "voice").ok_or("a note without voice")?;
                if !in_chord {
                    let filled = voices.insert(voice, from + length).unwrap_or(0);
                    if filled != from {
                        return Err(format!("voice {voice} goes on at {from}, and was filled to {filled}"));
                    }
                    (chord_from, now) = (now, now + length);
                }
                longest = longest.max(from + length);
                pitched(node, start + from, start + from + length, voice, open, found)?;
            }
            _ => {}
        }
    }
    match voices.values().all(|&end| end == longest) {
        true => Ok(longest),
        false => Err(format!("voices of different length: {voices:?}")),
    }
}

fn pitched(
    node: Node,
    from: u64,
    to: u64,
    voice: i64,
    open: &mut Open,
    found: &mut Vec<Found>,
) -> Result<(), String> {
    let Some(pitch) = node.children().find(|child| child.has_tag_name("pitch")) else { return Ok(()) };
    let step = pitch.children().find(|child| child.has_tag_name("step")).and_then(|step| step.text());
    let step = step.and_then(|step| "C D EF G A B".find(step)).ok_or("no step")? as i64;
    let (octave, alter) = (number(pitch, "octave").ok_or("no octave")?, number(pitch, "alter").unwrap_or(0));
    let pitch = u8::try_from(12 * (octave + 1) + step + alter).map_err(|error| error.to_string())?;
    let tie = |wanted: &str| {
        node.children().any(|child| child.has_tag_name("tie") && child.attribute("type") == Some(wanted))
    };
    let index = if tie("stop") {
        let waiting = open.get_mut(&(from, pitch, voice)).and_then(Vec::pop);
        open.retain(|_, waiting| !waiting.is_empty());
        let index = waiting.ok_or(format!("a tie from nowhere at {from}, pitch {pitch}, voice {voice}"))?;
        found[index].1 = to;
        index
    } else {
        let dynamics: f64 =
            node.attribute("dynamics").and_then(|text| text.parse().ok()).ok_or("no dynamics")?;
        found.push((from, to, pitch, (dynamics * 0.9).round() as u8));
        found.len() - 1
    };
    if tie("start") {
        open.entry((to, pitch, voice)).or_default().push(index);
    }
    Ok(())
}

fn expected(score: &Score) -> Vec<Found> {
    let quantised = quantised(score).expect("quantised");
    let notes = quantised.notes().filter(|note| !note.is_drum());
    let mut notes: Vec<Found> =
        notes.map(|note| (note.onset, note.end(), note.pitch, note.velocity)).collect();
    notes.sort_unstable();
    notes
}

proptest! {
    #![proptest_config(seeded(96))]

    #[test]
    fn every_voice_fills_its_measures_and_every_note_is_there(score in any_score()) {
        if let Ok(bytes) = write(&score, Format::MusicXml) {
            let found = read_back(std::str::from_utf8(&bytes).expect("UTF-8"));
            prop_assert_eq!(found, Ok(expected(&score)));
        }
    }

    #[test]
    fn what_is_on_the_grid_stays_there(
        notes in prop::collection::vec((0u64..192, 1u64..40, 50u8..80), 1..40),
        triple in any::<bool>(),
    ) {
        // Sixteenths, or triplet eighths.
        let step = if triple { 8 } else { 6 };
        let notes: Vec<_> = notes.iter().map(|&(onset, length, pitch)| (step * onset / 4, step * (1 + length / 8), pitch)).collect();
        let notes: Vec<_> = notes.iter().map(|&(onset, length, pitch)| (onset / step * step, length, pitch)).collect();
        let score = score(&notes);
        let quantised = quantised(&score).expect("quantised");
        let onsets = |score: &Score| {
            let mut onsets: Vec<(u64, u8)> =
                score.notes().map(|note| (note.onset * 3360 / u64::from(score.ticks_per_quarter), note.pitch)).collect();
            onsets.sort_unstable();
            onsets.dedup();
            onsets
        };
        prop_assert_eq!(onsets(&quantised), onsets(&score));
    }
}

#[test]
fn the_built_in_pieces_are_written_as_they_are_quantised() {
    let (piano, games) = (corpus::shipped::piano(), corpus::shipped::games());
    let pieces = [piano.pieces.iter().take(4), games.pieces.iter().take(4)];
    for piece in pieces.into_iter().flatten() {
        let text = String::from_utf8(write(&piece.score, Format::MusicXml).expect("written")).expect("UTF-8");
        assert_eq!(read_back(&text), Ok(expected(&piece.score)), "{}", piece.name);
        let twice = quantised(&quantised(&piece.score).expect("quantised")).expect("quantised twice");
        assert_eq!(expected(&twice), expected(&piece.score), "{}", piece.name);
    }
}
