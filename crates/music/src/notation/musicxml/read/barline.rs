//! Bar lines: repeats, endings, signs.

use roxmltree::Node;

use super::super::xml::children;
use super::part::MeasureState;
use super::reader::Reader;

impl Reader<'_, '_> {
    pub(super) fn barline(&mut self, measure: &MeasureState, node: Node) {
        let last = self.found.written.measures.len() - 1;
        let at_left = node.attribute("location") == Some("left");
        if node.attribute("location") == Some("middle")
            && children(node).any(|element| element.tag_name().name() == "repeat")
        {
            self.found.not_kept("repeat inside of a measure");
            return;
        }
        for element in children(node) {
            match element.tag_name().name() {
                "repeat" if element.attribute("direction") == Some("forward") => {
                    let index =
                        if at_left || measure.cursor == 0 { measure.index } else { measure.index + 1 };
                    self.found.written.measures[index.min(last)].marks.repeat_start = true;
                }
                "repeat" => {
                    let times = element.attribute("times").and_then(|times| times.parse().ok()).unwrap_or(0);
                    let index = if at_left { measure.index.saturating_sub(1) } else { measure.index };
                    self.found.written.measures[index].marks.repeat_end = Some(times);
                }
                "ending" => {
                    let marks = &mut self.found.written.measures[measure.index].marks;
                    match element.attribute("type") {
                        Some("start") => marks.ending = element.attribute("number").map(passes),
                        _ => marks.ending_stop = true,
                    }
                }
                "segno" => self.found.written.measures[measure.index].marks.segno = true,
                "coda" => self.coda_sign(measure.index),
                _ => {}
            }
        }
    }

    /// The sign of a coda, which may stand at both ends of the jump.
    pub(super) fn coda_sign(&mut self, measure: usize) {
        if let Err(place) = self.coda_signs.binary_search(&measure) {
            self.coda_signs.insert(place, measure);
        }
    }
}

/// The passes of an ending: `1`, `1, 2`, `1-3`.
fn passes(text: &str) -> Vec<u32> {
    const MOST: u32 = 99;
    let mut passes = Vec::new();
    for part in text.split([',', ' ', '.']).filter(|part| !part.is_empty()).take(MOST as usize) {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        if let (Ok(first), Ok(last)) = (first.parse::<u32>(), last.parse::<u32>()) {
            passes.extend(first..=last.min(MOST));
        }
    }
    passes.truncate(MOST as usize);
    passes
}
