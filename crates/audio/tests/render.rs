//! What every rendering promises: sound, the right pitch, no clipping, a tail, the same bytes, clear errors.

use approx::abs_diff_eq;
use composer_audio::{AudioBuffer, Error, PEAK, RenderOptions, render, wav_bytes, write_wav};
use composer_music::score::DRUM_CHANNEL;
use composer_music::{Note, Score, Track};

fn note(onset: u64, duration: u64, pitch: u8) -> Note {
    Note { onset, duration, pitch, velocity: 80, channel: 0, program: 0 }
}

fn score(notes: Vec<Note>) -> Score {
    let mut score = Score::new(500);
    score.tracks.push(Track { name: None, notes });
    score
}

/// Thirty-two bars of sixteenths in four voices, at 120 quarters per minute: 64 seconds.
fn busy_piece() -> Score {
    let voices = [0u64, 1, 2, 3];
    let notes = (0..512u64)
        .flat_map(|t| voices.map(|v| note(t * 125, 125 * (v + 1), (48 + (t * 7 + v * 5) % 36) as u8)));
    score(notes.collect())
}

fn mono(score: &Score) -> AudioBuffer {
    render(score, &RenderOptions::preview()).unwrap()
}

/// Strength of one frequency in samples (Goertzel), relative to their energy.
fn strength(samples: &[f32], hertz: f64, rate: f64) -> f64 {
    let (mut re, mut im, mut energy) = (0.0, 0.0, 0.0);
    for (n, &sample) in samples.iter().enumerate() {
        let angle = std::f64::consts::TAU * hertz * n as f64 / rate;
        re += f64::from(sample) * angle.cos();
        im += f64::from(sample) * angle.sin();
        energy += f64::from(sample * sample);
    }
    (re * re + im * im) / (energy * samples.len() as f64)
}

#[test]
fn a_note_sounds_at_its_pitch_and_rings_out() {
    for program in [0, 11, 19, 24, 33, 48, 65] {
        let audio = mono(&score(vec![Note { program, ..note(0, 1000, 69) }]));
        let rate = f64::from(audio.sample_rate);
        let held = &audio.samples[2_000..14_000];
        let a = strength(held, 440.0, rate);
        for wrong in [415.3, 466.2] {
            assert!(a > 20.0 * strength(held, wrong, rate), "program {program}: 440 Hz against {wrong} Hz");
        }
        assert!(audio.seconds() > 0.9 && audio.seconds() < 4.5, "program {program}: {} s", audio.seconds());
        let end = &audio.samples[audio.samples.len() - 200..];
        assert!(
            end.iter().all(|sample| sample.abs() < 0.01),
            "program {program} ends in silence, not in a click"
        );
    }
}

#[test]
fn nothing_clips_and_the_peak_is_the_same_for_quiet_and_busy_music() {
    for score in [busy_piece(), score(vec![Note { velocity: 5, ..note(0, 500, 40) }])] {
        for options in [RenderOptions::default(), RenderOptions::preview()] {
            let audio = render(&score, &options).unwrap();
            assert!(audio.peak() <= PEAK && audio.peak() > 0.999 * PEAK, "{}", audio.peak());
            assert!(audio.samples.iter().all(|sample| sample.is_finite()));
        }
    }
}

#[test]
fn the_same_score_gives_the_same_bytes() {
    let piece = busy_piece();
    assert_eq!(wav_bytes(&mono(&piece)), wav_bytes(&mono(&piece)));
}

#[test]
fn every_drum_sounds() {
    for pitch in 27..=87 {
        let audio = mono(&score(vec![Note { channel: DRUM_CHANNEL, ..note(0, 50, pitch) }]));
        assert!(audio.peak() > 0.5 && audio.seconds() > 0.03, "drum {pitch}");
    }
}

#[test]
fn stereo_has_two_channels_and_a_preview_one() {
    let piece = score(vec![note(0, 500, 40), note(500, 500, 90)]);
    let stereo = render(&piece, &RenderOptions::default()).unwrap();
    assert_eq!((stereo.channels, stereo.sample_rate), (2, 44_100));
    let energy = |side: usize, range: std::ops::Range<usize>| -> f32 {
        stereo.samples[range].iter().skip(side).step_by(2).map(|sample| sample * sample).sum()
    };
    assert!(energy(0, 0..40_000) > 1.2 * energy(1, 0..40_000), "low notes lean to the left");
    let preview = mono(&piece);
    assert_eq!((preview.channels, preview.sample_rate), (1, 22_050));
    assert!(wav_bytes(&preview).len() * 3 < wav_bytes(&stereo).len());
}

#[test]
fn no_notes_give_no_samples() {
    assert_eq!(mono(&score(vec![])).samples.len(), 0);
}

#[test]
fn wav_files_are_written_whole_and_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("piece.wav");
    let audio = mono(&score(vec![note(0, 500, 60)]));
    write_wav(&path, &audio).unwrap();
    let mut reader = hound::WavReader::open(&path).unwrap();
    assert_eq!(reader.spec().sample_rate, 22_050);
    let samples: Vec<f32> =
        reader.samples::<i16>().map(|sample| f32::from(sample.unwrap()) / 32_767.0).collect();
    assert_eq!(samples.len(), audio.samples.len());
    assert!(samples.iter().zip(&audio.samples).all(|(a, b)| abs_diff_eq!(a, b, epsilon = 1e-4)));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "no temporary file is left");

    let missing = write_wav(folder.path().join("no/such/folder.wav"), &audio).unwrap_err();
    assert!(missing.to_string().starts_with("cannot write "), "{missing}");
}

#[test]
fn wrong_input_is_one_clear_sentence() {
    let piece = score(vec![note(0, 500, 60)]);
    let with = |path: &std::path::Path| RenderOptions {
        soundfont: Some(path.to_owned()),
        ..RenderOptions::default()
    };
    let folder = tempfile::tempdir().unwrap();
    let missing = render(&piece, &with(&folder.path().join("none.sf2"))).unwrap_err();
    assert!(matches!(missing, Error::SoundFontUnreadable { .. }), "{missing}");
    let text = folder.path().join("text.sf2");
    std::fs::write(&text, "this is a letter, not a SoundFont").unwrap();
    let wrong = render(&piece, &with(&text)).unwrap_err();
    assert!(matches!(wrong, Error::NotASoundFont { .. }), "{wrong}");
    assert!(!wrong.to_string().contains('\n'));
    let rate = render(&piece, &RenderOptions { sample_rate: 10, ..RenderOptions::default() }).unwrap_err();
    assert!(matches!(rate, Error::SampleRate(10)));
    let long = score(vec![note(u64::MAX / 2, 500, 60)]);
    let error = render(&long, &RenderOptions::default()).unwrap_err();
    assert!(matches!(error, Error::TooLong { .. }), "{error}");
}
