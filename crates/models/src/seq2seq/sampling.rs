//! Scheduled sampling (Bengio et al. 2015) for whole sequences at once (Mihaylova and Martins 2019).

use crate::batch::SequenceBatch;
use crate::encoding::{Encoding, Symbol};
use composer_music::representation::frames::Frame;
use rand::{Rng, RngExt};

/// Replaces, with probability `share` each, the symbols that a batch feeds back: `draw(row, before, rng)` gives the symbol at row
/// `t·B + b` of `[T, B]`, after the frame `before` that stands one step earlier in the changed input. With [`draw_symbol`] on the
/// logits of a first pass over the true symbols, a second pass over the changed batch learns to recover from its own mistakes.
/// Targets stay as they are; so does the input of the first step.
pub fn replace_inputs<R: Rng>(
    batch: &mut SequenceBatch,
    encoding: &Encoding,
    share: f64,
    rng: &mut R,
    mut draw: impl FnMut(usize, Frame, &mut R) -> Symbol,
) {
    let (rows, outputs) = (batch.steps * batch.batch, encoding.outputs());
    let (old_indices, old_offsets) = (batch.indices.clone(), batch.offsets.clone());
    batch.indices.clear();
    batch.offsets.truncate(1);
    let plain = match encoding {
        Encoding::Frames { representation, .. } => Encoding::frames(*representation),
        tokens => tokens.clone(),
    };
    let mut before = vec![Frame::default(); batch.batch];
    for row in 0..rows {
        let given = &old_indices[old_offsets[row]..old_offsets[row + 1]];
        // A row without any feature may be a silent frame; drawing for padding as well costs nothing.
        let replace = row >= batch.batch;
        if replace && rng.random::<f64>() < share {
            let symbol = draw(row - batch.batch, before[row % batch.batch], rng);
            plain.push_features(0, None, Some(symbol), &mut batch.indices);
            // The place in the bar stays.
            batch.indices.extend(given.iter().filter(|&&index| index as usize > outputs));
        } else {
            batch.indices.extend_from_slice(given);
        }
        before[row % batch.batch] = frame_of(encoding, &batch.indices[batch.offsets[row]..]);
        batch.offsets.push(batch.indices.len());
    }
}

/// One symbol from the distribution of some logits `[V]` at a temperature, after the frame `before` (ignored for tokens).
pub fn draw_symbol<R: Rng>(
    encoding: &Encoding,
    logits: &[f32],
    before: Frame,
    temperature: f64,
    rng: &mut R,
) -> Symbol {
    let Encoding::Frames { representation, .. } = encoding else {
        let highest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let weight = |logit: f32| (f64::from(logit - highest) / temperature).exp();
        let mut left = rng.random::<f64>() * logits.iter().map(|&logit| weight(logit)).sum::<f64>();
        let token = logits.iter().position(|&logit| {
            left -= weight(logit);
            left < 0.0
        });
        return Symbol::Token(token.unwrap_or(logits.len() - 1) as u32);
    };
    let pitches = representation.num_pitches();
    let mut on = |logit: f32| rng.random::<f64>() < 1.0 / (1.0 + (f64::from(-logit) / temperature).exp());
    let mut frame = Frame::default();
    for offset in 0..pitches {
        let bit = 1u128 << (usize::from(representation.pitch_low) + offset);
        let sounds = on(logits[offset]);
        let struck = representation.onset_plane && on(logits[pitches + offset]);
        if sounds {
            frame.sounding |= bit;
            if before.sounding & bit == 0 || struck {
                frame.onsets |= bit;
            }
        }
    }
    Symbol::Frame(frame)
}

/// The frame that features stand for.
fn frame_of(encoding: &Encoding, features: &[u32]) -> Frame {
    let Encoding::Frames { representation, .. } = encoding else { return Frame::default() };
    representation.frame_where(|place| features.contains(&(place as u32)))
}
