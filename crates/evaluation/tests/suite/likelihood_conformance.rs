//! The published baseline figures, recomputed from the published data, to the printed digits.

use std::path::PathBuf;

use composer_evaluation::likelihood::{FrameSpace, marginal::Marginal, markov::MarkovChain};
use composer_music::representation::frames::Frame;

const SPACE: FrameSpace = FrameSpace { onset_plane: false, ..FrameSpace::PIANO };

struct Case {
    file: &'static str,
    test_frames: usize,
    marginal: &'static str,
    /// Frames 2…T, as the figure is published.
    markov: &'static str,
}

const CASES: [Case; 2] = [
    Case { file: "jsb-chorales-quarter-c.json", test_frames: 4_725, marginal: "11.060", markov: "10.49" },
    Case { file: "nottingham.json", test_frames: 44_463, marginal: "10.252", markov: "5.15" },
];

fn datasets() -> PathBuf {
    std::env::var_os("COMPOSER_DATASETS").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/datasets"),
        PathBuf::from,
    )
}

fn frames(pieces: &serde_json::Value) -> Vec<Vec<Frame>> {
    let frame = |pitches: &serde_json::Value| {
        let bits = pitches.as_array().unwrap().iter().map(|p| 1u128 << p.as_u64().unwrap());
        Frame { sounding: bits.fold(0, |all, bit| all | bit), onsets: 0 }
    };
    let piece = |piece: &serde_json::Value| piece.as_array().unwrap().iter().map(frame).collect();
    pieces.as_array().unwrap().iter().map(piece).collect()
}

#[test]
fn baselines_give_the_published_figures() {
    for case in CASES {
        let path = datasets().join("frames").join(case.file);
        let Ok(text) = std::fs::read_to_string(&path) else {
            println!("skipped {}: the data set is not here", path.display());
            continue;
        };
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        let (train, test) = (frames(&json["train"]), frames(&json["test"]));
        let marginal = Marginal::fit(&train, SPACE).score(&test);
        let markov = MarkovChain::fit(&train, SPACE).score(&test);
        assert_eq!(marginal.frames, case.test_frames, "{}", case.file);
        assert_eq!(format!("{:.3}", marginal.per_frame()), case.marginal, "{}", case.file);
        assert_eq!(format!("{:.2}", markov.per_frame_without_first()), case.markov, "{}", case.file);
        assert_eq!(markov.onset, 0.0, "no onset plane, no charge");
        println!(
            "{}: marginal {:.3}, Markov {:.3} ({:.3} without frame 1)",
            case.file,
            marginal.per_frame(),
            markov.per_frame(),
            markov.per_frame_without_first()
        );
    }
}
