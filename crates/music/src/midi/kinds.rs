//! Names of the kinds of events, for the report.

use midly::{MetaMessage, MidiMessage, TrackEventKind};

/// What kind of event it is; `None` for notes, which are counted apart.
pub(super) fn kind_of(kind: &TrackEventKind) -> Option<&'static str> {
    Some(match kind {
        TrackEventKind::SysEx(_) => "system exclusive",
        TrackEventKind::Escape(_) => "escape sequence",
        TrackEventKind::Meta(MetaMessage::TrackName(_)) => "track name",
        TrackEventKind::Meta(MetaMessage::InstrumentName(_)) => "instrument name",
        TrackEventKind::Meta(MetaMessage::EndOfTrack) => "end of track",
        TrackEventKind::Meta(MetaMessage::Tempo(_)) => "tempo",
        TrackEventKind::Meta(MetaMessage::TimeSignature(..)) => "time signature",
        TrackEventKind::Meta(MetaMessage::KeySignature(..)) => "key signature",
        TrackEventKind::Meta(other) => name_of(other),
        TrackEventKind::Midi { message, .. } => match message {
            MidiMessage::NoteOn { .. } | MidiMessage::NoteOff { .. } => return None,
            MidiMessage::ProgramChange { .. } => "program change",
            MidiMessage::Controller { .. } => "controller",
            MidiMessage::PitchBend { .. } => "pitch bend",
            MidiMessage::Aftertouch { .. } => "key pressure",
            MidiMessage::ChannelAftertouch { .. } => "channel pressure",
        },
    })
}

/// What a meta event is that a score does not hold.
pub(super) fn name_of(meta: &MetaMessage) -> &'static str {
    match meta {
        MetaMessage::Text(_) => "text",
        MetaMessage::Copyright(_) => "copyright",
        MetaMessage::TrackName(_) => "second track name",
        MetaMessage::InstrumentName(_) => "second instrument name",
        MetaMessage::Lyric(_) => "lyric",
        MetaMessage::Marker(_) => "marker",
        MetaMessage::CuePoint(_) => "cue point",
        MetaMessage::ProgramName(_) => "program name",
        MetaMessage::DeviceName(_) => "device name",
        MetaMessage::MidiChannel(_) => "channel prefix",
        MetaMessage::MidiPort(_) => "port",
        MetaMessage::SmpteOffset(_) => "SMPTE offset",
        MetaMessage::SequencerSpecific(_) => "sequencer-specific data",
        MetaMessage::TrackNumber(_) => "sequence number",
        _ => "unknown meta event",
    }
}
