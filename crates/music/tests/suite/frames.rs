//! Frames: what a score becomes, and that it comes back without chopped or glued notes.

use crate::common;

use composer_music::representation::frames::{DecodeOptions, Frame, FrameParts, FrameRepresentation};
use composer_music::{Note, Score, Track};
use proptest::prelude::*;

const SIXTEENTHS: FrameRepresentation = FrameRepresentation {
    steps_per_quarter: 4,
    pitch_low: 21,
    pitch_high: 108,
    onset_plane: true,
    parts: FrameParts::Together,
};

fn note(onset: u64, duration: u64, pitch: u8) -> Note {
    Note { onset, duration, pitch, velocity: 80, channel: 0, program: 0 }
}

fn score(notes: Vec<Note>) -> Score {
    let mut score = Score::new(480);
    score.tracks.push(Track { name: None, notes });
    score
}

#[test]
fn held_and_struck_again_are_told_apart() {
    let frames = SIXTEENTHS.encode(&score(vec![note(0, 240, 60), note(240, 120, 60), note(0, 360, 64)]));
    let struck: Vec<Vec<u8>> = frames.iter().map(|frame| frame.struck().collect()).collect();
    assert_eq!(struck, [vec![60, 64], vec![], vec![60]]);
    assert!(frames.iter().all(|frame| frame.pitches().eq([60, 64])));
    let glued = FrameRepresentation { onset_plane: false, ..SIXTEENTHS };
    let back = glued
        .decode(&glued.encode(&score(vec![note(0, 240, 60), note(240, 120, 60)])), &DecodeOptions::default());
    assert_eq!(
        back.notes().copied().collect::<Vec<_>>(),
        [note(0, 360, 60)],
        "without the plane one long note"
    );
}

#[test]
fn drums_and_pitches_out_of_range_are_left_out() {
    let drum = Note { channel: 9, ..note(0, 480, 60) };
    assert!(SIXTEENTHS.encode(&score(vec![drum, note(0, 480, 20), note(0, 480, 109)])).is_empty());
    let lowest_and_highest = SIXTEENTHS.encode(&score(vec![note(0, 120, 21), note(0, 120, 108)]));
    assert!(lowest_and_highest[0].pitches().eq([21, 108]));
}

#[test]
fn a_claimed_length_of_years_does_not_allocate() {
    let frames = SIXTEENTHS.encode(&score(vec![note(0, 480, 60), note(u64::MAX - 5, 480, 60)]));
    assert!(frames.len() <= 1 << 20);
}

#[test]
fn triplets_fit_a_grid_of_three() {
    let triplets = FrameRepresentation { steps_per_quarter: 3, ..SIXTEENTHS };
    let played = vec![note(0, 160, 60), note(160, 160, 62), note(320, 160, 64)];
    let back = triplets.decode(&triplets.encode(&score(played.clone())), &DecodeOptions::default());
    assert_eq!(back.ticks_per_quarter, 480);
    assert_eq!(back.notes().copied().collect::<Vec<_>>(), played);
}

#[test]
fn multi_hot_rows_come_back() {
    let frame = Frame { sounding: 1 << 21 | 1 << 60 | 1 << 108, onsets: 1 << 60 };
    let mut row = vec![9.0f32; SIXTEENTHS.num_inputs()];
    SIXTEENTHS.write_multi_hot(&frame, &mut row);
    assert_eq!(row.iter().sum::<f32>(), 4.0);
    assert_eq!((row[0], row[39], row[87], row[88 + 39]), (1.0, 1.0, 1.0, 1.0));
    assert_eq!(SIXTEENTHS.frame_where(|index| row[index] > 0.5), frame);
}

fn any_frames(range: u128) -> impl Strategy<Value = Vec<Frame>> {
    prop::collection::vec((any::<u128>(), any::<u128>(), any::<u128>()), 0..40).prop_map(move |bits| {
        bits.into_iter()
            .map(|(a, b, c)| Frame { sounding: a & (b | c) & range, onsets: a & b & c & range })
            .collect()
    })
}

proptest! {
    #![proptest_config(common::seeded(512))]

    #[test]
    fn any_frames_decode_to_a_score_that_encodes_to_the_same_music(frames in any_frames(u128::MAX)) {
        let all = FrameRepresentation { pitch_low: 0, pitch_high: 127, ..SIXTEENTHS };
        let mut expected = frames.clone();
        let mut before = 0;
        for frame in &mut expected {
            frame.onsets |= frame.sounding & !before; // what sounds out of nothing is struck
            before = frame.sounding;
        }
        while expected.last().is_some_and(Frame::is_silent) {
            expected.pop();
        }
        prop_assert_eq!(all.encode(&all.decode(&frames, &DecodeOptions::default())), expected);
    }

    #[test]
    fn notes_on_the_grid_come_back_exactly(
        mut notes in prop::collection::vec((0u64..64, 1u64..16, 21u8..=108), 0..60)
    ) {
        notes.sort();
        let mut free_from = [0u64; 128];
        let notes: Vec<Note> = notes
            .into_iter()
            .filter_map(|(start, length, pitch)| {
                let free = start >= free_from[usize::from(pitch)];
                free.then(|| free_from[usize::from(pitch)] = start + length)?;
                Some(note(start * 120, length * 120, pitch))
            })
            .collect();
        let mut sorted = notes.clone();
        sorted.sort_by_key(|note| (note.onset, note.pitch));
        let back = SIXTEENTHS.decode(&SIXTEENTHS.encode(&score(notes)), &DecodeOptions { velocity: 80, ..Default::default() });
        prop_assert_eq!(back.notes().copied().collect::<Vec<_>>(), sorted);
    }

    #[test]
    fn transposition_moves_every_pitch(frames in any_frames(((1 << 40) - 1) << 40), by in -40i8..=40) {
        for frame in frames {
            let moved = frame.transpose(by);
            prop_assert!(moved.pitches().eq(frame.pitches().map(|pitch| (i16::from(pitch) + i16::from(by)) as u8)));
            prop_assert_eq!(moved.transpose(-by), frame);
        }
    }
}

#[test]
fn transposition_out_of_range_drops_pitches() {
    let frame = Frame { sounding: 1 | 1 << 127, onsets: 1 };
    assert_eq!(frame.transpose(-1), Frame { sounding: 1 << 126, onsets: 0 });
    assert_eq!(frame.transpose(i8::MIN), Frame::default());
}

#[test]
fn velocities_go_with_the_notes_and_come_back() {
    let notes = [(0, 4, 60, 20), (0, 2, 64, 90), (2, 1, 64, 1), (3, 3, 64, 127)];
    let notes: Vec<Note> = notes
        .map(|(start, length, pitch, velocity)| Note { velocity, ..note(start * 120, length * 120, pitch) })
        .into();
    let frames = SIXTEENTHS.encode(&score(notes.clone()));
    let velocities = SIXTEENTHS.velocities(&score(notes.clone()));
    assert_eq!(velocities.len(), 4);
    let back = SIXTEENTHS.decode_with(&frames, &velocities, &DecodeOptions::default());
    assert_eq!(back.notes().copied().collect::<Vec<_>>(), notes);
    let usual = SIXTEENTHS.decode(&frames, &DecodeOptions { velocity: 33, ..DecodeOptions::default() });
    assert!(usual.notes().all(|note| note.velocity == 33));
}

fn named(name: &str, channel: u8, pitches: &[u8]) -> Track {
    let notes =
        (0..).zip(pitches).map(|(step, &pitch)| Note { channel, ..note(480 * step, 480, pitch) }).collect();
    Track { name: Some(name.into()), notes }
}

fn pitches_of(score: &Score) -> Vec<(Option<&str>, Vec<u8>)> {
    let pitches = |track: &Track| track.notes.iter().map(|note| note.pitch).collect();
    score.tracks.iter().map(|track| (track.name.as_deref(), pitches(track))).collect()
}

#[test]
fn a_melody_comes_back_apart_also_where_it_crosses_the_rest() {
    let representation = FrameRepresentation::of_parts(FrameParts::Melody);
    let mut song = score(Vec::new());
    song.tracks = vec![named("Piano", 0, &[72, 60, 90]), named("Voice", 1, &[60, 62, 95])];
    let frames = representation.encode(&song);
    assert!(frames[0].pitches().eq([72, 96]), "the voice is three octaves higher");
    let back = representation.decode(&frames, &DecodeOptions::default());
    let expected = [(Some("Melody"), vec![60, 62, 83]), (Some("Accompaniment"), vec![72, 60, 78])];
    assert_eq!(pitches_of(&back), expected, "what lies outside the bands is moved by octaves");
    assert_eq!(representation.encode(&back), frames, "the melody is found by its name");
}

#[test]
fn drums_are_hits_of_a_step() {
    let representation = FrameRepresentation::of_parts(FrameParts::Drums);
    let mut beat = score(Vec::new());
    beat.tracks = vec![named("Piano", 0, &[60]), named("Kit", 9, &[36, 22, 36, 38])];
    let frames = representation.encode(&beat);
    assert_eq!(frames.len(), 13);
    assert!(frames.iter().all(|frame| frame.sounding == frame.onsets));
    let back = representation.decode(&frames, &DecodeOptions::default());
    assert_eq!(pitches_of(&back), [(Some("Drums"), vec![36, 42, 36, 38])]);
    assert!(back.notes().all(Note::is_drum));
}
