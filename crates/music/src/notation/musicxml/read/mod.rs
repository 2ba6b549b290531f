//! MusicXML to a written piece: partwise and timewise documents, versions 3.0 to 4.0 (and what those before have in common).

mod attributes;
mod barline;
mod direction;
mod harmony;
mod instruments;
mod nodes;
mod note;
mod part;
mod reader;

use std::collections::BTreeMap;

use roxmltree::Document;

use super::super::found::Found;
use super::super::ticks::{USUAL, lcm};
use super::super::written::{Measure, Written};
use super::super::{Error, Format};
use super::condensed::condensed;
use super::xml::{self, child, children};
use crate::metre::Metre;
use crate::score::Ticks;
use nodes::{PartNodes, partwise, timewise};
use reader::Reader;

/// Most measures of a part, and most parts.
const MAX_MEASURES: usize = 100_000;
const MAX_PARTS: usize = 4_096;
/// Ticks in a quarter up to which the divisions of all parts are held exactly.
const MAX_RESOLUTION: Ticks = 1 << 24;
/// Ticks in a quarter where they are not: divisible by 2⁷, 3³, 5, 7, 11 and 13.
const ROUNDED: Ticks = 17_297_280;
/// A measure that is off its bar by less than a quarter divided by this is meant to fill it: less than any note value.
const OFF_BY: Ticks = 24;
/// Reads a document.
///
/// # Errors
/// What is wrong, with line, part and measure.
pub(in super::super) fn read(bytes: &[u8]) -> Result<Found, Error> {
    let fault = |place: String, reason: String| Error::at(Format::MusicXml, place, reason);
    let text = xml::text_of(bytes).map_err(|reason| fault(String::new(), reason))?;
    let read = |text: &str| {
        let document = xml::parse(text).map_err(|(place, reason)| fault(place, reason))?;
        Reader::new(&document)?.read()
    };
    // Where something is wrong, the places are those of the whole text.
    match condensed(&text).map(|text| read(&text)) {
        Some(Ok(found)) if found.report.damage.is_empty() => Ok(found),
        _ => read(&text),
    }
}

impl<'a, 'i> Reader<'a, 'i> {
    fn new(document: &'a Document<'i>) -> Result<Self, Error> {
        let root = document.root_element();
        let whole = |reason: &str| Error::whole(Format::MusicXml, reason);
        let parts = match root.tag_name().name() {
            "score-partwise" => partwise(root),
            "score-timewise" => timewise(root),
            "opus" => return Err(whole("it is an opus, which only names other files")),
            _ => return Err(whole("its root is no score-partwise and no score-timewise")),
        };
        if parts.len() > MAX_PARTS {
            return Err(whole("it has more parts than any score"));
        }
        let measures = parts.iter().map(|part| part.measures.len()).max().unwrap_or(0);
        if measures == 0 {
            return Err(whole("it has no measure"));
        }
        if measures > MAX_MEASURES {
            return Err(Error::whole(
                Format::MusicXml,
                format!("it has {measures} measures, more than any score"),
            ));
        }
        let infos = instruments::parts(child(root, "part-list"), &parts);
        let mut found = Found::default();
        found.notation.version = root.attribute("version").unwrap_or("1.0").chars().take(8).collect();
        found.notation.parts = parts.len();
        found.written =
            Written { resolution: 1, measures: vec![Measure::default(); measures], ..Written::default() };
        let (metres, coda_signs) = (BTreeMap::new(), Vec::new());
        Ok(Self { document, infos, parts, found, metres, coda_signs, key_part: None })
    }

    fn read(mut self) -> Result<Found, Error> {
        let parts = std::mem::take(&mut self.parts);
        self.found.written.resolution = resolution(&parts);
        for (index, part) in parts.iter().enumerate() {
            self.part(index, part)?;
        }
        self.lengths();
        if let [leave, .., coda] = self.coda_signs[..] {
            self.found.written.measures[leave].marks.to_coda = true;
            self.found.written.measures[coda].marks.coda = true;
        } else if let [coda] = self.coda_signs[..] {
            self.found.written.measures[coda].marks.coda = true;
        }
        self.found.notation.measures = self.found.written.measures.len();
        Ok(self.found)
    }

    /// Metres by measure; a measure without notes is as long as its metre says.
    fn lengths(&mut self) {
        let resolution = self.found.written.resolution;
        let mut metre = Some(Metre::COMMON);
        for index in 0..self.found.written.measures.len() {
            metre = self.metres.get(&index).copied().unwrap_or(metre);
            let bar = self.found.written.bar(metre.unwrap_or(Metre::COMMON));
            let measure = &mut self.found.written.measures[index];
            measure.metre = metre;
            // Divisions that are too coarse for their tuplets add up to a little more or less than a bar.
            let off = measure.length.abs_diff(bar);
            if measure.length == 0 {
                measure.length = bar;
            } else if off > 0 && off * OFF_BY < resolution {
                measure.length = bar;
                self.found.notation.rounded_times += 1;
            }
        }
    }
}

/// Ticks that hold the divisions of all parts, and grace notes.
fn resolution(parts: &[PartNodes]) -> Ticks {
    let measures = parts.iter().flat_map(|part| &part.measures).flatten();
    let attributes =
        measures.flat_map(|measure| children(*measure)).filter(|node| node.tag_name().name() == "attributes");
    let divisions = attributes.flat_map(children).filter(|node| node.tag_name().name() == "divisions");
    let mut resolution = 1;
    for node in divisions {
        if let Some(divisions) = attributes::divisions(node) {
            resolution = lcm(resolution, divisions);
            if resolution > MAX_RESOLUTION {
                return ROUNDED;
            }
        }
    }
    Some(lcm(resolution, USUAL)).filter(|&fine| fine <= MAX_RESOLUTION).unwrap_or(resolution)
}
