//! `evaluate`, `diagnose` and `listening`: what they say of good music, bad music and odd music, and what they refuse.

use crate::common;
use approx::{abs_diff_eq, assert_abs_diff_eq};

use common::songs::{QUARTER, note, score, song, write};
use common::{assert_refused, complaint, composer};
use composer_bptt::{Init, RecurrentConfig};
use composer_models::file::{Notes, save};
use composer_models::{Encoding, ModelConfig, SequenceModel};
use composer_music::Note;
use composer_music::representation::frames::FrameRepresentation;
use composer_music::representation::{AnyRepresentation, Representation};
use composer_music::score::DRUM_CHANNEL;
use serde_json::Value;
use std::path::Path;
use tempfile::{TempDir, tempdir};

/// Real songs in `real`, and two sets: `sound` with one song that is new and one that is copied, `stuck` with loops.
fn music() -> TempDir {
    let here = tempdir().expect("a folder");
    let real = here.path().join("real");
    (1..=24).for_each(|seed| write(&real, &format!("song-{seed:02}.mid"), &song(seed)));
    write(&here.path().join("sound"), "new.mid", &song(101));
    write(&here.path().join("sound"), "copy.mid", &song(3));
    for (name, pitch) in [("low.mid", 40), ("high.mid", 80)] {
        let looped = (0..128).map(|i| note(i * QUARTER, QUARTER, pitch + (i % 2) as u8));
        write(&here.path().join("stuck"), name, &score(vec![looped.collect()]));
    }
    let odd = here.path().join("odd");
    write(&odd, "empty.mid", &score(vec![]));
    write(
        &odd,
        "drums.mid",
        &score(vec![(0..64).map(|i| Note { channel: DRUM_CHANNEL, ..note(i * QUARTER, 120, 36) }).collect()]),
    );
    write(&odd, "one.mid", &score(vec![vec![note(0, QUARTER, 60)]]));
    here
}

fn json(output: &std::process::Output) -> Value {
    assert_eq!(output.status.code(), Some(0), "{}", complaint(output));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn said(output: &std::process::Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{}", complaint(output));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn sets_are_compared_and_copies_named() {
    let here = music();
    let args = ["evaluate", "sound", "stuck", "--reference", "real"];
    let record = json(&composer(here.path(), &[&args[..], &["--json", "--muspy"]].concat()));
    let sets = record["sets"].as_array().expect("sets");
    let piece = |set: usize, name: &str| -> &Value {
        let pieces = sets[set]["assessment"]["pieces"].as_array().expect("pieces");
        pieces.iter().find(|piece| piece["name"] == name).expect("a piece")
    };
    assert_eq!(piece(0, "copy.mid")["originality"]["copied"], true);
    assert_eq!(piece(0, "copy.mid")["originality"]["overlap"]["longest"]["source"], "song-03.mid");
    assert_eq!(piece(0, "new.mid")["originality"]["copied"], false);
    assert_eq!(piece(1, "low.mid")["diagnosis"]["findings"][0]["mode"], "repetition");
    assert_eq!(sets[0]["muspy"][0]["metrics"]["n_pitch_classes_used"], 7.0);
    for comparison in sets[0]["assessment"]["comparisons"].as_array().expect("statistics") {
        let human = &comparison["human"];
        assert!(human["low"].as_f64() <= human["high"].as_f64(), "{comparison}");
    }
    let names = |list: &Value| -> Vec<String> {
        list.as_array().expect("a list").iter().map(|row| row["name"].as_str().unwrap().into()).collect()
    };
    assert!(names(&sets[0]["assessment"]["distributions"]).contains(&"pitch_class_transitions".to_string()));
    let parts = &sets[0]["assessment"]["voice_leading"];
    assert!(
        parts[0]["bach"].as_f64().unwrap() > 0.0 && parts[0]["reference"]["estimate"].is_f64(),
        "{parts}"
    );
    let range = record["closer"].as_array().unwrap().iter().find(|row| row["name"] == "polyphony").unwrap();
    assert!(range["first"].as_f64() < range["second"].as_f64(), "{range}");

    assert!(!here.path().join("evaluation.html").exists(), "no page is written unasked");
    let text = said(&composer(here.path(), &[&args[..], &["--page", "evaluation.html"]].concat()));
    for words in [
        "sound",
        "Copied from song-03.mid",
        "collapse into repetition",
        "per 100 notes",
        "Closer to real music",
    ] {
        assert!(text.contains(words), "\"{words}\" is missing in: {text}");
    }
    let page = std::fs::read_to_string(here.path().join("evaluation.html")).expect("a page");
    for words in
        ["Which set is closer to real music", "Distributions", "Piano rolls", "fill=\"#fbe3d6\"", "low.mid"]
    {
        assert!(page.contains(words), "\"{words}\" is missing in the page");
    }
    let outside = page.replace("http://www.w3.org/2000/svg", "");
    assert!(!outside.contains("http") && !outside.contains("<script"), "the page asks for something outside");
}

#[test]
fn odd_music_has_an_answer_in_every_command() {
    let here = music();
    let record =
        json(&composer(here.path(), &["evaluate", "odd", "--reference", "real", "--json", "--muspy"]));
    assert_eq!(record["sets"][0]["assessment"]["pieces"].as_array().unwrap().len(), 3);
    let odd = ["evaluate", "odd", "--reference", "real", "--output", "evaluation.html"];
    let text = said(&composer(here.path(), &odd));
    assert!(!text.contains("NaN") && !text.contains("inf"), "{text}");
    let page = std::fs::read_to_string(here.path().join("evaluation.html")).expect("a page");
    assert!(!page.contains("NaN"), "a figure that is none should be a dash");
    let text = said(&composer(here.path(), &["diagnose", "odd", "--reference", "real"]));
    for words in
        ["empty.mid: hardly any music", "not a single note", "drums.mid: not assessed: it has only drums"]
    {
        assert!(text.contains(words), "\"{words}\" is missing in: {text}");
    }
    for only in ["odd/empty.mid", "odd/drums.mid", "odd/one.mid"] {
        json(&composer(here.path(), &["evaluate", only, "--reference", "real", "--json"]));
        json(&composer(here.path(), &["diagnose", only, "--reference", "real", "--json", "--whole"]));
    }
}

#[test]
fn diagnose_names_bars_causes_and_remedies() {
    let here = music();
    let rows = json(&composer(
        here.path(),
        &["diagnose", "stuck/low.mid", "sound", "--reference", "real", "--json"],
    ));
    let by_name = |name: &str| rows.as_array().unwrap().iter().find(|row| row["name"] == name).expect(name);
    let finding = &by_name("stuck/low.mid")["diagnosis"]["findings"][0];
    assert_eq!(
        (finding["mode"].as_str(), &finding["bars"][0]["start"]),
        (Some("repetition"), &Value::from(0))
    );
    assert!(finding["remedy"].as_str().unwrap().contains("--temperature"), "{finding}");
    assert_eq!(by_name("sound/new.mid")["diagnosis"]["findings"], Value::Array(vec![]));
    let scores = by_name("sound/new.mid")["diagnosis"]["scores"].as_object().expect("named figures");
    assert!(scores.contains_key("repetition") && scores.len() == 4, "{scores:?}");
    let text = said(&composer(here.path(), &["diagnose", "stuck/low.mid", "--reference", "real"]));
    for words in [
        "low.mid: collapse into repetition",
        "again and again in bars 1–32",
        "likely cause:",
        "like the reference: ",
    ] {
        assert!(text.contains(words), "\"{words}\" is missing in: {text}");
    }
    let likeness = &by_name("stuck/low.mid")["diagnosis"]["likeness"];
    assert!(
        likeness["score"].as_f64() <= likeness["high"].as_f64() && likeness["pieces"] == 24,
        "{likeness}"
    );
    let text = said(&composer(here.path(), &["diagnose", "sound/new.mid", "--reference", "real"]));
    assert!(text.contains("new.mid: none of the tested faults found."), "{text}");
}

/// Few pieces cannot be told from real music by their spread, but by their place in it.
#[test]
fn few_pieces_are_not_called_as_good_as_real() {
    let here = music();
    for seed in [201, 202, 203] {
        let mut thin = song(seed);
        for track in &mut thin.tracks {
            let mut number = 0;
            track.notes.retain(|_| {
                number += 1;
                number % 3 == 1
            });
        }
        write(&here.path().join("thin"), &format!("{seed}.mid"), &thin);
    }
    let args = ["evaluate", "thin", "--reference", "real"];
    let record = json(&composer(here.path(), &[&args[..], &["--json"]].concat()));
    let rows = record["sets"][0]["assessment"]["comparisons"].as_array().expect("statistics");
    let density = rows.iter().find(|row| row["name"] == "note_density").expect("the density");
    assert!(
        density["outside"].as_u64() >= Some(2) && density["rank_p_value"].as_f64() < Some(0.05),
        "{density}"
    );
    let text = said(&composer(here.path(), &[&args[..], &["--page", "thin.html"]].concat()));
    let line = text.lines().find(|line| line.starts_with("note_density")).expect("the density");
    assert!(line.ends_with("beyond real music"), "{line}");
    assert!(text.contains("not distinguishable with 3 pieces") && text.contains("too sparse"), "{text}");
    let page = std::fs::read_to_string(here.path().join("thin.html")).expect("a page");
    assert!(
        !page.contains('✓') && page.contains("not found") && page.contains("too sparse"),
        "no tick under a fault"
    );
}

#[test]
fn what_cannot_be_judged_is_refused_in_words() {
    let here = music();
    let file = here.path().join("notes.txt");
    std::fs::write(&file, "no music").expect("writes");
    std::fs::create_dir(here.path().join("nothing")).expect("a folder");
    write(&here.path().join("few"), "only.mid", &score(vec![vec![note(0, QUARTER, 60)]]));
    for command in ["evaluate", "diagnose"] {
        for (args, word) in [
            (&["absent"][..], "absent"),
            (&["nothing"], "nothing"),
            (&["sound", "--reference", "absent"], "absent"),
            (&["sound", "--reference", "few"], "too few"),
        ] {
            let output = composer(here.path(), &[&[command], args].concat());
            assert_refused(&output, 2, &[word]);
        }
    }
    assert_refused(&composer(here.path(), &["evaluate", "--model", "absent.safetensors"]), 2, &["absent"]);
    assert!(!here.path().join("evaluation.html").exists(), "a refused command leaves no page");
}

/// A model that has learnt nothing is a model all the same: every unit of its likelihood follows from the others.
fn untrained(path: &Path, encoding: Encoding, notes: &Notes) {
    let recurrent = RecurrentConfig { hidden: 8, ..RecurrentConfig::default() };
    let model =
        SequenceModel::new(ModelConfig::new(encoding, recurrent), &Init::default(), 3).expect("a model");
    save(&model, notes, path).expect("saves");
}

#[test]
fn likelihood_is_given_in_every_unit_for_every_representation() {
    let here = music();
    let frames = Encoding::frames(FrameRepresentation::default());
    untrained(&here.path().join("frames"), frames, &Notes::default());
    for name in ["events", "metrical-events", "remi", "multitrack-remi", "voices", "chords"] {
        let representation = AnyRepresentation::by_name(name).expect("a name");
        let encoding = Encoding::Tokens {
            vocabulary: representation.vocabulary().size(),
            fingerprint: representation.fingerprint(),
            longest_match: false,
            voices: None,
        };
        let notes = Notes { representation: Some(representation), ..Notes::default() };
        untrained(&here.path().join(name), encoding, &notes);
    }
    for model in ["frames", "events", "metrical-events", "remi", "multitrack-remi", "voices", "chords"] {
        let args = ["evaluate", "--model", model, "--reference", "real"];
        let record = json(&composer(here.path(), &[&args[..], &["--json"]].concat()));
        let network = record["likelihood"].as_array().unwrap().last().unwrap();
        assert_eq!(network["name"], "this network");
        let figures = &network["figures"];
        let figure = |unit: &str| figures[unit]["estimate"].as_f64().unwrap_or(f64::NAN);
        for unit in ["nats_per_frame", "nats_per_token", "nats_per_note", "perplexity"] {
            let (low, high) =
                (figures[unit]["low"].as_f64().unwrap(), figures[unit]["high"].as_f64().unwrap());
            assert!(figure(unit) > 0.0 && low <= figure(unit) && figure(unit) <= high, "{model}: {figures}");
        }
        assert!(abs_diff_eq!(figure("perplexity").ln(), figure("nats_per_token"), epsilon = 1e-9), "{model}");
        let accuracy = &figures["frame_accuracy"]["estimate"];
        if model == "frames" {
            assert!((0.0..1.0).contains(&accuracy.as_f64().unwrap()), "{figures}");
            assert_eq!(figure("nats_per_frame"), figure("nats_per_token"));
        } else {
            assert!(accuracy.is_null() && figure("nats_per_frame") != figure("nats_per_token"), "{figures}");
        }
        let text = said(&composer(here.path(), &args));
        assert!(text.contains("nats per note") && text.contains("frame accuracy"), "{text}");
    }
}

#[test]
fn a_listening_test_is_summed_up_with_intervals_and_tests() {
    let here = tempdir().expect("a folder");
    let mut csv = "kind,listener,piece,system,system_b,scale,answer\n".to_string();
    for i in 0..20 {
        csv += &format!("pair,l{},p{},lstm,rnn,,{}\n", i % 4, i % 5, if i < 15 { "a" } else { "b" });
        csv += &format!(
            "origin,l{},p{},{},,,human\n",
            i % 4,
            i % 5,
            if i % 2 == 0 { "human" } else { "machine" }
        );
        for (system, rating) in [("bach", 5), ("lstm", 3 + i % 2), ("rnn", 1 + i % 3)] {
            csv += &format!("rating,l{i},p{},{system},,harmony,{rating}\n", i % 5);
        }
    }
    std::fs::write(here.path().join("test.csv"), &csv).expect("writes");
    let record = json(&composer(here.path(), &["listening", "test.csv", "--json"]));
    let near = |value: &Value, expected: f64| {
        assert!(
            abs_diff_eq!(value.as_f64().unwrap(), expected, epsilon = 1e-9),
            "{value}, expected {expected}"
        );
    };
    // scipy.stats.binomtest(15, 20): p-value and exact interval.
    let pair = &record["win_rates"][0];
    near(&pair["p_value"], 0.04138946533203125);
    near(&pair["share"]["low"], 0.5089541282920425);
    near(&pair["share"]["high"], 0.9134285308985653);
    // Bradley–Terry of one pair: half the log-odds of 15 to 5.
    assert_abs_diff_eq!(
        record["strengths"]["log_strengths"]["lstm"].as_f64().unwrap(),
        3f64.ln() / 2.0,
        epsilon = 1e-4
    );
    assert_eq!(record["origin"]["correct"], 10);
    assert_eq!(record["ratings"][0]["comparisons"].as_array().unwrap().len(), 3);
    assert_eq!(record["judgements_needed"][1], serde_json::json!({ "share": 0.6, "judgements": 199 }));
    let text = said(&composer(here.path(), &["listening", "test.csv"]));
    for words in [
        "lstm against rnn: 15 won, 5 lost",
        "a difference",
        "undecided: more judgements",
        "Friedman",
        "0.60  199",
    ] {
        assert!(text.contains(words), "\"{words}\" is missing in: {text}");
    }
    assert!(said(&composer(here.path(), &["listening"])).starts_with("\nJudgements needed"));

    std::fs::write(here.path().join("bad.csv"), csv.replace(",a\n", ",x\n")).expect("writes");
    std::fs::write(here.path().join("empty.jsonl"), "\n").expect("writes");
    for (file, words) in [
        ("absent.csv", &["absent.csv"][..]),
        ("bad.csv", &["bad.csv", "judgement 1", "a, b or tie"]),
        ("empty.jsonl", &["empty.jsonl", "no judgements"]),
    ] {
        assert_refused(&composer(here.path(), &["listening", file]), 2, words);
    }
}
