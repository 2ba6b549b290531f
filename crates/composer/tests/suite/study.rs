//! `composer study`: small studies from end to end, and what they refuse.

use crate::common;

use common::{assert_refused, complaint, composer};
use std::fs;
use tempfile::tempdir;

/// The page asks nothing of a network.
fn assert_self_contained(page: &str) {
    for request in ["src=\"http", "href=\"http", "url(http", "@import", "<script"] {
        assert!(!page.contains(request), "the page has {request}");
    }
}

#[test]
fn a_small_memory_study_writes_a_table_a_page_and_its_data() {
    let here = tempdir().unwrap();
    let args = "study memory --task recall,adding --length 4 --steps 40000 --parameters 800 --output-dir out";
    let output = composer(here.path(), &args.split(' ').collect::<Vec<_>>());
    assert_eq!(output.status.code(), Some(0), "{}", complaint(&output));
    let table = String::from_utf8_lossy(&output.stdout).into_owned();
    for words in ["Adding problem", "Sequential recall", "tanh RNN", "LSTM", "GRU", "memory.html"] {
        assert!(table.contains(words), "{words} is missing in\n{table}");
    }
    let page = fs::read_to_string(here.path().join("out/memory.html")).unwrap();
    assert_eq!(page.matches("<svg").count(), 2 + 2, "a chart for each task, and one for each of its lengths");
    assert!(page.contains("composer study memory --task recall,adding --length 4"), "the command");
    assert_self_contained(&page);
    let data = fs::read_to_string(here.path().join("out/memory.csv")).unwrap();
    let columns = data.lines().next().unwrap().split(',').count();
    assert!(data.lines().count() > 6 && data.lines().all(|line| line.split(',').count() == columns));
}

#[test]
fn a_small_study_of_gradient_flow_writes_a_page_and_three_tables() {
    let here = tempdir().unwrap();
    let args = "study gradient-flow --parameters 6000 --layers 1 --bars 2 --updates 3 --output-dir out";
    let output = composer(here.path(), &args.split(' ').collect::<Vec<_>>());
    assert_eq!(output.status.code(), Some(0), "{}", complaint(&output));
    let table = String::from_utf8_lossy(&output.stdout).into_owned();
    for words in ["tanh RNN before", "LSTM after", "GRU after", "per step", "bars"] {
        assert!(table.contains(words), "{words} is missing in\n{table}");
    }
    let page = fs::read_to_string(here.path().join("out/gradient-flow.html")).unwrap();
    for words in ["vanishes", "Gate activations", "Gradient through each gate", "<svg"] {
        assert!(page.contains(words), "{words} is missing in the page");
    }
    assert_self_contained(&page);
    assert!(!page.contains("NaN"), "every number is one");
    for name in ["gradient-flow.csv", "gradient-flow-gates.csv", "gradient-flow-training.csv"] {
        let data = fs::read_to_string(here.path().join("out").join(name)).unwrap();
        let columns = data.lines().next().unwrap().split(',').count();
        assert!(
            data.lines().count() > 20 && data.lines().all(|line| line.split(',').count() == columns),
            "{name}"
        );
    }
}

#[test]
fn a_small_study_of_cells_writes_a_page_and_two_tables() {
    let here = tempdir().unwrap();
    let args = "study cells --cells gru --arms linear,noise --seeds 2 --updates 2 --parameters 50000 --batch-size 2 --bars 1 \
                --compositions 2 --output-dir out";
    let output = composer(here.path(), &args.split_whitespace().collect::<Vec<_>>());
    assert_eq!(output.status.code(), Some(0), "{}", complaint(&output));
    let table = String::from_utf8_lossy(&output.stdout).into_owned();
    for words in ["teacher-forcing", "linear", "noise", "nats per quarter", "bits", "±", "cells.html"] {
        assert!(table.contains(words), "{words} is missing in\n{table}");
    }
    let page = fs::read_to_string(here.path().join("out/cells.html")).unwrap();
    assert_eq!(page.matches("<svg").count(), 2 * 3, "three charts for each representation");
    for words in
        ["Every cell on frames", "Every cell on events", "scheduled sampling", "random noise", "real music"]
    {
        assert!(page.contains(words), "{words} is missing in the page");
    }
    assert_self_contained(&page);
    assert!(!page.contains("NaN"), "every number is one");
    // Two representations, three arms, two seeds; four figures of four bars and a bar after wrong notes, and real music.
    for (name, lines) in [("cells.csv", 12), ("cells-bars.csv", 12 * (4 * 4 + 1) + 4 * 4)] {
        let data = fs::read_to_string(here.path().join("out").join(name)).unwrap();
        let columns = data.lines().next().unwrap().split(',').count();
        assert_eq!(data.lines().count(), 1 + lines, "{name}");
        assert!(data.lines().all(|line| line.split(',').count() == columns), "{name}");
    }
}

#[test]
fn what_cannot_be_studied_is_refused_before_anything_is_written() {
    let here = tempdir().unwrap();
    for (args, words) in [
        ("memory --task sorting", ["sorting", "adding"]),
        ("memory --length 1", ["--length is 1", "longer"]),
        ("memory --length 1000000", ["--length is 1000000", "100000"]),
        ("memory --steps 0", ["--steps is 0", "at least 1"]),
        ("memory --batch-size 0", ["--batch-size is 0", "at least 1"]),
        ("memory --batch-size 18446744073709551615", ["--batch-size is 18446744073709551615", "smaller"]),
        ("memory --parameters 5", ["--parameters is 5", "smallest rnn has"]),
        ("memory --parameters 18446744073709551615", ["--parameters is 18446744073709551615", "at most"]),
        ("memory --learning-rate NaN", ["--learning-rate is NaN", "above 0"]),
        ("memory --learning-rate-rnn=-1", ["--learning-rate-rnn is -1", "above 0"]),
        ("memory --forget-bias inf", ["--forget-bias is inf", "a number"]),
        ("gradient-flow nowhere", ["nowhere", "no file or folder"]),
        ("gradient-flow --updates 0", ["--updates is 0", "at least 1"]),
        ("gradient-flow --layers 0", ["--layers is 0", "between 1 and 100"]),
        ("gradient-flow --layers 18446744073709551615", ["--layers is 18446744073709551615", "and 100"]),
        ("gradient-flow --parameters 100", ["--parameters is 100", "smallest rnn has"]),
        ("gradient-flow --bars 0", ["--bars is 0", "at least 1"]),
        ("gradient-flow --bars 100000", ["1600000", "--bars"]),
        ("gradient-flow --forget-bias NaN", ["--forget-bias is NaN", "a number"]),
        ("gradient-flow --learning-rate 0", ["--learning-rate is 0", "above 0"]),
        ("cells nowhere", ["nowhere", "no file or folder"]),
        ("cells --arms student", ["student", "teacher-forcing, linear"]),
        ("cells --representations midi", ["midi", "frames or events"]),
        ("cells --floor 2", ["--floor is 2", "from 0 to 1"]),
        ("cells --seeds 0", ["--seeds is 0", "between 1 and 1000"]),
        ("cells --updates 0", ["--updates is 0", "between 1 and 1000000"]),
        ("cells --batch-size 0", ["--batch-size is 0", "between 1 and 1024"]),
        ("cells --parameters 1000", ["--parameters is 1000", "smallest rnn has"]),
        ("cells --learning-rate NaN", ["--learning-rate is NaN", "above 0"]),
        ("cells --bars 64", ["4096", "--bars"]),
    ] {
        let args: Vec<&str> =
            ["study"].into_iter().chain(args.split(' ')).chain(["--output-dir", "out"]).collect();
        assert_refused(&composer(here.path(), &args), 2, &words);
        assert!(!here.path().join("out").exists(), "{args:?} must leave nothing");
    }
    for study in ["memory", "gradient-flow", "cells"] {
        let output = composer(here.path(), &["study", study, "--cell", "elman"]);
        assert_eq!(output.status.code(), Some(2));
        let names = "there is no cell \"elman\"; choose rnn, rnn-relu, lstm, gru, peephole-lstm or minimal-gated-unit";
        assert!(complaint(&output).contains(names), "{}", complaint(&output));
    }
}
