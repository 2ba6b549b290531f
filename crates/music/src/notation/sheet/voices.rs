//! Notes of one staff as voices: within a voice, one note or chord at a time.
//!
//! Measures without overlapping notes have one voice. In the others a note goes to the voice that has as many notes above it as there
//! sound above this one, as far as voices are free, do not cross, and go on without leaps; of four voices at most. What finds no free voice
//! shares one: there, the longer notes are tied, so that nothing is lost.

use super::measures::Measure;
use super::quantise::SheetNote;

/// Voices of a staff, at most.
const MAX_VOICES: usize = 4;

/// Beginnings of other notes at which it is counted how many notes sound above one.
const LOOK_AHEAD: usize = 16;

/// A note or chord of a voice, within one measure. Times are those of the piece.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Where it begins.
    pub from: u64,
    /// The first tick after it.
    pub to: u64,
    /// Its notes, from the lowest up.
    pub notes: Vec<SheetNote>,
}

/// The voices of one measure: voice number from 0, and its events in order.
pub type MeasureVoices = Vec<(usize, Vec<Event>)>;

/// Notes that begin and end together.
#[derive(Clone)]
struct Chord {
    onset: u64,
    end: u64,
    notes: Vec<SheetNote>,
    /// Mean pitch.
    pitch: f64,
}

/// The voices of every measure.
pub fn voices(notes: &[SheetNote], two_staves: bool, measures: &[Measure]) -> Vec<MeasureVoices> {
    let chords = chords(notes);
    let limit = if two_staves { 2 } else { MAX_VOICES };
    let mut result = vec![Vec::new(); measures.len()];
    let mut begin = 0;
    while begin < chords.len() {
        // Measures that held notes connect are divided into voices together.
        let mut last = measure_of(chords[begin].onset, measures);
        let mut end = begin;
        while end < chords.len() && chords[end].onset < measures[last].end() {
            last = last.max(measure_of(chords[end].end - 1, measures));
            end += 1;
        }
        let group = divided(&chords[begin..end], measures);
        for (number, mut notes) in assign(&group, limit).into_iter().enumerate() {
            for event in events(&mut notes) {
                cut(&event, number, measures, &mut result);
            }
        }
        begin = end;
    }
    result.iter_mut().for_each(alone_is_first);
    result
}

/// The voices of every measure for notes whose voices are known.
pub fn fixed(voices: Vec<Vec<SheetNote>>, measures: &[Measure]) -> Vec<MeasureVoices> {
    let mut result = vec![Vec::new(); measures.len()];
    for (number, mut notes) in voices.into_iter().enumerate() {
        for event in events(&mut notes) {
            cut(&event, number, measures, &mut result);
        }
    }
    result.iter_mut().for_each(alone_is_first);
    result
}

fn measure_of(time: u64, measures: &[Measure]) -> usize {
    measures.partition_point(|measure| measure.start <= time).saturating_sub(1)
}

/// Chords, sorted by onset, the highest first. Two notes of one pitch are never in one chord.
fn chords(notes: &[SheetNote]) -> Vec<Chord> {
    let mut chords: Vec<Chord> = Vec::new();
    let mut from = 0;
    for note in notes {
        while from < chords.len() && chords[from].onset < note.onset {
            from += 1;
        }
        let fits = |chord: &&mut Chord| {
            chord.end == note.end && chord.notes.iter().all(|other| other.pitch != note.pitch)
        };
        match chords[from..].iter_mut().find(fits) {
            Some(chord) => chord.notes.push(*note),
            None => {
                chords.push(Chord { onset: note.onset, end: note.end, notes: vec![*note], pitch: 0.0 });
            }
        }
    }
    for chord in &mut chords {
        let sum: f64 = chord.notes.iter().map(|note| f64::from(note.pitch)).sum();
        chord.pitch = sum / chord.notes.len() as f64;
    }
    chords.sort_by(|a, b| a.onset.cmp(&b.onset).then(b.pitch.total_cmp(&a.pitch)));
    chords
}

/// The chords, with two notes between which voices overlap just before or after divided: there, two lines go on.
fn divided(chords: &[Chord], measures: &[Measure]) -> Vec<Chord> {
    // Beginning, end, and how many of the chords overlap.
    let mut clusters: Vec<(u64, u64, usize)> = Vec::new();
    for chord in chords {
        match clusters.last_mut() {
            Some((_, end, count)) if chord.onset < *end => {
                (*end, *count) = ((*end).max(chord.end), *count + 1)
            }
            _ => clusters.push((chord.onset, chord.end, 1)),
        }
    }
    let mut result: Vec<Chord> = Vec::with_capacity(chords.len());
    for chord in chords {
        let place = clusters.partition_point(|cluster| cluster.0 <= chord.onset) - 1;
        let measure = measure_of(chord.onset, measures);
        let overlap = |other: Option<usize>| {
            other.and_then(|other| clusters.get(other)).is_some_and(|&(from, to, count)| {
                let touches = to == chord.onset || from == chord.end;
                let inside = measure_of(from, measures) == measure || measure_of(to - 1, measures) == measure;
                count > 1 && touches && inside
            })
        };
        let alone = clusters[place].2 == 1 && chord.notes.len() == 2;
        let octave = alone && chord.notes[1].pitch == chord.notes[0].pitch + 12;
        if alone && !octave && (overlap(place.checked_sub(1)) || overlap(Some(place + 1))) {
            for note in chord.notes.iter().rev() {
                result.push(Chord { notes: vec![*note], pitch: note.pitch.into(), ..*chord });
            }
        } else {
            result.push(chord.clone());
        }
    }
    result
}

/// What a voice did last.
#[derive(Clone, Copy, Default)]
struct State {
    end: u64,
    pitch: f64,
}

/// The notes of each voice.
fn assign(chords: &[Chord], limit: usize) -> Vec<Vec<SheetNote>> {
    let mut until = 0;
    let overlaps = chords.iter().any(|chord| {
        let overlaps = chord.onset < until;
        until = until.max(chord.end);
        overlaps
    });
    if !overlaps {
        return vec![chords.iter().flat_map(|chord| chord.notes.clone()).collect()];
    }
    let longest = chords.iter().map(|chord| chord.end - chord.onset).max().unwrap_or(0);
    let mut voices: Vec<Vec<SheetNote>> = vec![Vec::new(); MAX_VOICES];
    let mut states: [Option<State>; MAX_VOICES] = [None; MAX_VOICES];
    for (index, chord) in chords.iter().enumerate() {
        let rank = rank(index, chords, longest).min(limit - 1);
        let free = (0..limit).filter(|&voice| states[voice].is_none_or(|state| state.end <= chord.onset));
        let cost = |voice: usize| cost(voice, rank, chord, &states);
        let best = free.min_by(|&a, &b| cost(a).total_cmp(&cost(b)));
        let voice = best.unwrap_or_else(|| nearest(chord, &states));
        let end = states[voice].map_or(0, |state| state.end).max(chord.end);
        states[voice] = Some(State { end, pitch: chord.pitch });
        voices[voice].extend(&chord.notes);
    }
    voices
}

/// How many chords sound above one at the same time, at most.
fn rank(index: usize, chords: &[Chord], longest: u64) -> usize {
    let chord = &chords[index];
    let earliest = (chord.onset + 1).saturating_sub(longest);
    let first = chords.partition_point(|other| other.onset < earliest);
    let after = chords.partition_point(|other| other.onset < chord.end);
    let above: Vec<&Chord> = (first..after)
        .filter(|&other| {
            let found = &chords[other];
            found.end > chord.onset
                && (found.pitch > chord.pitch || found.pitch == chord.pitch && other < index)
        })
        .map(|other| &chords[other])
        .collect();
    let moments = std::iter::once(chord.onset)
        .chain(above.iter().map(|other| other.onset).filter(|&onset| onset > chord.onset).take(LOOK_AHEAD));
    let sounding =
        |moment: u64| above.iter().filter(|other| other.onset <= moment && moment < other.end).count();
    moments.map(sounding).max().unwrap_or(0).min(MAX_VOICES - 1)
}

fn cost(voice: usize, rank: usize, chord: &Chord, states: &[Option<State>; MAX_VOICES]) -> f64 {
    let mut cost = 2.0 * (voice as f64 - rank as f64).abs() + 0.1 * voice as f64;
    for (other, state) in states.iter().enumerate() {
        let Some(state) = state.filter(|state| other != voice && state.end > chord.onset) else { continue };
        let crosses = if voice < other { chord.pitch < state.pitch } else { chord.pitch > state.pitch };
        cost += if crosses { 3.0 } else { 0.0 };
    }
    cost + match states[voice] {
        Some(state) if state.end == chord.onset => ((chord.pitch - state.pitch).abs() / 12.0).min(2.0),
        Some(_) => 1.0,
        None => 1.2,
    }
}

/// The voice with the nearest pitch, where none is free.
fn nearest(chord: &Chord, states: &[Option<State>; MAX_VOICES]) -> usize {
    let distance = |voice: &usize| states[*voice].map_or(f64::MAX, |state| (state.pitch - chord.pitch).abs());
    (0..MAX_VOICES).min_by(|a, b| distance(a).total_cmp(&distance(b))).unwrap_or(0)
}

/// The notes of a voice as events one after the other; those that overlap are tied.
fn events(notes: &mut Vec<SheetNote>) -> Vec<Event> {
    notes.sort_by_key(|note| (note.onset, note.pitch, note.end));
    without_doubles(notes);
    let (mut events, mut at) = (Vec::new(), 0);
    while at < notes.len() {
        let mut end = notes[at].end;
        let mut after = at;
        while after < notes.len() && (notes[after].onset < end || notes[after].onset == notes[at].onset) {
            end = end.max(notes[after].end);
            after += 1;
        }
        let together = &notes[at..after];
        let mut times: Vec<u64> = together.iter().flat_map(|note| [note.onset, note.end]).collect();
        times.sort_unstable();
        times.dedup();
        for pair in times.windows(2) {
            let sounding = together.iter().filter(|note| note.onset <= pair[0] && note.end >= pair[1]);
            let mut notes: Vec<SheetNote> = sounding.copied().collect();
            notes.sort_by_key(|note| note.pitch);
            events.push(Event { from: pair[0], to: pair[1], notes });
        }
        at = after;
    }
    events
}

/// Notes of one pitch that overlap in one voice: the earlier ends where the later begins.
fn without_doubles(notes: &mut Vec<SheetNote>) {
    for pitch in 0..128u8 {
        let places: Vec<usize> = (0..notes.len()).filter(|&place| notes[place].pitch == pitch).collect();
        for pair in places.windows(2) {
            let next = notes[pair[1]].onset;
            notes[pair[0]].end = notes[pair[0]].end.min(next);
        }
    }
    notes.retain(|note| note.end > note.onset);
}

/// Puts an event into the measures that it sounds in.
fn cut(event: &Event, number: usize, measures: &[Measure], result: &mut [MeasureVoices]) {
    let mut index = measure_of(event.from, measures);
    let mut from = event.from;
    while from < event.to && index < measures.len() {
        let to = event.to.min(measures[index].end());
        let voices = &mut result[index];
        let place = voices.iter().position(|voice| voice.0 == number).unwrap_or_else(|| {
            voices.push((number, Vec::new()));
            voices.sort_by_key(|voice| voice.0);
            voices.iter().position(|voice| voice.0 == number).unwrap_or(0)
        });
        voices[place].1.push(Event { from, to, notes: event.notes.clone() });
        (from, index) = (to, index + 1);
    }
}

/// The only voice of a measure is its first, unless ties lead out of it.
fn alone_is_first(voices: &mut MeasureVoices) {
    if let [(number, events)] = voices.as_mut_slice() {
        let inside = |event: &Event| {
            event
                .notes
                .iter()
                .all(|note| note.onset >= events[0].from && note.end <= events[events.len() - 1].to)
        };
        if events.iter().all(inside) {
            *number = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::measures::{DIVISIONS, measures};
    use super::*;
    use crate::score::Score;

    /// Voices of notes (onset, end, pitch) in quarters.
    fn made(notes: &[(u64, u64, u8)]) -> Vec<MeasureVoices> {
        let mut notes: Vec<SheetNote> = notes
            .iter()
            .map(|&(onset, end, pitch)| SheetNote {
                onset: onset * DIVISIONS,
                end: end * DIVISIONS,
                pitch,
                velocity: 64,
                program: 0,
                channel: 0,
                fifths: 0,
            })
            .collect();
        notes.sort_by_key(|note| (note.onset, note.pitch, note.end));
        let end = notes.iter().map(|note| note.end).max().unwrap_or(0);
        voices(&notes, false, &measures(&Score::new(480), end).expect("short"))
    }

    fn pitches(voices: &MeasureVoices) -> Vec<(usize, Vec<u8>)> {
        let of = |event: &Event| event.notes.iter().map(|note| note.pitch).collect::<Vec<_>>();
        voices.iter().map(|(number, events)| (*number, events.iter().flat_map(of).collect())).collect()
    }

    #[test]
    fn chords_need_one_voice_and_held_notes_two() {
        assert_eq!(pitches(&made(&[(0, 1, 60), (0, 1, 64), (1, 2, 67)])[0]), [(0, vec![60, 64, 67])]);
        let bass_below = made(&[(0, 4, 40), (1, 2, 60), (2, 3, 62), (3, 4, 60)]);
        assert_eq!(pitches(&bass_below[0]), [(0, vec![60, 62, 60]), (1, vec![40])]);
    }

    #[test]
    fn a_voice_that_is_alone_in_a_measure_is_the_first() {
        let measures = made(&[(0, 4, 72), (0, 2, 60), (2, 4, 62), (4, 6, 60)]);
        assert_eq!(pitches(&measures[0]), [(0, vec![72]), (1, vec![60, 62])]);
        assert_eq!(pitches(&measures[1]), [(0, vec![60])]);
    }

    #[test]
    fn a_fifth_voice_shares_one_by_ties() {
        let five: Vec<(u64, u64, u8)> = (0..5).map(|voice| (voice, 9, 50 + 5 * voice as u8)).collect();
        let measures = made(&five);
        let lengths = |voices: &MeasureVoices| -> u64 {
            let of = |event: &Event| (event.to - event.from) / DIVISIONS * event.notes.len() as u64;
            voices.iter().flat_map(|voice| &voice.1).map(of).sum()
        };
        assert_eq!(measures.iter().map(lengths).sum::<u64>(), 9 + 8 + 7 + 6 + 5);
        assert!(measures.iter().all(|voices| voices.len() <= MAX_VOICES));
    }
}
