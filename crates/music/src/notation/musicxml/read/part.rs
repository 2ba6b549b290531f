//! One part, measure by measure.

use std::collections::{BTreeMap, HashMap};

use roxmltree::Node;

use super::super::super::Error;
use super::super::super::play::sort;
use super::super::super::written::{Part, WrittenNote};
use super::super::xml::{child, child_text, children, text};
use super::nodes::PartNodes;
use super::reader::{Fault, Reader};
use crate::score::Ticks;

/// Most quarters of a measure.
const MAX_MEASURE: Ticks = 16_384;
/// Most staves of a part.
pub(super) const MAX_STAVES: u32 = 1_024;
/// Velocity where a score says nothing: mezzo forte.
const UNMARKED: u8 = 80;

/// What holds in a part from measure to measure.
pub(super) struct PartState {
    pub index: usize,
    pub divisions: Ticks,
    /// By staff, semitones from the written to the sounding pitch; 0 stands for all staves.
    pub transpose: BTreeMap<u32, i32>,
    pub velocity: u8,
    pub staves: u32,
    pub lyrics: usize,
    voices: HashMap<String, u32>,
    /// By staff, its track.
    tracks: BTreeMap<u32, usize>,
    pub notes: Part,
}

/// What is known of the measure that is being read.
pub(super) struct MeasureState {
    pub index: usize,
    pub cursor: Ticks,
    /// The last time that the cursor reached.
    pub length: Ticks,
    /// Where the last note began, for the notes of its chord.
    pub last_onset: Ticks,
    pub notes: Vec<WrittenNote>,
    /// By voice, where grace notes stand and how many.
    pub graces: HashMap<u32, (Ticks, u16)>,
    /// Changes of velocity; whether each is for one moment only.
    pub dynamics: Vec<(Ticks, u8, bool)>,
}

impl PartState {
    pub fn voice(&mut self, name: &str) -> u32 {
        if let Some(&voice) = self.voices.get(name) {
            return voice;
        }
        let voice = self.voices.len() as u32;
        self.voices.insert(name.to_owned(), voice);
        voice
    }

    /// Semitones from the written to the sounding pitch on a staff.
    pub fn semitones(&self, staff: u32) -> i32 {
        self.transpose.get(&staff).or_else(|| self.transpose.get(&0)).copied().unwrap_or(0)
    }
}

impl MeasureState {
    fn advance(&mut self, by: Ticks) {
        self.cursor += by;
        self.length = self.length.max(self.cursor);
    }
}

impl<'a, 'i> Reader<'a, 'i> {
    /// Reads all measures of a part.
    pub(super) fn part(&mut self, index: usize, part: &PartNodes<'a, 'i>) -> Result<(), Error> {
        let mut state = PartState {
            index,
            divisions: 1,
            transpose: BTreeMap::new(),
            velocity: UNMARKED,
            staves: 1,
            lyrics: 0,
            voices: HashMap::new(),
            tracks: BTreeMap::new(),
            notes: Part::default(),
        };
        for (number, measure) in part.measures.iter().enumerate() {
            let notes = match measure {
                Some(node) => self
                    .measure(&mut state, number, *node)
                    .map_err(|fault| self.error(fault, &part.id, *node))?,
                None => Vec::new(),
            };
            state.notes.measures.push(notes);
        }
        self.name_tracks(&state);
        sort(&mut state.notes);
        self.found.notation.lyrics += state.lyrics;
        self.found.written.parts.push(state.notes);
        Ok(())
    }

    fn measure(
        &mut self,
        state: &mut PartState,
        index: usize,
        node: Node,
    ) -> Result<Vec<WrittenNote>, Fault> {
        let mut measure = MeasureState {
            index,
            cursor: 0,
            length: 0,
            last_onset: 0,
            notes: Vec::new(),
            graces: HashMap::new(),
            dynamics: Vec::new(),
        };
        for element in children(node) {
            match element.tag_name().name() {
                "note" => self.note(state, &mut measure, element)?,
                "backup" => {
                    let by = self.duration(state, element)?;
                    if by > measure.cursor {
                        self.found.damage(
                            element.range().start,
                            "a backup goes back behind the beginning of its measure",
                        );
                    }
                    measure.cursor = measure.cursor.saturating_sub(by);
                }
                "forward" => {
                    let by = self.duration(state, element)?;
                    measure.advance(by);
                }
                "attributes" => self.attributes(state, &measure, element)?,
                "direction" => self.direction(state, &mut measure, element)?,
                "sound" => {
                    let at = match child(element, "offset") {
                        Some(offset) => self.moved(state, offset, measure.cursor)?,
                        None => measure.cursor,
                    };
                    self.sound(&mut measure, element, at);
                }
                "harmony" => self.harmony(state, &measure, element)?,
                "barline" => self.barline(&measure, element),
                "figured-bass" => self.found.not_kept("figured bass"),
                _ => {}
            }
            if measure.length > MAX_MEASURE * self.found.written.resolution {
                return Err(Fault::new(
                    element,
                    format!("the measure is longer than {MAX_MEASURE} quarter notes"),
                ));
            }
        }
        self.finish_measure(state, measure)
    }

    /// Gives the notes their velocities, in the order of time: what is written earlier in the file may stand later in the measure.
    fn finish_measure(
        &mut self,
        state: &mut PartState,
        mut measure: MeasureState,
    ) -> Result<Vec<WrittenNote>, Fault> {
        measure.dynamics.sort_by_key(|&(at, ..)| at);
        let lasting = |until: Ticks| {
            let before = measure.dynamics.iter().take_while(|(at, ..)| *at <= until);
            before.filter(|(_, _, once)| !once).last().map(|&(_, velocity, _)| velocity)
        };
        if !measure.dynamics.is_empty() {
            for note in measure.notes.iter_mut().filter(|note| note.velocity == 0) {
                let once = measure.dynamics.iter().rfind(|&&(at, _, once)| once && at == note.onset);
                note.velocity =
                    once.map(|&(_, velocity, _)| velocity).or_else(|| lasting(note.onset)).unwrap_or(0);
            }
        }
        for note in measure.notes.iter_mut().filter(|note| note.velocity == 0) {
            note.velocity = state.velocity;
        }
        state.velocity = lasting(Ticks::MAX).unwrap_or(state.velocity);
        let shared = &mut self.found.written.measures[measure.index];
        shared.length = shared.length.max(measure.length);
        Ok(measure.notes)
    }

    /// The track of a staff.
    pub(super) fn track(&mut self, state: &mut PartState, staff: u32) -> usize {
        *state.tracks.entry(staff).or_insert_with(|| {
            self.found.written.tracks.push(String::new());
            self.found.written.tracks.len() - 1
        })
    }

    /// Names the tracks of a part: by the part, and by the hand where there are two staves.
    fn name_tracks(&mut self, state: &PartState) {
        let name = &self.infos[state.index].name;
        for (&staff, &track) in &state.tracks {
            let sung = state.lyrics > 0;
            let staves = state.staves.max(state.tracks.len() as u32);
            let of_staff = match (staves, staff) {
                (..=1, _) => String::new(),
                (2, 1) if sung => " upper staff".to_owned(),
                (2, 2) if sung => " lower staff".to_owned(),
                (2 | 3, 1) if !sung => " right hand".to_owned(),
                (2 | 3, 2) if !sung => " left hand".to_owned(),
                (3, 3) if !sung => " pedals".to_owned(),
                _ => format!(" staff {staff}"),
            };
            self.found.written.tracks[track] = format!("{name}{of_staff}");
        }
    }

    /// The duration of a note, backup or forward, in ticks.
    pub(super) fn duration(&mut self, state: &PartState, node: Node) -> Result<Ticks, Fault> {
        let Some(duration) = child_text(node, "duration") else {
            return Err(Fault::new(node, format!("a {} has no duration", node.tag_name().name())));
        };
        self.ticks(state, node, duration)
    }

    /// Divisions as ticks.
    pub(super) fn ticks(&mut self, state: &PartState, node: Node, divisions: &str) -> Result<Ticks, Fault> {
        let resolution = self.found.written.resolution;
        if let Ok(whole) = divisions.parse::<u32>() {
            let ticks = Ticks::from(whole) * resolution;
            let rest = ticks % state.divisions;
            self.found.notation.rounded_times += usize::from(rest > 0);
            return Ok((ticks + state.divisions / 2) / state.divisions);
        }
        let number: f64 = divisions.parse().unwrap_or(f64::NAN);
        let ticks = number * resolution as f64 / state.divisions as f64;
        if !(0.0..1e15).contains(&ticks) {
            let shown: String = divisions.chars().take(20).collect();
            let reason = format!("the duration \"{}\" is no length of time", crate::text::printable(&shown));
            return Err(Fault::new(node, reason));
        }
        self.found.notation.rounded_times += usize::from(ticks.fract() != 0.0);
        Ok(ticks.round() as Ticks)
    }

    /// A whole number in an element.
    pub(super) fn number(&self, node: Node, what: &str) -> Result<i64, Fault> {
        let value = text(node);
        value
            .parse::<i64>()
            .or_else(|error| match value.parse::<f64>() {
                Ok(number) if number.fract() == 0.0 && number.abs() < 1e9 => Ok(number as i64),
                _ => Err(error),
            })
            .map_err(|_| {
                let shown: String = value.chars().take(20).collect();
                Fault::new(
                    node,
                    format!("the {what} \"{}\" is no whole number", crate::text::printable(&shown)),
                )
            })
    }

    /// Moves on after a note or rest.
    pub(super) fn advance(&self, measure: &mut MeasureState, by: Ticks) {
        measure.advance(by);
    }
}
