//! The voices of a measure as what is written: notes, chords and rests with values, ties and tuplets. [`super::beams`] joins them.

use super::measures::Measure;
use super::quantise::SheetNote;
use super::tuplets::{Ratio, Span, spans};
use super::values::{Cutting, Value};
use super::voices::Event;

/// One note of a chord.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Head {
    /// The note, with its whole length.
    pub note: SheetNote,
    /// Whether it is tied to the same note before.
    pub tied_before: bool,
    /// Whether it is tied to the same note after.
    pub tied_after: bool,
    /// Whether its accidental is shown.
    pub accidental: bool,
}

/// What an element is.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// A note or chord, from the lowest up.
    Notes(Vec<Head>),
    /// A rest.
    Rest,
    /// A rest that is not shown, of a second voice that begins late or ends early.
    Hidden,
}

/// A tuplet that an element belongs to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct InTuplet {
    /// Its ratio.
    pub ratio: Ratio,
    /// Whether it begins here.
    pub begins: bool,
    /// Whether it ends here.
    pub ends: bool,
}

/// A beam at one level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Beam {
    Begin,
    Continue,
    End,
    ForwardHook,
    BackwardHook,
}

/// One element of a voice.
#[derive(Clone, Debug, PartialEq)]
pub struct Element {
    /// Where it begins in the piece.
    pub from: u64,
    /// How long it is.
    pub length: u64,
    /// Its written value; `None` for a rest of a whole measure and for what is hidden.
    pub value: Option<Value>,
    /// What it is.
    pub kind: Kind,
    /// The tuplet that it is in.
    pub tuplet: Option<InTuplet>,
    /// Its beams, from the first level on.
    pub beams: Vec<Beam>,
}

impl Element {
    /// The notes; none of a rest.
    pub fn heads(&self) -> &[Head] {
        match &self.kind {
            Kind::Notes(heads) => heads,
            _ => &[],
        }
    }

    /// The first tick after it.
    pub fn end(&self) -> u64 {
        self.from + self.length
    }
}

/// A rest of a whole measure.
pub fn whole_rest(measure: &Measure) -> Vec<Element> {
    vec![Element {
        from: measure.start,
        length: measure.length,
        value: None,
        kind: Kind::Rest,
        tuplet: None,
        beams: Vec::new(),
    }]
}

/// A stretch of a voice: an event, or the silence between events. Times count from the beginning of the measure.
struct Stretch<'a> {
    from: u64,
    to: u64,
    event: Option<&'a Event>,
    hidden: bool,
}

/// What is written for the events of a voice in a measure, without beams; together as long as the measure.
pub fn elements(events: &[Event], measure: &Measure, number: usize) -> Vec<Element> {
    let stretches = stretches(events, measure, number);
    let mut points: Vec<u64> = vec![0, measure.length];
    points.extend(
        stretches.iter().filter(|stretch| !stretch.hidden).flat_map(|stretch| [stretch.from, stretch.to]),
    );
    points.sort_unstable();
    points.dedup();
    let spans = spans(measure, &points);
    let cutting = Cutting::of_measure(measure);
    let mut written = Vec::new();
    for stretch in &stretches {
        if stretch.hidden {
            written.push(plain(stretch, measure, stretch.from, stretch.to, None, Kind::Hidden));
            continue;
        }
        for span in spans.iter().filter(|span| span.from < stretch.to && stretch.from < span.to) {
            let (from, to) = (stretch.from.max(span.from), stretch.to.min(span.to));
            for (from, to, length) in pieces(span, from, to, stretch.event.is_some(), measure, &cutting) {
                let kind =
                    stretch.event.map_or(Kind::Rest, |event| Kind::Notes(heads(event, from, to, measure)));
                let mut element = plain(stretch, measure, from, to, Some(Value::near(length)), kind);
                element.tuplet = span.ratio.map(|ratio| InTuplet {
                    ratio,
                    begins: from == span.from,
                    ends: to == span.to,
                });
                written.push(element);
            }
        }
    }
    written
}

fn plain(_: &Stretch, measure: &Measure, from: u64, to: u64, value: Option<Value>, kind: Kind) -> Element {
    Element { from: measure.start + from, length: to - from, value, kind, tuplet: None, beams: Vec::new() }
}

/// Events and the silence between them. Of a second voice, silence before and after all events is hidden, unless a tuplet would be cut.
fn stretches<'a>(events: &'a [Event], measure: &Measure, number: usize) -> Vec<Stretch<'a>> {
    let mut stretches: Vec<Stretch> = Vec::new();
    let mut at = 0;
    // A tuplet never goes on beyond a beat on whose line a note begins or ends.
    let on_beat = |time: u64| measure.beats.contains(&time);
    for event in events {
        let (from, to) = (event.from - measure.start, event.to - measure.start);
        if from > at {
            let hidden = number > 0 && at == 0 && on_beat(from);
            stretches.push(Stretch { from: at, to: from, event: None, hidden });
        }
        stretches.push(Stretch { from, to, event: Some(event), hidden: false });
        at = to;
    }
    if at < measure.length {
        let hidden = number > 0 && on_beat(at);
        stretches.push(Stretch { from: at, to: measure.length, event: None, hidden });
    }
    stretches
}

/// A part of a stretch within one span as values: beginning, end and written length of each.
fn pieces(
    span: &Span,
    from: u64,
    to: u64,
    sounds: bool,
    measure: &Measure,
    cutting: &Cutting,
) -> Vec<(u64, u64, u64)> {
    let cut = |cutting: &Cutting, from: u64, to: u64| {
        if sounds { cutting.notes(from, to) } else { cutting.rests(from, to) }
    };
    match span.ratio {
        None => {
            let lead = measure.lead;
            let pieces = cut(cutting, from + lead, to + lead);
            pieces.into_iter().map(|(from, to)| (from - lead, to - lead, to - from)).collect()
        }
        Some(Ratio { actual, normal, unit }) => {
            let written = |time: u64| (time - span.from) * actual / normal;
            let played = |time: u64| span.from + time * normal / actual;
            let pieces = cut(&Cutting::of_tuplet(unit, actual), written(from), written(to));
            pieces.into_iter().map(|(from, to)| (played(from), played(to), to - from)).collect()
        }
    }
}

fn heads(event: &Event, from: u64, to: u64, measure: &Measure) -> Vec<Head> {
    let head = |note: &SheetNote| Head {
        note: *note,
        tied_before: note.onset < measure.start + from,
        tied_after: note.end > measure.start + to,
        accidental: false,
    };
    event.notes.iter().map(head).collect()
}
