//! Pitched voices: sixteen partials each, and one envelope per partial.
//!
//! Partial `k` of a note of `f` hertz sounds at `f · ratio_k · √(1 + stiffness · ratio_k²)` with the amplitude
//!
//! ```text
//! a_k(t) = amplitude_k · body(f_k) · dull^(k · softness) · rise(t) · fall_k(t) · let_go(t)
//! body(f)   = 1 / (1 + (resonance / f)²)
//! rise(t)   = min(1, t / attack)
//! fall_k(t) = sustain + (1 − sustain) · 2^(−t · ratio_k^damping / half_life(f))
//! let_go(t) = 2^(−max(0, t − held) / release)
//! ```
//!
//! A sounding board or the body of a violin hardly radiates what is below its resonance. High notes die away sooner than low ones, high partials sooner than low ones, and soft notes are duller.

use fundsp::audiounit::AudioUnit;
use fundsp::prelude32::*;

/// A way of sounding, by the table below.
struct Timbre {
    /// Frequency ratio and amplitude of each partial.
    partials: [(f32, f32); PARTIALS],
    /// Seconds until full loudness.
    attack: f32,
    /// Half-life at middle C in seconds of what is not sustained.
    half_life: f32,
    /// Share of the loudness that stays for as long as the note is held.
    sustain: f32,
    /// How much faster high partials die away (exponent of the ratio).
    damping: f32,
    /// Stretches the partials, as the stiffness of strings does.
    stiffness: f32,
    /// Half-life in seconds after the note is released.
    release: f32,
    /// Hertz below which the body radiates little; 0: it has none.
    resonance: f32,
    /// Loudness beside the others.
    gain: f32,
}

/// Partials of a voice.
const PARTIALS: usize = 16;

const STRUCK: usize = 0;
const MALLET: usize = 1;
const ORGAN: usize = 2;
const PLUCKED: usize = 3;
const BASS: usize = 4;
const BOWED: usize = 5;
const BLOWN: usize = 6;

/// No partial.
const NONE: (f32, f32) = (1.0, 0.0);

/// By the constants above.
const TIMBRES: [Timbre; 7] = [
    // Struck strings: no eighth partial, because the hammer strikes at an eighth of the string.
    Timbre {
        partials: [
            (1.0, 1.0),
            (2.0, 0.62),
            (3.0, 0.42),
            (4.0, 0.3),
            (5.0, 0.2),
            (6.0, 0.14),
            (7.0, 0.1),
            (9.0, 0.07),
            (10.0, 0.06),
            (11.0, 0.05),
            (12.0, 0.04),
            (13.0, 0.032),
            (14.0, 0.025),
            (15.0, 0.018),
            (17.0, 0.012),
            (18.0, 0.008),
        ],
        attack: 0.003,
        half_life: 0.75,
        sustain: 0.0,
        damping: 0.6,
        stiffness: 0.0004,
        release: 0.04,
        resonance: 150.0,
        gain: 0.5,
    },
    // Struck bars and bells.
    Timbre {
        partials: [
            (1.0, 1.0),
            (2.76, 0.2),
            (4.0, 0.45),
            (5.4, 0.12),
            (9.2, 0.12),
            (10.0, 0.05),
            (13.3, 0.02),
            (16.0, 0.01),
            (18.6, 0.01),
            NONE,
            NONE,
            NONE,
            NONE,
            NONE,
            NONE,
            NONE,
        ],
        attack: 0.002,
        half_life: 0.5,
        sustain: 0.0,
        damping: 0.8,
        stiffness: 0.0,
        release: 0.2,
        resonance: 0.0,
        gain: 0.5,
    },
    // Drawbars.
    Timbre {
        partials: [
            (0.5, 0.12),
            (1.0, 0.7),
            (1.5, 0.08),
            (2.0, 0.6),
            (3.0, 0.3),
            (4.0, 0.4),
            (6.0, 0.18),
            (8.0, 0.25),
            (10.0, 0.1),
            (12.0, 0.12),
            (16.0, 0.1),
            (20.0, 0.04),
            (24.0, 0.04),
            NONE,
            NONE,
            NONE,
        ],
        attack: 0.012,
        half_life: 1.0,
        sustain: 1.0,
        damping: 0.0,
        stiffness: 0.0,
        release: 0.02,
        resonance: 0.0,
        gain: 0.3,
    },
    // Plucked strings.
    Timbre {
        partials: [
            (1.0, 1.0),
            (2.0, 0.7),
            (3.0, 0.5),
            (4.0, 0.2),
            (5.0, 0.25),
            (6.0, 0.2),
            (7.0, 0.12),
            (8.0, 0.08),
            (9.0, 0.08),
            (10.0, 0.05),
            (11.0, 0.05),
            (12.0, 0.03),
            (13.0, 0.03),
            (14.0, 0.02),
            (15.0, 0.015),
            (16.0, 0.01),
        ],
        attack: 0.002,
        half_life: 0.35,
        sustain: 0.0,
        damping: 0.9,
        stiffness: 0.0001,
        release: 0.05,
        resonance: 110.0,
        gain: 0.5,
    },
    // Basses.
    Timbre {
        partials: [
            (1.0, 1.0),
            (2.0, 0.6),
            (3.0, 0.3),
            (4.0, 0.15),
            (5.0, 0.1),
            (6.0, 0.05),
            (7.0, 0.03),
            (8.0, 0.02),
            NONE,
            NONE,
            NONE,
            NONE,
            NONE,
            NONE,
            NONE,
            NONE,
        ],
        attack: 0.005,
        half_life: 0.4,
        sustain: 0.25,
        damping: 0.8,
        stiffness: 0.0,
        release: 0.04,
        resonance: 0.0,
        gain: 0.7,
    },
    // Strings, choirs, pads: two close fundamentals beat against each other.
    Timbre {
        partials: [
            (0.998, 0.6),
            (1.002, 0.6),
            (2.003, 0.4),
            (2.996, 0.28),
            (4.004, 0.2),
            (5.0, 0.16),
            (6.0, 0.13),
            (7.0, 0.1),
            (8.0, 0.09),
            (9.0, 0.07),
            (10.0, 0.06),
            (11.0, 0.045),
            (12.0, 0.035),
            (13.0, 0.025),
            (14.0, 0.02),
            (15.0, 0.012),
        ],
        attack: 0.09,
        half_life: 1.0,
        sustain: 0.9,
        damping: 0.0,
        stiffness: 0.0,
        release: 0.08,
        resonance: 190.0,
        gain: 0.35,
    },
    // Brass, reeds, pipes and leads: odd partials stronger.
    Timbre {
        partials: [
            (1.0, 0.9),
            (2.0, 0.35),
            (3.0, 0.45),
            (4.0, 0.15),
            (5.0, 0.2),
            (6.0, 0.08),
            (7.0, 0.08),
            (8.0, 0.04),
            (9.0, 0.05),
            (10.0, 0.02),
            (11.0, 0.03),
            (12.0, 0.012),
            (13.0, 0.015),
            NONE,
            NONE,
            NONE,
        ],
        attack: 0.03,
        half_life: 0.3,
        sustain: 0.8,
        damping: 0.3,
        stiffness: 0.0,
        release: 0.03,
        resonance: 0.0,
        gain: 0.35,
    },
];

/// How much quieter each further partial is in the softest note.
const DULL: f32 = 0.6;

/// Amplitude at which a voice is cut off.
const INAUDIBLE: f64 = 1e-4;

/// The timbre of a General MIDI program.
pub(super) fn of_program(program: u8) -> usize {
    match program {
        8..=15 | 108 | 112..=119 => MALLET,
        16..=23 => ORGAN,
        24..=31 | 45 | 46 | 104..=107 => PLUCKED,
        32..=39 => BASS,
        40..=55 | 88..=103 => BOWED,
        56..=87 | 109..=111 => BLOWN,
        _ => STRUCK,
    }
}

/// A voice for one note and how many seconds it is worth running.
pub(super) fn voice(
    timbre: usize,
    pitch: u8,
    velocity: u8,
    held: f64,
    rate: f64,
) -> (Box<dyn AudioUnit>, f64) {
    let Timbre { partials, attack, half_life, sustain, damping, stiffness, release, resonance, gain } =
        &TIMBRES[timbre];
    let frequency = 440.0 * 2f32.powf((f32::from(pitch) - 69.0) / 12.0);
    let softness = 1.0 - f32::from(velocity) / 127.0;
    let half_life = half_life * (261.6 / frequency).powf(0.6);
    let limit = 0.45 * rate as f32;

    let partial = |k: usize| {
        let (ratio, amplitude) = partials[k];
        let hertz = frequency * ratio * (1.0 + stiffness * ratio * ratio).sqrt();
        let audible = if hertz < limit { 1.0 } else { 0.0 };
        let body = 1.0 / (1.0 + (resonance / hertz).powi(2));
        let loudness = audible * gain * amplitude * body * DULL.powf(k as f32 * softness);
        let decay = ratio.powf(*damping) / half_life;
        let (attack, sustain, release, held) = (*attack, *sustain, *release, held as f32);
        let shape = move |t: f32| {
            let rise = (t / attack).min(1.0);
            let fall = sustain + (1.0 - sustain) * (-t * decay).exp2();
            let let_go = (-(t - held).max(0.0) / release).exp2();
            loudness * rise * fall * let_go
        };
        sine_hz(hertz.min(limit)) * envelope(shape)
    };
    // Seconds until even the slowest partial is inaudible.
    let halvings = -INAUDIBLE.log2();
    let mut seconds = held + halvings * f64::from(*release);
    if *sustain == 0.0 {
        seconds = seconds.min(halvings * f64::from(half_life));
    }
    (Box::new(sumi::<U16, _, _>(|k| partial(k as usize))), seconds)
}
