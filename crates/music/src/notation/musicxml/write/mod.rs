//! A [`Sheet`] as MusicXML 4.0, partwise, the same bytes every time.

mod attributes;
mod context;
mod directions;
mod measure;
mod note;
mod xml;

use super::super::sheet::{DIVISIONS, Part, Sheet, drums, instruments};
use context::{Context, instrument_id};
use std::io::{Cursor, Write};
use xml::Xml;

const DOCTYPE: &str = r#"score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 Partwise//EN" "http://www.musicxml.org/dtds/partwise.dtd""#;

/// The document of a sheet.
pub fn write(sheet: &Sheet) -> Vec<u8> {
    let mut xml = Xml::new(DOCTYPE);
    xml.open("score-partwise", &[("version", "4.0")]);
    xml.open("identification", &[]);
    xml.open("encoding", &[]);
    xml.text("software", concat!("composer ", env!("CARGO_PKG_VERSION")));
    xml.close("encoding");
    xml.close("identification");
    xml.open("part-list", &[]);
    for (index, part) in sheet.parts.iter().enumerate() {
        score_part(&mut xml, part, index);
    }
    xml.close("part-list");
    let unit = unit(sheet);
    let leader = sheet.parts.iter().position(|part| !part.percussion).unwrap_or(0);
    for (index, part) in sheet.parts.iter().enumerate() {
        xml.open("part", &[("id", &part_id(index))]);
        let context = Context { sheet, part, index, unit, leads: index == 0, has_chords: index == leader };
        for number in 0..sheet.measures.len() {
            measure::measure(&mut xml, &context, number);
        }
        xml.close("part");
    }
    xml.close("score-partwise");
    xml.finish()
}

/// Puts a document into a zip archive as `.mxl` files hold it; without dates, so that the bytes are always the same.
///
/// # Errors
/// It is larger than an archive holds.
pub fn compress(document: &[u8]) -> zip::result::ZipResult<Vec<u8>> {
    let options = zip::write::SimpleFileOptions::default()
        .compression_method(zip::CompressionMethod::Deflated)
        .last_modified_time(zip::DateTime::default());
    let stored = options.compression_method(zip::CompressionMethod::Stored);
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    archive.start_file("mimetype", stored)?;
    archive.write_all(b"application/vnd.recordare.musicxml")?;
    archive.start_file("META-INF/container.xml", options)?;
    archive.write_all(&container())?;
    archive.start_file("score.musicxml", options)?;
    archive.write_all(document)?;
    Ok(archive.finish()?.into_inner())
}

/// The file that says which of an archive is the music.
fn container() -> Vec<u8> {
    let mut xml = Xml::plain();
    xml.open("container", &[]);
    xml.open("rootfiles", &[]);
    let music = ("media-type", "application/vnd.recordare.musicxml+xml");
    xml.empty("rootfile", &[("full-path", "score.musicxml"), music]);
    xml.close("rootfiles");
    xml.close("container");
    xml.finish()
}

fn part_id(index: usize) -> String {
    format!("P{}", index + 1)
}

fn score_part(xml: &mut Xml, part: &Part, index: usize) {
    xml.open("score-part", &[("id", &part_id(index))]);
    xml.text("part-name", &part.name);
    let names: Vec<String> = match part.percussion {
        true => part.drums.iter().map(|drum| drums::name(drum.0)).collect(),
        false => part.programs.iter().map(|&program| instruments::name(program).to_owned()).collect(),
    };
    for (instrument, name) in names.iter().enumerate() {
        xml.open("score-instrument", &[("id", &instrument_id(index, instrument))]);
        xml.text("instrument-name", name);
        xml.close("score-instrument");
    }
    for instrument in 0..names.len() {
        xml.open("midi-instrument", &[("id", &instrument_id(index, instrument))]);
        xml.text("midi-channel", part.channel + 1);
        match part.percussion {
            true => {
                let (drum, kit) = part.drums[instrument];
                xml.text("midi-program", u16::from(kit) + 1);
                xml.text("midi-unpitched", u16::from(drum) + 1);
            }
            false => xml.text("midi-program", u16::from(part.programs[instrument]) + 1),
        }
        xml.close("midi-instrument");
    }
    xml.close("score-part");
}

/// The longest time of which all times of a sheet are multiples.
fn unit(sheet: &Sheet) -> u64 {
    let elements = sheet.parts.iter().flat_map(|part| &part.staves).flat_map(|staff| &staff.measures);
    let elements = elements.flatten().flat_map(|voice| &voice.elements);
    let measures = sheet.measures.iter().map(|measure| measure.length);
    let others = sheet.chords.iter().map(|chord| chord.0).chain(sheet.tempos.iter().map(|tempo| tempo.at));
    let times = elements.map(|element| element.length).chain(measures).chain(others);
    times.fold(DIVISIONS, greatest_common_divisor)
}

fn greatest_common_divisor(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}
