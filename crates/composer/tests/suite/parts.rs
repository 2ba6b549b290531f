//! `accompany`, `drum` and `reharmonise`: the given part is in the result as it was, note for note and tick for tick.

use composer_music::score::DRUM_CHANNEL;
use composer_music::{KeySignature, Note, Pedal, Score, Tempo, TimeSignature, Track, midi};
use std::path::Path;
use std::process::{Command, Output};

/// A tune of odd ticks and lengths, which no grid holds, at an odd resolution.
fn tune(channel: u8, lowest: u8) -> Track {
    let note = |index: u64| Note {
        onset: index * 191 + index % 7,
        duration: 150 + index % 41,
        pitch: lowest + [0, 4, 7, 5, 2, 9, 7, 4][index as usize % 8],
        velocity: 40 + (index % 60) as u8,
        channel,
        program: if channel == DRUM_CHANNEL { 0 } else { 73 },
    };
    Track { name: Some(format!("channel {channel}").into()), notes: (0..64).map(note).collect() }
}

fn song(tracks: Vec<Track>) -> Score {
    let mut score = Score::new(384);
    score.tempos = vec![
        Tempo { tick: 0, micros_per_quarter: 431_034 },
        Tempo { tick: 4001, micros_per_quarter: 612_345 },
    ];
    score.time_signatures = vec![TimeSignature { tick: 0, numerator: 4, denominator: 4 }];
    score.key_signatures = vec![KeySignature { tick: 0, sharps: -3, minor: true }];
    score.pedals = vec![Pedal { tick: 7, channel: 0, value: 101 }, Pedal { tick: 777, channel: 0, value: 0 }];
    score.tracks = tracks;
    score
}

fn composer(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_composer"))
        .current_dir(folder)
        .args(arguments)
        .output()
        .expect("it runs")
}

/// Runs a command on a score and reads what it wrote.
fn result(score: &Score, arguments: &[&str]) -> Score {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("in.mid"), midi::write(score).expect("writes")).expect("writes");
    let output = composer(folder.path(), &[arguments, &["--output", "out.mid"]].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    midi::read_file(folder.path().join("out.mid")).expect("reads").score
}

fn notes_on(score: &Score, channel: u8) -> Vec<Note> {
    let mut notes: Vec<Note> = score.notes().filter(|note| note.channel == channel).copied().collect();
    notes.sort();
    notes
}

/// Everything of the given part, and of the time that it is in.
fn assert_untouched(before: &Score, after: &Score, channel: u8) {
    assert_eq!(notes_on(after, channel), notes_on(before, channel));
    assert!(!notes_on(before, channel).is_empty());
    assert_eq!(after.ticks_per_quarter, before.ticks_per_quarter);
    assert_eq!(after.tempos, before.tempos);
    assert_eq!(after.time_signatures, before.time_signatures);
    assert_eq!(after.key_signatures, before.key_signatures);
    assert_eq!(after.pedals, before.pedals);
}

#[test]
fn a_melody_is_accompanied_and_stays_as_it_was() {
    let melody = song(vec![tune(0, 67)]);
    let after = result(&melody, &["accompany", "in.mid"]);
    assert_untouched(&melody, &after, 0);
    let new: Vec<&Note> = after.notes().filter(|note| note.channel != 0).collect();
    assert!(new.len() > 16, "{} new notes", new.len());
    assert!(new.iter().all(|note| !note.is_drum()));
    assert!(after.end() <= melody.end() + u64::from(melody.ticks_per_quarter));
    let again = result(&melody, &["accompany", "in.mid"]);
    assert_eq!(after, again, "the same seed gives the same music");
    assert_ne!(after, result(&melody, &["accompany", "in.mid", "--seed", "2"]));
}

#[test]
fn an_accompaniment_stays_below_the_melody_on_request() {
    let melody = song(vec![tune(0, 50)]); // up to 59
    let highest = |arguments: &[&str]| {
        let after = result(&melody, arguments);
        assert_untouched(&melody, &after, 0);
        after.notes().filter(|note| note.channel != 0).map(|note| note.pitch).max().expect("new notes")
    };
    assert!(highest(&["accompany", "in.mid"]) > 59);
    assert!(highest(&["accompany", "in.mid", "--below-melody"]) < 59);
}

#[test]
fn drums_go_with_a_bass_and_nothing_else_changes() {
    let mut bass = tune(3, 36);
    bass.name = Some("bass".into());
    bass.notes.iter_mut().for_each(|note| note.program = 33);
    let before = song(vec![tune(0, 67), bass, tune(DRUM_CHANNEL, 40)]);
    let after = result(&before, &["drum", "in.mid"]);
    for channel in [0, 3] {
        assert_untouched(&before, &after, channel);
    }
    let drums = notes_on(&after, DRUM_CHANNEL);
    assert!(!drums.is_empty() && drums != notes_on(&before, DRUM_CHANNEL), "the old drums are replaced");
}

#[test]
fn a_tune_is_reharmonised_in_each_style_of_the_model() {
    let melody = song(vec![tune(0, 67)]);
    let styles = ["rag", "game"].map(|style| {
        let after = result(&melody, &["reharmonise", "in.mid", "--style", style]);
        assert_untouched(&melody, &after, 0);
        after
    });
    assert_ne!(styles[0], styles[1]);
}

#[test]
fn what_cannot_be_found_is_asked_for_in_words() {
    let folder = tempfile::tempdir().expect("a folder");
    // Two parts of chords: neither is a line.
    let mut tracks = vec![tune(0, 67), tune(1, 50)];
    for track in &mut tracks {
        let chords: Vec<Note> =
            track.notes.iter().map(|note| Note { pitch: note.pitch + 3, ..*note }).collect();
        track.notes.extend(chords);
        track.notes.sort();
    }
    let before = song(tracks);
    std::fs::write(folder.path().join("in.mid"), midi::write(&before).expect("writes")).expect("writes");
    for (arguments, words) in [
        (vec!["accompany", "in.mid"], "--melody-track"),
        (vec!["drum", "in.mid"], "--bass-track"),
        (vec!["accompany", "in.mid", "--melody-track", "7"], "no track 7"),
        (vec!["reharmonise", "in.mid", "--style", "polka", "--melody-track", "0"], "has no style \"polka\""),
        (vec!["accompany", "missing.mid"], "missing.mid"),
    ] {
        let output = composer(folder.path(), &arguments);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(said.contains(words), "{arguments:?}: {said}");
    }
    let after = result(&before, &["accompany", "in.mid", "--melody-track", "0"]);
    assert_untouched(&before, &after, 0);
}

#[test]
fn a_page_shows_both_parts() {
    let folder = tempfile::tempdir().expect("a folder");
    let melody = song(vec![tune(0, 67)]);
    std::fs::write(folder.path().join("in.mid"), midi::write(&melody).expect("writes")).expect("writes");
    let output = composer(folder.path(), &["accompany", "in.mid", "--page", "--output", "out.mid"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let page = std::fs::read_to_string(folder.path().join("out.html")).expect("a page");
    assert_eq!(page.matches("Piano roll: ").count(), 2);
    assert!(page.contains("New accompaniment for in.mid") && page.contains("<h2>Attention</h2>"));
    let pictures = page.split("class=\"controls\"").nth(1).expect("pictures after the player");
    assert!(page.matches("class=\"player\"").count() == 1 && !page.contains("<audio"));
    assert!(!page.contains("out.wav"), "no sound was asked for");
    assert!(pictures.contains("Attention weights of each step") && !pictures.contains("NaN"));
}

/// Songs of a bass and drums that always strike with it.
fn band(folder: &Path, songs: u64) {
    for number in 0..songs {
        let mut bass = tune(0, 36);
        bass.name = Some("bass".into());
        let mut drums = tune(DRUM_CHANNEL, 36);
        let mut random = number + 1; // Knuth's generator: rhythms that nobody foresees
        let mut step = 0;
        for (low, drum) in bass.notes.iter_mut().zip(&mut drums.notes) {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            step += 1 + (random >> 62);
            (low.onset, drum.onset) = (96 * step, 96 * step);
            (low.duration, drum.duration) = (96, 96);
            (low.program, drum.pitch) = (33, 36);
        }
        let score = song(vec![bass, drums]);
        std::fs::write(folder.join(format!("{number}.mid")), midi::write(&score).expect("writes"))
            .expect("writes");
    }
}

#[test]
fn a_part_is_learnt_and_the_source_is_shown_to_be_used() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("songs")).expect("a folder");
    band(&folder.path().join("songs"), 12);
    let learn = [
        "learn-part",
        "drum",
        "songs",
        "--hidden",
        "12",
        "--encoder",
        "8",
        "--epochs",
        "40",
        "--compare",
        "1",
    ];
    let output = composer(folder.path(), &[&learn[..], &["--listen", "aligned,attention"]].concat());
    let (said, complaint) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{complaint}");
    let figure = |name: &str| -> f64 {
        let line = said.lines().find(|line| line.ends_with(name)).unwrap_or_else(|| panic!("{name}: {said}"));
        line.split_whitespace().next().and_then(|word| word.parse().ok()).expect("a figure")
    };
    let with_source = figure("  with the source");
    assert!(with_source < figure("  with a shuffled source") - 0.1, "{said}");
    assert!(with_source < figure("  for an unconditional model") - 0.1, "{said}");
    std::fs::copy(folder.path().join("songs/0.mid"), folder.path().join("in.mid")).expect("copies");
    let drum = ["drum", "in.mid", "--model", "part.safetensors", "--page", "--output", "out.mid"];
    assert!(composer(folder.path(), &drum).status.success());
    let page = std::fs::read_to_string(folder.path().join("out.html")).expect("a page");
    assert!(
        page.contains("Attention weights of each step")
            && page.contains("of the attention weight is within a quarter note"),
        "a picture"
    );
    let output = composer(folder.path(), &["learn-part", "accompany", "songs"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("too few"));
}

#[test]
fn a_part_model_whose_training_was_killed_is_resumed_to_the_same_bytes() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("songs")).expect("a folder");
    band(&folder.path().join("songs"), 12);
    // Two stages: the unconditional model first, then the weights that read the source.
    let learn = "learn-part drum songs --hidden 12 --encoder 8 --epochs 6 --unconditional-epochs 60 --scheduled-sampling 0.3";
    let learn: Vec<&str> = learn.split(' ').collect();
    let run = |more: &[&str]| {
        let output = composer(folder.path(), &[&learn[..], more].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    let read = |file: &str| std::fs::read(folder.path().join(file)).expect("a file");
    run(&["--output", "plain.safetensors"]);
    run(&["--output", "whole.safetensors", "--output-dir", "whole"]);
    assert!(read("plain.safetensors") == read("whole.safetensors"), "the run folder changes nothing");
    let mut child = Command::new(env!("CARGO_BIN_EXE_composer"))
        .current_dir(folder.path())
        .args([&learn[..], &["--output", "killed.safetensors", "--output-dir", "killed"]].concat())
        .stderr(std::process::Stdio::null())
        .spawn()
        .expect("it runs");
    let metrics = folder.path().join("killed/fold-1/unconditional/metrics.jsonl");
    while std::fs::read_to_string(&metrics).unwrap_or_default().lines().count() < 3 {
        assert!(child.try_wait().expect("it runs").is_none(), "it ended before it could be killed");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    child.kill().expect("it can be killed");
    child.wait().expect("it ends");
    run(&["--output", "killed.safetensors", "--resume", "killed"]);
    assert!(read("killed.safetensors") == read("whole.safetensors"), "another model");
    run(&["--output", "again.safetensors", "--resume", "killed"]);
    assert!(read("again.safetensors") == read("whole.safetensors"), "nothing was left to do");
    for stage in ["unconditional", "conditional"] {
        let of = |run: &str, file: &str| format!("{run}/fold-1/{stage}/{file}");
        for file in ["model.safetensors", "checkpoint.bin", "metrics.jsonl"] {
            assert!(!read(&of("killed", file)).is_empty(), "{stage}: {file}");
        }
        let folder = std::fs::read_dir(folder.path().join(of("killed", ""))).expect("a folder");
        let events = folder.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        assert!(events.into_iter().any(|name| name.starts_with("events.out")), "{stage}: TensorBoard");
    }
}

#[test]
fn train_with_a_task_is_what_learn_part_was() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("songs")).expect("a folder");
    band(&folder.path().join("songs"), 12);
    let small = ["--hidden", "4", "--encoder", "4", "--epochs", "1", "--unconditional-epochs", "1"];
    let model = |command: &[&str], output: &str| {
        let run = composer(folder.path(), &[command, &small, &["--output", output]].concat());
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
        std::fs::read(folder.path().join(output)).expect("a model")
    };
    let new = model(&["train", "songs", "--task", "drum"], "new.safetensors");
    assert!(new == model(&["learn-part", "drum", "songs"], "old.safetensors"), "the same model");
    for (arguments, words) in [
        (vec!["train", "songs", "--task", "drum", "--preset", "good"], "--preset is only for --task compose"),
        (vec!["train", "--task", "drum"], "folders"),
        (vec!["train", "songs", "songs"], "one folder"),
    ] {
        let output = composer(folder.path(), &arguments);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(2) && said.contains(words), "{arguments:?}: {said}");
    }
}

#[test]
fn a_task_takes_the_settings_of_a_training_and_says_what_it_would_cost() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("songs")).expect("a folder");
    band(&folder.path().join("songs"), 12);
    let small = [
        "train",
        "songs",
        "--task",
        "drum",
        "--hidden",
        "8",
        "--encoder",
        "4",
        "--unconditional-epochs",
        "1",
    ];
    let dry = ["--dry-run", "--json", "--set", "ema_decay=0.9", "--minutes", "0.5", "--cell", "lstm"];
    let output = composer(folder.path(), &[&small[..], &dry].concat());
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let plan: serde_json::Value = serde_json::from_str(&said).expect("JSON");
    assert_eq!(plan["training"]["ema_decay"], 0.9);
    assert_eq!((&plan["training"]["minutes"], &plan["training"]["epochs"]), (&0.5.into(), &0.into()));
    assert_eq!(plan["model"]["decoder"]["cell"], "lstm");
    assert!(plan["parameters"].as_u64() > Some(100) && plan["most_seconds"].as_f64() > Some(0.0), "{plan}");
    assert!(!folder.path().join("part.safetensors").exists(), "a dry run writes nothing");
    let output = composer(folder.path(), &[&small[..], &["--set", "ema_dekay=0.9"]].concat());
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("did you mean training.ema_decay"));
    let output = composer(folder.path(), &[&small[..], &["--minutes", "0"]].concat());
    assert_eq!(output.status.code(), Some(2));
    // A few seconds of training, and no more epochs than that.
    let trained = [&small[..], &["--minutes", "0.02", "--set", "ema_decay=0.5"]].concat();
    let output = composer(folder.path(), &trained);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(folder.path().join("part.safetensors").exists());
}

#[test]
fn a_part_model_is_fine_tuned_with_its_own_network() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("songs")).expect("a folder");
    band(&folder.path().join("songs"), 12);
    let train = |more: &[&str]| {
        let args = ["train", "songs", "--task", "drum", "--epochs", "3", "--json"];
        composer(folder.path(), &[&args[..], more].concat())
    };
    let first =
        ["--hidden", "12", "--encoder", "8", "--unconditional-epochs", "20", "--output", "first.safetensors"];
    let output = train(&first);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let from = ["--init-from", "first.safetensors", "--output", "second.safetensors"];
    let output = train(&[&from[..], &["--compare-from-nothing", "--unconditional-epochs", "1"]].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let nats = |key: &str| said["fine_tuning"][key].as_f64().expect("a loss");
    assert!(nats("best") < nats("before") && nats("best") < nats("from_nothing"), "{said}");
    let model = |name: &str| composer_models::seq2seq::load(&folder.path().join(name)).expect("a model");
    let ((first, _), (second, notes)) = (model("first.safetensors"), model("second.safetensors"));
    assert_eq!(first.config(), second.config());
    assert!((notes.valid_nll.expect("a loss") - nats("best")).abs() < 1e-9);
    for (more, words) in [
        (&["--hidden", "9"][..], "--hidden is 9, and first.safetensors has 12"),
        (&["--cell", "lstm"], "--cell is lstm, and first.safetensors has gru"),
        (&["--conditioning", "bridge"], "--conditioning is not that of first.safetensors"),
    ] {
        let output = train(&[&from[..], more].concat());
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(2) && said.contains(words), "{said}");
    }
    let output = train(&["--init-from", "accompany"]);
    let said = String::from_utf8_lossy(&output.stderr);
    let words =
        "the built-in model accompany is for composer accompany, and this needs one for composer drum: drum";
    assert!(output.status.code() == Some(2) && said.contains(words), "{said}");
    // The built-in model is a start like any other.
    let plan = train(&["--init-from", "drum", "--dry-run"]);
    assert!(plan.status.success(), "{}", String::from_utf8_lossy(&plan.stderr));
}
