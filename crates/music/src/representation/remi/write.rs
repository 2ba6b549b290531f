//! A sheet of notes to `remi` tokens.

use super::super::grid::MAX_STEPS;
use super::super::{chords, velocity};
use super::options::ChordTokens;
use super::sheet::{DRUMS, Sheet};
use super::vocabulary::{Token, Tokens};
use crate::metre::Bar;

pub(super) fn tokens(vocabulary: &Tokens, sheet: &Sheet, steps_per_quarter: u32) -> Vec<u32> {
    let labels = match vocabulary.chord_tokens() {
        ChordTokens::None => Vec::new(),
        ChordTokens::Quarters => chord_changes(sheet, &quarters(sheet, steps_per_quarter)),
        ChordTokens::Beats => chord_changes(sheet, &beats(sheet, steps_per_quarter)),
    };
    let mut sounds = sheet.sounds.iter().peekable();
    let mut tempos = sheet.tempos.iter().peekable();
    let mut labels = labels.iter().peekable();
    let (mut metre, mut program, mut tokens) = (None, 0, Vec::new());
    for bar in &sheet.bars {
        let end = bar.end;
        tokens.push(Token::Bar);
        if metre.replace(bar.metre) != Some(bar.metre) {
            tokens.push(Token::Metre(bar.metre));
        }
        loop {
            let next = [
                tempos.peek().map(|&&(step, _)| step),
                labels.peek().map(|&&(step, _)| step),
                sounds.peek().map(|sound| sound.start),
            ];
            let Some(step) = next.into_iter().flatten().min().filter(|&step| step < end) else { break };
            tokens.push(Token::Position(step - bar.start));
            tokens.extend(tempos.next_if(|&&(at, _)| at == step).map(|&(_, tempo)| Token::Tempo(tempo)));
            tokens.extend(labels.next_if(|&&(at, _)| at == step).map(|&(_, chord)| Token::Chord(chord)));
            while let Some(sound) = sounds.next_if(|sound| sound.start == step) {
                if sound.part != program {
                    program = sound.part;
                    tokens.push(Token::Program(program));
                }
                tokens.push(Token::Pitch(sound.pitch));
                tokens.push(Token::Velocity(velocity::bin(sound.velocity)));
                duration(vocabulary.longest(), sound.end - sound.start, &mut tokens);
            }
        }
    }
    tokens.into_iter().filter_map(|token| vocabulary.number(token)).collect()
}

fn duration(longest: u64, mut steps: u64, tokens: &mut Vec<Token>) {
    while steps > 0 {
        let part = steps.min(longest);
        tokens.push(Token::Duration(part));
        steps -= part;
    }
}

/// Quarters from the beginning to behind the last pitched note.
fn quarters(sheet: &Sheet, steps_per_quarter: u32) -> Vec<u64> {
    let quarter = u64::from(steps_per_quarter);
    let ends = sheet.sounds.iter().filter(|sound| sound.part != DRUMS).map(|sound| sound.end);
    let end = ends.max().unwrap_or(0).div_ceil(quarter).min(MAX_STEPS);
    (0..=end).map(|number| number * quarter).collect()
}

/// The beats of the bars, and the end of the last bar.
fn beats(sheet: &Sheet, steps_per_quarter: u32) -> Vec<u64> {
    let in_bar = |bar: &Bar| {
        let Bar { start, metre, .. } = *bar;
        (0..bar.length())
            .filter(move |&step| metre.is_beat(step, steps_per_quarter))
            .map(move |step| start + step)
    };
    sheet.bars.iter().flat_map(in_bar).chain(sheet.bars.last().map(|bar| bar.end)).collect()
}

/// The first steps of the spans in which the chord changes, with the new chord; `edges` are those of the spans.
fn chord_changes(sheet: &Sheet, edges: &[u64]) -> Vec<(u64, u32)> {
    let pitched = sheet.sounds.iter().filter(|sound| sound.part != DRUMS).copied().collect::<Vec<_>>();
    let last = sheet.sounds.last().map_or(0, |sound| sound.start);
    let mut changes: Vec<(u64, u32)> = chords::label_between(&pitched, edges)
        .into_iter()
        .zip(edges)
        .map(|(chord, &step)| (step, chord))
        .take_while(|&(step, _)| step <= last)
        .collect();
    changes.dedup_by_key(|&mut (_, chord)| chord);
    changes
}

#[cfg(test)]
mod tests {
    use super::super::{ChordTokens, RemiRepresentation};
    use crate::representation::{Representation, Symbols, Vocabulary};
    use crate::score::{Note, Score, TimeSignature, Track};

    /// Triads of C, F and G, each so many ticks of 24 to a quarter, after an upbeat of E.
    fn chords(tokens: ChordTokens, numerator: u8, denominator: u8, length: u64) -> Vec<String> {
        let note =
            |onset, duration, pitch| Note { onset, duration, pitch, velocity: 80, channel: 0, program: 0 };
        let triad = |(at, root): (u64, u8)| [0, 4, 7].map(|tone| note(12 + at * length, length, root + tone));
        let mut notes: Vec<Note> = (0..).zip([60, 65, 67]).flat_map(triad).collect();
        notes.push(note(0, 12, 64));
        let sign = |tick, numerator, denominator| TimeSignature { tick, numerator, denominator };
        let mut score = Score::new(24);
        score.time_signatures = vec![sign(0, 1, 8), sign(12, numerator, denominator)];
        score.tracks.push(Track { name: None, notes });
        let representation = RemiRepresentation { chords: tokens, ..RemiRepresentation::default() };
        let (Vocabulary::Tokens { names }, Symbols::Tokens(tokens)) =
            (representation.vocabulary(), representation.encode(&score).unwrap())
        else {
            panic!("tokens")
        };
        let all = tokens.into_iter().map(|token| names[token as usize].clone());
        all.filter(|name| name.starts_with("CHORD")).collect()
    }

    #[test]
    fn chords_change_at_the_beats_of_the_bars() {
        // Dotted quarters in 6/8, quarters in 3/4, halves in 2/2; all after an upbeat of an eighth.
        for (numerator, denominator, length) in [(6, 8, 36), (3, 4, 24), (2, 2, 48)] {
            let said = chords(ChordTokens::Beats, numerator, denominator, length);
            assert_eq!(said[1..], ["CHORD_C", "CHORD_F", "CHORD_G"], "{numerator}/{denominator}: {said:?}");
        }
    }
    #[test]
    fn models_of_before_keep_their_chords_at_quarters() {
        let old: RemiRepresentation =
            serde_json::from_str(r#"{"steps_per_quarter":12,"programs":false,"chords":true}"#).unwrap();
        assert_eq!(old.chords, ChordTokens::Quarters);
        let stored = |chords| serde_json::to_string(&RemiRepresentation { chords, ..old }).unwrap();
        assert!(stored(ChordTokens::None).contains(r#""chords":false"#), "as before, with its fingerprint");
        assert!(stored(ChordTokens::Quarters).contains(r#""chords":true"#));
        for chords in [ChordTokens::None, ChordTokens::Quarters, ChordTokens::Beats] {
            let read: RemiRepresentation = serde_json::from_str(&stored(chords)).unwrap();
            assert_eq!(read.chords, chords);
        }
        let said = chords(ChordTokens::Quarters, 6, 8, 36);
        assert_ne!(said[1..], ["CHORD_C", "CHORD_F", "CHORD_G"], "quarters cut across dotted quarters");
    }
}
