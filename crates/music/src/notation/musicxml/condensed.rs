//! MusicXML without what says nothing of the sound: white space between elements, and the elements of the layout of notes. Of a usual
//! score that is more than half of all nodes, which need not be built.

/// Elements of notes that hold a text or nothing, and that the reader does not look at.
const LAYOUT: [&[u8]; 12] = [
    b"type",
    b"stem",
    b"beam",
    b"dot",
    b"tied",
    b"syllabic",
    b"text",
    b"extend",
    b"actual-notes",
    b"normal-notes",
    b"normal-type",
    b"normal-dot",
];

/// The same document for the reader, with other places; `None` where text may look like elements.
pub(super) fn condensed(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let mut result = String::with_capacity(text.len());
    // Up to where the text is copied or left out, and where the last tag ended.
    let (mut copied, mut tag_end, mut at) = (0, 0, 0);
    while at < bytes.len() {
        if bytes[at] != b'<' {
            at += 1;
            continue;
        }
        if bytes[tag_end..at].iter().all(u8::is_ascii_whitespace) {
            result.push_str(&text[copied..tag_end]);
            copied = at;
        }
        let after = after_layout(&bytes[at..]).map(|length| at + length);
        if let Some(after) = after {
            result.push_str(&text[copied..at]);
            copied = after;
        } else if bytes[at..].starts_with(b"<![CDATA[") {
            return None;
        }
        at = after.unwrap_or(at + end_of_tag(&bytes[at..])?);
        tag_end = at;
    }
    result.push_str(&text[copied..]);
    Some(result)
}

/// Bytes up to the end of the tag at the beginning of a text.
fn end_of_tag(bytes: &[u8]) -> Option<usize> {
    bytes.iter().position(|&byte| byte == b'>').map(|end| end + 1)
}

/// Bytes of the element of the layout at the beginning of a text; `None` where there is another.
fn after_layout(bytes: &[u8]) -> Option<usize> {
    let first = *bytes.get(1)?;
    if !matches!(first, b't' | b's' | b'b' | b'd' | b'e' | b'a' | b'n') {
        return None;
    }
    let inside = &bytes[1..];
    let ends = |after: &[u8]| matches!(after, [b'>' | b' ' | b'/', ..]);
    let name =
        LAYOUT.iter().find(|name| name[0] == first && inside.strip_prefix(**name).is_some_and(ends))?;
    let end = end_of_tag(bytes)?;
    if bytes[end - 2] == b'/' {
        return Some(end);
    }
    let close = end + bytes[end..].iter().position(|&byte| byte == b'<')?;
    let rest = bytes[close..].strip_prefix(b"</")?.strip_prefix(*name)?;
    (rest.first() == Some(&b'>')).then_some(close + 3 + name.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layout_and_white_space_are_left_out_and_nothing_else() {
        for (text, left) in [
            (
                "<note>\n  <duration> 4 </duration>\n <type>eighth</type></note>\n",
                "<note><duration> 4 </duration></note>\n",
            ),
            ("<a><dot/><dot default-x=\"1\" /><beam number=\"1\">end</beam></a>", "<a></a>"),
            ("<typed>x</typed><type><b/></type>", "<typed>x</typed><type><b/></type>"),
            ("<words>a &amp; b</words> c <d/>", "<words>a &amp; b</words> c <d/>"),
            ("<a b=\"x > y\"/><type>", "<a b=\"x > y\"/><type>"),
        ] {
            assert_eq!(condensed(text).as_deref(), Some(left), "{text}");
        }
        assert_eq!(condensed("<a><![CDATA[<type>x</type>]]></a>"), None);
        assert_eq!(condensed("<a"), None);
    }
}
