//! [`Reader`]: a document while it is read.

use std::collections::BTreeMap;

use roxmltree::{Document, Node};

use super::super::super::found::Found;
use super::super::super::{Error, Format};
use super::instruments::PartInfo;
use super::nodes::PartNodes;
use crate::metre::Metre;

/// A fault at an element.
pub(super) struct Fault {
    /// A byte of the text.
    at: usize,
    reason: String,
}

impl Fault {
    pub fn new(node: Node, reason: impl Into<String>) -> Self {
        Self { at: node.range().start, reason: reason.into() }
    }
}

/// A document, and what has been read of it.
pub(super) struct Reader<'a, 'i> {
    pub(super) document: &'a Document<'i>,
    pub(super) infos: Vec<PartInfo>,
    pub(super) parts: Vec<PartNodes<'a, 'i>>,
    pub(super) found: Found,
    /// By measure, the metre that begins to hold there.
    pub(super) metres: BTreeMap<usize, Option<Metre>>,
    /// Measures with the sign of a coda that says no more; the first of two stands where one leaves for the coda.
    pub(super) coda_signs: Vec<usize>,
    /// The part whose keys count.
    pub(super) key_part: Option<usize>,
}

impl Reader<'_, '_> {
    /// A fault with its line, part and measure.
    pub(super) fn error(&self, fault: Fault, part: &str, measure: Node) -> Error {
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
