//! Finds the header and the tracks in a file, also in one whose lengths are wrong.

use super::{Error, known, report::ReadReport};

/// Chunk name, length, and the three numbers of a header.
const SHORTEST_HEADER: usize = 14;

/// What a tick is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Division {
    /// So many in a quarter note.
    Metrical { ticks: u16 },
    /// So many in a frame of film; 29 stands for 29.97.
    Smpte { frames: u8, subframes: u8 },
}

/// The header, and where the chunks after it begin.
pub(super) struct Header {
    /// Where it begins.
    pub(super) offset: usize,
    pub(super) format: u8,
    /// How many tracks it declares.
    pub(super) tracks: u16,
    pub(super) division: Division,
    pub(super) chunks: usize,
}

/// Finds the header chunk, wherever it is; notes a RIFF wrapper and bytes in front of it in the report. `O(bytes)`.
pub(super) fn header(bytes: &[u8], report: &mut ReadReport) -> Result<Header, Error> {
    if let Some(format) = known::sealed(bytes) {
        return Err(Error::NotMidi(format));
    }
    let (mut from, mut fault) = (0, None);
    while let Some(offset) = find(bytes, b"MThd", from) {
        match header_at(bytes, offset) {
            Ok(header) => return Ok(accepted(bytes, header, report)),
            Err(error) => fault = fault.or(Some(error)),
        }
        from = offset + 4;
    }
    Err(fault.unwrap_or_else(|| Error::NotMidi(known::reason(bytes))))
}

/// The numbers of the header at `offset`.
fn header_at(bytes: &[u8], offset: usize) -> Result<Header, Error> {
    let bad = |reason: String| Error::BadHeader { offset, reason };
    let Some(numbers) = bytes.get(offset + 8..offset + SHORTEST_HEADER) else {
        return Err(bad("the file ends in it".to_owned()));
    };
    let format = u16::from_be_bytes([numbers[0], numbers[1]]);
    if format > 2 {
        return Err(bad(format!("it claims format {format}, and there are formats 0, 1 and 2")));
    }
    let division = match [numbers[4], numbers[5]] {
        [frames, subframes] if frames >= 0x80 => {
            let frames = frames.wrapping_neg();
            if ![24, 25, 29, 30].contains(&frames) {
                return Err(bad(format!(
                    "it claims {frames} SMPTE frames per second; there are 24, 25, 29 and 30"
                )));
            }
            Division::Smpte { frames, subframes }
        }
        ticks => Division::Metrical { ticks: u16::from_be_bytes(ticks) },
    };
    let tracks = u16::from_be_bytes([numbers[2], numbers[3]]);
    Ok(Header { offset, format: format as u8, tracks, division, chunks: offset + SHORTEST_HEADER })
}

/// The header with the place of the chunks after it; what is odd about it goes into the report.
fn accepted(bytes: &[u8], header: Header, report: &mut ReadReport) -> Header {
    let offset = header.offset;
    report.riff = bytes.starts_with(b"RIFF");
    if offset > 0 && !report.riff {
        report.damage(0, format!("{offset} bytes before the header were skipped"));
    }
    let length =
        bytes[offset + 4..offset + 8].iter().fold(0, |length, &byte| length << 8 | usize::from(byte));
    let declared = offset + 8 + length;
    if length == 6 || length > 6 && is_boundary(bytes, declared) {
        return Header { chunks: declared, ..header };
    }
    report.damage(offset + 4, format!("the header claims {length} bytes; 6 are assumed"));
    header
}

/// A piece of the file after the header.
pub(super) enum Chunk {
    /// A track: the byte where its events begin, and where they end at the latest.
    Track { start: usize, end: usize },
    /// A chunk of another kind, from its name to its end, to be skipped as the standard says.
    Other { start: usize, end: usize },
}

/// The chunk at `from`, or the next one after bytes that are none, with damage on the way to it noted; `None` at the end of the file.
pub(super) fn next_chunk(bytes: &[u8], mut from: usize, report: &mut ReadReport) -> Option<Chunk> {
    loop {
        if from >= bytes.len() {
            return None;
        }
        let Some((id, length)) = bytes.get(from..from + 8).map(|head| head.split_at(4)) else {
            report.damage(from, format!("the last {} bytes are no chunk", bytes.len() - from));
            return None;
        };
        let length = length.iter().fold(0, |length, &byte| length << 8 | usize::from(byte));
        let start = from + 8;
        let declared = start.saturating_add(length);
        if id == b"MTrk" {
            return Some(Chunk::Track { start, end: track_end(bytes, start, declared, report) });
        }
        if is_boundary(bytes, declared) {
            return Some(Chunk::Other { start: from, end: declared });
        }
        let next = find(bytes, b"MTrk", from + 1);
        let until = next.unwrap_or(bytes.len());
        if !report.riff || next.is_some() {
            report.damage(from, format!("{} bytes that are no chunk were skipped", until - from));
        }
        from = next?;
    }
}

/// Where a track's events end: where its header says, unless what follows there is no chunk.
fn track_end(bytes: &[u8], start: usize, declared: usize, report: &mut ReadReport) -> usize {
    if is_boundary(bytes, declared) || report.riff && declared <= bytes.len() {
        return declared;
    }
    let end = find(bytes, b"MTrk", start).unwrap_or(bytes.len());
    let claimed = declared - start;
    report.damage(
        start - 4,
        match declared > bytes.len() && end == bytes.len() {
            true => format!("the track claims {claimed} bytes, the file has {} more", end - start),
            false => {
                format!("the track claims {claimed} bytes, but no chunk follows there; read until byte {end}")
            }
        },
    );
    end
}

/// Whether a chunk can begin at `at`: the end of the file, or four letters.
fn is_boundary(bytes: &[u8], at: usize) -> bool {
    at == bytes.len()
        || bytes.get(at..).is_some_and(|rest| {
            rest.starts_with(b"MTrk")
                || rest.len() >= 8 && rest[..4].iter().all(|byte| (32..127).contains(byte))
        })
}

fn find(bytes: &[u8], needle: &[u8; 4], from: usize) -> Option<usize> {
    bytes.get(from..)?.windows(4).position(|window| window == needle).map(|at| from + at)
}
