//! Loudness as people hear it (EBU R 128, ITU-R BS.1770), and the parts of a sound: what listening tests need.

use crate::{AudioBuffer, Error};
use ebur128::{EbuR128, Mode};

/// How loud a sound is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Loudness {
    /// Integrated loudness in LUFS.
    pub lufs: f64,
    /// The true peak of all channels in dBTP: what an analogue output reaches between the samples.
    pub peak: f64,
}

impl AudioBuffer {
    /// Measures the loudness.
    ///
    /// # Errors
    /// The sound is silent, or shorter than the 0.4 s of a block that is measured.
    pub fn loudness(&self) -> Result<Loudness, Error> {
        let measured = || {
            let mut meter =
                EbuR128::new(u32::from(self.channels), self.sample_rate, Mode::I | Mode::TRUE_PEAK)?;
            meter.add_frames_f32(&self.samples)?;
            let mut peak = 0.0f64;
            for channel in 0..u32::from(self.channels) {
                peak = peak.max(meter.true_peak(channel)?);
            }
            Ok::<_, ebur128::Error>(Loudness { lufs: meter.loudness_global()?, peak: 20.0 * peak.log10() })
        };
        measured().ok().filter(|loudness| loudness.lufs.is_finite()).ok_or(Error::NoLoudness)
    }

    /// Changes the level by so many decibels.
    pub fn amplify(&mut self, decibels: f64) {
        let factor = 10f64.powf(decibels / 20.0) as f32;
        self.samples.iter_mut().for_each(|sample| *sample *= factor);
    }

    /// Drops silence before the music: what is 60 dB below the peak.
    pub fn skip_silence(&mut self) {
        let limit = 1e-3 * self.peak();
        let first = self.samples.iter().position(|sample| sample.abs() > limit).unwrap_or(0);
        self.samples.drain(..first / usize::from(self.channels) * usize::from(self.channels));
    }

    /// Cuts it after so many seconds, the last `fade` of them fading out as a cosine does. What is shorter stays as it is.
    pub fn cut(&mut self, seconds: f64, fade: f64) {
        let channels = usize::from(self.channels);
        let frames = |seconds: f64| (seconds.max(0.0) * f64::from(self.sample_rate)).round() as usize;
        let (length, fade) = (frames(seconds), frames(fade.min(seconds)));
        if self.samples.len() <= length * channels {
            return;
        }
        self.samples.truncate(length * channels);
        for (place, frame) in self.samples[(length - fade) * channels..].chunks_mut(channels).enumerate() {
            let share = (place as f64 + 1.0) / fade as f64;
            let gain = (0.5 + 0.5 * (std::f64::consts::PI * share).cos()) as f32;
            frame.iter_mut().for_each(|sample| *sample *= gain);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(seconds: f64, level: f32) -> AudioBuffer {
        let samples = (0..(seconds * 48_000.0) as usize)
            .flat_map(|i| [level * (i as f32 * 1000.0 * std::f32::consts::TAU / 48_000.0).sin(); 2]);
        AudioBuffer { sample_rate: 48_000, channels: 2, samples: samples.collect() }
    }

    /// EBU Tech 3341, case 1: a stereo sine of 1 kHz at −23 dBFS has −23 LUFS.
    #[test]
    fn the_sine_of_the_standard_has_the_loudness_of_the_standard() {
        let mut sound = tone(20.0, 10f32.powf(-23.0 / 20.0));
        let loudness = sound.loudness().unwrap();
        assert!((loudness.lufs + 23.0).abs() < 0.1 && (loudness.peak + 23.0).abs() < 0.1, "{loudness:?}");
        sound.amplify(6.0);
        assert!((sound.loudness().unwrap().lufs + 17.0).abs() < 0.1);
    }

    #[test]
    fn silence_and_clicks_have_no_loudness() {
        for sound in [tone(5.0, 0.0), tone(0.1, 0.5), tone(0.0, 0.5)] {
            assert!(matches!(sound.loudness(), Err(Error::NoLoudness)));
        }
    }

    #[test]
    fn what_is_cut_fades_to_nothing_and_what_is_shorter_stays() {
        let mut sound = tone(3.0, 0.5);
        let before = sound.clone();
        sound.cut(4.0, 1.0);
        assert_eq!(sound, before);
        sound.cut(2.0, 1.0);
        assert_eq!(sound.seconds(), 2.0);
        assert_eq!(sound.samples[..90_000], before.samples[..90_000]);
        assert!(sound.samples[2 * 95_990..].iter().all(|sample| sample.abs() < 1e-4));
        sound.cut(1.0, 9.0);
        assert_eq!(sound.seconds(), 1.0);
        let mut late = AudioBuffer { samples: [vec![0.0; 9_600], before.samples].concat(), ..sound };
        late.skip_silence();
        assert!((late.seconds() - 3.0).abs() < 0.001);
    }
}
