//! MusicXML without what says nothing of the sound: white space between elements, and the elements of the layout of notes. Of a usual
//! score that is more than half of all nodes, which need not be built.

/// Elements of notes that hold a text or nothing, and that the reader does not look at.
const LAYOUT: [&str; 12] = [
    "type",
    "stem",
    "beam",
    "dot",
    "tied",
    "syllabic",
    "text",
    "extend",
    "actual-notes",
    "normal-notes",
    "normal-type",
    "normal-dot",
];

/// The same document for the reader, with other places; `None` where text may look like elements.
pub(super) fn condensed(text: &str) -> Option<String> {
    if text.contains("<![CDATA[") {
        return None;
    }
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        let (between, tag) = rest.split_at(at);
        if !between.bytes().all(|byte| byte.is_ascii_whitespace()) {
            result.push_str(between);
        }
        rest = match after_layout(tag) {
            Some(after) => after,
            None => {
                let end = tag.find('>')? + 1;
                result.push_str(&tag[..end]);
                &tag[end..]
            }
        };
    }
    result.push_str(rest);
    Some(result)
}

/// What follows an element of the layout at the beginning of a text; `None` where there is another.
fn after_layout(tag: &str) -> Option<&str> {
    let inside = &tag[1..];
    let first = *inside.as_bytes().first()?;
    let name = LAYOUT.iter().find(|name| {
        name.as_bytes()[0] == first
            && inside.strip_prefix(**name).is_some_and(|after| after.starts_with(['>', ' ', '/']))
    })?;
    let end = inside.find('>')?;
    let after = &inside[end + 1..];
    if inside[..end].ends_with('/') {
        return Some(after);
    }
    let close = &after[after.find('<')?..];
    close.strip_prefix("</")?.strip_prefix(name)?.strip_prefix('>')
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
