//! The events of a track as the bytes that they are, for those who copy them instead of reading them.

use std::borrow::Cow;

use crate::score::Ticks;

/// Longest delta time of one event.
pub(super) const MAX_DELTA: u64 = 0x0FFF_FFFF;

/// An event without meaning, which bridges what one delta time cannot: a text without letters.
const BRIDGE: [u8; 3] = [0xFF, 0x01, 0];

const META: u8 = 0xFF;
const END_OF_TRACK: u8 = 0x2F;

/// One event of a track.
pub(super) struct RawEvent<'a> {
    /// Its delta time as it stands in the file, perhaps with more bytes than needed.
    pub(super) delta_bytes: &'a [u8],
    /// Ticks since the event before it.
    pub(super) delta: u64,
    /// Its status, also where running status leaves it out.
    pub(super) status: u8,
    /// Everything after the delta time, without the status where running status leaves it out.
    pub(super) body: Cow<'a, [u8]>,
    /// Whether running status leaves the status out.
    pub(super) running: bool,
}

impl RawEvent<'_> {
    /// Channel, first and second byte of a message on a channel; the second is 0 where there is none.
    pub(super) fn message(&self) -> Option<(u8, u8, u8)> {
        let data = &self.body[usize::from(!self.running)..];
        (self.status < 0xF0).then(|| {
            (self.status & 15, data.first().copied().unwrap_or(0), data.get(1).copied().unwrap_or(0))
        })
    }

    /// Whether it ends the track.
    pub(super) fn ends_track(&self) -> bool {
        self.status == META && self.body.get(1) == Some(&END_OF_TRACK)
    }
}

/// The events of a track up to its end, or to where none can be read.
pub(super) struct RawEvents<'a> {
    /// What is not read yet.
    pub(super) rest: &'a [u8],
    running: Option<u8>,
    ended: bool,
}

impl<'a> RawEvents<'a> {
    pub(super) fn new(track: &'a [u8]) -> Self {
        Self { rest: track, running: None, ended: false }
    }

    /// Whether every byte belongs to an event and the last event ends the track.
    pub(super) fn is_whole(track: &'a [u8]) -> bool {
        let mut events = Self::new(track);
        // A body that is not as it stands in the file was cut off.
        let whole = events.by_ref().all(|event| matches!(event.body, Cow::Borrowed(_)));
        whole && events.ended && events.rest.is_empty()
    }
}

impl<'a> Iterator for RawEvents<'a> {
    type Item = RawEvent<'a>;

    fn next(&mut self) -> Option<RawEvent<'a>> {
        if self.ended {
            return None;
        }
        let (delta, at) = variable_length(self.rest, 0)?;
        let first = *self.rest.get(at)?;
        let running = first < 0x80;
        let status = if running { self.running? } else { first };
        let data = at + usize::from(!running);
        let (end, body) = match status {
            0..0xF0 => {
                let end = data + if matches!(status >> 4, 0xC | 0xD) { 1 } else { 2 };
                // A byte with its highest bit set is no data: what follows cannot be told apart any more.
                if self.rest.get(data..end)?.iter().any(|&byte| byte >= 0x80) {
                    return None;
                }
                self.running = Some(status);
                (end, Cow::Borrowed(&self.rest[at..end]))
            }
            0xF0 | 0xF7 | META => {
                let length_at = data + usize::from(status == META);
                // A length that the end of the track cuts off is one of nothing, as readers take it.
                let none = (length_at <= self.rest.len()).then_some((1, self.rest.len()));
                let (length, contents) = variable_length(self.rest, length_at).or(none)?;
                let end = contents + usize::try_from(length).ok()?;
                match self.rest.get(at..end) {
                    Some(body) => (end, Cow::Borrowed(body)),
                    None => (self.rest.len(), Cow::Owned(cut_off(self.rest, at, length_at, contents))),
                }
            }
            // System messages that belong on a cable, not in a file.
            0xF1 | 0xF3 => (data + 1, Cow::Borrowed(self.rest.get(at..data + 1)?)),
            0xF2 => (data + 2, Cow::Borrowed(self.rest.get(at..data + 2)?)),
            _ => (data, Cow::Borrowed(&self.rest[at..data])),
        };
        let event = RawEvent { delta_bytes: &self.rest[..at], delta, status, body, running };
        self.rest = &self.rest[end..];
        self.ended = event.ends_track();
        Some(event)
    }
}

/// The body of an event that the end of its track cuts off, with its true length.
fn cut_off(rest: &[u8], at: usize, length_at: usize, contents: usize) -> Vec<u8> {
    let contents = rest.get(contents..).unwrap_or_default();
    let mut body = rest[at..length_at].to_vec();
    push_variable_length(&mut body, contents.len() as u64);
    body.extend(contents);
    body
}

/// Puts events into a track one after the other; bytes that can stay as they are do.
#[derive(Default)]
pub(super) struct RawWriter {
    pub(super) bytes: Vec<u8>,
    /// The status that the next event may leave out, as the standard says.
    running: Option<u8>,
    /// Whether the event before the next one is not the one of the file.
    changed: bool,
    /// Ticks since the last event that was written, of events that were not.
    waited: u64,
}

impl RawWriter {
    /// Writes an event `more` ticks later than its delta time says, its delta time multiplied by `factor`.
    pub(super) fn event(&mut self, event: &RawEvent, factor: u64) {
        self.event_after(event, event.delta * factor);
    }

    /// Writes an event so many ticks after the last one that was written or left out.
    pub(super) fn event_after(&mut self, event: &RawEvent, delta: u64) {
        let delta = self.waited + delta;
        if delta == event.delta {
            self.bytes.extend(event.delta_bytes);
        } else {
            self.delta(delta);
        }
        self.waited = 0;
        if event.running && self.changed && self.running != Some(event.status) {
            self.bytes.push(event.status);
        }
        self.bytes.extend(&*event.body);
        match event.status {
            0..0xF0 => (self.running, self.changed) = (Some(event.status), false),
            0xF8..=0xFE => {} // a real-time message, which leaves running status alone
            _ => self.running = None,
        }
    }

    /// Writes an event that is not one of the file, with its status, so many ticks after the last one.
    pub(super) fn insert(&mut self, bytes: &[u8], delta: u64) {
        let Some(&status) = bytes.first() else { return self.wait(delta) };
        self.delta(self.waited + delta);
        self.waited = 0;
        self.bytes.extend(bytes);
        (self.running, self.changed) = ((status < 0xF0).then_some(status), true);
    }

    /// Leaves an event out: the next one is as much later.
    pub(super) fn leave_out(&mut self, event: &RawEvent) {
        self.wait(event.delta);
    }

    /// Makes the next event later.
    pub(super) fn wait(&mut self, ticks: Ticks) {
        self.waited += ticks;
        self.changed = true;
    }

    /// Ends a track that does not end itself.
    pub(super) fn end(&mut self) {
        self.delta(self.waited);
        self.bytes.extend([META, END_OF_TRACK, 0]);
    }

    fn delta(&mut self, mut delta: u64) {
        while delta > MAX_DELTA {
            push_variable_length(&mut self.bytes, MAX_DELTA);
            self.bytes.extend(BRIDGE);
            (self.running, self.changed) = (None, true);
            delta -= MAX_DELTA;
        }
        push_variable_length(&mut self.bytes, delta);
    }
}

/// A number of up to four bytes, seven bits each, and the place after it.
fn variable_length(raw: &[u8], start: usize) -> Option<(Ticks, usize)> {
    let mut value = 0;
    for at in start..start + 4 {
        let byte = *raw.get(at)?;
        value = value << 7 | Ticks::from(byte & 0x7F);
        if byte < 0x80 {
            return Some((value, at + 1));
        }
    }
    Some((value, start + 4))
}

/// Writes a number of up to 28 bits, seven in a byte.
fn push_variable_length(bytes: &mut Vec<u8>, value: u64) {
    for shift in [21, 14, 7] {
        if value >> shift > 0 {
            bytes.push(0x80 | (value >> shift & 0x7F) as u8);
        }
    }
    bytes.push((value & 0x7F) as u8);
}

/// Delta time and length of an event that is whole but that the parser refuses: a meta event with impossible
/// contents, or a system message that does not belong in a file.
pub(super) fn skip_unreadable(raw: &[u8]) -> Option<(Ticks, usize)> {
    let (delta, at) = variable_length(raw, 0)?;
    let length = match raw.get(at)? {
        0xFF => {
            let (length, data) = variable_length(raw, at + 2)?;
            data + usize::try_from(length).ok()?
        }
        0xF1 | 0xF3 => at + 2,
        0xF2 => at + 3,
        0xF4..=0xF6 | 0xF8..=0xFE => at + 1,
        _ => return None,
    };
    (length <= raw.len()).then_some((delta, length))
}
