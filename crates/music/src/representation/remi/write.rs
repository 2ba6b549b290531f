//! A sheet of notes to `remi` tokens.

use super::super::{chords, velocity};
use super::vocabulary::{Token, Tokens};
use super::{DRUMS, Sheet};

pub(super) fn tokens(vocabulary: &Tokens, sheet: &Sheet, steps_per_quarter: u32) -> Vec<u32> {
    let labels = match vocabulary.says_chords() {
        true => chord_changes(sheet, steps_per_quarter),
        false => Vec::new(),
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

/// The beats where the chord changes, with the new chord.
fn chord_changes(sheet: &Sheet, steps_per_quarter: u32) -> Vec<(u64, u32)> {
    let beat = u64::from(steps_per_quarter);
    let pitched = sheet.sounds.iter().filter(|sound| sound.part != DRUMS).copied().collect::<Vec<_>>();
    let last = sheet.sounds.last().map_or(0, |sound| sound.start);
    let mut changes: Vec<(u64, u32)> = chords::label(&pitched, beat)
        .into_iter()
        .zip((0..).step_by(beat as usize))
        .map(|(chord, step)| (step, chord))
        .take_while(|&(step, _)| step <= last)
        .collect();
    changes.dedup_by_key(|&mut (_, chord)| chord);
    changes
}
