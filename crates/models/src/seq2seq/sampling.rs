//! Scheduled sampling (Bengio et al. 2015) for whole sequences at once (Mihaylova and Martins 2019).

use crate::batch::SequenceBatch;
use crate::encoding::{Encoding, Symbol};
use composer_music::representation::frames::Frame;
use rand::{Rng, RngExt};

/// Replaces, with probability `share` each, the symbols that a batch feeds back by symbols drawn from the model: `logits`
/// `[T, B, V]` are those of a first pass with the true ones. A second pass over the changed batch then learns to go on from
/// mistakes. Targets stay as they are; so does the input of the first step.
pub fn resample_inputs<R: Rng>(
    batch: &mut SequenceBatch,
    encoding: &Encoding,
    logits: &[f32],
    share: f64,
    rng: &mut R,
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
            let from = &logits[(row - batch.batch) * outputs..][..outputs];
            let symbol = draw(encoding, from, before[row % batch.batch], rng);
            plain.push_features(0, Some(symbol), &mut batch.indices);
            // The place in the metre stays.
            batch.indices.extend(given.iter().filter(|&&index| index as usize > outputs));
        } else {
            batch.indices.extend_from_slice(given);
        }
        before[row % batch.batch] = frame_of(encoding, &batch.indices[batch.offsets[row]..]);
        batch.offsets.push(batch.indices.len());
    }
}

/// One symbol from the model's distribution.
fn draw<R: Rng>(encoding: &Encoding, logits: &[f32], before: Frame, rng: &mut R) -> Symbol {
    let Encoding::Frames { representation, .. } = encoding else {
        let highest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let weight = |logit: f32| f64::from(logit - highest).exp();
        let mut left = rng.random::<f64>() * logits.iter().map(|&logit| weight(logit)).sum::<f64>();
        let token = logits.iter().position(|&logit| {
            left -= weight(logit);
            left < 0.0
        });
        return Symbol::Token(token.unwrap_or(logits.len() - 1) as u32);
    };
    let pitches = representation.num_pitches();
    let mut on = |logit: f32| rng.random::<f64>() < 1.0 / (1.0 + f64::from(-logit).exp());
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
