//! Names the format of a file that is no MIDI file, by what such files begin with.

/// What a file is instead of MIDI, with what to do about it.
pub(super) fn reason(bytes: &[u8]) -> String {
    match (sealed(bytes).or_else(|| open(bytes)), bytes) {
        (Some(what), _) => what,
        (None, []) => "the file is empty".to_owned(),
        (None, _) if bytes.iter().all(|&byte| byte == 0) => "the file has nothing but zeros".to_owned(),
        (None, _) if is_text(bytes) => "it looks like text".to_owned(),
        (None, _) => "there is no MThd in it, with which MIDI data begin".to_owned(),
    }
}

/// The format of a file in which a MIDI header would be a coincidence, or part of something packed.
pub(super) fn sealed(bytes: &[u8]) -> Option<String> {
    let begins = [
        (&b"SMF2CLIP"[..], "it is a MIDI 2.0 clip file; export it as a MIDI 1.0 file (.mid)"),
        (b"\x1F\x8B", "it is packed with gzip; unpack it first"),
        (b"BZh", "it is packed with bzip2; unpack it first"),
        (b"\xFD7zXZ\0", "it is packed with xz; unpack it first"),
        (b"(\xB5/\xFD", "it is packed with zstd; unpack it first"),
        (b"7z\xBC\xAF\x27\x1C", "it is a 7-zip archive; unpack it first"),
        (b"Rar!\x1A\x07", "it is a RAR archive; unpack it first"),
        (b"%PDF-", "it is a PDF document, which holds pictures of music and no notes"),
    ];
    let named = begins.iter().find(|(magic, _)| bytes.starts_with(magic)).map(|(_, what)| (*what).to_owned());
    named.or_else(|| bytes.starts_with(b"PK\x03\x04").then(|| zip(bytes).to_owned()))
}

/// What is in a zip archive, by the names of its first files.
fn zip(bytes: &[u8]) -> &'static str {
    let begin = &bytes[..bytes.len().min(1 << 16)];
    let has = |name: &[u8]| contains(begin, name);
    match () {
        _ if has(b".mscx") => "it is a MuseScore file (.mscz); export it as MIDI (.mid)",
        _ if has(b"score.gpif") => "it is a Guitar Pro file (.gp); export it as MIDI (.mid)",
        _ if has(b"META-INF/container.xml") || has(b".musicxml") => {
            "it is compressed MusicXML (.mxl); export it as MIDI (.mid)"
        }
        _ if has(b".mid") || has(b".MID") => "it is a zip archive with MIDI files in it; unpack it first",
        _ => "it is a zip archive; unpack it first",
    }
}

/// The format of any other file that is known.
fn open(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(4096)]);
    let name = wrapped(bytes).or_else(|| sound(bytes)).or_else(|| notation(bytes, &text))?;
    Some(match name.split_once(';') {
        Some(_) => name.to_owned(),
        None => format!("it is {name}; export it as MIDI (.mid)"),
    })
}

/// Formats that can carry MIDI, of files that do not.
fn wrapped(bytes: &[u8]) -> Option<&'static str> {
    Some(match bytes.get(8..12) {
        Some(b"RMID") if bytes.starts_with(b"RIFF") => {
            "it is a RIFF file for MIDI (RMID) without MIDI data; export it again"
        }
        Some(b"XDIR" | b"XMID") if bytes.starts_with(b"FORM") => "XMI, extended MIDI of old games",
        _ if bytes.starts_with(b"XMF_") => "XMF with packed MIDI data",
        _ if bytes.starts_with(b"MTrk") => {
            "it begins with a track (MTrk); its header (MThd) is missing, so it is cut off at its front"
        }
        _ => return None,
    })
}

fn sound(bytes: &[u8]) -> Option<&'static str> {
    let at = |offset: usize, magic: &[u8]| bytes.get(offset..).is_some_and(|rest| rest.starts_with(magic));
    let mp3 = || {
        at(0, b"ID3")
            || matches!(bytes, [0xFF, 0xE2..=0xE7 | 0xF2..=0xF7 | 0xFA | 0xFB, third, ..] if third >> 4 != 15)
    };
    let module =
        |tag: &[u8]| [&b"M.K."[..], b"M!K!", b"FLT4", b"FLT8", b"4CHN", b"6CHN", b"8CHN"].contains(&tag);
    Some(match () {
        _ if at(0, b"RIFF") && at(8, b"WAVE") => "it is a WAV file, a recording; it holds sound and no notes",
        _ if at(0, b"RIFF") && at(8, b"sfbk") => "it is a SoundFont; it holds instruments and no notes",
        _ if at(0, b"FORM") && at(8, b"AIF") => {
            "it is an AIFF file, a recording; it holds sound and no notes"
        }
        _ if at(0, b"OggS") => "it is an Ogg file, a recording; it holds sound and no notes",
        _ if at(0, b"fLaC") => "it is a FLAC file, a recording; it holds sound and no notes",
        _ if at(4, b"ftyp") => "it is an MP4 file, a recording; it holds sound and no notes",
        _ if mp3() => "it is an MP3 file, a recording; it holds sound and no notes",
        _ if at(0, b"Extended Module: ") => "a tracker module (.xm)",
        _ if at(0, b"IMPM") => "a tracker module (.it)",
        _ if at(44, b"SCRM") => "a tracker module (.s3m)",
        _ if bytes.get(1080..1084).is_some_and(module) => "a tracker module (.mod)",
        _ if at(0, b"PSID") || at(0, b"RSID") => "music for the Commodore 64 (.sid)",
        _ if at(0, b"Vgm ") => "a log of a sound chip (.vgm)",
        _ if at(0, b"NESM\x1A") => "music for the NES (.nsf)",
        _ if at(0, b"MUS\x1A") => "music of the game Doom (.mus)",
        _ => return None,
    })
}

fn notation(bytes: &[u8], text: &str) -> Option<&'static str> {
    let first = text.trim_start_matches('\u{FEFF}').trim_start();
    let line = |start: &str| text.lines().any(|line| line.starts_with(start));
    let guitar_pro = bytes.get(1..).is_some_and(|rest| rest.starts_with(b"FICHIER GUITAR PRO"));
    Some(match () {
        _ if guitar_pro || first.starts_with("BCFZ") || first.starts_with("BCFS") => "a Guitar Pro file",
        _ if text.contains("<score-partwise") || text.contains("<score-timewise") => "MusicXML",
        _ if first.starts_with("<") && text.contains("<museScore") => "a MuseScore file (.mscx)",
        _ if first.starts_with("<") && text.contains("music-encoding.org") => "MEI",
        _ if first.to_ascii_lowercase().starts_with("<!doctype html") || first.starts_with("<html") => {
            "it is a web page: a download went wrong, perhaps; it looks like text"
        }
        _ if line("X:") && line("K:") => "ABC notation",
        _ if first.starts_with("\\version") || first.contains("\\relative") => "LilyPond notation",
        _ if first.starts_with("**kern") || text.contains("\n**kern") => "Humdrum notation (**kern)",
        _ if first.starts_with("[NoteWorthy") => "a NoteWorthy Composer file",
        _ if first.starts_with("ENIGMA BINARY FILE") => "a Finale file (.mus)",
        _ if first.starts_with("CAKEWALK") => "a Cakewalk file (.wrk)",
        _ if bytes.starts_with(b"\x0FSIBELIUS") => "a Sibelius file (.sib)",
        _ if bytes.get(8..10) == Some(b"{\"") => {
            "it is a safetensors file, such as a model; a model is given with --model"
        }
        _ => return None,
    })
}

fn is_text(bytes: &[u8]) -> bool {
    let begin = &bytes[..bytes.len().min(512)];
    let valid = match std::str::from_utf8(begin) {
        Ok(_) => true,
        // A character may be cut in two where the beginning ends.
        Err(error) => error.error_len().is_none() && error.valid_up_to() > 0,
    };
    valid && !begin.contains(&0)
}

fn contains(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle)
}
