//! Any contents of an archive of compressed MusicXML are read or refused. The input is what is packed, so that changes reach it.

use super::musicxml_reader::holds;
use crate::Target;
use crate::forms::{header_and_data, with_header};
use composer_music::notation::{Options, read_bytes};
use std::io::{Cursor, Write};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

pub const TARGET: Target = Target {
    name: "mxl_reader",
    promise: "an archive with any container.xml and any score is read or refused; what is read is in order, and MIDI can hold it",
    check,
    seeds,
    words: &[
        "score.xml",
        "META-INF/container.xml",
        "full-path=\"",
        "../",
        "/",
        "\\",
        "<rootfile ",
        "media-type=\"",
        "\u{0}",
        "application/vnd.recordare.musicxml+xml",
        "<note>",
        "<backup>",
        "<divisions>",
    ],
    max_len: 16_384,
};

/// The name of the score by the first byte: where the container says, elsewhere, or outside.
const NAMES: [&str; 4] = ["score.xml", "a/b.musicxml", "../score.xml", "other.txt"];

fn check(bytes: &[u8]) {
    let Some((&form, rest)) = bytes.split_first() else { return };
    let (container, score) = header_and_data(rest);
    let method = if form & 4 == 0 { CompressionMethod::Deflated } else { CompressionMethod::Stored };
    let options = SimpleFileOptions::default().compression_method(method);
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let mut put = |name: &str, bytes: &[u8]| {
        archive.start_file(name, options).expect("a name of its own");
        archive.write_all(bytes).expect("memory takes everything");
    };
    if form & 8 == 0 {
        put("META-INF/container.xml", container);
    }
    put(NAMES[usize::from(form & 3)], score);
    let archive = archive.finish().expect("memory takes everything").into_inner();
    for repeats in [true, false] {
        if let Ok(file) = read_bytes(&archive, "a.mxl", &Options { repeats, grace_notes: repeats }) {
            holds(&file);
        }
    }
}

fn seeds() -> Vec<Vec<u8>> {
    let song = include_bytes!("../../../crates/music/tests/notation/song.musicxml");
    let container = |path: &str| {
        format!("<container><rootfiles><rootfile full-path=\"{path}\"/></rootfiles></container>")
    };
    let named = |form: u8| with_header(form, container(NAMES[usize::from(form & 3)]).as_bytes(), song);
    [0, 1, 2, 3, 4, 8].map(named).to_vec()
}
