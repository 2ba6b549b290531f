//! Chord symbols.

use roxmltree::Node;

use super::super::xml::{child, child_text, text};
use super::part::{MeasureState, PartState};
use super::reader::{Fault, Reader};
use crate::chord_kind::ChordKind;
use crate::score::ChordSymbol;

impl Reader<'_, '_> {
    pub(super) fn harmony(
        &mut self,
        state: &PartState,
        measure: &MeasureState,
        node: Node,
    ) -> Result<(), Fault> {
        let mut tick = measure.cursor;
        if let Some(offset) = child(node, "offset") {
            tick = self.moved(state, offset, tick)?;
        }
        let staff = child_text(node, "staff").and_then(|staff| staff.parse().ok()).unwrap_or(1);
        let semitones = state.semitones(staff);
        let note = |name: &str| {
            let element = child(node, name)?;
            let alter = child_text(element, &format!("{name}-alter"));
            pitch_class(child_text(element, &format!("{name}-step"))?, alter, semitones)
        };
        let kind = child(node, "kind").map(text).unwrap_or_default();
        let symbol = match (kind, note("root")) {
            ("none", _) => ChordSymbol { tick, root: None, kind: ChordKind::Major, bass: None },
            (_, None) => {
                self.found.not_kept("chord symbol without a root");
                return Ok(());
            }
            (kind, root) => {
                let known = ChordKind::from_musicxml(kind);
                if known.is_none() || child(node, "degree").is_some() {
                    self.found.not_kept("detail of a chord symbol");
                }
                let bass = note("bass").filter(|&bass| Some(bass) != root);
                ChordSymbol { tick, root, kind: known.unwrap_or(ChordKind::Other), bass }
            }
        };
        self.found.notation.chord_symbols += 1;
        self.found.chord_symbol(measure.index, symbol);
        Ok(())
    }
}

/// The pitch class of a root or bass.
fn pitch_class(step: &str, alter: Option<&str>, semitones: i32) -> Option<u8> {
    let step = match step {
        "C" => 0,
        "D" => 2,
        "E" => 4,
        "F" => 5,
        "G" => 7,
        "A" => 9,
        "B" => 11,
        _ => return None,
    };
    let alter: f64 =
        alter.map_or(Some(0.0), |alter| alter.parse().ok()).filter(|alter| (-12.0..=12.0).contains(alter))?;
    Some((step + alter.round() as i32 + semitones).rem_euclid(12) as u8)
}
