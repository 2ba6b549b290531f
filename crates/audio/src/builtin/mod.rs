//! The built-in synthesiser: additive voices, simple drums, some reverberation.

mod drums;
mod timbre;

use std::collections::BTreeMap;

use fundsp::audiounit::{AudioUnit, BigBlockAdapter};
use fundsp::prelude32::{multipass, reverb_stereo};

use crate::buffer::Mix;
use crate::timeline::TimedNote;

/// Seconds after the last note during which releases and reverberation ring out.
const TAIL: f64 = 2.5;

/// Everything that decides how a note sounds: notes of one key are synthesised once and mixed in wherever they occur.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    drum: bool,
    /// Timbre of the program; 0 for drums.
    timbre: usize,
    pitch: u8,
    velocity: u8,
    /// Samples until the note is released; 0 for drums, which ring out by themselves.
    held: usize,
}

pub(crate) fn play(notes: &[TimedNote], sample_rate: u32) -> Mix {
    if notes.is_empty() {
        return Mix::silent(0);
    }
    let at = |seconds: f64| (seconds * f64::from(sample_rate)).round() as usize;
    let mut starts: BTreeMap<Key, Vec<usize>> = BTreeMap::new();
    for timed in notes {
        let note = &timed.note;
        let drum = note.is_drum();
        let key = Key {
            drum,
            timbre: if drum { 0 } else { timbre::of_program(note.program) },
            pitch: note.pitch,
            velocity: note.velocity,
            held: if drum { 0 } else { at(timed.end - timed.start).max(1) },
        };
        starts.entry(key).or_default().push(at(timed.start));
    }
    let end = notes.iter().map(|note| note.end).fold(0.0, f64::max);
    let mut dry = Mix::silent(at(end + TAIL) + 1);
    for (key, starts) in &starts {
        let voice = synthesise(key, sample_rate);
        let (left, right) = pan(key);
        for &start in starts {
            add(&mut dry.left[start..], &voice, left);
            add(&mut dry.right[start..], &voice, right);
        }
    }
    reverberate(dry, sample_rate)
}

/// The samples of one note, one channel.
fn synthesise(key: &Key, sample_rate: u32) -> Vec<f32> {
    let rate = f64::from(sample_rate);
    let loudness = (f32::from(key.velocity) / 127.0).powf(1.5);
    let (unit, seconds) = if key.drum {
        drums::voice(key.pitch)
    } else {
        timbre::voice(key.timbre, key.pitch, key.velocity, key.held as f64 / rate, rate)
    };
    let mut samples = run(unit, (seconds * rate).ceil() as usize, rate);
    samples.iter_mut().for_each(|sample| *sample *= loudness);
    samples
}

/// Runs a unit without inputs and with one output.
fn run(mut unit: Box<dyn AudioUnit>, samples: usize, rate: f64) -> Vec<f32> {
    unit.set_sample_rate(rate);
    unit.allocate();
    let mut output = vec![0.0; samples];
    BigBlockAdapter::new(unit).process_big(samples, &[], &mut [&mut output]);
    output
}

/// Low pitches a little to the left, high ones to the right, as one sits at a piano; equal power.
fn pan(key: &Key) -> (f32, f32) {
    let side = if key.drum { 0.0 } else { ((f32::from(key.pitch) - 62.0) / 45.0).clamp(-0.6, 0.6) };
    let angle = (side + 1.0) * std::f32::consts::FRAC_PI_4;
    (angle.cos(), angle.sin())
}

/// `mix += gain · voice`; a voice that is longer than the mix is cut.
fn add(mix: &mut [f32], voice: &[f32], gain: f32) {
    for (mix, voice) in mix.iter_mut().zip(voice) {
        *mix += gain * voice;
    }
}

fn reverberate(dry: Mix, sample_rate: u32) -> Mix {
    let mut reverb: Box<dyn AudioUnit> =
        Box::new(multipass::<fundsp::typenum::U2>() & (0.12 * reverb_stereo(12.0, 1.4, 0.7)));
    reverb.set_sample_rate(f64::from(sample_rate));
    reverb.allocate();
    let mut wet = Mix::silent(dry.left.len());
    BigBlockAdapter::new(reverb).process_big(
        dry.left.len(),
        &[&dry.left, &dry.right],
        &mut [&mut wet.left, &mut wet.right],
    );
    wet
}
