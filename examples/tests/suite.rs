//! Runs every program of this folder, and checks what README.md says of them.

// Each program has its own `main`, which nothing calls here.
#[allow(dead_code)]
#[path = "../memorise.rs"]
mod memorise;
#[allow(dead_code)]
#[path = "../own_layer_gradient.rs"]
mod own_layer_gradient;
#[allow(dead_code)]
#[path = "../pytorch_state.rs"]
mod pytorch_state;
#[allow(dead_code)]
#[path = "../sine.rs"]
mod sine;
#[allow(dead_code)]
#[path = "../train_on_midi.rs"]
mod train_on_midi;
#[allow(dead_code)]
#[path = "../training_loop.rs"]
mod training_loop;

use composer::prelude::*;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

#[test]
fn the_lstm_continues_what_it_memorised() {
    assert_eq!(memorise::run().unwrap(), "bcabcabcabca");
}

#[test]
fn the_gru_continues_the_sine_wave() {
    let pairs = sine::run().unwrap();
    let worst = pairs.iter().map(|(forecast, truth)| (forecast - truth).abs()).fold(0.0, f32::max);
    assert_eq!(pairs.len(), 40);
    assert!(worst < 0.1, "two periods ahead, the forecast differs by {worst}");
}

/// What a run folder has: pieces that can be read, with notes.
fn check_run(trained: &Trained, pieces: usize) {
    assert_eq!(trained.compositions.len(), pieces);
    for piece in &trained.compositions {
        let path = trained.folder.join(&piece.file_stem).with_extension("mid");
        let read = read_midi(&path).unwrap();
        assert!(read.report.is_undamaged(), "{}", path.display());
        assert_eq!(read.score.notes().count(), piece.piece.score.notes().count());
    }
    assert!(trained.compositions.iter().any(|piece| piece.piece.score.notes().next().is_some()), "notes");
    TrainedModel::load(trained.folder.join("model.safetensors")).unwrap();
}

#[test]
fn a_training_on_midi_leaves_pieces_and_a_model() {
    let here = tempfile::tempdir().unwrap();
    // A folder of a user: a few of the built-in pieces, which the program takes all of without one.
    let music = here.path().join("music");
    fs::create_dir(&music).unwrap();
    for (number, piece) in corpus::shipped().pieces.iter().take(4).enumerate() {
        fs::write(music.join(format!("{number}.mid")), midi::write(&piece.score).unwrap()).unwrap();
    }
    let trained = train_on_midi::run(music.display().to_string(), here.path().join("mine")).unwrap();
    check_run(&trained, 2);
    assert_eq!(trained.summary.corpus_name, music.display().to_string());
}

#[test]
fn the_training_loop_learns_to_repeat() {
    let error = training_loop::run().unwrap();
    assert!(error < 0.01, "the mean squared error is {error}, and that of 0 is 0.28");
}

#[test]
fn a_right_gradient_passes_and_a_wrong_one_is_named() {
    let [right, wrong] = own_layer_gradient::run();
    assert!(right.passed(), "{right}");
    let failures: Vec<_> = wrong.failures().map(|row| (row.name.as_str(), row.index)).collect();
    assert_eq!(failures, [("v", 1)]);
    assert!(
        wrong.to_string().contains("[1]  WRONG") && wrong.to_string().contains("1 of 3 gradients are wrong")
    );
}

#[test]
fn the_state_of_pytorch_gives_the_outputs_of_pytorch() {
    let difference = pytorch_state::run().unwrap();
    assert!(difference < 1e-5, "{difference}");
}

/// Lines of a program that are neither blank nor comment.
fn lines_of_code(path: &Path) -> usize {
    let text = fs::read_to_string(path).unwrap();
    text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//")).count()
}

#[test]
fn the_table_lists_every_program_with_its_lines() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = fs::read_to_string(folder.join("README.md")).unwrap();
    let mut programs: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    programs.retain(|path| path.extension().is_some_and(|extension| extension == "rs"));
    assert_eq!(programs.len(), 6);
    let mut wrong = Vec::new();
    for path in programs {
        let (name, lines) = (path.file_name().unwrap().to_string_lossy().into_owned(), lines_of_code(&path));
        let row = readme.lines().find(|line| line.starts_with(&format!("| [{name}]({name}) |")));
        if !row.is_some_and(|row| row.ends_with(&format!("| {lines} |"))) {
            wrong.push(format!("{name} has {lines} lines of code; the table says {row:?}"));
        }
        assert!(lines <= 40, "{name} has {lines} lines of code, and should be short");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The numbers of a lesson's program, run into a folder of its own.
fn run_lesson(lesson: usize) -> BTreeMap<String, f64> {
    let folder = tempfile::tempdir().unwrap();
    // Cargo has built the programs beside this test.
    let here = std::env::current_exe().unwrap();
    let program = here.parent().unwrap().with_file_name("examples").join(format!("lesson_{lesson}"));
    let output = Command::new(program).env("COURSE_FIGURES", folder.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    read_numbers(&folder.path().join(format!("lesson_{lesson}.json")))
}

fn read_numbers(path: &Path) -> BTreeMap<String, f64> {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// That the program of a lesson makes the numbers of its text. What training makes may differ a little on another processor, whose sums
/// are rounded otherwise.
fn check_lesson(lesson: usize) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/figures");
    let (made, kept) = (run_lesson(lesson), read_numbers(&folder.join(format!("lesson_{lesson}.json"))));
    assert!(made.keys().eq(kept.keys()), "lesson {lesson}: other numbers");
    let tolerance = if lesson <= 3 { (0.01, 1e-3) } else { (0.1, 0.5) };
    let mut wrong = Vec::new();
    for (name, value) in made {
        let expected = kept[&name];
        // An error of rounding is what it happens to be.
        let chance = name.contains("best_") || name.ends_with("at_1e-12");
        if !chance && (value - expected).abs() > tolerance.0 * expected.abs() + tolerance.1 {
            wrong.push(format!("{name} is {value}, and the text has {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A test of its own for each lesson, so that they run side by side. Lesson 6 trains for half a minute:
/// `scripts/course_figures.sh --check 6`.
macro_rules! lessons_make_the_numbers_of_their_text {
    ($($test:ident $lesson:literal),*) => {
        $(
            #[test]
            fn $test() {
                check_lesson($lesson);
            }
        )*
    };
}

lessons_make_the_numbers_of_their_text! {
    lesson_1 1, lesson_2 2, lesson_3 3, lesson_4 4, lesson_5 5, lesson_7 7, lesson_8 8
}
