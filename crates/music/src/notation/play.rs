//! From a written piece to a [`Score`]: measures in the order of playing, ties joined, grace notes placed, ticks chosen.

use std::collections::{BTreeMap, HashMap};

use super::repeats;
use super::ticks::Scale;
use super::written::{Measure, Part, Written, WrittenNote, metre_of};
use crate::metre::Metre;
use crate::midi::MAX_TICK;
use crate::score::{KeySignature, Note, Score, Tempo, Ticks, TimeSignature, Track};

/// Most measures that are played.
const MOST_MEASURES: usize = 200_000;
/// Most notes that are played.
const MOST_NOTES: usize = 8_000_000;
/// A grace note lasts a quarter note divided by this, where there is room.
const GRACE_OF_QUARTER: Ticks = 8;

/// A written piece as it is played.
pub(super) struct Played {
    pub score: Score,
    /// Measures that are played, repeats included.
    pub measures: usize,
    /// Times that ticks cannot hold exactly.
    pub rounded: usize,
    /// Where the last measure ends.
    pub end: Ticks,
}

/// Plays a piece with its repeats, or in the order of writing.
///
/// # Errors
/// Why it cannot be played, in a clause.
pub(super) fn play(written: &Written, repeats: bool, grace_notes: bool) -> Result<Played, String> {
    let order: Vec<usize> = if repeats {
        let marks: Vec<_> = written.measures.iter().map(|measure| measure.marks.clone()).collect();
        let sections: Vec<_> =
            written.order.iter().map(|section| (section.measures.clone(), section.times)).collect();
        let order = match sections.is_empty() {
            true => repeats::order(&marks, MOST_MEASURES),
            false => repeats::order_of_sections(&marks, &sections, MOST_MEASURES),
        };
        order.map_err(|repeats::TooLong| {
            format!("with its repeats it has more than {MOST_MEASURES} measures")
        })?
    } else {
        (0..written.measures.len()).collect()
    };
    let starts = starts(written, &order)?;
    let mut score = Score::new(1);
    score.tracks = written
        .tracks
        .iter()
        .map(|name| Track { name: Some(name.clone().into()), notes: Vec::new() })
        .collect();
    let mut total = 0;
    for part in &written.parts {
        let mut player = Player::new(written.resolution, grace_notes);
        for (&measure, &start) in order.iter().zip(&starts) {
            let notes = part.measures.get(measure).map_or(&[][..], Vec::as_slice);
            total += notes.len();
            if total > MOST_NOTES {
                return Err(format!("with its repeats it has more than {MOST_NOTES} notes"));
            }
            notes.iter().for_each(|note| player.note(note, start));
        }
        player.finish(&mut score.tracks);
    }
    score.tracks.retain(|track| !track.notes.is_empty());
    changes(written, &order, &starts, &mut score);
    let scale = Scale::for_score(written.resolution, &score);
    let rounded = scale.apply(&mut score);
    for track in &mut score.tracks {
        track.notes.sort_by_key(|note| (note.onset, note.pitch));
    }
    let end =
        starts.last().zip(order.last()).map_or(0, |(start, &last)| start + written.measures[last].length);
    Ok(Played { score, measures: order.len(), rounded, end: scale.tick(end) })
}

/// Where the measures begin.
fn starts(written: &Written, order: &[usize]) -> Result<Vec<Ticks>, String> {
    let mut starts = Vec::with_capacity(order.len());
    let mut at: Ticks = 0;
    for &measure in order {
        starts.push(at);
        at += written.measures[measure].length;
        if at / written.resolution > MAX_TICK >> 15 {
            return Err("it is longer than any music".to_owned());
        }
    }
    Ok(starts)
}

/// The notes of one part as they go by.
struct Player {
    resolution: Ticks,
    grace_notes: bool,
    notes: Vec<(usize, u32, Note)>,
    /// Where each stands, where its measure begins, and itself.
    graces: Vec<(Ticks, Ticks, WrittenNote)>,
    /// By pitch, notes that are tied to one after them: voice, end, index.
    tied: HashMap<u8, Vec<(u32, Ticks, usize)>>,
}

impl Player {
    fn new(resolution: Ticks, grace_notes: bool) -> Self {
        Self { resolution, grace_notes, notes: Vec::new(), graces: Vec::new(), tied: HashMap::new() }
    }

    fn note(&mut self, note: &WrittenNote, start: Ticks) {
        let onset = start + note.onset;
        if note.grace > 0 {
            if self.grace_notes {
                self.graces.push((onset, start, *note));
            }
            return;
        }
        let end = onset + note.duration;
        let waiting = self.tied.entry(note.pitch).or_default();
        waiting.retain(|&(_, tied_until, _)| tied_until >= onset);
        let here = |any: bool| {
            waiting.iter().position(|&(voice, until, _)| until == onset && (any || voice == note.voice))
        };
        let index = match here(false).or_else(|| here(true)).filter(|_| note.tie_from) {
            Some(place) => {
                let (_, _, index) = waiting.swap_remove(place);
                let first = &mut self.notes[index].2;
                first.duration = end - first.onset;
                index
            }
            None => {
                let WrittenNote { pitch, velocity, channel, program, duration, .. } = *note;
                self.notes.push((
                    note.track,
                    note.voice,
                    Note { onset, duration, pitch, velocity, channel, program },
                ));
                self.notes.len() - 1
            }
        };
        if note.tie_to {
            waiting.push((note.voice, end, index));
        }
    }

    fn finish(mut self, tracks: &mut [Track]) {
        let graces = std::mem::take(&mut self.graces);
        if !graces.is_empty() {
            self.place_graces(graces);
        }
        for (track, _, note) in self.notes {
            tracks[track].notes.push(note);
        }
    }

    /// Grace notes sound before the beat, in the time of the note before them in their voice, which ends where they begin; they take
    /// at most half of it. At the very beginning there is no time before: there they take it from their own note.
    fn place_graces(&mut self, graces: Vec<(Ticks, Ticks, WrittenNote)>) {
        let mut by_voice: HashMap<u32, Vec<usize>> = HashMap::new();
        for (index, (_, voice, _)) in self.notes.iter().enumerate() {
            by_voice.entry(*voice).or_default().push(index);
        }
        by_voice.values_mut().for_each(|indices| indices.sort_by_key(|&index| self.notes[index].2.onset));
        for ((voice, onset), group) in groups_of(graces) {
            let number = group.iter().map(|grace| Ticks::from(grace.grace)).max().unwrap_or(1);
            let wanted = number * (self.resolution / GRACE_OF_QUARTER).max(1);
            let neighbours = by_voice.get(&voice).map_or(&[][..], Vec::as_slice);
            let after = neighbours.partition_point(|&index| self.notes[index].2.onset < onset);
            let begin = if onset == 0 {
                let own = neighbours.iter().take_while(|&&index| self.notes[index].2.onset == 0);
                let own: Vec<usize> = own.copied().collect();
                let room = own.iter().map(|&index| self.notes[index].2.duration / 2).min().unwrap_or(wanted);
                let taken = wanted.min(room);
                for index in own {
                    let note = &mut self.notes[index].2;
                    (note.onset, note.duration) = (taken, note.duration - taken);
                }
                (0, taken)
            } else {
                let before = after.checked_sub(1).map_or(0, |place| self.notes[neighbours[place]].2.onset);
                let taken = wanted.min((onset - before) / 2);
                for &index in neighbours[..after].iter().rev() {
                    let note = &mut self.notes[index].2;
                    if note.onset < before {
                        break;
                    }
                    note.duration = note.duration.min(onset - taken - note.onset);
                }
                (onset - taken, taken)
            };
            for grace in group {
                let at = |place: Ticks| begin.0 + begin.1 * place / number;
                let place = Ticks::from(grace.grace) - 1;
                let WrittenNote { pitch, velocity, channel, program, .. } = grace;
                let duration = at(place + 1) - at(place);
                let note = Note { onset: at(place), duration, pitch, velocity, channel, program };
                if duration > 0 {
                    self.notes.push((grace.track, voice, note));
                }
            }
        }
    }
}

/// Grace notes by voice and place. Those at the end of a measure come before those at the beginning of the next.
fn groups_of(graces: Vec<(Ticks, Ticks, WrittenNote)>) -> BTreeMap<(u32, Ticks), Vec<WrittenNote>> {
    // With the last place of the measure before, and the measure.
    type Group = (Vec<WrittenNote>, u16, Ticks);
    let mut groups: BTreeMap<(u32, Ticks), Group> = BTreeMap::new();
    for (onset, start, mut grace) in graces {
        let (group, before, measure) =
            groups.entry((grace.voice, onset)).or_insert_with(|| (Vec::new(), 0, start));
        if *measure != start {
            *before = group.iter().map(|grace| grace.grace).max().unwrap_or(0);
            *measure = start;
        }
        grace.grace = grace.grace.saturating_add(*before);
        group.push(grace);
    }
    groups.into_iter().map(|(place, group)| (place, group.0)).collect()
}

/// What holds from some tick on.
#[derive(Default)]
struct Held {
    tempo: Option<u32>,
    key: Option<(i8, bool)>,
}

/// Tempos, keys, metres and chord symbols in the order of playing. After a jump, what holds at its target is said again.
fn changes(written: &Written, order: &[usize], starts: &[Ticks], score: &mut Score) {
    let at_start = held_at_starts(&written.measures);
    let mut held = Held::default();
    let mut metres = Metres::default();
    for (place, (&index, &start)) in order.iter().zip(starts).enumerate() {
        let measure = &written.measures[index];
        metres.measure(measure, written, start, place == 0, &mut score.time_signatures);
        let own = measure.tempos.first().is_some_and(|&(at, _)| at == 0);
        let tempos = at_start[index].tempo.filter(|_| !own).map(|tempo| (0, tempo));
        for (offset, micros_per_quarter) in tempos.into_iter().chain(measure.tempos.iter().copied()) {
            if held.tempo.replace(micros_per_quarter) != Some(micros_per_quarter) {
                let tick = start + offset;
                score.tempos.retain_last(|last| last.tick < tick);
                score.tempos.push(Tempo { tick, micros_per_quarter });
            }
        }
        let own = measure.keys.first().is_some_and(|&(at, _)| at == 0);
        let keys = at_start[index].key.filter(|_| !own).map(|key| (0, key));
        for (offset, key) in keys.into_iter().chain(measure.keys.iter().copied()) {
            if held.key.replace(key) != Some(key) {
                let tick = start + offset;
                score.key_signatures.retain_last(|last| last.tick < tick);
                score.key_signatures.push(KeySignature { tick, sharps: key.0, minor: key.1 });
            }
        }
        for &chord in &measure.chords {
            score.chord_symbols.push(crate::ChordSymbol { tick: start + chord.tick, ..chord });
        }
    }
}

/// Drops the last element unless it is to be kept.
trait RetainLast<T> {
    fn retain_last(&mut self, keep: impl Fn(&T) -> bool);
}

impl<T> RetainLast<T> for Vec<T> {
    fn retain_last(&mut self, keep: impl Fn(&T) -> bool) {
        if self.last().is_some_and(|last| !keep(last)) {
            self.pop();
        }
    }
}

/// Tempo and key that hold where each measure begins, before its own changes, in the order of writing.
fn held_at_starts(measures: &[Measure]) -> Vec<Held> {
    let (mut tempo, mut key) = (None, None);
    let mut all = Vec::with_capacity(measures.len());
    for measure in measures {
        all.push(Held { tempo, key });
        tempo = measure.tempos.last().map(|&(_, tempo)| tempo).or(tempo);
        key = measure.keys.last().map(|&(_, key)| key).or(key);
    }
    all
}

/// Writes the metres of measures as time signatures, so that a bar begins with every measure.
#[derive(Default)]
struct Metres {
    /// The last time signature, and where its bar that is written next begins.
    last: Option<(Metre, Ticks)>,
}

impl Metres {
    /// An upbeat, and a measure that is longer than its metre, have a metre of their own. One that is shorter is cut off by the time
    /// signature of the measure after it.
    fn measure(
        &mut self,
        measure: &Measure,
        written: &Written,
        start: Ticks,
        first: bool,
        to: &mut Vec<TimeSignature>,
    ) {
        let nominal = measure.metre.unwrap_or(Metre::COMMON);
        let bar = written.bar(nominal);
        let own = measure.length != bar && (first || measure.length > bar || measure.metre.is_none());
        let own = if own { metre_of(measure.length, written.resolution, nominal) } else { None };
        let metre = own.unwrap_or(nominal);
        if self.last != Some((metre, start)) && measure.length > 0 {
            to.push(TimeSignature {
                tick: start,
                numerator: metre.numerator,
                denominator: metre.denominator,
            });
        }
        if measure.length > 0 {
            self.last = Some((metre, start + written.bar(metre)));
        }
    }
}

/// Sorts the notes of a measure by their onsets; those of one onset stay in the order of the file.
pub(super) fn sort(part: &mut Part) {
    part.measures.iter_mut().for_each(|notes| notes.sort_by_key(|note| note.onset));
}
