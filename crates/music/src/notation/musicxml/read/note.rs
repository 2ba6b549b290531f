//! Notes, rests, chords and grace notes.

use roxmltree::Node;

use super::super::super::sheet::drums;
use super::super::super::written::WrittenNote;
use super::super::xml::{child, child_text, children, text};
use super::part::{MAX_STAVES, MeasureState, PartState};
use super::reader::{Fault, Reader};
use crate::score::DRUM_CHANNEL;

/// MIDI's snare drum, for percussion of which the file does not say what it is.
const SNARE: u8 = 38;

/// The children of a note that matter.
#[derive(Default)]
struct Parts<'a, 'i> {
    grace: bool,
    chord: bool,
    cue: bool,
    rest: bool,
    tie_from: bool,
    tie_to: bool,
    pitch: Option<Node<'a, 'i>>,
    unpitched: bool,
    instrument: Option<&'a str>,
    voice: &'a str,
    staff: u32,
}

impl Reader<'_, '_> {
    pub(super) fn note(
        &mut self,
        state: &mut PartState,
        measure: &mut MeasureState,
        node: Node,
    ) -> Result<(), Fault> {
        let parts = self.parts_of(state, node)?;
        let duration = if parts.grace { 0 } else { self.note_duration(state, &parts, node)? };
        let onset = if parts.chord { measure.last_onset } else { measure.cursor };
        measure.last_onset = onset;
        let voice = state.voice(parts.voice);
        let grace = if parts.grace { grace_place(measure, voice, onset, parts.chord) } else { 0 };
        if !parts.grace {
            measure.graces.remove(&voice);
        }
        if !parts.chord && !parts.grace {
            self.advance(measure, duration);
        }
        if parts.rest {
            self.found.notation.rests += 1;
            return Ok(());
        }
        if parts.cue {
            self.found.not_kept("cue note");
            return Ok(());
        }
        if duration == 0 && !parts.grace {
            self.found.not_kept("note without length");
            return Ok(());
        }
        let Some((pitch, channel, program)) = self.sound_of(state, &parts, node)? else { return Ok(()) };
        self.found.notation.grace_notes += usize::from(parts.grace);
        let track = self.track(state, parts.staff);
        let velocity = node.attribute("dynamics").and_then(velocity).unwrap_or(0);
        let (tie_from, tie_to) = (parts.tie_from, parts.tie_to);
        let note = WrittenNote {
            onset,
            duration,
            pitch,
            velocity,
            channel,
            program,
            track,
            voice,
            tie_from,
            tie_to,
            grace,
        };
        measure.notes.push(note);
        Ok(())
    }

    fn parts_of<'a, 'i>(
        &mut self,
        state: &mut PartState,
        node: Node<'a, 'i>,
    ) -> Result<Parts<'a, 'i>, Fault> {
        let mut parts = Parts { voice: "1", staff: 1, ..Parts::default() };
        for element in children(node) {
            match element.tag_name().name() {
                "grace" => parts.grace = true,
                "chord" => parts.chord = true,
                "cue" => parts.cue = true,
                "rest" => parts.rest = true,
                "pitch" => parts.pitch = Some(element),
                "unpitched" => parts.unpitched = true,
                "voice" => parts.voice = text(element),
                "staff" => {
                    parts.staff =
                        u32::try_from(self.number(element, "staff")?).unwrap_or(1).clamp(1, MAX_STAVES)
                }
                "instrument" => parts.instrument = element.attribute("id"),
                "tie" => match element.attribute("type") {
                    Some("start") => parts.tie_to = true,
                    Some("stop") => parts.tie_from = true,
                    _ => {}
                },
                "lyric" => state.lyrics += 1,
                "notations" => self.notations(element),
                _ => {}
            }
        }
        Ok(parts)
    }

    /// Counts what stands at a note and is not held by a score.
    fn notations(&mut self, node: Node) {
        for element in children(node) {
            match element.tag_name().name() {
                "articulations" => self.found.not_kept_of("articulation", children(element).count()),
                "ornaments" => {
                    for ornament in children(element) {
                        let tremolo = ornament.tag_name().name() == "tremolo";
                        self.found.not_kept(if tremolo { "tremolo" } else { "ornament" });
                    }
                }
                "slur" if element.attribute("type") == Some("start") => self.found.not_kept("slur"),
                "fermata" => self.found.not_kept("fermata"),
                "arpeggiate" => self.found.not_kept("arpeggio"),
                "glissando" | "slide" if element.attribute("type") == Some("start") => {
                    self.found.not_kept("glissando")
                }
                _ => {}
            }
        }
    }

    /// A rest of a whole measure, and only that, may leave its duration out; so do some programs with cue notes.
    fn note_duration(&mut self, state: &PartState, parts: &Parts, node: Node) -> Result<u64, Fault> {
        if child(node, "duration").is_none() && (parts.cue || parts.rest) {
            return Ok(0);
        }
        self.duration(state, node)
    }

    /// Pitch, channel and program; `None` for what is outside MIDI's pitches.
    fn sound_of(
        &mut self,
        state: &PartState,
        parts: &Parts,
        node: Node,
    ) -> Result<Option<(u8, u8, u8)>, Fault> {
        let instrument = self.infos[state.index].instrument(parts.instrument);
        let (channel, program, unpitched) = (instrument.channel, instrument.program, instrument.unpitched);
        let Some(pitch) = parts.pitch else {
            if !parts.unpitched {
                return Err(Fault::new(node, "a note has neither a pitch nor a rest"));
            }
            let drum = unpitched.or_else(|| by_place(node));
            if drum.is_none() {
                self.found.not_kept("name of a percussion instrument");
            }
            return Ok(Some((drum.unwrap_or(SNARE), DRUM_CHANNEL, program)));
        };
        let step = match child_text(pitch, "step") {
            Some("C") => 0,
            Some("D") => 2,
            Some("E") => 4,
            Some("F") => 5,
            Some("G") => 7,
            Some("A") => 9,
            Some("B") => 11,
            _ => return Err(Fault::new(pitch, "the step of a pitch is none of A to G")),
        };
        let octave = match child(pitch, "octave") {
            Some(octave) => self.number(octave, "octave")?,
            None => return Err(Fault::new(pitch, "a pitch has no octave")),
        };
        let shown = child_text(node, "accidental").and_then(shown_alteration);
        let alter: f64 = match child_text(pitch, "alter") {
            Some(alter) => alter.parse().unwrap_or(f64::NAN),
            // Some programs forget to say what they show.
            None => shown.map_or(0.0, f64::from),
        };
        if !(-12.0..=12.0).contains(&alter) || !(-20..=20).contains(&octave) {
            return Err(Fault::new(pitch, "the pitch is outside of any music"));
        }
        if alter.fract() != 0.0 {
            self.found.not_kept("quarter tone");
        }
        let sounding =
            12 * (octave + 1) + step + alter.round() as i64 + i64::from(state.semitones(parts.staff));
        match u8::try_from(sounding).ok().filter(|&pitch| pitch < 128) {
            Some(pitch) => Ok(Some((pitch, channel, program))),
            None => {
                self.found.not_kept("note outside of MIDI's pitches");
                Ok(None)
            }
        }
    }
}

/// The drum that usually stands where a note without an instrument is shown.
fn by_place(node: Node) -> Option<u8> {
    let shown = child(node, "unpitched")?;
    let step = child_text(shown, "display-step")?.chars().next()?;
    let octave = child_text(shown, "display-octave")?.parse().ok()?;
    let head = child_text(node, "notehead").unwrap_or("normal");
    drums::at(step, octave, drums::Head::named(head))
}

/// Semitones of an accidental that is shown.
fn shown_alteration(name: &str) -> Option<i8> {
    Some(match name {
        "sharp" | "natural-sharp" => 1,
        "flat" | "natural-flat" => -1,
        "double-sharp" | "sharp-sharp" => 2,
        "flat-flat" => -2,
        _ => return None,
    })
}

/// The place of a grace note among those before the same note.
fn grace_place(measure: &mut MeasureState, voice: u32, onset: u64, chord: bool) -> u16 {
    let (at, count) = measure.graces.entry(voice).or_insert((onset, 0));
    if *at != onset {
        (*at, *count) = (onset, 0);
    }
    if !chord || *count == 0 {
        *count = count.saturating_add(1);
    }
    *count
}

/// A velocity as MusicXML says it: in percent of 90, which is forte.
pub(super) fn velocity(percent: &str) -> Option<u8> {
    let percent: f64 = percent.trim().parse().ok()?;
    (percent >= 0.0).then(|| (percent * 0.9).round().clamp(1.0, 127.0) as u8)
}
