//! A piano roll coloured by how surprising each note was.

use composer_decoding::surprise::{NoteSurprise, Surprise};
use composer_music::BarMap;
use composer_music::representation::pitch_name;
use std::fmt::Write;

/// Width of the picture, height of a pitch, and room for labels at the left.
const WIDTH: f64 = 960.0;
const KEY: f64 = 4.0;
const MARGIN: f64 = 34.0;
/// Nats at which a note is as red as can be.
const MOST: f64 = 8.0;
/// Height of the curve over the notes.
const CURVE: f64 = 70.0;

/// A piano roll in which surprising notes are red and expected ones blue, with the nats of every step above it; `bars` are those
/// of the piece, in steps.
pub fn picture(surprise: &Surprise, bars: &BarMap) -> String {
    let low = surprise.notes.iter().map(|note| note.pitch).min().unwrap_or(60);
    let high = surprise.notes.iter().map(|note| note.pitch).max().unwrap_or(72);
    let steps = surprise.steps.len().max(1) as f64;
    let x = |step: f64| MARGIN + step / steps * (WIDTH - MARGIN - 6.0);
    let top = CURVE + 16.0;
    let bottom = top + f64::from(high - low + 1) * KEY;
    let mut svg = format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {:.0}" role="img" aria-label="NLL of every note" font-family="sans-serif" font-size="11">"#,
        bottom + 22.0
    );
    for bar in bars.bars(surprise.steps.len() as u64 + 1) {
        let at = x(bar.start as f64);
        let _ =
            write!(svg, r##"<line x1="{at:.1}" x2="{at:.1}" y1="8" y2="{bottom:.1}" stroke="#e4e7ec"/>"##);
    }
    let highest = surprise.steps.iter().copied().fold(1.0, f64::max);
    let points: String = (surprise.steps.iter().enumerate())
        .map(|(step, nll)| format!("{:.1},{:.1} ", x(step as f64 + 0.5), 8.0 + CURVE * (1.0 - nll / highest)))
        .collect();
    let _ = write!(svg, r##"<polyline points="{points}" fill="none" stroke="#475467" stroke-width="0.8"/>"##);
    let _ = write!(svg, r##"<text x="2" y="16" fill="#667085">{highest:.0} nats</text>"##);
    for note in &surprise.notes {
        let NoteSurprise { step, steps: lasts, pitch, nll } = *note;
        let (left, right) = (x(step as f64), x((step + lasts) as f64));
        let _ = write!(
            svg,
            r#"<rect x="{left:.2}" y="{:.1}" width="{:.2}" height="{KEY}" fill="{}"><title>{} {nll:.2} nats</title></rect>"#,
            top + f64::from(high - pitch) * KEY,
            (right - left - 0.5).max(1.0),
            colour(nll),
            pitch_name(pitch)
        );
    }
    let _ = write!(
        svg,
        r##"<text x="{MARGIN}" y="{:.1}" fill="#667085">blue: likely; red: {MOST} nats or more. Curve: nats per step.</text></svg>"##,
        bottom + 16.0
    );
    svg
}

/// From blue over grey to red.
fn colour(nll: f64) -> String {
    let share = (nll / MOST).clamp(0.0, 1.0);
    let mix = |from: f64, to: f64| (from + share * (to - from)).round();
    format!("rgb({},{},{})", mix(70.0, 208.0), mix(130.0, 42.0), mix(190.0, 38.0))
}
