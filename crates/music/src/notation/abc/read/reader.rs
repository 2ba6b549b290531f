//! [`Reader`]: a tune while it is read, and the measures that its voices write.

use std::collections::BTreeMap;

use super::super::super::found::Found;
use super::super::super::written::Written;
use super::fraction::Fraction;
use super::macros::OwnSigns;
use super::voice::Voice;
use crate::metre::Metre;
use crate::score::Ticks;

/// Ticks in a quarter while reading: divisible by 2⁷, 3³, 5, 7, 11 and 13.
pub(super) const RESOLUTION: Ticks = 17_297_280;
/// Most measures of a tune, all voices together.
const MAX_MEASURES: usize = 500_000;
/// Most quarters of a measure.
const MAX_MEASURE: Ticks = 16_384;

/// A tune as it is read.
pub(super) struct Reader {
    pub(super) found: Found,
    pub(super) voices: Vec<Voice>,
    /// The voice that is being written.
    pub(super) current: usize,
    pub(super) by_name: BTreeMap<String, usize>,
    /// Whether the header is done.
    pub(super) in_body: bool,
    /// The unit of lengths that the header says; `None` before it says one.
    pub(super) unit: Option<Fraction>,
    pub(super) metre: Option<Metre>,
    /// A tempo in units, whose length is not known yet.
    pub(super) tempo_in_units: Option<f64>,
    /// By measure, the metre that begins to hold there.
    pub(super) metres: BTreeMap<usize, Option<Metre>>,
    pub(super) title: Option<String>,
    /// Byte of the line that is being read.
    pub(super) offset: usize,
    /// Whether accidentals hold for all octaves, for one, or for one note.
    pub(super) propagation: Propagation,
    /// Measures of all voices.
    pub(super) measures: usize,
    /// The voice that the last `V:` of the header describes; directives after it are its own.
    pub(super) described: Option<usize>,
    /// The program that the header says for all voices.
    pub(super) program: u8,
    /// What `P:` of the header says, and the sections that `P:` names in the tune.
    pub(super) order: Order,
    /// The block of text or of a drawing (`%%begintext`) that is being passed over.
    pub(super) block: Option<&'static str>,
    /// Macros and symbols that the tune defines.
    pub(super) own_signs: OwnSigns,
}

/// How far an accidental reaches in its bar: to all octaves, as the standard (2.1) says and abc2midi plays, unless a tune says otherwise.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Propagation {
    Pitch,
    Octave,
    Not,
}

/// What `P:` says.
#[derive(Debug, Default)]
pub(super) struct Order {
    /// In the header: the order.
    pub stated: Option<String>,
    /// In the tune: the names of sections, and the measures with which they begin.
    pub sections: Vec<(char, usize)>,
}

impl Reader {
    pub(super) fn new() -> Self {
        let written = Written { resolution: RESOLUTION, ..Written::default() };
        let found = Found { written, ..Found::default() };
        Self {
            found,
            voices: vec![Voice::new(String::new(), 0)],
            current: 0,
            by_name: BTreeMap::new(),
            in_body: false,
            unit: None,
            metre: Some(Metre::COMMON),
            tempo_in_units: None,
            metres: BTreeMap::new(),
            title: None,
            offset: 0,
            propagation: Propagation::Pitch,
            measures: 0,
            described: None,
            program: 0,
            order: Order::default(),
            block: None,
            own_signs: OwnSigns::default(),
        }
    }

    /// The voice that is being written.
    pub(super) fn here(&mut self) -> &mut Voice {
        &mut self.voices[self.current]
    }

    /// Moves on after a note or rest.
    pub(super) fn advance(&mut self, by: Ticks) -> Result<(), String> {
        let voice = self.here();
        voice.cursor += by;
        voice.length = voice.length.max(voice.cursor);
        if voice.length > MAX_MEASURE * RESOLUTION {
            return Err(format!("a measure is longer than {MAX_MEASURE} quarter notes"));
        }
        Ok(())
    }

    /// The measure of the tune that the voice writes, made if it is new.
    pub(super) fn shared(&mut self) -> Result<usize, String> {
        let measure = self.here().measure;
        let measures = &mut self.found.written.measures;
        if measures.len() <= measure {
            self.measures += measure + 1 - measures.len();
            if self.measures > MAX_MEASURES {
                return Err(format!("the tune has more than {MAX_MEASURES} measures"));
            }
            measures.resize_with(measure + 1, Default::default);
        }
        Ok(measure)
    }

    /// Ends the measure of the current voice, unless nothing has been written in it.
    pub(super) fn end_measure(&mut self) -> Result<bool, String> {
        let voice = self.here();
        voice.in_bar.clear();
        voice.layer = 0;
        let marks = std::mem::take(&mut voice.marks);
        if voice.length == 0 && voice.notes.is_empty() {
            let before =
                voice.measure.checked_sub(1).and_then(|last| self.found.written.measures.get_mut(last));
            before.into_iter().for_each(|measure| marks.iter().for_each(|mark| mark.put(&mut measure.marks)));
            return Ok(false);
        }
        self.measures += 1;
        if self.measures > MAX_MEASURES {
            return Err(format!("the tune has more than {MAX_MEASURES} measures"));
        }
        let measure = self.shared()?;
        let voice = self.here();
        voice.put();
        let length = std::mem::take(&mut voice.length);
        (voice.cursor, voice.last) = (0, None);
        voice.measure += 1;
        let shared = &mut self.found.written.measures[measure];
        shared.length = shared.length.max(length);
        marks.iter().for_each(|mark| mark.put(&mut shared.marks));
        Ok(true)
    }
}
