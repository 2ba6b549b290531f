//! Directions: tempos, dynamics and chord symbols.

use super::xml::Xml;
use crate::metre::Metre;
use crate::notation::sheet::{Mark, TempoMark, has_dotted_beats, spelling};
use crate::notation::written::micros_per_quarter;
use crate::score::ChordSymbol;

/// A velocity as a percentage of MusicXML's forte, which is velocity 90.
pub fn percentage(velocity: f64) -> String {
    decimal(velocity / 0.9, 2)
}

/// A number without zeros behind.
fn decimal(value: f64, places: usize) -> String {
    let text = format!("{value:.places$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// A tempo `offset` divisions after where it stands in the file.
pub fn tempo(xml: &mut Xml, mark: &TempoMark, metre: Metre, offset: u64) {
    let speed = mark.quarters_per_minute();
    // Six places bring back the microseconds of all but the slowest tempos.
    let brings_back = |text: &String| {
        text.parse().is_ok_and(|speed| micros_per_quarter(speed) == Some(mark.micros_per_quarter))
    };
    let exact = Some(decimal(speed, 6)).filter(brings_back).unwrap_or_else(|| decimal(speed, 12));
    if !mark.shown {
        if offset == 0 {
            return xml.empty("sound", &[("tempo", &exact)]);
        }
        xml.open("sound", &[("tempo", &exact)]);
        xml.text("offset", offset);
        return xml.close("sound");
    }
    let (unit, dotted, quarters) = match metre {
        _ if has_dotted_beats(metre) && metre.denominator == 8 => ("quarter", true, 1.5),
        _ if metre.denominator == 2 => ("half", false, 2.0),
        _ => ("quarter", false, 1.0),
    };
    let shown = speed / quarters;
    let whole = (shown - shown.round()).abs() < 0.05;
    xml.open("direction", &[("placement", "above")]);
    xml.open("direction-type", &[]);
    xml.open("metronome", &[]);
    xml.text("beat-unit", unit);
    if dotted {
        xml.empty("beat-unit-dot", &[]);
    }
    xml.text("per-minute", decimal(shown, usize::from(!whole)));
    xml.close("metronome");
    xml.close("direction-type");
    if offset > 0 {
        xml.text_with("offset", &[("sound", "yes")], offset);
    }
    xml.text("staff", 1);
    xml.empty("sound", &[("tempo", &exact)]);
    xml.close("direction");
}

/// A dynamic mark below the first staff.
pub fn dynamics(xml: &mut Xml, mark: &Mark) {
    xml.open("direction", &[("placement", "below")]);
    xml.open("direction-type", &[]);
    xml.open("dynamics", &[]);
    xml.empty(mark.text, &[]);
    xml.close("dynamics");
    xml.close("direction-type");
    xml.text("staff", 1);
    xml.empty("sound", &[("dynamics", &percentage(mark.velocity))]);
    xml.close("direction");
}

/// A chord symbol `offset` divisions after where it stands in the file, spelt by the key.
pub fn harmony(xml: &mut Xml, chord: &ChordSymbol, sharps: i8, offset: u64) {
    xml.open("harmony", &[]);
    match chord.root {
        Some(root) => {
            tone(xml, ["root", "root-step", "root-alter"], root, sharps);
            xml.text_with("kind", &[("text", chord.kind.suffix())], chord.kind.musicxml());
        }
        None => {
            xml.open("root", &[]);
            xml.text_with("root-step", &[("text", "")], "C");
            xml.close("root");
            xml.text_with("kind", &[("text", "N.C.")], "none");
        }
    }
    if let (Some(_), Some(bass)) = (chord.root, chord.bass) {
        tone(xml, ["bass", "bass-step", "bass-alter"], bass, sharps);
    }
    if offset > 0 {
        xml.text("offset", offset);
    }
    xml.text("staff", 1);
    xml.close("harmony");
}

fn tone(xml: &mut Xml, [name, step, alter]: [&str; 3], class: u8, sharps: i8) {
    let (letter, sign) = spelling::letter(spelling::nearest(class % 12, sharps));
    xml.open(name, &[]);
    xml.text(step, letter);
    if sign != 0 {
        xml.text(alter, sign);
    }
    xml.close(name);
}
