//! One measure of one part.

use super::attributes::attributes;
use super::context::{Context, Place};
use super::xml::Xml;
use super::{directions, note};
use crate::notation::sheet::{Element, Kind};

/// Voices that the numbers of a staff leave room for.
const VOICES_PER_STAFF: usize = 4;

/// Writes a measure: what changes, the marks, then voice after voice.
pub fn measure(xml: &mut Xml, context: &Context, number: usize) {
    let Context { sheet, part, unit, .. } = *context;
    let measure = &sheet.measures[number];
    let upbeat = sheet.measures[0].lead > 0;
    let name = if upbeat { number } else { number + 1 }.to_string();
    let implicit = [("number", name.as_str()), ("implicit", "yes")];
    xml.open("measure", if number == 0 && upbeat { &implicit } else { &implicit[..1] });
    attributes(xml, context, number);
    if let Some(mark) = part.marks.iter().find(|mark| mark.measure == number) {
        directions::dynamics(xml, mark);
    }
    let length = measure.length / unit;
    let mut begun = false;
    for (staff, voices) in part.staves.iter().map(|staff| &staff.measures[number]).enumerate() {
        for voice in voices {
            if begun {
                xml.open("backup", &[]);
                xml.text("duration", length);
                xml.close("backup");
            }
            let place = Place { voice: staff * VOICES_PER_STAFF + voice.number + 1, staff };
            for (index, element) in voice.elements.iter().enumerate() {
                if !begun {
                    between(xml, context, number, element);
                }
                let rest = &voice.elements[index..];
                write_element(xml, context, element, rest, place);
            }
            begun = true;
        }
    }
    if number + 1 == sheet.measures.len() {
        xml.open("barline", &[("location", "right")]);
        xml.text("bar-style", "light-heavy");
        xml.close("barline");
    }
    xml.close("measure");
}

/// Tempos and chord symbols that fall into an element, before it.
fn between(xml: &mut Xml, context: &Context, number: usize, element: &Element) {
    let Context { sheet, unit, leads, has_chords, .. } = *context;
    if leads {
        let first = sheet.tempos.partition_point(|mark| mark.at < element.from);
        for mark in sheet.tempos[first..].iter().take_while(|mark| mark.at < element.end()) {
            directions::tempo(xml, mark, sheet.measures[number].metre, (mark.at - element.from) / unit);
        }
    }
    if has_chords {
        let first = sheet.chords.partition_point(|chord| chord.0 < element.from);
        for (time, chord) in sheet.chords[first..].iter().take_while(|chord| chord.0 < element.end()) {
            directions::harmony(xml, chord, sheet.key_at(number).sharps, (time - element.from) / unit);
        }
    }
}

fn write_element(xml: &mut Xml, context: &Context, element: &Element, rest: &[Element], place: Place) {
    let two_staves = context.part.staves.len() > 1;
    match &element.kind {
        Kind::Hidden => {
            xml.open("forward", &[]);
            xml.text("duration", element.length / context.unit);
            xml.text("voice", place.voice);
            if two_staves {
                xml.text("staff", place.staff + 1);
            }
            xml.close("forward");
        }
        Kind::Rest => {
            xml.open("note", &[]);
            let whole = [("measure", "yes")];
            xml.empty("rest", if element.value.is_none() { &whole } else { &[] });
            xml.text("duration", element.length / context.unit);
            xml.text("voice", place.voice);
            note::value(xml, element);
            note::ratio(xml, element);
            if two_staves {
                xml.text("staff", place.staff + 1);
            }
            note::notations(xml, element, None, rest);
            xml.close("note");
        }
        Kind::Notes(heads) => {
            for (index, head) in heads.iter().enumerate() {
                note::note(xml, context, element, (index, head), rest, place);
            }
        }
    }
}
