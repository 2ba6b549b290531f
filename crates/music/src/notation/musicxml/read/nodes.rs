//! [`PartNodes`]: the parts of a document with their measures, whether it goes part by part or measure by measure.

use std::collections::BTreeMap;

use roxmltree::Node;

use super::super::xml::children;

/// A part of the score with its measures, in order; `None` where a timewise document leaves it out.
pub(super) struct PartNodes<'a, 'i> {
    pub(super) id: String,
    pub(super) measures: Vec<Option<Node<'a, 'i>>>,
}

pub(super) fn partwise<'a, 'i>(root: Node<'a, 'i>) -> Vec<PartNodes<'a, 'i>> {
    let parts = children(root).filter(|node| node.tag_name().name() == "part");
    parts
        .map(|part| PartNodes {
            id: part.attribute("id").unwrap_or_default().to_owned(),
            measures: children(part).filter(|node| node.tag_name().name() == "measure").map(Some).collect(),
        })
        .collect()
}

pub(super) fn timewise<'a, 'i>(root: Node<'a, 'i>) -> Vec<PartNodes<'a, 'i>> {
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
