//! `attributes`: key, time, staves and clefs where they change.

use super::context::Context;
use super::xml::Xml;
use crate::notation::sheet::{Clef, DIVISIONS};

/// What changes at the beginning of a measure; all of it in the first.
pub fn attributes(xml: &mut Xml, context: &Context, number: usize) {
    let Context { sheet, part, unit, .. } = *context;
    let first = number == 0;
    let key = sheet.keys.iter().find(|key| key.measure == number).filter(|_| !part.percussion);
    let measure = &sheet.measures[number];
    let metre = (first || sheet.measures[number - 1].metre != measure.metre).then_some(measure.metre);
    let clefs: Vec<(usize, Clef)> = (part.staves.iter().enumerate())
        .filter_map(|(staff, found)| {
            let clef = found.clefs.iter().find(|clef| clef.0 == number)?;
            Some((staff, clef.1))
        })
        .collect();
    if !first && key.is_none() && metre.is_none() && clefs.is_empty() {
        return;
    }
    xml.open("attributes", &[]);
    if first {
        xml.text("divisions", DIVISIONS / unit);
    }
    if let Some(key) = key {
        xml.open("key", &[]);
        xml.text("fifths", key.sharps);
        xml.text("mode", if key.minor { "minor" } else { "major" });
        xml.close("key");
    }
    if let Some(metre) = metre {
        xml.open("time", &[]);
        xml.text("beats", metre.numerator);
        xml.text("beat-type", metre.denominator);
        xml.close("time");
    }
    if first && part.staves.len() > 1 {
        xml.text("staves", part.staves.len());
    }
    for (staff, shown) in clefs {
        let number = (staff + 1).to_string();
        let attributes = [("number", number.as_str())];
        clef(xml, shown, if part.staves.len() > 1 { &attributes } else { &[] });
    }
    xml.close("attributes");
}

fn clef(xml: &mut Xml, clef: Clef, attributes: &[(&str, &str)]) {
    let (sign, line, octave) = match clef {
        Clef::Treble => ("G", 2, 0),
        Clef::TrebleDown => ("G", 2, -1),
        Clef::Alto => ("C", 3, 0),
        Clef::Bass => ("F", 4, 0),
        Clef::BassDown => ("F", 4, -1),
        Clef::Percussion => ("percussion", 2, 0),
    };
    xml.open("clef", attributes);
    xml.text("sign", sign);
    xml.text("line", line);
    if octave != 0 {
        xml.text("clef-octave-change", octave);
    }
    xml.close("clef");
}
