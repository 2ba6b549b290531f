//! XML for the readers: encodings, limits, and what [`roxmltree`] leaves open.

use std::borrow::Cow;

use roxmltree::{Document, Node, ParsingOptions};

/// Most elements, attributes and texts: some 400 bytes of memory for each.
const MAX_NODES: u32 = 12_000_000;

/// Bytes as text: UTF-8 or UTF-16 with a byte order mark, or Latin-1 where the declaration says so.
///
/// # Errors
/// What is wrong, in a clause.
pub(super) fn text_of(bytes: &[u8]) -> Result<Cow<'_, str>, String> {
    let utf16 = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = bytes.as_chunks().0.iter().map(|&pair| unit(pair)).collect();
        String::from_utf16(&units).map(Cow::Owned).map_err(|_| "it is no valid UTF-16".to_owned())
    };
    match bytes {
        [0xFF, 0xFE, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [0x3C, 0, ..] => utf16(bytes, u16::from_le_bytes),
        [0, 0x3C, ..] => utf16(bytes, u16::from_be_bytes),
        _ => {
            let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
            match std::str::from_utf8(bytes) {
                Ok(text) => Ok(Cow::Borrowed(text)),
                Err(_) if says_latin_1(bytes) => {
                    Ok(Cow::Owned(bytes.iter().map(|&byte| char::from(byte)).collect()))
                }
                Err(error) => {
                    let line = bytes[..error.valid_up_to()].iter().filter(|&&byte| byte == b'\n').count() + 1;
                    Err(format!("line {line} is neither UTF-8 nor of another encoding that is known"))
                }
            }
        }
    }
}

/// Whether the XML declaration names Latin-1.
fn says_latin_1(bytes: &[u8]) -> bool {
    let declaration = bytes.split(|&byte| byte == b'>').next().unwrap_or_default();
    let declaration = String::from_utf8_lossy(&declaration[..declaration.len().min(200)]).to_lowercase();
    ["iso-8859-1", "latin1", "windows-1252"].iter().any(|name| declaration.contains(name))
}

/// Parses a document. Entities of its own are refused: no music has them, and they can make a small file large.
///
/// # Errors
/// The place, with a space before it, and what is wrong there.
pub(super) fn parse(text: &str) -> Result<Document<'_>, (String, String)> {
    if let Some(start) = text.find("<!DOCTYPE") {
        let end = text[start..].find("<score-").map_or(text.len(), |end| start + end);
        if let Some(at) = text[start..end].find("<!ENTITY") {
            let line = text[..start + at].matches('\n').count() + 1;
            let reason = "the document type declares entities, which MusicXML does not have";
            return Err((format!(" at line {line}"), reason.to_owned()));
        }
    }
    let options = ParsingOptions { allow_dtd: true, nodes_limit: MAX_NODES, ..ParsingOptions::default() };
    Document::parse_with_options(text, options).map_err(|error| {
        let place = error.pos();
        (format!(" at line {}, column {}", place.row, place.col), what(&error))
    })
}

/// An error of the parser without its place.
fn what(error: &roxmltree::Error) -> String {
    let text = error.to_string();
    let text = text.rsplit_once(" at ").map_or(text.as_str(), |(what, _)| what);
    format!("it is no well-formed XML ({text})")
}

/// The first child element with a name.
pub(super) fn child<'a, 'i>(node: Node<'a, 'i>, name: &str) -> Option<Node<'a, 'i>> {
    children(node).find(|child| child.tag_name().name() == name)
}

/// All child elements.
pub(super) fn children<'a, 'i>(node: Node<'a, 'i>) -> impl Iterator<Item = Node<'a, 'i>> {
    node.children().filter(Node::is_element)
}

/// The text of an element without the space around it.
pub(super) fn text<'a>(node: Node<'a, '_>) -> &'a str {
    node.text().unwrap_or_default().trim()
}

/// The text of the first child element with a name.
pub(super) fn child_text<'a>(node: Node<'a, '_>, name: &str) -> Option<&'a str> {
    child(node, name).map(text)
}
