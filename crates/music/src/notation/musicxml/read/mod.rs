//! MusicXML to a written piece: partwise and timewise documents, versions 3.0 to 4.0 (and what those before have in common).

mod attributes;
mod barline;
mod direction;
mod harmony;
mod instruments;
mod note;
mod part;

use std::collections::BTreeMap;

use roxmltree::{Document, Node};

use super::super::report::Found;
use super::super::ticks::{USUAL, lcm};
use super::super::written::{Measure, Written};
use super::super::{Error, Format};
use super::condensed::condensed;
use super::xml::{self, child, children};
use crate::metre::Metre;
use crate::score::Ticks;
use instruments::PartInfo;

/// Most measures of a part, and most parts.
const MAX_MEASURES: usize = 100_000;
const MAX_PARTS: usize = 4_096;
/// Most staves of a part.
const MAX_STAVES: u32 = 1_024;
/// Ticks in a quarter up to which the divisions of all parts are held exactly.
const MAX_RESOLUTION: Ticks = 1 << 24;
/// Ticks in a quarter where they are not: divisible by 2⁷, 3³, 5, 7, 11 and 13.
const ROUNDED: Ticks = 17_297_280;
/// A measure that is off its bar by less than a quarter divided by this is meant to fill it: less than any note value.
const OFF_BY: Ticks = 24;
/// Most of the divisions of a quarter: those of no program are close.
const MAX_DIVISIONS: Ticks = 1 << 30;

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

/// A fault at an element.
struct Fault {
    /// A byte of the text.
    at: usize,
    reason: String,
}

impl Fault {
    fn new(node: Node, reason: impl Into<String>) -> Self {
        Self { at: node.range().start, reason: reason.into() }
    }
}

/// A part of the score with its measures, in order; `None` where a timewise document leaves it out.
struct PartNodes<'a, 'i> {
    id: String,
    measures: Vec<Option<Node<'a, 'i>>>,
}

struct Reader<'a, 'i> {
    document: &'a Document<'i>,
    infos: Vec<PartInfo>,
    parts: Vec<PartNodes<'a, 'i>>,
    found: Found,
    /// By measure, the metre that begins to hold there.
    metres: BTreeMap<usize, Option<Metre>>,
    /// Measures with the sign of a coda that says no more; the first of two stands where one leaves for the coda.
    coda_signs: Vec<usize>,
    /// The part whose keys count.
    key_part: Option<usize>,
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

    /// A fault with its line, part and measure.
    fn error(&self, fault: Fault, part: &str, measure: Node) -> Error {
        let line = self.document.text_pos_at(fault.at).row;
        let number: String = measure.attribute("number").unwrap_or("?").chars().take(20).collect();
        let part: String = part.chars().take(40).collect();
        let place = format!(
            " at line {line}, part {}, measure {}",
            crate::text::printable(&part),
            crate::text::printable(&number)
        );
        Error::at(Format::MusicXml, place, fault.reason)
    }
}

fn partwise<'a, 'i>(root: Node<'a, 'i>) -> Vec<PartNodes<'a, 'i>> {
    let parts = children(root).filter(|node| node.tag_name().name() == "part");
    parts
        .map(|part| PartNodes {
            id: part.attribute("id").unwrap_or_default().to_owned(),
            measures: children(part).filter(|node| node.tag_name().name() == "measure").map(Some).collect(),
        })
        .collect()
}

fn timewise<'a, 'i>(root: Node<'a, 'i>) -> Vec<PartNodes<'a, 'i>> {
    let mut parts: Vec<PartNodes> = Vec::new();
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    let measures = children(root).filter(|node| node.tag_name().name() == "measure");
    for (index, measure) in measures.enumerate() {
        for node in children(measure).filter(|node| node.tag_name().name() == "part") {
            let id = node.attribute("id").unwrap_or_default();
            let place = *places.entry(id).or_insert_with(|| {
                parts.push(PartNodes { id: id.to_owned(), measures: Vec::new() });
                parts.len() - 1
            });
            let part = &mut parts[place].measures;
            // The same part twice in a measure would need two: the first counts.
            if part.len() <= index && parts_fit(part.len(), index, places.len()) {
                part.resize(index, None);
                part.push(Some(node));
            }
        }
    }
    parts
}

/// Whether filling up a part that was left out stays small: parts that come and go could make it quadratic.
fn parts_fit(present: usize, index: usize, parts: usize) -> bool {
    index - present < 2 || parts <= 256
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
