//! Attributes: divisions, keys, metres, staves and transposition.

use roxmltree::Node;

use super::super::super::written::metre;
use super::super::xml::{child, child_text, children, text};
use super::part::{MAX_STAVES, MeasureState, PartState};
use super::reader::{Fault, Reader};
use crate::metre::Metre;
use crate::score::Ticks;

/// Most of the divisions of a quarter: those of no program are close.
const MAX_DIVISIONS: Ticks = 1 << 30;

/// The divisions of a quarter, if they are usable.
pub(super) fn divisions(node: Node) -> Option<Ticks> {
    let value = text(node);
    let whole = value.parse::<Ticks>().ok().or_else(|| {
        let number: f64 = value.parse().ok()?;
        (number.fract() == 0.0 && number > 0.0).then_some(number as Ticks)
    })?;
    (1..=MAX_DIVISIONS).contains(&whole).then_some(whole)
}

impl Reader<'_, '_> {
    pub(super) fn attributes(
        &mut self,
        state: &mut PartState,
        measure: &MeasureState,
        node: Node,
    ) -> Result<(), Fault> {
        if let Some(element) = child(node, "divisions") {
            state.divisions = divisions(element).ok_or_else(|| {
                let shown: String = text(element).chars().take(20).collect();
                let shown = crate::text::printable(&shown).into_owned();
                Fault::new(
                    element,
                    format!("the divisions \"{shown}\" are no whole number from 1 to {MAX_DIVISIONS}"),
                )
            })?;
        }
        // What a key means depends on the transposition, whatever their order.
        for element in children(node).filter(|element| element.tag_name().name() == "transpose") {
            self.transpose(state, element)?;
        }
        for element in children(node) {
            match element.tag_name().name() {
                "staves" => {
                    state.staves = u32::try_from(self.number(element, "number of staves")?)
                        .unwrap_or(1)
                        .clamp(1, MAX_STAVES)
                }
                "key" => self.key(state, measure, element)?,
                "time" => self.time(measure, element),
                "measure-style" => {
                    let starts = |child: &Node| child.attribute("type") == Some("start");
                    let repeats =
                        |child: &Node| matches!(child.tag_name().name(), "measure-repeat" | "beat-repeat");
                    let number = children(element).filter(repeats).filter(starts).count();
                    self.found.not_kept_of("sign for the measure or beat before it", number);
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn transpose(&mut self, state: &mut PartState, node: Node) -> Result<(), Fault> {
        let staff = node.attribute("number").and_then(|number| number.parse().ok()).unwrap_or(0);
        let number = |name: &str| child(node, name).map_or(Ok(0), |element| self.number(element, name));
        let (chromatic, octaves) = (number("chromatic")?, number("octave-change")?);
        if !(-120..=120).contains(&chromatic) || !(-10..=10).contains(&octaves) {
            return Err(Fault::new(node, "the transposition is outside of any music"));
        }
        let double = match child(node, "double") {
            Some(double) if double.attribute("above") == Some("yes") => 12,
            Some(_) => -12,
            None => 0,
        };
        if staff == 0 {
            state.transpose.clear();
        }
        state.transpose.insert(staff, (chromatic + 12 * octaves) as i32 + double);
        Ok(())
    }

    /// Keys are those of the first part that has any; a transposing instrument's are those that sound.
    fn key(&mut self, state: &PartState, measure: &MeasureState, node: Node) -> Result<(), Fault> {
        let Some(element) = child(node, "fifths") else {
            self.found.not_kept("key of its own kind");
            return Ok(());
        };
        let fifths = self.number(element, "number of fifths")?;
        if *self.key_part.get_or_insert(state.index) != state.index {
            return Ok(());
        }
        let staff = node.attribute("number").and_then(|number| number.parse().ok()).unwrap_or(1);
        if staff > 1 {
            return Ok(());
        }
        let semitones = i64::from(state.semitones(1));
        let mut sharps = fifths.clamp(-11, 11);
        if semitones.rem_euclid(12) != 0 {
            sharps = (sharps + 7 * semitones + 5).rem_euclid(12) - 5;
        }
        match i8::try_from(sharps).ok().filter(|sharps| (-7..=7).contains(sharps)) {
            Some(sharps) => {
                let minor = child_text(node, "mode") == Some("minor");
                self.found.written.measures[measure.index].keys.push((measure.cursor, (sharps, minor)));
            }
            None => self.found.not_kept("key with more than seven accidentals"),
        }
        Ok(())
    }

    /// The first part that says a metre decides; other metres at the same time are only counted.
    fn time(&mut self, measure: &MeasureState, node: Node) {
        let said = if child(node, "senza-misura").is_some() { Some(None) } else { sum_of(node).map(Some) };
        let Some(said) = said else {
            return self.found.not_kept("metre that MIDI cannot express");
        };
        match self.metres.entry(measure.index) {
            std::collections::btree_map::Entry::Vacant(entry) => drop(entry.insert(said)),
            std::collections::btree_map::Entry::Occupied(entry) if *entry.get() != said => {
                self.found.not_kept("second metre at the same time");
            }
            std::collections::btree_map::Entry::Occupied(_) => {}
        }
    }
}

/// The sum of what a time signature says: 3+2/8 is 5/8, 3/8 + 2/4 is 7/8.
fn sum_of(node: Node) -> Option<Metre> {
    let mut sum: Option<(u64, u64)> = None;
    let mut beats = None;
    for element in children(node) {
        match element.tag_name().name() {
            "beats" => {
                let numbers = text(element).split('+').map(|number| number.trim().parse::<u8>());
                beats = Some(numbers.sum_of_all()?);
            }
            "beat-type" => {
                let denominator: u64 =
                    text(element).parse().ok().filter(|&value: &u64| value > 0 && value <= 128)?;
                let (numerator, whole) = (beats.take()?, sum.unwrap_or((0, denominator)));
                let common = whole.1.max(denominator);
                let scaled = |(n, d): (u64, u64)| n * (common / d);
                sum = Some((scaled(whole) + scaled((numerator, denominator)), common));
            }
            _ => {}
        }
    }
    sum.and_then(|(numerator, denominator)| metre(numerator, denominator))
}

/// Adds up numbers that must all be there.
trait SumOfAll {
    fn sum_of_all(self) -> Option<u64>;
}

impl<I: Iterator<Item = Result<u8, std::num::ParseIntError>>> SumOfAll for I {
    fn sum_of_all(mut self) -> Option<u64> {
        self.try_fold(0, |sum, number| Some(sum + u64::from(number.ok()?)))
    }
}
