//! Directions: tempo, dynamics, signs and jumps.

use roxmltree::Node;

use super::super::super::dynamics::MARKS;
use super::super::super::repeats::Jump;
use super::super::super::written::micros_per_quarter;
use super::super::xml::{child, child_text, children, text};
use super::note::velocity;
use super::part::{MeasureState, PartState};
use super::reader::{Fault, Reader};
use crate::score::Ticks;

/// Marks for one moment, with the velocity of that moment, and of what follows if they say it.
const ACCENTS: [(&str, u8, Option<u8>); 11] = [
    ("sf", 112, None),
    ("sfz", 112, None),
    ("fz", 112, None),
    ("sffz", 126, None),
    ("rf", 112, None),
    ("rfz", 112, None),
    ("fp", 96, Some(49)),
    ("sfp", 112, Some(49)),
    ("sfpp", 112, Some(33)),
    ("pf", 49, Some(96)),
    ("sfzp", 112, Some(49)),
];

impl Reader<'_, '_> {
    pub(super) fn direction(
        &mut self,
        state: &PartState,
        measure: &mut MeasureState,
        node: Node,
    ) -> Result<(), Fault> {
        let sound = child(node, "sound");
        let mut at = measure.cursor;
        if let Some(offset) = child(node, "offset").filter(|offset| offset.attribute("sound") == Some("yes"))
        {
            at = self.moved(state, offset, at)?;
        }
        let has = |names: &[&str]| {
            sound.is_some_and(|sound| names.iter().any(|name| sound.attribute(*name).is_some()))
        };
        let jumps = has(&["dacapo", "dalsegno", "tocoda", "coda", "segno", "fine"]);
        let loudness = sound.and_then(|sound| sound.attribute("dynamics")).and_then(velocity);
        let mut marked = false;
        for kind in
            children(node).filter(|element| element.tag_name().name() == "direction-type").flat_map(children)
        {
            match kind.tag_name().name() {
                "dynamics" => marked |= self.dynamics(measure, kind, at, loudness),
                "metronome" if !has(&["tempo"]) => self.metronome(measure, kind, at),
                "words" if !jumps => self.words(measure, text(kind)),
                "segno" if !jumps => self.found.written.measures[measure.index].marks.segno = true,
                "coda" if !jumps => self.coda_sign(measure.index),
                "wedge" if kind.attribute("type") != Some("stop") => {
                    self.found.not_kept("crescendo or diminuendo")
                }
                "pedal" if kind.attribute("type") != Some("stop") => self.found.not_kept("pedal mark"),
                _ => {}
            }
        }
        if let Some(loudness) = loudness.filter(|_| !marked) {
            measure.dynamics.push((at, loudness, false));
        }
        if let Some(sound) = sound {
            self.sound(measure, sound, at);
        }
        Ok(())
    }

    /// A place moved by an offset, within the measure.
    pub(super) fn moved(&mut self, state: &PartState, offset: Node, at: Ticks) -> Result<Ticks, Fault> {
        let value = text(offset);
        match value.strip_prefix('-') {
            Some(back) => Ok(at.saturating_sub(self.ticks(state, offset, back)?)),
            None => Ok(at + self.ticks(state, offset, value)?),
        }
    }

    /// What a `sound` says: tempo and jumps.
    pub(super) fn sound(&mut self, measure: &mut MeasureState, sound: Node, at: Ticks) {
        let shared = &mut self.found.written.measures[measure.index];
        if let Some(tempo) = sound.attribute("tempo").and_then(|tempo| tempo.trim().parse().ok()) {
            match micros_per_quarter(tempo) {
                Some(tempo) => insert_tempo(&mut shared.tempos, at, tempo),
                None => return self.found.not_kept("tempo that MIDI cannot express"),
            }
        }
        let marks = &mut shared.marks;
        marks.segno |= sound.attribute("segno").is_some();
        marks.coda |= sound.attribute("coda").is_some();
        marks.to_coda |= sound.attribute("tocoda").is_some();
        marks.fine |= sound.attribute("fine").is_some_and(|fine| fine != "no");
        if sound.attribute("dacapo") == Some("yes") {
            marks.jump = Some(Jump::DaCapo);
        } else if sound.attribute("dalsegno").is_some() {
            marks.jump = Some(Jump::DalSegno);
        }
        marks.repeat_start |= sound.attribute("forward-repeat") == Some("yes");
    }

    /// A mark of dynamics; whether it is known.
    fn dynamics(&mut self, measure: &mut MeasureState, node: Node, at: Ticks, sound: Option<u8>) -> bool {
        let mut known = false;
        for mark in children(node) {
            let name = match mark.tag_name().name() {
                "other-dynamics" => text(mark),
                name => name,
            };
            if let Some(&(_, once, after)) = ACCENTS.iter().find(|accent| accent.0 == name) {
                measure.dynamics.extend(after.map(|after| (at, after, false)));
                measure.dynamics.push((at, once, true));
                known = true;
            } else if let Some(&(_, marked)) = MARKS.iter().find(|mark| mark.0 == name) {
                measure.dynamics.push((at, sound.unwrap_or(marked), false));
                known = true;
            } else if sound.is_none() {
                self.found.not_kept("other mark of dynamics");
            }
        }
        known
    }

    /// A tempo by a note value and a number.
    fn metronome(&mut self, measure: &MeasureState, node: Node, at: Ticks) {
        let (mut plain, mut dots): (Option<f64>, i32) = (None, 0);
        for element in children(node) {
            match element.tag_name().name() {
                "beat-unit" if plain.is_some() => {
                    return self.found.not_kept("tempo by the note value before it");
                }
                "beat-unit" => plain = note_value(text(element)),
                "beat-unit-dot" => dots = (dots + 1).min(8),
                _ => {}
            }
        }
        // A dot adds half, a second one a quarter.
        let quarters = plain.map(|plain| plain * (2.0 - 0.5f64.powi(dots)));
        let beats = child_text(node, "per-minute").and_then(first_number);
        let tempo = quarters.zip(beats).and_then(|(quarters, beats)| micros_per_quarter(quarters * beats));
        match tempo {
            Some(tempo) => insert_tempo(&mut self.found.written.measures[measure.index].tempos, at, tempo),
            None => self.found.not_kept("tempo without a number"),
        }
    }

    /// Jumps in words, for files that have no `sound` for them.
    fn words(&mut self, measure: &MeasureState, words: &str) {
        if words.len() > 40 {
            return;
        }
        let plain: String = words.to_lowercase().chars().filter(char::is_ascii_alphabetic).collect();
        let marks = &mut self.found.written.measures[measure.index].marks;
        match plain.as_str() {
            "fine" => marks.fine = true,
            "tocoda" => marks.to_coda = true,
            "dc" | "dacapo" | "dcalfine" | "dacapoalfine" | "dcalcoda" | "dacapoalcoda" => {
                marks.jump = Some(Jump::DaCapo)
            }
            "ds" | "dalsegno" | "dsalfine" | "dalsegnoalfine" | "dsalcoda" | "dalsegnoalcoda" => {
                marks.jump = Some(Jump::DalSegno);
            }
            _ => {}
        }
    }
}

/// Puts a tempo where it belongs; of two at one place the last holds.
fn insert_tempo(tempos: &mut Vec<(Ticks, u32)>, at: Ticks, tempo: u32) {
    match tempos.binary_search_by_key(&at, |&(at, _)| at) {
        Ok(place) => tempos[place].1 = tempo,
        Err(place) => tempos.insert(place, (at, tempo)),
    }
}

/// Quarters of a note value.
fn note_value(name: &str) -> Option<f64> {
    Some(match name {
        "breve" => 8.0,
        "whole" => 4.0,
        "half" => 2.0,
        "quarter" => 1.0,
        "eighth" => 0.5,
        "16th" => 0.25,
        "32nd" => 0.125,
        "64th" => 0.0625,
        _ => return None,
    })
}

/// The first number of a text such as `ca. 120` or `104–112`.
fn first_number(text: &str) -> Option<f64> {
    let start = text.find(|letter: char| letter.is_ascii_digit())?;
    let rest = &text[start..];
    let end = rest.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(rest.len());
    rest[..end].trim_end_matches('.').parse().ok()
}
