//! Elements of XML, escaped and indented, into memory.

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};

/// Attributes of an element.
pub type Attributes<'a> = &'a [(&'a str, &'a str)];

/// An XML document that grows.
pub struct Xml(Writer<Vec<u8>>);

impl Xml {
    /// A document with its declaration and type.
    pub fn new(doctype: &str) -> Self {
        let mut xml = Self::plain();
        xml.put(Event::DocType(BytesText::from_escaped(doctype)));
        xml
    }

    /// A document with its declaration alone.
    pub fn plain() -> Self {
        let mut xml = Self(Writer::new_with_indent(Vec::new(), b' ', 1));
        xml.put(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)));
        xml
    }

    /// Begins an element.
    pub fn open(&mut self, name: &str, attributes: Attributes) {
        self.put(Event::Start(start(name, attributes)));
    }

    /// Ends an element.
    pub fn close(&mut self, name: &str) {
        self.put(Event::End(BytesEnd::new(name)));
    }

    /// An element without contents.
    pub fn empty(&mut self, name: &str, attributes: Attributes) {
        self.put(Event::Empty(start(name, attributes)));
    }

    /// An element with text.
    pub fn text(&mut self, name: &str, text: impl ToString) {
        self.text_with(name, &[], text);
    }

    /// An element with attributes and text.
    pub fn text_with(&mut self, name: &str, attributes: Attributes, text: impl ToString) {
        let text: String = text.to_string().chars().filter(|&letter| is_allowed(letter)).collect();
        self.open(name, attributes);
        self.put(Event::Text(BytesText::new(&text)));
        self.close(name);
    }

    /// The bytes of the document.
    pub fn finish(self) -> Vec<u8> {
        let mut bytes = self.0.into_inner();
        bytes.push(b'\n');
        bytes
    }

    fn put(&mut self, event: Event) {
        // Memory takes everything that is written to it.
        let _ = self.0.write_event(event);
    }
}

fn start<'a>(name: &'a str, attributes: Attributes<'a>) -> BytesStart<'a> {
    BytesStart::new(name).with_attributes(attributes.iter().copied())
}

/// Whether XML 1.0 has a character.
fn is_allowed(letter: char) -> bool {
    !letter.is_control() && !matches!(letter, '\u{FFFE}' | '\u{FFFF}')
}
