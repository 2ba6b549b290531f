//! Music as clips of a listening test: the same renderer, length and loudness for all, and anchors that are plainly worse.

use crate::error::{Result, wrong_input};
use crate::inspect::read_midi;
use composer_audio::{AudioBuffer, Loudness, RenderOptions, render};
use composer_music::input::shown;
use composer_music::{Note, Score, Tempo, TempoMap, Ticks, Track};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use std::path::{Path, PathBuf};

/// The true peak that no clip exceeds, in dBTP.
const HIGHEST_PEAK: f64 = -1.0;
/// How long a clip that is cut fades out, in seconds.
pub const FADE: f64 = 2.0;
/// The velocity of all notes of music whose sound is made the same.
const VELOCITY: u8 = 80;
/// Music that begins later than this many seconds into the file is not found.
const MAX_SECONDS: f64 = 900.0;

/// How clips are made of music.
#[derive(Clone, Debug)]
pub struct SoundOptions {
    /// Longest clip, in seconds.
    pub seconds: f64,
    /// Wanted loudness, in LUFS.
    pub loudness: f64,
    /// One tempo for all, in quarters per minute; `None`: that of each file.
    pub tempo: Option<f64>,
    /// Everything but drums on one piano, with one velocity and without pedal, so that only the notes differ.
    pub same_sound: bool,
    /// A SoundFont in place of the built-in sounds.
    pub soundfont: Option<PathBuf>,
}

impl Default for SoundOptions {
    fn default() -> Self {
        Self { seconds: 20.0, loudness: -23.0, tempo: None, same_sound: false, soundfont: None }
    }
}

/// Reads a file of music and keeps what a clip plays.
pub fn excerpt(path: &Path, options: &SoundOptions) -> Result<Score> {
    let score = read_midi(path)?.score;
    let score = plain(score, options);
    if score.notes().next().is_none() {
        return Err(wrong_input(format!("{} has no notes", shown(path))).into());
    }
    Ok(score)
}

/// The first seconds of a score, from its first note, as the options want it.
fn plain(mut score: Score, options: &SoundOptions) -> Score {
    if let Some(tempo) = options.tempo {
        score.tempos = vec![Tempo { tick: 0, micros_per_quarter: (60e6 / tempo).round() as u32 }];
    }
    if options.same_sound {
        score.pedals.clear();
    }
    let map = TempoMap::new(&score);
    let first = score.notes().map(|note| map.seconds(note.onset)).fold(f64::INFINITY, f64::min);
    let last = first.min(MAX_SECONDS) + options.seconds;
    for track in &mut score.tracks {
        track.notes.retain(|note| map.seconds(note.onset) < last);
        if options.same_sound {
            for note in track.notes.iter_mut() {
                note.velocity = VELOCITY;
                note.program = 0;
            }
        }
    }
    score
}

/// Sound of a score, cut to the length of a clip; not yet at its loudness.
pub fn sound(score: &Score, options: &SoundOptions) -> Result<AudioBuffer> {
    let render_options = RenderOptions { soundfont: options.soundfont.clone(), ..RenderOptions::default() };
    let mut audio = render(score, &render_options)?;
    audio.skip_silence();
    audio.cut(options.seconds, FADE);
    Ok(audio)
}

/// Brings sounds of which the loudness was measured to one loudness: the wanted one, or the highest at which no peak is cut. Returns it,
/// in LUFS.
pub fn level(sounds: &mut [AudioBuffer], measured: &[Loudness], wanted: f64) -> f64 {
    let room = |sound: &Loudness| sound.lufs + HIGHEST_PEAK - sound.peak;
    let loudness = measured.iter().map(room).fold(wanted, f64::min);
    for (sound, measured) in sounds.iter_mut().zip(measured) {
        sound.amplify(loudness - measured.lufs);
    }
    loudness
}

/// A spoiled copy: this share of the notes is moved by one to six semitones and, at 1, in time by up to an eighth.
pub fn spoiled(score: &Score, share: f64, rng: &mut ChaCha8Rng) -> Score {
    let mut score = score.clone();
    let eighth = Ticks::from(score.ticks_per_quarter / 2).max(1);
    for track in &mut score.tracks {
        for note in track.notes.iter_mut() {
            if rng.random_range(0.0..1.0) >= share {
                continue;
            }
            let by = rng.random_range(1..=6u8);
            let up = rng.random_range(0..2) == 1;
            note.pitch = if (up && note.pitch + by <= 108) || note.pitch < 21 + by {
                note.pitch + by
            } else {
                note.pitch - by
            };
            if share >= 1.0 {
                note.onset += rng.random_range(0..=eighth);
            }
        }
        track.notes.sort_by_key(|note| (note.onset, note.pitch));
    }
    score
}

/// What listeners set their volume by: four quiet chords.
pub fn volume_check() -> Score {
    let mut score = Score::new(480);
    let chords = [[48, 64, 67, 72], [53, 65, 69, 72], [43, 62, 67, 71], [48, 64, 67, 72]];
    let notes = chords.iter().enumerate().flat_map(|(place, chord)| {
        chord.iter().map(move |&pitch| Note {
            onset: 960 * place as Ticks,
            duration: 900,
            pitch,
            velocity: VELOCITY,
            channel: 0,
            program: 0,
        })
    });
    score.tracks.push(Track { name: None, notes: notes.collect() });
    score
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    fn options() -> SoundOptions {
        SoundOptions { seconds: 3.0, loudness: -23.0, tempo: None, same_sound: false, soundfont: None }
    }

    #[test]
    fn loud_and_quiet_music_gets_one_loudness_and_no_peak_is_cut() {
        let mut quiet = volume_check();
        quiet.tracks[0].notes.retain(|note| note.pitch < 60);
        let sounds = [volume_check(), quiet].map(|score| sound(&score, &options()).unwrap());
        for wanted in [-23.0, -9.0] {
            let mut sounds = sounds.clone();
            sounds[1].amplify(-20.0);
            let measured: Vec<Loudness> = sounds.iter().map(|sound| sound.loudness().unwrap()).collect();
            assert!((measured[0].lufs - measured[1].lufs).abs() > 5.0);
            let reached = level(&mut sounds, &measured, wanted);
            assert!(reached <= wanted);
            for sound in &sounds {
                let loudness = sound.loudness().unwrap();
                assert!(
                    (loudness.lufs - reached).abs() < 0.05 && loudness.peak <= HIGHEST_PEAK + 0.05,
                    "{loudness:?}"
                );
                assert!((sound.seconds() - 3.0).abs() < 0.01);
            }
        }
    }

    #[test]
    fn only_the_notes_differ_where_that_is_asked_for() {
        let mut score = volume_check();
        score.tracks[0].notes[3].velocity = 20;
        score.tracks[0].notes[4].program = 40;
        let options = SoundOptions { tempo: Some(60.0), same_sound: true, ..options() };
        let plain = plain(score.clone(), &options);
        assert!(plain.notes().all(|note| note.velocity == VELOCITY && note.program == 0));
        // Two quarters a chord at 60: two chords begin within three seconds.
        assert_eq!((plain.notes().count(), plain.tempos[0].micros_per_quarter), (8, 1_000_000));
    }

    #[test]
    fn anchors_are_plainly_worse_and_no_longer() {
        let score = volume_check();
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let low = spoiled(&score, 1.0, &mut rng);
        let moved = |other: &Score| {
            score
                .notes()
                .filter(|note| {
                    !other.notes().any(|other| (other.onset, other.pitch) == (note.onset, note.pitch))
                })
                .count()
        };
        assert!(moved(&low) >= 12 && low.notes().count() == 16, "{}", moved(&low));
        // 16 notes, of which each moves with a probability of 0.15, forty times: 96 in the mean.
        let all: usize = (0..40).map(|_| moved(&spoiled(&score, 0.15, &mut rng))).sum();
        assert!((70..=125).contains(&all), "{all}");
        assert!(low.notes().all(|note| (21..=108).contains(&note.pitch)));
    }
}
