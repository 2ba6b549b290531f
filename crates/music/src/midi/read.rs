//! MIDI bytes to a [`Score`].

use crate::text::counted;
use midly::num::u7;
use midly::{EventIter, MetaMessage, MidiMessage, TrackEventKind};

use super::{
    Error, chunks,
    chunks::{Chunk, Division},
    events::skip_unreadable,
    kinds::{kind_of, name_of},
    pending,
    pending::Pending,
    report::ReadReport,
    write::{MAX_TICK, MAX_TRACKS, RELEASE_VELOCITY},
};
use crate::score::{KeySignature, Note, Pedal, Score, Tempo, Ticks, TimeSignature, Track};
use crate::track_name::TrackName;

/// What [`read`] makes of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MidiFile {
    /// The music.
    pub score: Score,
    /// What else was in the file, and what was wrong with it.
    pub report: ReadReport,
    /// For every track of the score, which of the file's tracks it is: those without name and notes are not in the score.
    pub track_numbers: Vec<usize>,
}

/// The velocity of a note-on that is a note-off.
const SILENT: u7 = u7::new(0);
/// Stands for "no program change yet in this track" until the whole file is known.
const NO_PROGRAM: u8 = u8::MAX;
const SUSTAIN: usize = 64;
const RESET_ALL_CONTROLLERS: usize = 121;

/// Reads a MIDI file: formats 0, 1 and 2, also wrapped in RIFF, with metrical or SMPTE time.
///
/// - Tracks without name and notes (conductor tracks) are left out; their tempos and metres are kept.
/// - Format 2: its patterns are laid one after the other.
/// - SMPTE time has no quarters: a second becomes two of them (one, where the ticks do not divide), ticks exact.
/// - Controllers that end all notes of a channel (120, 123 to 127) end them, in all tracks; 121 also releases the pedal.
/// - A note has the last program set for its channel in its own track, or else in any track.
/// - Damage is noted with its byte in the report, and what whole events there are are used.
///
/// # Errors
/// When there is no header or no track in it: then it is no MIDI file, or nothing is left of it.
pub fn read(bytes: &[u8]) -> Result<MidiFile, Error> {
    let mut report = ReadReport::default();
    let header = chunks::header(bytes, &mut report)?;
    report.format = header.format;
    let mut reader = Reader::new(header.division, report);
    let mut at = header.chunks;
    reader.report.declared_tracks = usize::from(header.tracks);
    while let Some(chunk) = chunks::next_chunk(bytes, at, &mut reader.report) {
        match chunk {
            Chunk::Track { .. } if reader.score.tracks.len() == MAX_TRACKS => {
                let what = "there are more tracks than a header can count; the rest was skipped";
                reader.report.damage(at, what);
                return Ok(reader.finish());
            }
            Chunk::Track { start, end } => {
                reader.track(bytes, start, end);
                at = end;
            }
            Chunk::Other { start, end } => {
                let name = String::from_utf8_lossy(&bytes[start..start + 4]);
                reader.report.not_kept(&format!("chunk of another kind ({})", name.escape_default()));
                at = end;
            }
        }
    }
    if reader.report.tracks == 0 {
        return Err(Error::NoTrack(bytes.len()));
    }
    check_count(header.offset, &mut reader.report);
    Ok(reader.finish())
}

/// Notes in the report where the header declares other tracks than there are.
fn check_count(header: usize, report: &mut ReadReport) {
    let (declared, tracks) = (report.declared_tracks, report.tracks);
    let number = |tracks: usize| counted(tracks, "track");
    if declared != tracks {
        let what = format!("the header declares {}, and the file has {tracks}", number(declared));
        report.damage(header + 10, what);
    } else if report.format == 0 && tracks > 1 {
        let what = format!("the header claims format 0, which has one track, and the file has {tracks}");
        report.damage(header + 8, what);
    }
}

/// What is known while the tracks go by.
struct Reader {
    score: Score,
    report: ReadReport,
    pending: Pending,
    /// Per channel, every program change of the file.
    programs: [Vec<(Ticks, u8)>; 16],
    /// How often each controller was met and not kept.
    controllers: [usize; 128],
    /// Note-ons and note-offs.
    notes: [usize; 2],
    /// Where all notes of a channel end, and the channel.
    silences: Vec<(u8, Ticks)>,
    /// Per track of the score, its number in the file.
    track_numbers: Vec<usize>,
    /// Where the next pattern of a format 2 file begins.
    pattern_start: Ticks,
}

/// What is known of one track while its events go by.
struct TrackState {
    track: Track,
    instrument: Option<TrackName>,
    programs: [u8; 16],
    /// Per channel, whether this track holds the pedal down.
    pedal_down: [bool; 16],
    tick: Ticks,
    ended: bool,
}

impl Reader {
    fn new(division: Division, mut report: ReadReport) -> Self {
        let mut score = Score::new(1);
        match division {
            Division::Metrical { ticks } if ticks > 0 => score.ticks_per_quarter = ticks,
            Division::Metrical { .. } => {
                score.ticks_per_quarter = 480;
                report.damage(12, "the header claims 0 ticks per quarter note; 480 are assumed");
            }
            Division::Smpte { frames, subframes } => {
                report.smpte = Some(frames);
                let (ticks_per_quarter, micros_per_quarter) = smpte_quarter(frames, subframes);
                score.ticks_per_quarter = ticks_per_quarter;
                score.tempos.push(Tempo { tick: 0, micros_per_quarter });
            }
        }
        Self {
            score,
            report,
            pending: Pending::new(),
            programs: Default::default(),
            controllers: [0; 128],
            notes: [0; 2],
            silences: Vec::new(),
            track_numbers: Vec::new(),
            pattern_start: 0,
        }
    }

    fn track(&mut self, bytes: &[u8], start: usize, end: usize) {
        let mut state = TrackState {
            track: Track::default(),
            instrument: None,
            programs: [NO_PROGRAM; 16],
            pedal_down: [false; 16],
            tick: self.pattern_start,
            ended: false,
        };
        let mut at = start;
        let mut events = EventIter::new(&bytes[start..end]);
        let mut running_status = None;
        while at < end && !state.ended {
            match events.next() {
                Some(Ok(event)) => {
                    state.tick += Ticks::from(event.delta.as_int());
                    at = end - events.unread().len();
                    if state.tick > MAX_TICK {
                        self.report
                            .damage(at, "the time is beyond any music; the rest of the track was skipped");
                        break;
                    }
                    self.event(event.kind, &mut state);
                    // The standard ends running status at a meta event; some writers continue it.
                    running_status = events.running_status().or(running_status);
                    *events.running_status_mut() = running_status;
                }
                _ => match skip_unreadable(&bytes[at..end]) {
                    Some((delta, length)) => {
                        self.report.damage(at, "an event with unusable contents was skipped");
                        state.tick = (state.tick + delta).min(MAX_TICK);
                        at += length;
                        events = EventIter::new(&bytes[at..end]);
                        *events.running_status_mut() = running_status;
                    }
                    None => {
                        let lost = end - at;
                        self.report.damage(
                            at,
                            format!("no event can be read here; {lost} bytes of the track are lost"),
                        );
                        break;
                    }
                },
            }
        }
        self.end_track(state, at, end);
    }

    fn end_track(&mut self, mut state: TrackState, at: usize, end: usize) {
        self.report.tracks += 1;
        if state.ended && at < end {
            self.report.damage(at, format!("{} bytes after the end of the track were skipped", end - at));
        } else if !state.ended && at == end {
            self.report.damage(at, "the track ends without an end-of-track event");
        }
        let tick = state.tick.min(MAX_TICK);
        self.report.hanging_notes += self.pending.finish(&mut state.track.notes, tick);
        self.report.end = self.report.end.max(tick);
        if self.report.format == 2 {
            self.pattern_start = tick;
        }
        match state.track.name {
            Some(_) if state.instrument.is_some() => self.report.not_kept("instrument name"),
            Some(_) => {}
            None => state.track.name = state.instrument,
        }
        if state.track.name.is_some() || !state.track.notes.is_empty() {
            self.score.tracks.push(state.track);
            self.track_numbers.push(self.report.tracks - 1);
        }
    }

    fn event(&mut self, kind: TrackEventKind, state: &mut TrackState) {
        match kind_of(&kind) {
            Some(what) => self.report.event(what),
            None => {
                let off = matches!(
                    kind,
                    TrackEventKind::Midi { message: MidiMessage::NoteOff { .. }, .. }
                        | TrackEventKind::Midi { message: MidiMessage::NoteOn { vel: SILENT, .. }, .. }
                );
                self.notes[usize::from(off)] += 1;
            }
        }
        match kind {
            TrackEventKind::Midi { channel, message } => self.message(channel.as_int(), message, state),
            TrackEventKind::Meta(meta) => self.meta(meta, state),
            TrackEventKind::SysEx(_) => self.report.not_kept("system exclusive"),
            TrackEventKind::Escape(_) => self.report.not_kept("escape sequence"),
        }
    }

    fn message(&mut self, channel: u8, message: MidiMessage, state: &mut TrackState) {
        let tick = state.tick;
        match message {
            MidiMessage::NoteOn { key, vel } if vel.as_int() > 0 => {
                let program = state.programs[usize::from(channel)];
                let note = Note {
                    onset: tick,
                    duration: 0,
                    pitch: key.as_int(),
                    velocity: vel.as_int(),
                    channel,
                    program,
                };
                self.report.overlapping_notes += usize::from(self.pending.on(&mut state.track.notes, note));
            }
            MidiMessage::NoteOn { key, .. } | MidiMessage::NoteOff { key, .. } => {
                if matches!(message, MidiMessage::NoteOff { vel, .. } if ![0, RELEASE_VELOCITY].contains(&vel.as_int()))
                {
                    self.report.not_kept("release velocity");
                }
                match self.pending.off(&mut state.track.notes, channel, key.as_int(), tick) {
                    Some(note) => self.report.zero_length_notes += usize::from(note.duration == 0),
                    None => self.report.stray_note_offs += 1,
                }
            }
            MidiMessage::ProgramChange { program } => {
                state.programs[usize::from(channel)] = program.as_int();
                self.programs[usize::from(channel)].push((tick, program.as_int()));
            }
            MidiMessage::Controller { controller, value } => match usize::from(controller.as_int()) {
                SUSTAIN => self.pedal(value.as_int(), channel, state),
                other => self.controller(other, channel, state),
            },
            MidiMessage::PitchBend { .. } => self.report.not_kept("pitch bend"),
            MidiMessage::Aftertouch { .. } => self.report.not_kept("key pressure"),
            MidiMessage::ChannelAftertouch { .. } => self.report.not_kept("channel pressure"),
        }
    }

    fn pedal(&mut self, value: u8, channel: u8, state: &mut TrackState) {
        state.pedal_down[usize::from(channel)] = value > 0;
        self.score.pedals.push(Pedal { tick: state.tick, channel, value });
    }

    fn controller(&mut self, controller: usize, channel: u8, state: &mut TrackState) {
        self.controllers[controller] += 1;
        match controller {
            RESET_ALL_CONTROLLERS if state.pedal_down[usize::from(channel)] => self.pedal(0, channel, state),
            120 | 123..=127 => {
                self.silences.push((channel, state.tick));
                self.report.silenced_notes +=
                    self.pending.end_channel(&mut state.track.notes, channel, state.tick);
            }
            _ => {}
        }
    }

    fn meta(&mut self, meta: MetaMessage, state: &mut TrackState) {
        let tick = state.tick;
        match meta {
            MetaMessage::EndOfTrack => state.ended = true,
            MetaMessage::Tempo(_) if self.report.smpte.is_some() => {
                self.report.not_kept("tempo in SMPTE time")
            }
            MetaMessage::Tempo(micros) if micros.as_int() > 0 => {
                self.score.tempos.push(Tempo { tick, micros_per_quarter: micros.as_int() });
            }
            MetaMessage::Tempo(_) => self.report.not_kept("tempo of zero"),
            MetaMessage::TimeSignature(numerator, power, ..) if numerator > 0 && power < 8 => {
                self.score.time_signatures.push(TimeSignature { tick, numerator, denominator: 1 << power });
            }
            MetaMessage::TimeSignature(..) => self.report.not_kept("impossible time signature"),
            MetaMessage::KeySignature(sharps @ -7..=7, minor) => {
                self.score.key_signatures.push(KeySignature { tick, sharps, minor });
            }
            MetaMessage::KeySignature(..) => self.report.not_kept("impossible key signature"),
            MetaMessage::TrackName(name) if state.track.name.is_none() => state.track.name = text(name),
            MetaMessage::InstrumentName(name) if state.instrument.is_none() => state.instrument = text(name),
            // A name without letters is none.
            MetaMessage::TrackName([]) | MetaMessage::InstrumentName([]) => {}
            // Files that this crate writes bridge very long gaps with empty texts.
            MetaMessage::Text([]) => {}
            other => self.report.not_kept(name_of(&other)),
        }
    }

    /// Ends the notes of other tracks that sound where all notes of their channel end.
    fn silence(&mut self) {
        self.silences.sort_unstable();
        for note in self.score.tracks.iter_mut().flat_map(|track| &mut track.notes) {
            let next = self.silences.partition_point(|&silence| silence <= (note.channel, note.onset));
            match self.silences.get(next) {
                Some(&(channel, tick)) if channel == note.channel && tick < note.end() => {
                    note.duration = tick - note.onset;
                    self.report.silenced_notes += 1;
                }
                _ => {}
            }
        }
    }

    fn finish(mut self) -> MidiFile {
        for (what, number) in ["note-on", "note-off"].into_iter().zip(self.notes) {
            if number > 0 {
                self.report.events.insert(what.to_owned(), number);
            }
        }
        self.silence();
        for (controller, &count) in self.controllers.iter().enumerate().filter(|(_, count)| **count > 0) {
            self.report.not_kept.insert(format!("controller {controller}"), count);
        }
        self.programs.iter_mut().for_each(|changes| changes.sort_by_key(|&(tick, _)| tick));
        for note in self.score.tracks.iter_mut().flat_map(|track| &mut track.notes) {
            if note.program == NO_PROGRAM {
                let changes = &self.programs[usize::from(note.channel)];
                let before = changes.partition_point(|&(tick, _)| tick <= note.onset);
                note.program = before.checked_sub(1).map_or(0, |last| changes[last].1);
            }
        }
        self.score.tracks.iter_mut().for_each(|track| track.notes.sort_unstable_by_key(pending::order));
        self.score.pedals.sort_by_key(|pedal| (pedal.tick, pedal.channel));
        self.report.replaced_changes = sort_map(&mut self.score.tempos, |tempo| tempo.tick)
            + sort_map(&mut self.score.time_signatures, |metre| metre.tick)
            + sort_map(&mut self.score.key_signatures, |key| key.tick);
        MidiFile { score: self.score, report: self.report, track_numbers: self.track_numbers }
    }
}

/// Ticks and microseconds of the quarter note that stands for half a second of SMPTE time, or for a whole one where
/// the ticks do not divide. 29 frames per second stand for 29.97: 30 frames in 1.001 seconds.
pub(super) fn smpte_quarter(frames: u8, subframes: u8) -> (u16, u32) {
    let (frames, micros) = if frames == 29 { (30, 1_001_000) } else { (u16::from(frames), 1_000_000) };
    let ticks = frames * u16::from(subframes.max(1));
    if ticks % 2 == 0 { (ticks / 2, micros / 2) } else { (ticks, micros) }
}

/// Sorts changes by tick and keeps the last of each tick; returns how many that replaced.
pub(super) fn sort_map<T>(changes: &mut Vec<T>, tick: impl Fn(&T) -> Ticks) -> usize {
    let before = changes.len();
    changes.sort_by_key(&tick);
    changes.reverse();
    changes.dedup_by_key(|change| tick(change));
    changes.reverse();
    before - changes.len()
}

/// Text of a file. Empty text is none.
fn text(bytes: &[u8]) -> Option<TrackName> {
    (!bytes.is_empty()).then(|| TrackName::from_bytes(bytes))
}
