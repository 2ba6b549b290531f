//! The list of parts: names, channels and programs.

use std::collections::{BTreeMap, HashMap};

use roxmltree::Node;

use super::super::super::instruments::program_of;
use super::super::xml::{child, child_text, children, text};
use super::nodes::PartNodes;
use crate::score::DRUM_CHANNEL;

/// A part as the list says it.
pub(super) struct PartInfo {
    pub name: String,
    /// Its first instrument, for notes that name none.
    first: Instrument,
    by_id: HashMap<String, Instrument>,
}

/// How an instrument sounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Instrument {
    pub channel: u8,
    pub program: u8,
    /// The pitch of its percussion, if it is that.
    pub unpitched: Option<u8>,
}

impl PartInfo {
    pub fn instrument(&self, id: Option<&str>) -> Instrument {
        id.and_then(|id| self.by_id.get(id)).copied().unwrap_or(self.first)
    }
}

/// What the list says of each part that has measures. A part has a channel of its own as far as there are enough.
pub(super) fn parts(list: Option<Node>, present: &[PartNodes]) -> Vec<PartInfo> {
    let scored: HashMap<&str, Node> = list
        .into_iter()
        .flat_map(children)
        .filter(|node| node.tag_name().name() == "score-part")
        .filter_map(|node| Some((node.attribute("id")?, node)))
        .collect();
    // By channel, the program that it has.
    let mut taken: BTreeMap<u8, u8> = BTreeMap::new();
    let info = |(index, part): (usize, &PartNodes)| match scored.get(part.id.as_str()) {
        Some(node) => info(*node, index, &mut taken),
        None => {
            let first = Instrument { channel: free(&taken, index), program: 0, unpitched: None };
            taken.insert(first.channel, 0);
            PartInfo { name: format!("Part {}", index + 1), first, by_id: HashMap::new() }
        }
    };
    present.iter().enumerate().map(info).collect()
}

fn info(node: Node, index: usize, taken: &mut BTreeMap<u8, u8>) -> PartInfo {
    let named = |name: &str| child_text(node, name).filter(|name| !name.is_empty());
    let instrument_name =
        child(node, "score-instrument").and_then(|node| child_text(node, "instrument-name"));
    let name = named("part-name").or(instrument_name.filter(|name| !name.is_empty()));
    let name = name.map_or_else(|| format!("Part {}", index + 1), one_line);
    let mut sounds: HashMap<&str, String> = HashMap::new();
    for node in children(node).filter(|node| node.tag_name().name() == "score-instrument") {
        let texts =
            ["instrument-sound", "instrument-name"].map(|name| child_text(node, name).unwrap_or_default());
        sounds.insert(node.attribute("id").unwrap_or_default(), texts.join(" "));
    }
    let mut by_id: HashMap<String, Instrument> = HashMap::new();
    let mut first = None;
    for midi in children(node).filter(|node| node.tag_name().name() == "midi-instrument") {
        let id = midi.attribute("id").unwrap_or_default();
        let number = |name: &str, most: u8| {
            let value: u8 = child(midi, name).map(text)?.parse().ok()?;
            (1..=most).contains(&value).then(|| value - 1)
        };
        let said = sounds.get(id).map_or(name.as_str(), String::as_str);
        let program = number("midi-program", 128).unwrap_or_else(|| program_of(said));
        let channel = match number("midi-channel", 16) {
            Some(channel) if channel == DRUM_CHANNEL => channel,
            Some(channel) if taken.get(&channel).is_none_or(|&other| other == program) => channel,
            _ => free(taken, index),
        };
        taken.insert(channel, program);
        let instrument = Instrument { channel, program, unpitched: number("midi-unpitched", 128) };
        first = first.or(Some(instrument));
        by_id.insert(id.to_owned(), instrument);
    }
    let first = first.unwrap_or_else(|| {
        let said = sounds.values().next().filter(|_| sounds.len() == 1).map_or(name.as_str(), String::as_str);
        let program = program_of(&format!("{said} {name}"));
        let channel = free(taken, index);
        taken.insert(channel, program);
        Instrument { channel, program, unpitched: None }
    });
    PartInfo { name, first, by_id }
}

/// A name in one line: some are written below each other.
fn one_line(name: &str) -> String {
    name.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(100).collect()
}

/// A channel that no part has yet, or else one by the part's number; never that of drums.
fn free(taken: &BTreeMap<u8, u8>, index: usize) -> u8 {
    let mut pitched = (0..16).filter(|&channel| channel != DRUM_CHANNEL);
    pitched
        .clone()
        .find(|channel| !taken.contains_key(channel))
        .or_else(|| pitched.nth(index % 15))
        .unwrap_or(0)
}
