//! A [`Score`] to MIDI bytes, the same bytes every time.

use midly::num::{u4, u7, u15, u24, u28};
use midly::{Format, Header, MetaMessage, MidiMessage, Timing, TrackEvent, TrackEventKind};

use super::{Error, pending::order};
use crate::representation::grid::MAX_TICKS_PER_QUARTER;
use crate::score::{Score, Ticks, Track};

/// Last tick that is read or written; 24 days of music at the finest resolution and 120 quarters per minute.
pub const MAX_TICK: Ticks = 1 << 37;

/// Most tracks that are read or written: the header counts in 16 bits, and one track is for tempo and metre.
pub(super) const MAX_TRACKS: usize = u16::MAX as usize - 1;

/// Velocity of every note-off; a score does not hold release velocities.
pub(super) const RELEASE_VELOCITY: u8 = 64;

/// Writes a score as a MIDI file of format 1: one track with tempos, metres and keys, then the score's tracks.
///
/// [`super::read`] gives back [`super::normalised`] of the score, which is the score itself if it came from a file.
///
/// # Errors
/// When a value does not fit into MIDI: a pitch, velocity or program above 127, a channel above 15, velocity 0, a
/// tempo of more than 24 bits, a denominator that is no power of two, a time beyond [`MAX_TICK`], too many tracks.
pub fn write(score: &Score) -> Result<Vec<u8>, Error> {
    check(score)?;
    let pedal_tracks = pedal_tracks(score);
    let mut tracks = vec![conductor(score, &pedal_tracks)];
    let program_changes = program_changes(score);
    for (index, track) in score.tracks.iter().enumerate() {
        if track.name.as_deref().is_none_or(str::is_empty) && track.notes.is_empty() {
            continue;
        }
        let mut events = notes_of(track, &program_changes[index]);
        for channel in 0..16 {
            if pedal_tracks[usize::from(channel)] == Some(index) {
                add_pedals(&mut events, score, channel);
            }
        }
        tracks.push(finish(events, name_event(track)));
    }
    let header = Header::new(Format::Parallel, Timing::Metrical(u15::new(score.ticks_per_quarter)));
    let mut bytes = Vec::new();
    midly::write(&header, &tracks, &mut bytes).map_err(|reason| Error::Unwritable(reason.to_string()))?;
    Ok(bytes)
}

/// One track as the bytes of its events, with its name in front and a program change wherever the program changes on a channel. On
/// the channel of drums, program 0 stands for whatever kit is set.
///
/// # Errors
/// As [`write()`].
pub(super) fn track_bytes(track: &Track) -> Result<Vec<u8>, Error> {
    let score = Score { tracks: vec![track.clone()], ..Score::new(1) };
    check(&score)?;
    let [mut changes] = <[_; 1]>::try_from(program_changes(&score)).unwrap_or_default();
    for (change, note) in changes.iter_mut().zip(&track.notes) {
        *change &= !note.is_drum() || note.program > 0;
    }
    let events = finish(notes_of(track, &changes), name_event(track));
    let header = Header::new(Format::SingleTrack, Timing::Metrical(u15::new(1)));
    let mut bytes = Vec::new();
    midly::write(&header, [&events], &mut bytes).map_err(|reason| Error::Unwritable(reason.to_string()))?;
    Ok(bytes.split_off(FRONT))
}

/// Bytes of a header and of the name and length of a track.
const FRONT: usize = 14 + 8;

fn name_event(track: &Track) -> Option<MetaMessage<'_>> {
    let name = track.name.as_ref().filter(|name| !name.as_bytes().is_empty());
    name.map(|name| MetaMessage::TrackName(name.as_bytes()))
}

/// An event at a tick. Events at one tick are sorted by `order`: note-offs, controls, then notes in turn.
struct Event<'a> {
    tick: Ticks,
    order: (u8, usize),
    kind: TrackEventKind<'a>,
}

const META: u8 = 0;
const OFF: u8 = 1;
const CONTROL: u8 = 2;
const ON: u8 = 3;

fn conductor<'a>(score: &'a Score, pedal_tracks: &[Option<usize>; 16]) -> Vec<TrackEvent<'a>> {
    let tempos =
        score.tempos.iter().map(|tempo| (tempo.tick, MetaMessage::Tempo(u24::new(tempo.micros_per_quarter))));
    let metres = score.time_signatures.iter().map(|metre| {
        let power = metre.denominator.trailing_zeros() as u8;
        (metre.tick, MetaMessage::TimeSignature(metre.numerator, power, 24, 8))
    });
    let keys =
        score.key_signatures.iter().map(|key| (key.tick, MetaMessage::KeySignature(key.sharps, key.minor)));
    let mut events: Vec<Event> = (tempos.chain(metres).chain(keys).enumerate())
        .map(|(index, (tick, meta))| Event { tick, order: (META, index), kind: TrackEventKind::Meta(meta) })
        .collect();
    for channel in 0..16 {
        if pedal_tracks[usize::from(channel)].is_none() {
            add_pedals(&mut events, score, channel);
        }
    }
    finish(events, None)
}

/// For every channel, the first track with notes on it: where the movements of its pedal are written.
fn pedal_tracks(score: &Score) -> [Option<usize>; 16] {
    let mut tracks = [None; 16];
    for (index, track) in score.tracks.iter().enumerate() {
        for note in &track.notes {
            tracks[usize::from(note.channel)].get_or_insert(index);
        }
    }
    tracks
}

fn add_pedals(events: &mut Vec<Event>, score: &Score, channel: u8) {
    let pedals = score.pedals.iter().enumerate().filter(|(_, pedal)| pedal.channel == channel);
    events.extend(pedals.map(|(index, pedal)| {
        let message = MidiMessage::Controller { controller: u7::new(64), value: u7::new(pedal.value) };
        midi(pedal.tick, (CONTROL, index), channel, message)
    }));
}

fn midi(tick: Ticks, order: (u8, usize), channel: u8, message: MidiMessage) -> Event<'static> {
    Event { tick, order, kind: TrackEventKind::Midi { channel: u4::new(channel), message } }
}

/// Per track, the notes that need a program change before them.
///
/// Readers differ in whose program changes count: those of the track, or those of any track on the channel, which is
/// what a synthesiser plays. So there is one wherever either would be wrong.
fn program_changes(score: &Score) -> Vec<Vec<bool>> {
    let mut needed: Vec<Vec<bool>> =
        score.tracks.iter().map(|track| vec![false; track.notes.len()]).collect();
    let mut in_turn = Vec::new();
    for (track, notes) in score.tracks.iter().map(|track| &track.notes).enumerate() {
        in_turn.extend(notes.iter().enumerate().map(|(index, note)| (note.onset, track, order(note), index)));
    }
    in_turn.sort_unstable();
    let mut of_channel = [None; 16];
    let mut of_track = vec![[None; 16]; score.tracks.len()];
    for (_, track, _, index) in in_turn {
        let note = &score.tracks[track].notes[index];
        let channel = usize::from(note.channel);
        let program = Some(note.program);
        needed[track][index] = of_channel[channel] != program || of_track[track][channel] != program;
        of_channel[channel] = program;
        of_track[track][channel] = program;
    }
    needed
}

fn notes_of<'a>(track: &Track, program_changes: &[bool]) -> Vec<Event<'a>> {
    let mut events = Vec::with_capacity(2 * track.notes.len() + 1);
    let mut indices: Vec<usize> = (0..track.notes.len()).collect();
    indices.sort_unstable_by_key(|&index| order(&track.notes[index]));
    for (place, &index) in indices.iter().enumerate() {
        let note = &track.notes[index];
        let key = u7::new(note.pitch);
        if program_changes[index] {
            let message = MidiMessage::ProgramChange { program: u7::new(note.program) };
            events.push(midi(note.onset, (ON, 3 * place), note.channel, message));
        }
        let on = MidiMessage::NoteOn { key, vel: u7::new(note.velocity) };
        events.push(midi(note.onset, (ON, 3 * place + 1), note.channel, on));
        let off = MidiMessage::NoteOff { key, vel: u7::new(RELEASE_VELOCITY) };
        // A note without length ends after it began, every other one before its successor begins.
        let order = if note.duration == 0 { (ON, 3 * place + 2) } else { (OFF, place) };
        events.push(midi(note.end(), order, note.channel, off));
    }
    events
}

/// Sorted events with delta times, the name in front and the end of the track behind.
fn finish<'a>(mut events: Vec<Event<'a>>, name: Option<MetaMessage<'a>>) -> Vec<TrackEvent<'a>> {
    events.sort_by_key(|event| (event.tick, event.order));
    let mut track = Vec::with_capacity(events.len() + 2);
    track.extend(name.map(|name| TrackEvent { delta: u28::new(0), kind: TrackEventKind::Meta(name) }));
    let mut now = 0;
    for event in events {
        let mut delta = event.tick - now;
        while delta > Ticks::from(u28::max_value().as_int()) {
            track.push(TrackEvent {
                delta: u28::max_value(),
                kind: TrackEventKind::Meta(MetaMessage::Text(&[])),
            });
            delta -= Ticks::from(u28::max_value().as_int());
        }
        track.push(TrackEvent { delta: u28::new(delta as u32), kind: event.kind });
        now = event.tick;
    }
    track.push(TrackEvent { delta: u28::new(0), kind: TrackEventKind::Meta(MetaMessage::EndOfTrack) });
    track
}

fn check(score: &Score) -> Result<(), Error> {
    let fault = |what: String| Err(Error::Unwritable(what));
    if !(1..=MAX_TICKS_PER_QUARTER).contains(&score.ticks_per_quarter) {
        return fault(format!("{} ticks per quarter; 1 to 32767 fit", score.ticks_per_quarter));
    }
    if score.tracks.len() > MAX_TRACKS {
        return fault(format!("{} tracks; {MAX_TRACKS} fit", score.tracks.len()));
    }
    for note in score.notes() {
        let fits =
            note.pitch < 128 && (1..128).contains(&note.velocity) && note.program < 128 && note.channel < 16;
        if !fits {
            return fault(format!("{note:?} has a value out of range"));
        }
    }
    if let Some(pedal) = score.pedals.iter().find(|pedal| pedal.value > 127 || pedal.channel > 15) {
        return fault(format!("{pedal:?} has a value out of range"));
    }
    if let Some(tempo) = score.tempos.iter().find(|tempo| !(1..1 << 24).contains(&tempo.micros_per_quarter)) {
        return fault(format!("{tempo:?} does not fit into 24 bits"));
    }
    let odd = score
        .time_signatures
        .iter()
        .find(|metre| !metre.denominator.is_power_of_two() || metre.numerator == 0);
    if let Some(metre) = odd {
        return fault(format!("{metre:?} has no power of two as its denominator, or no beats"));
    }
    if let Some(key) = score.key_signatures.iter().find(|key| !(-7..=7).contains(&key.sharps)) {
        return fault(format!("{key:?} has more than seven sharps or flats"));
    }
    let last = (score.notes().map(|note| note.end()))
        .chain(score.tempos.iter().map(|tempo| tempo.tick))
        .chain(score.time_signatures.iter().map(|metre| metre.tick))
        .chain(score.key_signatures.iter().map(|key| key.tick))
        .chain(score.pedals.iter().map(|pedal| pedal.tick))
        .max();
    match last {
        Some(tick) if tick > MAX_TICK => fault(format!("tick {tick} lies beyond {MAX_TICK}")),
        _ => Ok(()),
    }
}
