//! Any bytes are a file of frames or refused; one of voices has the frames that its voices sound.

use crate::Target;
use crate::forms::with_file;
use composer_music::frame_json::{VoiceSteps, read_frame_json, read_voice_json};
use composer_music::representation::frames::Frame;

pub const TARGET: Target = Target {
    name: "frame_json",
    promise: "frames are struck where they begin, and a file of voices has the frames that its voices sound",
    check,
    seeds,
    words: &[
        "\"train\":",
        "\"valid\":",
        "\"test\":",
        "[[",
        "]]",
        "[[[",
        "]]]",
        ",",
        "60",
        "-1",
        "127",
        "128",
        "-2",
        "1e2",
        "9223372036854775807",
        "null",
    ],
    max_len: 2048,
};

fn check(bytes: &[u8]) {
    let (frames, voices) =
        with_file("frames.json", bytes, |path| (read_frame_json(path), read_voice_json(path)));
    let Ok(frames) = frames else {
        assert!(voices.is_err(), "voices are frames");
        return;
    };
    let sets = [&frames.train, &frames.valid, &frames.test];
    for piece in sets.into_iter().flatten() {
        let mut before = 0;
        for frame in piece {
            assert_eq!(frame.onsets, frame.sounding & !before);
            before = frame.sounding;
        }
    }
    let Ok(voices) = voices else { return };
    for (frames, voices) in sets.into_iter().zip([&voices.train, &voices.valid, &voices.test]) {
        assert_eq!(frames.len(), voices.len());
        frames.iter().zip(voices).for_each(|(frames, voices)| check_piece(frames, voices));
    }
}

fn check_piece(frames: &[Frame], voices: &VoiceSteps) {
    assert_eq!(frames.len(), voices.len());
    for (frame, step) in frames.iter().zip(voices) {
        let sounding =
            step.iter().filter(|&&pitch| pitch >= 0).fold(0, |plane, pitch| plane | 1u128 << pitch);
        assert_eq!(frame.sounding, sounding);
    }
}

fn seeds() -> Vec<Vec<u8>> {
    [
        r#"{"test": [], "train": [[[60, 64], [], [60, -1]], []], "valid": [[[127]]], "origin": "ours"}"#,
        r#"{"train": [[[72, 67, 64, 48], [72, 67, 64, -1]]], "valid": [], "test": [[[0, 1, 127, -1]]]}"#,
    ]
    .map(|text| text.as_bytes().to_vec())
    .into()
}
