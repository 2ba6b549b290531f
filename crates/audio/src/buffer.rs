//! [`AudioBuffer`]: finished samples; and the stereo mix that they are made from.

/// The loudest sample of a rendering: −1 dBFS, so that no player clips it.
pub const PEAK: f32 = 0.891_250_9;

/// Below this share of the peak (−66 dB) the end of a rendering counts as silence.
const SILENCE: f32 = 5e-4;

/// Samples ready to be played or written.
#[derive(Clone, Debug, PartialEq)]
pub struct AudioBuffer {
    /// Samples per second and channel.
    pub sample_rate: u32,
    /// 1 or 2.
    pub channels: u16,
    /// Samples in −1…1, channels interleaved (left, right, left, …).
    pub samples: Vec<f32>,
}

impl AudioBuffer {
    /// Length in seconds.
    pub fn seconds(&self) -> f64 {
        self.samples.len() as f64 / f64::from(self.channels) / f64::from(self.sample_rate)
    }

    /// The largest absolute sample; 0 if there is none.
    pub fn peak(&self) -> f32 {
        self.samples.iter().fold(0.0, |peak, sample| peak.max(sample.abs()))
    }
}

/// Left and right while they are being mixed, at any level.
pub(crate) struct Mix {
    pub(crate) left: Vec<f32>,
    pub(crate) right: Vec<f32>,
}

impl Mix {
    pub(crate) fn silent(samples: usize) -> Self {
        Self { left: vec![0.0; samples], right: vec![0.0; samples] }
    }

    /// Cuts the silent end, brings the peak to [`PEAK`] and interleaves, or mixes down to one channel.
    pub(crate) fn into_buffer(self, sample_rate: u32, stereo: bool) -> AudioBuffer {
        let Self { left, right } = self;
        let pairs = left.iter().zip(&right);
        let mut samples: Vec<f32> = if stereo {
            pairs.flat_map(|(&left, &right)| [left, right]).collect()
        } else {
            pairs.map(|(left, right)| 0.5 * (left + right)).collect()
        };
        let channels = if stereo { 2 } else { 1 };
        let peak = samples.iter().fold(0f32, |peak, sample| peak.max(sample.abs()));
        let last = samples.iter().rposition(|sample| sample.abs() > SILENCE * peak);
        samples.truncate(last.map_or(0, |last| (last / channels + 1) * channels));
        if peak > 0.0 {
            let gain = PEAK / peak;
            samples.iter_mut().for_each(|sample| *sample = (*sample * gain).clamp(-PEAK, PEAK));
        }
        AudioBuffer { sample_rate, channels: channels as u16, samples }
    }
}
