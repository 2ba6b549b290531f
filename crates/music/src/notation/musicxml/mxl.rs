//! Compressed MusicXML: a zip archive whose `META-INF/container.xml` names the score in it. Nothing is ever written to disk, so that
//! names in the archive can lead nowhere.

use std::io::{Cursor, Read};

use zip::ZipArchive;

use super::super::{Error, Format};
use super::xml;

/// Most bytes of a score after decompression.
const MAX_SCORE: u64 = 256 << 20;
/// Most bytes of the container's table of contents.
const MAX_CONTAINER: u64 = 1 << 16;
/// Music becomes ten to forty times as long; what becomes longer than this many times, beyond [`ALWAYS`], is no music.
const MAX_RATIO: u64 = 250;
const ALWAYS: u64 = 1 << 20;
/// Most files in the archive.
const MAX_FILES: usize = 10_000;
const CONTAINER: &str = "META-INF/container.xml";

/// The bytes of the score in an archive.
///
/// # Errors
/// It is no archive, has no score, or a score that is larger than any music.
pub(in super::super) fn unpack(bytes: &[u8]) -> Result<Vec<u8>, Error> {
    let mut archive = ZipArchive::new(Cursor::new(bytes))
        .map_err(|error| fault(format!("the zip archive cannot be opened ({error})")))?;
    if archive.len() > MAX_FILES {
        return Err(fault(format!("the archive has {} files, more than {MAX_FILES}", archive.len())));
    }
    let name = match entry(&mut archive, CONTAINER, MAX_CONTAINER)? {
        Some(container) => Some(root_file(&container)?),
        None => None,
    };
    // Archives without a table of contents are not valid, but some programs write them.
    let name = match name {
        Some(name) => name,
        None => first_score(&archive)
            .ok_or_else(|| fault(format!("the archive has no {CONTAINER} and no score")))?,
    };
    if name.split(['/', '\\']).any(|part| part == "..") || name.starts_with(['/', '\\']) {
        return Err(fault("the score's path leads out of the archive"));
    }
    let score = entry(&mut archive, &name, MAX_SCORE)?;
    score.ok_or_else(|| fault("the archive does not hold the score that its container.xml names"))
}

/// The path of the score that the container names: the first root file that is MusicXML.
fn root_file(container: &[u8]) -> Result<String, Error> {
    let text = xml::text_of(container).map_err(|reason| fault(format!("{CONTAINER}: {reason}")))?;
    let document =
        xml::parse(&text).map_err(|(place, reason)| fault(format!("{CONTAINER}{place}: {reason}")))?;
    let files = document
        .descendants()
        .filter(|node| node.has_tag_name("rootfile") || node.tag_name().name() == "rootfile");
    let mut found = None;
    for file in files {
        let Some(path) = file.attribute("full-path") else { continue };
        match file.attribute("media-type") {
            None | Some("application/vnd.recordare.musicxml+xml") => return Ok(path.to_owned()),
            Some(_) => found = found.or(Some(path.to_owned())),
        }
    }
    found.ok_or_else(|| fault(format!("{CONTAINER} names no score")))
}

/// A score by its ending.
fn first_score(archive: &ZipArchive<Cursor<&[u8]>>) -> Option<String> {
    let score = |name: &String| name.ends_with(".musicxml") || name.ends_with(".xml");
    let names = archive.file_names().flatten().map(String::from);
    names.filter(|name| !name.starts_with("META-INF")).find(score)
}

/// The bytes of a file of the archive, `None` if there is no such file. What its header says of its size is not believed.
fn entry(archive: &mut ZipArchive<Cursor<&[u8]>>, name: &str, limit: u64) -> Result<Option<Vec<u8>>, Error> {
    let Some(index) = archive.index_for_name(name) else { return Ok(None) };
    let file = archive
        .by_index(index)
        .map_err(|error| fault(format!("a file of the archive cannot be read ({error})")))?;
    let limit = limit.min(ALWAYS.max(file.compressed_size().saturating_mul(MAX_RATIO)));
    let mut bytes = Vec::new();
    file.take(limit + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| fault(format!("a file of the archive cannot be decompressed ({error})")))?;
    if bytes.len() as u64 > limit {
        let reason =
            format!("a file of the archive becomes larger than {} kB, which is no music", limit >> 10);
        return Err(fault(reason));
    }
    Ok(Some(bytes))
}

fn fault(reason: impl Into<String>) -> Error {
    Error::whole(Format::CompressedMusicXml, reason)
}
