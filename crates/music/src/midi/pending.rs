//! Pairs note-ons with note-offs: of several notes of one pitch on one channel, the first on is the first off.

use std::collections::VecDeque;

use crate::score::{Note, Ticks};

const KEYS: usize = 16 * 128;

/// Notes that still sound while a track is read.
pub(super) struct Pending {
    /// Per channel and pitch, the indices of its sounding notes in order of their onset.
    open: Vec<VecDeque<usize>>,
    /// Per channel and pitch, its last release while another note of it went on sounding.
    last_off: Vec<Option<Ticks>>,
    /// The keys struck in this track, some of them more than once: a file may have many tracks with little in them.
    touched: Vec<usize>,
}

fn key(channel: u8, pitch: u8) -> usize {
    usize::from(channel & 15) * 128 + usize::from(pitch & 127)
}

impl Pending {
    pub(super) fn new() -> Self {
        Self { open: vec![VecDeque::new(); KEYS], last_off: vec![None; KEYS], touched: Vec::new() }
    }

    /// A note begins; its length is not known yet. Returns whether the same pitch sounded already.
    pub(super) fn on(&mut self, notes: &mut Vec<Note>, note: Note) -> bool {
        let key = key(note.channel, note.pitch);
        let overlaps = !self.open[key].is_empty();
        if !overlaps {
            self.last_off[key] = None;
            self.touched.push(key);
        }
        self.open[key].push_back(notes.len());
        notes.push(note);
        overlaps
    }

    /// A note ends. Returns it, or `None` if no note of that pitch sounded.
    pub(super) fn off<'a>(
        &mut self,
        notes: &'a mut [Note],
        channel: u8,
        pitch: u8,
        tick: Ticks,
    ) -> Option<&'a Note> {
        let key = key(channel, pitch);
        let index = self.open[key].pop_front()?;
        self.last_off[key] = Some(tick);
        notes[index].duration = tick - notes[index].onset;
        Some(&notes[index])
    }

    /// All notes of a channel end. Returns how many.
    pub(super) fn end_channel(&mut self, notes: &mut [Note], channel: u8, tick: Ticks) -> usize {
        let mut ended = 0;
        for key in key(channel, 0)..=key(channel, 127) {
            for index in self.open[key].drain(..) {
                notes[index].duration = tick - notes[index].onset;
                self.last_off[key] = Some(tick);
                ended += 1;
            }
        }
        ended
    }

    /// The track ends at `end`: what was never released ends at the last release of its pitch after it began, or else
    /// with the track. Returns how many such notes there were.
    pub(super) fn finish(&mut self, notes: &mut [Note], end: Ticks) -> usize {
        let mut hanging = 0;
        for key in self.touched.drain(..) {
            for index in self.open[key].drain(..) {
                let onset = notes[index].onset;
                let release = self.last_off[key].filter(|&off| off >= onset).unwrap_or(end);
                notes[index].duration = release - onset;
                hanging += 1;
            }
            self.last_off[key] = None;
        }
        hanging
    }
}

/// The order of notes in a track.
pub(super) fn order(note: &Note) -> impl Ord + use<> {
    (note.onset, note.pitch, note.duration, note.velocity, note.channel, note.program)
}

/// Sorts notes and deals out their ends so that of one pitch on one channel the first to begin is the first to end.
pub(super) fn first_on_first_off(notes: &mut [Note]) {
    notes.sort_unstable_by_key(order);
    let mut ends = vec![Vec::new(); KEYS];
    for note in notes.iter() {
        ends[key(note.channel, note.pitch)].push(note.end());
    }
    let mut queues: Vec<_> = ends
        .into_iter()
        .map(|mut ends| {
            ends.sort_unstable();
            ends.into_iter()
        })
        .collect();
    for note in notes.iter_mut() {
        let end = queues[key(note.channel, note.pitch)].next();
        note.duration = end.map_or(note.duration, |end| end - note.onset);
    }
    notes.sort_unstable_by_key(order);
}
