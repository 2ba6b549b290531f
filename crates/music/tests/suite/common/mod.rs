//! Where the data sets are that do not ship with the project.
#![allow(dead_code, reason = "each test file uses a part")]

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// The folder of data sets named by `COMPOSER_DATASETS`, or one beside the workspace; `None`, with the reason printed,
/// when there is none.
pub fn datasets() -> Option<PathBuf> {
    let folder = std::env::var_os("COMPOSER_DATASETS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/datasets"),
        PathBuf::from,
    );
    if !folder.is_dir() {
        println!("skipped: no data sets; COMPOSER_DATASETS names their folder");
        return None;
    }
    Some(folder)
}

use composer_music::representation::AnyRepresentation;
use composer_music::representation::events::{EventRepresentation, PedalUse, Section, Time};
use composer_music::representation::frames::{FrameParts, FrameRepresentation};
use composer_music::representation::remi::{ChordTokens, RemiRepresentation};
use composer_music::representation::voices::VoiceRepresentation;
use composer_music::{KeySignature, Note, Pedal, Score, Tempo, TimeSignature, Track, TrackName};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

/// The same cases in every run.
pub fn seeded(cases: u32) -> ProptestConfig {
    ProptestConfig {
        rng_seed: RngSeed::Fixed(0),
        failure_persistence: None,
        ..ProptestConfig::with_cases(cases)
    }
}

/// Scores with everything in them; few pitches and channels, so that notes overlap, and sometimes long silences.
pub fn any_score() -> impl Strategy<Value = Score> {
    let notes = prop::collection::vec((0u64..200, 0u64..90, 58u8..62, 1u8..128, 0u8..3, 0u8..3), 0..40);
    let name = prop_oneof![
        "[a-zäß]{0,5}".prop_map(TrackName::from),
        prop::collection::vec(any::<u8>(), 0..5).prop_map(|bytes| TrackName::from_bytes(&bytes)),
    ];
    let track = (prop::option::of(name), notes, prop::bool::weighted(0.05), prop::bool::weighted(0.2));
    let pedals = prop::collection::vec((0u64..200, 0u8..4, 0u8..128), 0..9);
    let changes =
        prop::collection::vec((0u64..1 << 31, 1u32..1 << 24, 1u8.., 0u32..8, -7i8..=7, any::<bool>()), 0..5);
    let early =
        prop::collection::vec((0u64..200, 1u32..1 << 24, 1u8..20, 0u32..8, -7i8..=7, any::<bool>()), 0..5);
    (1u16..0x8000, prop::collection::vec(track, 0..6), pedals, changes, early).prop_map(
        |(ticks, tracks, pedals, changes, early)| {
            let mut score = Score::new(ticks);
            for (name, notes, late, drums) in tracks {
                let shift = if late { 1 << 34 } else { 0 }; // further than one delta time reaches
                let note = |(onset, duration, pitch, velocity, channel, program)| Note {
                    onset: onset + shift,
                    duration,
                    pitch,
                    velocity,
                    channel: if drums { 9 } else { channel },
                    program,
                };
                score.tracks.push(Track { name, notes: notes.into_iter().map(note).collect() });
            }
            score.pedals =
                pedals.into_iter().map(|(tick, channel, value)| Pedal { tick, channel, value }).collect();
            for (tick, micros_per_quarter, numerator, power, sharps, minor) in
                early.into_iter().chain(changes)
            {
                score.tempos.push(Tempo { tick, micros_per_quarter });
                score.time_signatures.push(TimeSignature {
                    tick: tick / 2,
                    numerator,
                    denominator: 1 << power,
                });
                score.key_signatures.push(KeySignature { tick: tick / 3, sharps, minor });
            }
            score
        },
    )
}

/// Scores as [`composer_music::midi::read`] gives them, short enough to be music.
pub fn readable_score() -> impl Strategy<Value = Score> {
    (any_score(), 1u16..100).prop_map(|(mut score, ticks)| {
        score.ticks_per_quarter = ticks;
        score.tracks.iter_mut().flat_map(|track| &mut track.notes).for_each(|note| note.onset %= 1 << 20);
        composer_music::midi::normalised(&score)
    })
}

/// Every kind of representation, with options that matter; `bars` has learnt from the first shipped pieces.
pub fn representations() -> &'static [AnyRepresentation] {
    static ALL: LazyLock<Vec<AnyRepresentation>> = LazyLock::new(all_representations);
    &ALL
}

fn all_representations() -> Vec<AnyRepresentation> {
    let mut all: Vec<AnyRepresentation> = AnyRepresentation::NAMES
        .iter()
        .map(|name| AnyRepresentation::by_name(name).expect("known"))
        .collect();
    let frames =
        FrameRepresentation { steps_per_quarter: 12, pitch_low: 0, pitch_high: 127, ..Default::default() };
    all.push(AnyRepresentation::Frames(frames));
    for parts in
        [FrameParts::Melody, FrameParts::LeadSheet, FrameParts::Quartet, FrameParts::Choir, FrameParts::Drums]
    {
        all.push(AnyRepresentation::Frames(FrameRepresentation::of_parts(parts)));
    }
    all.push(AnyRepresentation::Frames(FrameRepresentation {
        onset_plane: false,
        ..FrameRepresentation::default()
    }));
    for (pedal, section) in [
        (PedalUse::Tokens, Section::Pitched),
        (PedalUse::Ignored, Section::Drums),
        (PedalUse::Tokens, Section::Drums),
    ] {
        all.push(AnyRepresentation::Events(EventRepresentation { time: Time::Performance, pedal, section }));
        let time = Time::Metrical { steps_per_quarter: 4 };
        all.push(AnyRepresentation::Events(EventRepresentation { time, pedal, section }));
    }
    all.push(AnyRepresentation::Remi(RemiRepresentation {
        steps_per_quarter: 4,
        programs: true,
        chords: ChordTokens::Beats,
    }));
    all.push(AnyRepresentation::Remi(RemiRepresentation {
        steps_per_quarter: 1,
        programs: false,
        chords: ChordTokens::Quarters,
    }));
    let two = VoiceRepresentation { voices: 2, steps_per_quarter: 3, pitch_low: 40, pitch_high: 80 };
    all.push(AnyRepresentation::Voices(two));
    let shipped = composer_music::corpus::shipped::piano();
    let scores: Vec<Score> = shipped.pieces.into_iter().take(3).map(|piece| piece.score).collect();
    let learn = |representation: AnyRepresentation| representation.learn(&scores, 100).expect("short pieces");
    all.into_iter().map(learn).collect()
}
