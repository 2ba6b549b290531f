//! `note`: one note of a chord, and what notes and rests have in common.

use super::context::{Context, Place, instrument_id};
use super::directions::percentage;
use super::xml::Xml;
use crate::notation::sheet::spelling::{letter, octave};
use crate::notation::sheet::{Beam, Element, Head, Value, drums};

const TYPES: [&str; 9] = ["breve", "whole", "half", "quarter", "eighth", "16th", "32nd", "64th", "128th"];

fn type_name(power: i8) -> &'static str {
    TYPES[usize::try_from(power + 1).unwrap_or(0).min(TYPES.len() - 1)]
}

/// Writes one note of a chord; `rest` are the elements of its voice from its own on.
pub fn note(
    xml: &mut Xml,
    context: &Context,
    element: &Element,
    (index, head): (usize, &Head),
    rest: &[Element],
    place: Place,
) {
    let loudness = percentage(head.note.velocity.into());
    let attributes = [("dynamics", loudness.as_str())];
    xml.open("note", if head.tied_before { &[] } else { &attributes });
    if index > 0 {
        xml.empty("chord", &[]);
    }
    pitch(xml, context, head);
    xml.text("duration", element.length / context.unit);
    if head.tied_before {
        xml.empty("tie", &[("type", "stop")]);
    }
    if head.tied_after {
        xml.empty("tie", &[("type", "start")]);
    }
    instrument(xml, context, head);
    xml.text("voice", place.voice);
    value(xml, element);
    if head.accidental {
        xml.text("accidental", accidental(letter(head.note.fifths).1));
    }
    ratio(xml, element);
    if context.part.percussion {
        match drums::place(head.note.pitch).2 {
            drums::Head::Normal => {}
            drums::Head::Cross => xml.text("notehead", "x"),
            drums::Head::CircledCross => xml.text("notehead", "circle-x"),
            drums::Head::Triangle => xml.text("notehead", "triangle"),
        }
    }
    if context.part.staves.len() > 1 {
        xml.text("staff", place.staff + 1);
    }
    if index == 0 {
        beams(xml, element);
    }
    notations(xml, element, Some((index, head)), rest);
    xml.close("note");
}

fn pitch(xml: &mut Xml, context: &Context, head: &Head) {
    if context.part.percussion {
        let (step, octave, _) = drums::place(head.note.pitch);
        xml.open("unpitched", &[]);
        xml.text("display-step", step);
        xml.text("display-octave", octave);
        return xml.close("unpitched");
    }
    let (step, alter) = letter(head.note.fifths);
    xml.open("pitch", &[]);
    xml.text("step", step);
    if alter != 0 {
        xml.text("alter", alter);
    }
    xml.text("octave", octave(head.note.pitch, head.note.fifths));
    xml.close("pitch");
}

/// Which instrument of the part plays the note, where there are several.
fn instrument(xml: &mut Xml, context: &Context, head: &Head) {
    let (drum, program) = (head.note.pitch, head.note.program);
    let (known, place) = match context.part.percussion {
        true => {
            (context.part.drums.len(), context.part.drums.iter().position(|&other| other == (drum, program)))
        }
        false => {
            (context.part.programs.len(), context.part.programs.iter().position(|&other| other == program))
        }
    };
    if let Some(place) = place.filter(|_| known > 1) {
        xml.empty("instrument", &[("id", &instrument_id(context.index, place))]);
    }
}

/// `type` and `dot`.
pub fn value(xml: &mut Xml, element: &Element) {
    let Some(Value { power, dots }) = element.value else { return };
    xml.text("type", type_name(power));
    for _ in 0..dots {
        xml.empty("dot", &[]);
    }
}

/// `time-modification`.
pub fn ratio(xml: &mut Xml, element: &Element) {
    let Some(tuplet) = element.tuplet else { return };
    xml.open("time-modification", &[]);
    xml.text("actual-notes", tuplet.ratio.actual);
    xml.text("normal-notes", tuplet.ratio.normal);
    xml.text("normal-type", type_name(Value::near(tuplet.ratio.unit).power));
    xml.close("time-modification");
}

fn beams(xml: &mut Xml, element: &Element) {
    for (level, beam) in element.beams.iter().enumerate() {
        let text = match beam {
            Beam::Begin => "begin",
            Beam::Continue => "continue",
            Beam::End => "end",
            Beam::ForwardHook => "forward hook",
            Beam::BackwardHook => "backward hook",
        };
        xml.text_with("beam", &[("number", &(level + 1).to_string())], text);
    }
}

/// `notations`: ties of a note, and the tuplet of the first note of an element or of a rest.
pub fn notations(xml: &mut Xml, element: &Element, head: Option<(usize, &Head)>, rest: &[Element]) {
    let first = head.is_none_or(|(index, _)| index == 0);
    let tuplet = element.tuplet.filter(|tuplet| first && (tuplet.begins || tuplet.ends));
    let tied = head.filter(|(_, head)| head.tied_before || head.tied_after);
    if tuplet.is_none() && tied.is_none() {
        return;
    }
    xml.open("notations", &[]);
    if let Some((_, head)) = tied {
        if head.tied_before {
            xml.empty("tied", &[("type", "stop")]);
        }
        if head.tied_after {
            xml.empty("tied", &[("type", "start")]);
        }
    }
    if let Some(tuplet) = tuplet {
        if tuplet.begins {
            let bracket = if beamed(rest) { "no" } else { "yes" };
            xml.empty("tuplet", &[("type", "start"), ("number", "1"), ("bracket", bracket)]);
        }
        if tuplet.ends {
            xml.empty("tuplet", &[("type", "stop"), ("number", "1")]);
        }
    }
    xml.close("notations");
}

/// Whether one beam joins all elements of the tuplet that begins here, and shows where it ends.
fn beamed(elements: &[Element]) -> bool {
    let last = elements.iter().position(|element| element.tuplet.is_some_and(|tuplet| tuplet.ends));
    let inside = &elements[..last.map_or(0, |last| last + 1)];
    let first_level = |element: &Element| element.beams.first().copied();
    let middle = inside.iter().skip(1).take(inside.len().saturating_sub(2));
    inside.len() > 1
        && first_level(&inside[0]) == Some(Beam::Begin)
        && inside.last().and_then(first_level) == Some(Beam::End)
        && middle.clone().all(|element| first_level(element) == Some(Beam::Continue))
}

fn accidental(alter: i8) -> &'static str {
    match alter {
        ..=-2 => "flat-flat",
        -1 => "flat",
        0 => "natural",
        1 => "sharp",
        2.. => "double-sharp",
    }
}
