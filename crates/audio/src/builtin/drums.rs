//! Drums: swept sines for skins, filtered noise for snares and metal.

use fundsp::audiounit::AudioUnit;
use fundsp::prelude32::*;

/// A drum of the General MIDI percussion map (MIDI keys 35–81; others sound as wood) and the seconds it rings.
pub(super) fn voice(key: u8) -> (Box<dyn AudioUnit>, f64) {
    match key {
        35 | 36 => (Box::new(skin(48.0, 120.0, 0.08) * 0.9), 0.6),
        37 | 39 => (Box::new(hiss(1_800.0, 1.0, 0.03) * 0.5), 0.25),
        38 | 40 => (Box::new(skin(180.0, 60.0, 0.05) * 0.3 + hiss(2_600.0, 0.5, 0.06) * 0.6), 0.5),
        41 | 43 | 45 | 47 | 48 | 50 => {
            let hertz = 70.0 * 2f32.powf((f32::from(key) - 41.0) / 8.0);
            (Box::new(skin(hertz, hertz, 0.1) * 0.6), 0.8)
        }
        42 | 44 | 54 | 69 | 70 | 80 => (Box::new(metal(7_000.0, 0.02) * 0.35), 0.2),
        46 => (Box::new(metal(7_000.0, 0.12) * 0.35), 0.9),
        49 | 52 | 55 | 57 => (Box::new(metal(4_500.0, 0.35) * 0.35), 2.2),
        51 | 53 | 56 | 59 | 81 => (Box::new(metal(6_000.0, 0.2) * 0.2), 1.5),
        _ => (Box::new(skin(200.0 + 8.0 * f32::from(key), 0.0, 0.03) * 0.4), 0.3),
    }
}

/// A sine that falls from `hertz + sweep` to `hertz` and dies away with a half-life in seconds.
fn skin(hertz: f32, sweep: f32, half_life: f32) -> An<impl AudioNode<Inputs = U0, Outputs = U1>> {
    let pitch = envelope(move |t: f32| hertz + sweep * (-t / 0.015).exp2());
    let loudness = envelope(move |t: f32| (t / 0.001).min(1.0) * (-t / half_life).exp2());
    (pitch >> sine()) * loudness
}

/// A band of noise that dies away.
fn hiss(hertz: f32, q: f32, half_life: f32) -> An<impl AudioNode<Inputs = U0, Outputs = U1>> {
    (noise() >> bandpass_hz(hertz, q)) * envelope(move |t: f32| (-t / half_life).exp2())
}

/// Noise above a frequency that dies away.
fn metal(hertz: f32, half_life: f32) -> An<impl AudioNode<Inputs = U0, Outputs = U1>> {
    (noise() >> highpass_hz(hertz, 0.7)) * envelope(move |t: f32| (-t / half_life).exp2())
}
