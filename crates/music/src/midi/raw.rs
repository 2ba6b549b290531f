//! [`RawFile`]: a MIDI file as its bytes, to which tracks are added while everything in it stays.

use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};

use super::chunks::{self, Chunk, Division};
use super::events::{RawEvents, RawWriter};
use super::read::smpte_quarter;
use super::report::ReadReport;
use super::{Error, write};
use crate::representation::grid::MAX_TICKS_PER_QUARTER;
use crate::score::{Ticks, Track};

/// Ticks per quarter note where a header says 0, as [`super::read`] assumes.
const ASSUMED_TICKS: u16 = 480;

/// A MIDI file as its bytes.
///
/// A [`Score`](crate::Score) does not hold lyrics, pitch bends, controllers, markers, unknown chunks and more, and writing it encodes
/// everything anew. This does neither: [`RawFile::append`] puts a track behind those of the file, whose bytes stay, running status
/// and texts in any encoding included; [`RawFile::remove_notes`] takes out note events and nothing else; [`RawFile::refine`]
/// makes ticks finer by a whole factor, which changes delta times and nothing else.
///
/// What no program could read is not carried along: bytes before the header and between chunks, events in a damaged track from
/// where it cannot be read. [`super::read`] lists these places. RIFF wrappers stay. The patterns of format 2 are laid one after the
/// other, as [`super::read`] reads them, because a file with a part for all of them is of format 1.
///
/// ```
/// use composer_music::midi::{self, RawFile};
/// use composer_music::{Note, Score, Track};
///
/// let note = |onset, channel| Note { onset, duration: 1, pitch: 60, velocity: 90, channel, program: 0 };
/// let track = |name: &str, channel| Track { name: Some(name.into()), notes: vec![note(0, channel)] };
/// let bytes = midi::write(&Score { tracks: vec![track("tune", 0)], ..Score::new(1) })?;
///
/// let mut file = RawFile::parse(&bytes)?;
/// file.refine(file.factor(4))?; // sixteenths: one tick per quarter is too coarse
/// file.append(&Track { name: Some("bass".into()), notes: vec![note(3, 1)] })?;
/// let score = midi::read(&file.to_bytes())?.score;
/// assert_eq!(score.ticks_per_quarter, 4);
/// assert_eq!((score.tracks[0].notes[0].duration, score.tracks[1].notes[0].onset), (4, 3));
/// # Ok::<(), midi::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct RawFile<'a> {
    /// The RIFF wrapper: what is before and behind the MIDI data.
    riff: Option<[&'a [u8]; 2]>,
    format: u8,
    division: Division,
    /// What a header has behind its three numbers.
    header_rest: &'a [u8],
    chunks: Vec<RawChunk<'a>>,
}

#[derive(Clone, Debug)]
enum RawChunk<'a> {
    /// The events of a track.
    Track(Cow<'a, [u8]>),
    /// A chunk of another kind, with its name and length.
    Other(&'a [u8]),
}

/// A note that begins, for [`RawFile::remove_notes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoteEvent {
    /// Number of the track in the file, from 0; see [`super::MidiFile::track_numbers`].
    pub track: usize,
    /// Channel, 0–15.
    pub channel: u8,
    /// MIDI pitch, 0–127.
    pub pitch: u8,
    /// Where it begins.
    pub tick: Ticks,
}

/// What a file has on a channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChannelUse {
    /// Notes.
    pub notes: usize,
    /// Programs, controllers, bends and pressures.
    pub others: usize,
}

/// The file with tracks behind its own, at its resolution; every track of it keeps its bytes. See [`RawFile`].
///
/// # Errors
/// The bytes are no MIDI file, or a track cannot be written.
pub fn append_tracks(bytes: &[u8], tracks: &[Track]) -> Result<Vec<u8>, Error> {
    let mut file = RawFile::parse(bytes)?;
    tracks.iter().try_for_each(|track| file.append(track))?;
    Ok(file.to_bytes())
}

impl<'a> RawFile<'a> {
    /// Takes a file apart. `O(bytes)`.
    ///
    /// # Errors
    /// As [`super::read`].
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Error> {
        let mut report = ReadReport::default(); // what is damaged is for `read` to say
        let header = chunks::header(bytes, &mut report)?;
        let (mut at, mut found) = (header.chunks, Vec::new());
        while let Some(chunk) = chunks::next_chunk(bytes, at, &mut report) {
            let (piece, end) = match chunk {
                Chunk::Track { start, end } => (RawChunk::Track(whole(&bytes[start..end])), end),
                Chunk::Other { start, end } => (RawChunk::Other(&bytes[start..end]), end),
            };
            found.push(piece);
            at = end;
        }
        if !found.iter().any(|chunk| matches!(chunk, RawChunk::Track(_))) {
            return Err(Error::NoTrack(bytes.len()));
        }
        let header_rest = bytes.get(header.offset + 14..header.chunks).unwrap_or_default();
        let riff = if report.riff { riff(bytes, header.offset, at) } else { None };
        let mut file =
            Self { riff, format: header.format, division: header.division, header_rest, chunks: found };
        if file.format == 2 {
            file.lay_patterns_out();
        }
        Ok(file)
    }

    /// The least factor by which ticks must be finer so that every step of a grid is a whole number of them; 1 where MIDI
    /// cannot express so fine a resolution: the ticks are fine enough to round to then.
    pub fn factor(&self, steps_per_quarter: u16) -> u16 {
        let steps = steps_per_quarter.max(1);
        // Of SMPTE time a quarter note is half a second or, where that is no whole number of ticks, a second.
        (1..=steps.saturating_mul(2))
            .find(|&factor| match self.refined(factor) {
                Some(Division::Metrical { ticks }) => ticks % steps == 0,
                Some(Division::Smpte { frames, subframes }) => {
                    smpte_quarter(frames, subframes).0.is_multiple_of(steps)
                }
                None => false,
            })
            .unwrap_or(1)
    }

    /// Makes ticks finer by a whole factor: all delta times grow by it, and nothing else changes.
    ///
    /// # Errors
    /// MIDI cannot express the resolution.
    pub fn refine(&mut self, factor: u16) -> Result<(), Error> {
        if factor == 1 {
            return Ok(());
        }
        let finer = self.refined(factor).ok_or_else(|| {
            Error::Unwritable(format!("its ticks cannot be {factor} times as fine: MIDI counts no finer"))
        })?;
        self.division = finer;
        self.rewrite(|_, event, out| out.event(event, u64::from(factor)));
        Ok(())
    }

    /// Takes out the notes that `remove` says, their beginnings and ends; everything else stays at its tick. Returns how many.
    pub fn remove_notes(&mut self, mut remove: impl FnMut(&NoteEvent) -> bool) -> usize {
        let mut removed = 0;
        let (mut track, mut tick) = (usize::MAX, 0);
        // Per channel and pitch, whether each note that sounds is removed: the first on is the first off.
        let mut sounding: BTreeMap<(u8, u8), VecDeque<bool>> = BTreeMap::new();
        self.rewrite(|number, event, out| {
            if track != number {
                sounding.clear();
                (track, tick) = (number, 0);
            }
            tick += event.delta;
            let gone = match (event.status >> 4, event.message()) {
                (9, Some((channel, pitch, velocity))) if velocity > 0 => {
                    let gone = remove(&NoteEvent { track, channel, pitch, tick });
                    sounding.entry((channel, pitch)).or_default().push_back(gone);
                    removed += usize::from(gone);
                    gone
                }
                (8 | 9, Some((channel, pitch, _))) => {
                    sounding.get_mut(&(channel, pitch)).and_then(VecDeque::pop_front).unwrap_or(false)
                }
                _ => false,
            };
            match gone {
                true => out.leave_out(event),
                false => out.event(event, 1),
            }
        });
        removed
    }

    /// Puts a track behind those of the file: its name, its programs, its notes at the ticks of the file. On the channel of drums,
    /// program 0 leaves the kit as the file sets it. A file of format 0 becomes one of format 1.
    ///
    /// # Errors
    /// A value does not fit into MIDI, or there are too many tracks.
    pub fn append(&mut self, track: &Track) -> Result<(), Error> {
        let body = write::track_bytes(track)?;
        let last = self.chunks.iter().rposition(|chunk| matches!(chunk, RawChunk::Track(_)));
        if self.tracks().count() >= write::MAX_TRACKS {
            return Err(Error::Unwritable(format!("{} tracks fit into a file", write::MAX_TRACKS)));
        }
        self.chunks.insert(last.map_or(0, |last| last + 1), RawChunk::Track(Cow::Owned(body)));
        self.format = 1;
        Ok(())
    }

    /// What the file has on each channel.
    pub fn channels(&self) -> [ChannelUse; 16] {
        let mut channels = [ChannelUse::default(); 16];
        for event in self.tracks().flat_map(RawEvents::new) {
            if let Some((channel, _, velocity)) = event.message() {
                let channel = &mut channels[usize::from(channel)];
                match event.status >> 4 {
                    9 if velocity > 0 => channel.notes += 1,
                    8 | 9 => {}
                    _ => channel.others += 1,
                }
            }
        }
        channels
    }

    /// The bytes of the file. `O(bytes)`.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        if let Some([before, _]) = self.riff {
            bytes.extend(before);
        }
        let header = bytes.len();
        bytes.extend(b"MThd");
        bytes.extend((6 + self.header_rest.len() as u32).to_be_bytes());
        bytes.extend([0, self.format]);
        bytes.extend(u16::try_from(self.tracks().count()).unwrap_or(u16::MAX).to_be_bytes());
        bytes.extend(match self.division {
            Division::Metrical { ticks: 0 } => ASSUMED_TICKS.to_be_bytes(),
            Division::Metrical { ticks } => ticks.to_be_bytes(),
            Division::Smpte { frames, subframes } => [frames.wrapping_neg(), subframes.max(1)],
        });
        bytes.extend(self.header_rest);
        for chunk in &self.chunks {
            match chunk {
                RawChunk::Other(chunk) => bytes.extend(*chunk),
                RawChunk::Track(body) => {
                    bytes.extend(b"MTrk");
                    bytes.extend((body.len() as u32).to_be_bytes());
                    bytes.extend(&**body);
                }
            }
        }
        if let Some([_, behind]) = self.riff {
            let length = bytes.len() - header;
            bytes.extend((length % 2 == 1).then_some(0)); // RIFF chunks begin at even bytes
            bytes.extend(behind);
            let whole = bytes.len() - 8;
            bytes[4..8].copy_from_slice(&(whole as u32).to_le_bytes());
            bytes[header - 4..header].copy_from_slice(&(length as u32).to_le_bytes());
        }
        bytes
    }

    pub(super) fn tracks(&self) -> impl Iterator<Item = &[u8]> {
        self.chunks.iter().filter_map(|chunk| match chunk {
            RawChunk::Track(body) => Some(&**body),
            RawChunk::Other(_) => None,
        })
    }

    /// The division with ticks finer by a factor, if MIDI can express it.
    fn refined(&self, factor: u16) -> Option<Division> {
        Some(match self.division {
            Division::Metrical { ticks } => {
                let ticks = if ticks == 0 { ASSUMED_TICKS } else { ticks };
                let finer = ticks.checked_mul(factor).filter(|&ticks| ticks <= MAX_TICKS_PER_QUARTER)?;
                Division::Metrical { ticks: finer }
            }
            Division::Smpte { frames, subframes } => {
                let subframes = u8::try_from(u16::from(subframes.max(1)).checked_mul(factor)?).ok()?;
                Division::Smpte { frames, subframes }
            }
        })
    }

    /// Writes every track anew, event by event; `copy` gets the number of the track, and decides.
    pub(super) fn rewrite(&mut self, mut copy: impl FnMut(usize, &super::events::RawEvent, &mut RawWriter)) {
        let tracks = self.chunks.iter_mut().filter_map(|chunk| match chunk {
            RawChunk::Track(body) => Some(body),
            RawChunk::Other(_) => None,
        });
        for (number, body) in tracks.enumerate() {
            let mut out = RawWriter::default();
            RawEvents::new(body).for_each(|event| copy(number, &event, &mut out));
            if out.bytes != **body {
                *body = Cow::Owned(out.bytes);
            }
        }
    }

    /// Makes format 1 of format 2: every pattern begins where the one before it ends.
    fn lay_patterns_out(&mut self) {
        let (mut track, mut start, mut end) = (0, 0, 0);
        self.rewrite(|number, event, out| {
            if track != number {
                (track, start) = (number, end);
                out.wait(start);
            }
            end += event.delta;
            out.event(event, 1);
        });
        self.format = 1;
    }
}

/// A track that ends itself and is whole: the bytes as they are, or the whole events among them and an end.
fn whole(track: &[u8]) -> Cow<'_, [u8]> {
    if RawEvents::is_whole(track) {
        return Cow::Borrowed(track);
    }
    let mut out = RawWriter::default();
    let mut ended = false;
    for event in RawEvents::new(track) {
        ended = event.ends_track();
        out.event(&event, 1);
    }
    if !ended {
        out.end();
    }
    Cow::Owned(out.bytes)
}

/// What a RIFF wrapper has before and behind the MIDI data, which begin at `start` and whose last chunk ends at `end`; `None` if
/// they are not in a chunk of data.
fn riff(bytes: &[u8], start: usize, end: usize) -> Option<[&[u8]; 2]> {
    let (front, size) = bytes.get(12..start)?.split_last_chunk::<4>()?;
    if !front.ends_with(b"data") {
        return None;
    }
    let declared = start.saturating_add(u32::from_le_bytes(*size) as usize);
    // Where the wrapper lies about the length of the data, what is behind the last chunk stays.
    let data_end = if (end..=bytes.len()).contains(&declared) { declared } else { end.min(bytes.len()) };
    let behind = &bytes[data_end..];
    let padding = usize::from((data_end - start) % 2 == 1 && behind.first() == Some(&0));
    Some([&bytes[..start], &behind[padding..]])
}
