//! Any bytes are a model that adds a part, or refused; one that is read is written and read back equal, and scores a pair or says
//! why not.

use super::model_file::{by_form, configurations, in_three_forms, small};
use crate::Target;
use composer_bptt::{AttentionScore, Cell, Init, RecurrentConfig};
use composer_models::seq2seq::{
    AttentionConfig, Pair, PartNotes, Seq2SeqConfig, Seq2SeqWorkspace, Task, from_bytes, mean_pair_nll,
    to_bytes,
};
use composer_models::{Encoding, Seq2Seq, Sequence};
use composer_music::representation::frames::{Frame, FrameRepresentation};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::LazyLock;

pub const TARGET: Target = Target {
    name: "part_model_file",
    promise: "read → write → read is equal, and the model scores a pair of parts or says why not",
    check,
    seeds,
    words: &[
        "\"composer-seq2seq\":",
        "\"config\":",
        "\"source\":",
        "\"target\":",
        "\"styles\":",
        "\"encoder\":",
        "\"decoder\":",
        "\"bridge\":true",
        "\"aligned\":true",
        "\"attention\":{\"score\":\"dot\",\"hidden\":1}",
        "\"bidirectional\":true",
        "\"hidden\":",
        "\"layers\":",
        "\"cell\":",
        "\"kind\":\"tokens\"",
        "\"kind\":\"frames\"",
        "\"vocabulary\":",
        "\"fingerprint\":",
        "\"shape\":",
        "\"data_offsets\":[",
        "null",
        "true",
        "false",
        "0",
        "127",
    ],
    max_len: 8192,
};

/// The configurations of [`seeds`], as JSON.
static CONFIGURATIONS: LazyLock<Vec<Value>> = LazyLock::new(|| configurations(seeds()));

/// Forms as of a model file.
fn check(bytes: &[u8]) {
    by_form(bytes, &CONFIGURATIONS, check_file, check_header);
}

fn check_file(bytes: &[u8]) {
    let Ok((model, notes)) = from_bytes(bytes, Path::new("part.safetensors")) else { return };
    let written = to_bytes(&model, &notes).expect("what was read is written");
    let (again, notes_again) =
        from_bytes(&written, Path::new("again.safetensors")).expect("what was written is read");
    assert_eq!(model.config(), again.config());
    assert_eq!(model.params().values(), again.params().values());
    assert_eq!(notes, notes_again);
    let of = |encoding: &Encoding| match encoding {
        Encoding::Frames { .. } => Sequence::frames(vec![Frame { sounding: 1 << 60, onsets: 1 << 60 }; 3]),
        _ => Sequence::tokens(vec![0; 3]),
    };
    let config = model.config();
    let style = (config.styles > 0).then_some(0);
    let pair = Pair { source: of(&config.source), target: of(&config.target), style };
    // The likelihood, or the reason why there is none.
    let _ = mean_pair_nll(&model, &[pair], 2, &mut Seq2SeqWorkspace::default());
}

fn check_header(json: &[u8]) {
    if !small(json) {
        return;
    }
    let Ok(header) = serde_json::from_slice::<Value>(json) else { return };
    let part = |key: &str| header.get(key).cloned().unwrap_or_default();
    let (config, notes) = (part("config"), part("notes"));
    let Ok(config) = serde_json::from_value::<Seq2SeqConfig>(config) else { return };
    let Ok(notes) = serde_json::from_value::<PartNotes>(notes) else { return };
    let Ok(model) = Seq2Seq::new(config, &Init::RECOMMENDED, 1) else { return };
    check_file(&to_bytes(&model, &notes).expect("a new model is written"));
}

/// Frames with all ways from source to target, and tokens with one.
fn seeds() -> Vec<Vec<u8>> {
    let stack = RecurrentConfig { cell: Cell::Gru, hidden: 2, ..RecurrentConfig::default() };
    let representation =
        FrameRepresentation { pitch_low: 60, pitch_high: 62, ..FrameRepresentation::default() };
    let frames = Encoding::Frames {
        representation,
        metre: 4,
        bar_line: 3,
        look_back: 0,
        longest_match: false,
        returns: false,
        rhythm: false,
        note_lengths: 0,
        note_velocities: 0,
    };
    let attention = Some(AttentionConfig { score: AttentionScore::Additive, hidden: 2 });
    let all_ways = Seq2SeqConfig {
        source: frames.clone(),
        target: frames,
        styles: 2,
        encoder: RecurrentConfig { bidirectional: true, ..stack.clone() },
        decoder: stack.clone(),
        bridge: true,
        aligned: true,
        attention,
        output_dropout: 0.1,
        note_wise: None,
    };
    let encoding = Encoding::tokens(4);
    let bridged = Seq2SeqConfig {
        source: encoding.clone(),
        target: encoding,
        styles: 0,
        encoder: stack,
        aligned: false,
        attention: None,
        ..all_ways.clone()
    };
    let notes = PartNotes {
        task: Task::Accompany,
        styles: vec!["rag".into(), "game".into()],
        program: 0,
        corpus: "none".into(),
        seed: 1,
        valid_nll: Some(1.5),
    };
    let one = |config: Seq2SeqConfig| {
        let model = Seq2Seq::new(config.clone(), &Init::RECOMMENDED, 1).expect("a small model");
        let bytes = to_bytes(&model, &notes).expect("written");
        let header = json!({ "version": 1, "config": config, "notes": notes });
        in_three_forms(bytes, header.to_string().into_bytes())
    };
    let edits = [vec![3, 9, 0, 1], vec![4, 12, 0, 22]];
    [all_ways, bridged].into_iter().flat_map(one).chain(edits).collect()
}
