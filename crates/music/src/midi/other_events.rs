//! The events of a file that a score does not hold, for those who write a new file with the music of the old one.

use super::events::{RawEvent, RawEvents};
use super::raw::RawFile;
use crate::score::Ticks;

/// An event that a [`Score`](crate::Score) does not hold: a lyric, marker or other text, a controller, a pitch bend, a pressure, a
/// system exclusive message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherEvent {
    /// Number of its track in the file, from 0.
    pub track: usize,
    /// Where it is.
    pub tick: Ticks,
    /// The event as it stands in a file, with its status.
    pub bytes: Vec<u8>,
}

impl RawFile<'_> {
    /// The events of the file that a score does not hold, track after track, each in the order of the file.
    ///
    /// Messages that end all notes of a channel are not among them: the notes of a score end there.
    pub fn other_events(&self) -> Vec<OtherEvent> {
        let mut others = Vec::new();
        for (track, body) in self.tracks().enumerate() {
            let mut names = Names::of(body);
            let mut tick = 0;
            for event in RawEvents::new(body) {
                tick += event.delta;
                if !names.holds(&event) && !is_held(&event) {
                    let status = event.running.then_some(event.status);
                    let bytes = status.into_iter().chain(event.body.iter().copied()).collect();
                    others.push(OtherEvent { track, tick, bytes });
                }
            }
        }
        others
    }

    /// Puts events into the tracks that they name, in the order in which they are given where they are at one tick: after the notes
    /// that end there and before those that begin. What is in the file stays.
    pub fn insert(&mut self, events: &[OtherEvent]) {
        let mut sorted: Vec<&OtherEvent> = events.iter().collect();
        sorted.sort_by_key(|event| (event.track, event.tick));
        let mut waiting = sorted.into_iter().peekable();
        let (mut track, mut tick, mut written) = (usize::MAX, 0, 0);
        self.rewrite(|number, event, out| {
            if track != number {
                (track, tick, written) = (number, 0, 0);
            }
            tick += event.delta;
            let until = match () {
                () if event.ends_track() => Ticks::MAX,
                () if goes_before(event) => tick,
                () => tick + 1,
            };
            let due = |other: &&OtherEvent| (other.track, other.tick) < (number, until);
            while let Some(other) = waiting.next_if(due) {
                if other.track == number {
                    out.insert(&other.bytes, other.tick - written);
                    written = other.tick;
                }
            }
            out.event_after(event, tick.saturating_sub(written));
            written = tick.max(written);
        });
    }
}

const TEXT: u8 = 0x01;
const TRACK_NAME: u8 = 0x03;
const INSTRUMENT_NAME: u8 = 0x04;
const TEMPO: u8 = 0x51;
const TIME_SIGNATURE: u8 = 0x58;
const KEY_SIGNATURE: u8 = 0x59;
const SUSTAIN: u8 = 64;

/// The type of a meta event, and whether it has contents.
fn meta(event: &RawEvent) -> Option<(u8, bool)> {
    let kind = *event.body.get(1).filter(|_| event.status == 0xFF)?;
    Some((kind, event.body.get(2).is_some_and(|&length| length > 0)))
}

/// Whether a score holds it, or it belongs to the file and not to the music.
fn is_held(event: &RawEvent) -> bool {
    if let Some((kind, full)) = meta(event) {
        let held = matches!(kind, TEMPO | TIME_SIGNATURE | KEY_SIGNATURE);
        // Texts without letters bridge long gaps; names without letters are none.
        return held || event.ends_track() || !full && matches!(kind, TEXT | TRACK_NAME | INSTRUMENT_NAME);
    }
    match (event.status >> 4, event.message()) {
        (8 | 9 | 0xC, _) => true,
        (0xB, Some((_, controller, _))) => matches!(controller, SUSTAIN | 120 | 123..=127),
        (0xA..0xF, _) => false,
        _ => !matches!(event.status, 0xF0 | 0xF7),
    }
}

/// Whether it comes before what is put in at its tick: the name of the track, and the end of a note.
fn goes_before(event: &RawEvent) -> bool {
    let name = meta(event).is_some_and(|(kind, _)| kind == TRACK_NAME);
    name || match (event.status >> 4, event.message()) {
        (8, _) => true,
        (9, Some((_, _, velocity))) => velocity == 0,
        _ => false,
    }
}

/// Which of the names of a track becomes that of the score: the first of the track, or else the first of the instrument.
struct Names {
    kind: u8,
    met: bool,
}

impl Names {
    fn of(track: &[u8]) -> Self {
        let named = RawEvents::new(track).any(|event| meta(&event) == Some((TRACK_NAME, true)));
        Self { kind: if named { TRACK_NAME } else { INSTRUMENT_NAME }, met: false }
    }

    fn holds(&mut self, event: &RawEvent) -> bool {
        let name = meta(event) == Some((self.kind, true)) && !self.met;
        self.met |= name;
        name
    }
}
