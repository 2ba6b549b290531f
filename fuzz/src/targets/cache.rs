//! Any bytes are a corpus cache or refused; the records that are read are written and read back equal, and decode or say why not.

use crate::Target;
use crate::forms::{header_and_data, sealed, with_file, with_header};
use composer_music::cache::{Error, Header, Reader, Record, Writer};
use composer_music::midi;
use composer_music::representation::frames::Frame;
use composer_music::representation::{AnyRepresentation, Representation, Symbols};

pub const TARGET: Target = Target {
    name: "cache",
    promise: "read → write → read is equal, and each record decodes to a valid score or says why not",
    check,
    seeds,
    words: &[
        "\"fingerprint\":",
        "\"representation\":",
        "\"frames\"",
        "\"remi\"",
        "\"events\"",
        "\"voices\"",
        "\"chords\"",
        "\"bars\"",
        "\"steps_per_quarter\":",
        "\"pitch_low\":",
        "\"pitch_high\":",
        "\"voices\":",
        "\"time\":",
        "\"section\":",
        "\"patterns\":[",
        "0",
        "1",
        "255",
        "4294967295",
        "null",
        "true",
        "\u{7f}",
    ],
    max_len: 4096,
};

const MAGIC: &[u8; 8] = b"cmpsr\0\0\x01";

/// The first byte chooses the form: a file; or a header, NUL and records, to become a file with lengths, count and checksum. Of
/// these records, each has its length in one byte before it.
fn check(bytes: &[u8]) {
    let Some((form, rest)) = bytes.split_first() else { return };
    let Ok((header, records)) = (match form % 2 {
        0 => read(rest),
        _ => read(&framed(rest)),
    }) else {
        return;
    };
    let representation = &header.representation;
    let again = with_file("again.cache", b"", |path| {
        let mut writer = Writer::create(path, representation).expect("written");
        records.iter().for_each(|record| writer.add(record).expect("what was read is written"));
        writer.finish().expect("written");
        let reader = Reader::open_for(path, representation).expect("of this representation");
        reader.collect::<Result<Vec<Record>, Error>>().expect("what was written is read")
    });
    assert!(again == records);
    for record in &records {
        if let Ok(score) = representation.decode(&record.symbols) {
            midi::write(&score).expect("a valid score");
        }
    }
}

fn read(bytes: &[u8]) -> Result<(Header, Vec<Record>), Error> {
    with_file("some.cache", bytes, |path| {
        let reader = Reader::open(path)?;
        let header = reader.header().clone();
        Ok((header, reader.collect::<Result<_, _>>()?))
    })
}

fn framed(bytes: &[u8]) -> Vec<u8> {
    let (header, mut data) = header_and_data(bytes);
    let mut file = [&MAGIC[..], &(header.len() as u32).to_le_bytes(), header].concat();
    let mut count = 0u64;
    while let Some((&length, rest)) = data.split_first() {
        let (record, rest) = rest.split_at(usize::from(length).min(rest.len()));
        data = rest;
        if !record.is_empty() {
            file.extend((record.len() as u32).to_le_bytes());
            file.extend(record);
            count += 1;
        }
    }
    file.extend([0; 4]);
    file.extend(count.to_le_bytes());
    sealed(file)
}

/// Two records of each kind of representation.
fn seeds() -> Vec<Vec<u8>> {
    let one = |name: &&str| {
        let representation = AnyRepresentation::by_name(name).ok()?;
        let symbols = match *name {
            "frames" => Symbols::Frames(
                [60, 62, 62].map(|pitch| Frame { sounding: 1 << pitch, onsets: 1 << 62 & 1 << pitch }).into(),
            ),
            _ => Symbols::Tokens(vec![1, 0, 2, 200, 1]),
        };
        let record = |name: &str| Record { name: name.into(), content: [7; 32], symbols: symbols.clone() };
        let file = with_file("seed.cache", b"", |path| {
            let mut writer = Writer::create(path, &representation).ok()?;
            ["a.mid", "b.mid"].iter().try_for_each(|name| writer.add(&record(name))).ok()?;
            writer.finish().ok()?;
            std::fs::read(path).ok()
        })?;
        let length = u32::from_le_bytes(file[8..12].try_into().ok()?) as usize;
        let (header, mut rest) = file[12..].split_at(length);
        let mut records = Vec::new();
        while let Some((length, after)) = rest.split_first_chunk::<4>() {
            let length = u32::from_le_bytes(*length);
            if length == 0 {
                break;
            }
            let (record, after) = after.split_at(length as usize);
            records.push(length as u8);
            records.extend_from_slice(record);
            rest = after;
        }
        Some([with_header(1, header, &records), [&[0], &file[..]].concat()])
    };
    AnyRepresentation::NAMES.iter().filter_map(one).flatten().collect()
}
