//! A corpus, encoded, in one compact file that says by which representation and options it was made.
//!
//! Layout, numbers little-endian: the magic bytes; the length of the header in 4 bytes and the header in JSON; records,
//! each with its length in 4 bytes before it; four zero bytes; the number of records in 8 bytes; the SHA-256 of
//! everything before it. Integers inside a record are LEB128: seven bits a byte, the last one below 128. Of a frame only
//! the pitches that begin or cease to sound are written, and those that are struck while they sounded already.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::atomic_file::AtomicFile;
use crate::corpus::ContentKey;
use crate::input::check_regular;
use crate::representation::frames::{Frame, pitches};
use crate::representation::{AnyRepresentation, Representation, Symbols};

const MAGIC: &[u8; 8] = b"cmpsr\0\0\x01";
/// Longest record that is read; a damaged length cannot make us allocate more.
const MAX_RECORD: u32 = 1 << 30;

/// What a cache says of itself.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Header {
    /// [`Representation::fingerprint`] of the representation below.
    pub fingerprint: String,
    /// How the music was encoded.
    pub representation: AnyRepresentation,
}

/// One piece.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Name of its file.
    pub name: String,
    /// Fingerprint of its content, by which pieces are split; see [`crate::corpus::assign`].
    pub content: ContentKey,
    /// The music.
    pub symbols: Symbols,
}

/// Why a cache could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The operating system would not read or write it.
    #[error("{path}: {source}")]
    Io {
        /// The cache.
        path: String,
        /// What the operating system said.
        source: io::Error,
    },
    /// The file is no cache.
    #[error("{0} is no corpus cache of this version; ingest the corpus again")]
    NotACache(String),
    /// It was made by another representation or other options.
    #[error(
        "{path} was made as {found}, and {expected} is needed; ingest the corpus again with that representation"
    )]
    Stale {
        /// The cache.
        path: String,
        /// Its fingerprint.
        found: String,
        /// The fingerprint that is needed.
        expected: String,
    },
    /// It is cut off or changed.
    #[error("{path} is damaged: {reason}; ingest the corpus again")]
    Damaged {
        /// The cache.
        path: String,
        /// What is wrong.
        reason: String,
    },
}

/// Writes a cache record by record; nothing is at its path until it is complete.
pub struct Writer {
    path: PathBuf,
    out: BufWriter<AtomicFile>,
    hash: Sha256,
    records: u64,
}

impl Writer {
    /// Begins a cache.
    ///
    /// # Errors
    /// When the file cannot be created.
    pub fn create(path: impl AsRef<Path>, representation: &AnyRepresentation) -> Result<Self, Error> {
        let path = path.as_ref().to_path_buf();
        let out = AtomicFile::create(&path).map_err(|source| io_error(&path, source))?;
        let mut writer = Self { path, out: BufWriter::new(out), hash: Sha256::new(), records: 0 };
        let header =
            Header { fingerprint: representation.fingerprint(), representation: representation.clone() };
        let header = serde_json::to_vec(&header).map_err(|error| io_error(&writer.path, error.into()))?;
        writer.put(MAGIC)?;
        writer.put(&(header.len() as u32).to_le_bytes())?;
        writer.put(&header)?;
        Ok(writer)
    }

    /// Adds a piece.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn add(&mut self, record: &Record) -> Result<(), Error> {
        let bytes = encode(record);
        self.put(&(bytes.len() as u32).to_le_bytes())?;
        self.put(&bytes)?;
        self.records += 1;
        Ok(())
    }

    /// Completes the cache and puts it in its place.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn finish(mut self) -> Result<(), Error> {
        self.put(&0u32.to_le_bytes())?;
        self.put(&self.records.to_le_bytes())?;
        let hash: [u8; 32] = self.hash.clone().finalize().into();
        self.put(&hash)?;
        let done = self.out.into_inner().map_err(|error| error.into_error()).and_then(AtomicFile::commit);
        done.map_err(|source| io_error(&self.path, source))
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.hash.update(bytes);
        self.out.write_all(bytes).map_err(|source| io_error(&self.path, source))
    }
}

/// Reads a cache record by record.
pub struct Reader {
    path: PathBuf,
    input: BufReader<File>,
    hash: Sha256,
    header: Header,
    records: u64,
    ended: bool,
}

impl Reader {
    /// Opens a cache.
    ///
    /// # Errors
    /// When it cannot be read or is no cache.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref().to_path_buf();
        let not_a_cache = || Error::NotACache(path.display().to_string());
        let opened = check_regular(&path).and_then(|()| File::open(&path));
        let mut input = BufReader::new(opened.map_err(|source| io_error(&path, source))?);
        let damaged =
            |reason: &str| Error::Damaged { path: path.display().to_string(), reason: reason.to_owned() };
        let mut start = [0; 12];
        input.read_exact(&mut start[..8]).map_err(|_| not_a_cache())?;
        if &start[..8] != MAGIC {
            return Err(not_a_cache());
        }
        input.read_exact(&mut start[8..]).map_err(|_| damaged("it ends too early"))?;
        let length = u32::from_le_bytes([start[8], start[9], start[10], start[11]]);
        let header_bytes = take(&mut input, length).map_err(|_| damaged("it ends too early"))?;
        let header: Header =
            serde_json::from_slice(&header_bytes).map_err(|_| damaged("its header cannot be read"))?;
        let mut hash = Sha256::new();
        hash.update(start);
        hash.update(&header_bytes);
        Ok(Self { path, input, hash, header, records: 0, ended: false })
    }

    /// Opens a cache that was made by this very representation.
    ///
    /// # Errors
    /// Also [`Error::Stale`] when it was made by another, or by an older version of it.
    pub fn open_for(path: impl AsRef<Path>, representation: &AnyRepresentation) -> Result<Self, Error> {
        let reader = Self::open(path)?;
        let expected = representation.fingerprint();
        match reader.header.fingerprint == expected {
            true => Ok(reader),
            false => Err(Error::Stale {
                path: reader.path.display().to_string(),
                found: reader.header.fingerprint.clone(),
                expected,
            }),
        }
    }

    /// What the cache says of itself.
    pub fn header(&self) -> &Header {
        &self.header
    }

    fn damaged(&self, reason: &str) -> Error {
        Error::Damaged { path: self.path.display().to_string(), reason: reason.to_owned() }
    }

    fn record(&mut self) -> Result<Option<Record>, Error> {
        let mut length = [0; 4];
        self.input.read_exact(&mut length).map_err(|_| self.damaged("it ends too early"))?;
        self.hash.update(length);
        let length = u32::from_le_bytes(length);
        if length == 0 {
            return self.end().map(|()| None);
        }
        let bytes = take(&mut self.input, length).map_err(|_| self.damaged("it ends too early"))?;
        self.hash.update(&bytes);
        self.records += 1;
        match decode(&bytes) {
            Some(record) => Ok(Some(record)),
            None => Err(self.damaged(&format!("record {} makes no sense", self.records))),
        }
    }

    fn end(&mut self) -> Result<(), Error> {
        let (mut count, mut hash) = ([0; 8], [0; 32]);
        self.input.read_exact(&mut count).map_err(|_| self.damaged("it ends too early"))?;
        self.hash.update(count);
        self.input.read_exact(&mut hash).map_err(|_| self.damaged("it ends too early"))?;
        let expected: [u8; 32] = self.hash.clone().finalize().into();
        match u64::from_le_bytes(count) == self.records && hash == expected {
            true => Ok(()),
            false => Err(self.damaged("its checksum is wrong")),
        }
    }
}

impl Iterator for Reader {
    type Item = Result<Record, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let record = self.record();
        self.ended = !matches!(record, Ok(Some(_)));
        record.transpose()
    }
}

fn io_error(path: &Path, source: io::Error) -> Error {
    Error::Io { path: path.display().to_string(), source }
}

/// So many bytes, without trusting the number before they are there.
fn take(input: &mut impl Read, length: u32) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    input.take(u64::from(length.min(MAX_RECORD))).read_to_end(&mut bytes)?;
    if bytes.len() == length as usize { Ok(bytes) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

const TOKENS: u8 = 0;
const FRAMES: u8 = 1;

fn encode(record: &Record) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(record.name.len() + 2 * record.symbols.len() + 48);
    put_number(record.name.len() as u32, &mut bytes);
    bytes.extend(record.name.as_bytes());
    bytes.extend(record.content);
    match &record.symbols {
        Symbols::Tokens(tokens) => {
            bytes.push(TOKENS);
            tokens.iter().for_each(|&token| put_number(token, &mut bytes));
        }
        Symbols::Frames(frames) => {
            bytes.push(FRAMES);
            let mut before = 0;
            for frame in frames {
                let struck = frame.onsets ^ (frame.sounding & !before);
                for plane in [frame.sounding ^ before, struck] {
                    bytes.push(plane.count_ones() as u8);
                    bytes.extend(pitches(plane));
                }
                before = frame.sounding;
            }
        }
    }
    bytes
}

fn decode(bytes: &[u8]) -> Option<Record> {
    let (length, rest) = number(bytes)?;
    let (name, rest) = rest.split_at_checked(length as usize)?;
    let (content, rest) = rest.split_at_checked(32)?;
    let (&kind, mut rest) = rest.split_first()?;
    let symbols = match kind {
        TOKENS => {
            let mut tokens = Vec::with_capacity(rest.len());
            while !rest.is_empty() {
                let (token, after) = number(rest)?;
                tokens.push(token);
                rest = after;
            }
            Symbols::Tokens(tokens)
        }
        FRAMES => {
            let (mut frames, mut before) = (Vec::new(), 0);
            while !rest.is_empty() {
                let (changed, after) = plane(rest)?;
                let (struck, after) = plane(after)?;
                let sounding = before ^ changed;
                frames.push(Frame { sounding, onsets: struck ^ (sounding & !before) });
                (before, rest) = (sounding, after);
            }
            Symbols::Frames(frames)
        }
        _ => return None,
    };
    let name = String::from_utf8(name.to_vec()).ok()?;
    Some(Record { name, content: content.try_into().ok()?, symbols })
}

fn plane(bytes: &[u8]) -> Option<(u128, &[u8])> {
    let (&count, rest) = bytes.split_first()?;
    let (set, rest) = rest.split_at_checked(usize::from(count))?;
    let plane = set.iter().try_fold(0u128, |plane, &pitch| (pitch < 128).then(|| plane | 1 << pitch))?;
    Some((plane, rest))
}

fn put_number(mut number: u32, bytes: &mut Vec<u8>) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn number(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let mut value = 0u32;
    for (place, &byte) in bytes.iter().enumerate().take(5) {
        value |= u32::from(byte & 0x7F).checked_shl(7 * place as u32)?;
        if byte < 0x80 {
            return Some((value, &bytes[place + 1..]));
        }
    }
    None
}
