//! Listening tests from the first page to the last, of each kind; going on after a reload, a restart, a torn line; nothing twice.

use crate::common::taking::{SYSTEMS, Serving, fitting, json_of, study, write};
use composer_application::listening::{ANSWERS_FILE, AnswerLine, Kind, STUDY_FILE};
use composer_evaluation::listening::read_trials_jsonl;
use composer_studio::listening::{ListeningOptions, ListeningServer};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;
use tempfile::tempdir;

fn answers(folder: &Path) -> Vec<AnswerLine> {
    let text = fs::read_to_string(folder.join(ANSWERS_FILE)).unwrap();
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

#[test]
fn studies_of_every_kind_are_taken_to_their_end() {
    for (name, kind) in Kind::ALL {
        let here = tempdir().unwrap();
        let study = study(kind);
        write(here.path(), &study);
        let serving = Serving::start(here.path());
        let trials = study.trials + study.catch_trials + study.repeated_trials;
        for _ in 0..study.participants {
            let somebody = serving.participant();
            assert_eq!(somebody.state()["stage"], "questionnaire", "{name}");
            let mut state = somebody.answer_questions();
            for number in 1..=trials {
                assert_eq!((&state["stage"], &state["trial"]["number"]), (&json!("trial"), &json!(number)));
                let text = state.to_string();
                for word in SYSTEMS.iter().chain(&["catch", "repeat", "piece0", "secret", "main"]) {
                    assert!(!text.contains(word), "{name}: the page is told {word} in {text}");
                }
                for sound in state["trial"]["sounds"].as_array().unwrap() {
                    let sound = somebody.get(sound["url"].as_str().unwrap());
                    assert!(sound.status == 200 && sound.text().starts_with("RIFF"), "{name}");
                    assert_eq!(sound.header("content-type"), Some("audio/wav"));
                    assert!(sound.header("etag").is_none(), "it would tell which sounds are the same");
                }
                state = json_of(&somebody.answer(kind, &state));
            }
            assert_eq!((&state["stage"], &state["done"]), (&json!("end"), &json!(trials)), "{name}");
        }
        assert_eq!(serving.visitor().state()["stage"], "full");
        assert_eq!(serving.visitor().post("/api/join", &json!({ "consent": true })).status, 409);
        let lines = answers(here.path());
        let different: BTreeSet<(&str, usize)> =
            lines.iter().map(|line| (line.listener.as_str(), line.trial)).collect();
        assert_eq!(
            (lines.len(), different.len()),
            (study.participants * trials, study.participants * trials)
        );
        let read = read_trials_jsonl(&fs::read_to_string(here.path().join(ANSWERS_FILE)).unwrap()).unwrap();
        assert_eq!(read.len(), lines.len(), "{name}");
        let catches = read.iter().filter(|trial| trial.passed.is_some()).count();
        let repeats = read.iter().filter(|trial| trial.repeat_of.is_some()).count();
        assert_eq!(catches, study.participants * study.catch_trials);
        assert_eq!(repeats, study.participants * study.repeated_trials);
    }
}

#[test]
fn who_comes_back_goes_on_where_they_were_even_after_a_restart_and_a_torn_line() {
    let here = tempdir().unwrap();
    write(here.path(), &study(Kind::Pairs));
    let serving = Serving::start(here.path());
    let somebody = serving.participant();
    let state = somebody.answer_questions();
    let state = json_of(&somebody.answer(Kind::Pairs, &state));
    let sound = somebody.get("/api/sounds/2/0").text();
    assert_eq!(somebody.state(), state, "a reload");
    // A second time of joining is the same person.
    assert_eq!(json_of(&somebody.post("/api/join", &json!({ "consent": true }))), state);
    let port = serving.address.port();
    drop(serving);
    let mut file = OpenOptions::new().append(true).open(here.path().join(ANSWERS_FILE)).unwrap();
    file.write_all(b"{\"kind\":\"pair\",\"listener\":\"p0").unwrap();
    drop(file);
    let serving = Serving::start_with(here.path(), |options| options.port = port);
    assert_eq!(somebody.state(), state, "a restart");
    assert_eq!(somebody.get("/api/sounds/2/0").text(), sound);
    json_of(&somebody.answer(Kind::Pairs, &state));
    drop(serving);
    assert_eq!(answers(here.path()).len(), 2);
    read_trials_jsonl(&fs::read_to_string(here.path().join(ANSWERS_FILE)).unwrap()).unwrap();
}

#[test]
fn answers_are_kept_once_and_the_first_one_stays() {
    let here = tempdir().unwrap();
    write(here.path(), &study(Kind::Pairs));
    let serving = Serving::start(here.path());
    let somebody = serving.participant();
    let first = fitting(Kind::Pairs, &somebody.answer_questions());
    let sent: Vec<_> = (0..8)
        .map(|_| {
            let (somebody, first) = (somebody.clone(), first.clone());
            std::thread::spawn(move || somebody.post("/api/answers", &first).status)
        })
        .collect();
    assert!(sent.into_iter().all(|thread| thread.join().unwrap() == 200));
    let mut other = first.clone();
    other["given"]["answer"] = json!("b");
    assert_eq!(somebody.post("/api/answers", &other).status, 409);
    let lines = answers(here.path());
    assert_eq!((lines.len(), &lines[0].answer), (1, &json!("a")));
    assert_eq!(somebody.state()["trial"]["number"], 2);
    // The questionnaire too.
    assert_eq!(somebody.answer_questions()["trial"]["number"], 2);
}

#[test]
fn what_does_not_fit_is_refused_and_changes_nothing() {
    let here = tempdir().unwrap();
    let mut study = study(Kind::Pairs);
    study.minimum_seconds = 5.0;
    write(here.path(), &study);
    let serving = Serving::start(here.path());
    let somebody = serving.participant();
    let before = json!({ "trial": 1, "given": { "answer": "a", "known": false, "listened": [9.0, 9.0] } });
    assert_eq!(somebody.post("/api/answers", &before).status, 400, "before the questionnaire");
    for wrong in [json!({}), json!({ "training": "some" }), json!({ "training": "none", "more": "x" })] {
        assert_eq!(somebody.post("/api/questionnaire", &wrong).status, 400, "{wrong}");
    }
    let state = somebody.answer_questions();
    let given = |change: &dyn Fn(&mut Value)| {
        let mut data = before.clone();
        change(&mut data);
        somebody.post("/api/answers", &data)
    };
    for (expected, words, change) in [
        (400, "too soon", &(|_: &mut Value| {}) as &dyn Fn(&mut Value)),
        (400, "at least 5 seconds", &|data| data["given"]["listened"] = json!([9.0, 1.0])),
        (400, "at least 5 seconds", &|data| data["given"]["listened"] = json!([9.0])),
        (400, "a, b or tie", &|data| data["given"]["answer"] = json!("c")),
        (400, "a, b or tie", &|data| data["given"]["answer"] = json!([1])),
        (400, "confidence", &|data| data["given"]["confidence"] = json!(9)),
        (400, "no sense", &|data| data["given"]["listener"] = json!("p002")),
        (400, "no sense", &|data| data["trial"] = json!(-1)),
        (404, "no such trial", &|data| data["trial"] = json!(2)),
        (404, "no such trial", &|data| data["trial"] = json!(0)),
        (404, "no such trial", &|data| data["trial"] = json!(1_000_000)),
    ] {
        let answer = given(change);
        assert!(answer.status == expected && answer.text().contains(words), "{words}: {}", answer.text());
    }
    assert_eq!((somebody.state(), answers(here.path()).len()), (state, 0));
}

#[test]
fn a_study_that_cannot_be_served_is_refused_in_a_sentence() {
    let here = tempdir().unwrap();
    let complete = study(Kind::Pairs);
    let bind = || {
        let options = ListeningOptions { port: 0, ..ListeningOptions::new(here.path().join(STUDY_FILE)) };
        ListeningServer::bind(&options)
            .map(|_| ())
            .map_err(|error| (error.is_wrong_input(), error.to_string()))
    };
    let refused = |words: &str| {
        let (is_wrong_input, text) = bind().unwrap_err();
        assert!(is_wrong_input && text.contains(words), "{words}: {text}");
    };
    refused(STUDY_FILE);
    write(here.path(), &complete);
    fs::remove_file(here.path().join("clips/johann0x.wav")).unwrap();
    refused("clips/johann0x.wav");
    write(here.path(), &complete);
    let serving = Serving::start(here.path());
    serving.participant();
    refused("another program serves this study");
    drop(serving);
    bind().unwrap();
    // More participants and other words are no other study; another seed is.
    let mut later = complete.clone();
    (later.participants, later.title) = (9, "Other words".into());
    write(here.path(), &later);
    bind().unwrap();
    later.seed = 6;
    write(here.path(), &later);
    refused("take the change back");
    write(here.path(), &complete);
    let path = here.path().join(ANSWERS_FILE);
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("{text}{}\n", text.lines().last().unwrap())).unwrap();
    refused("takes part twice");
    fs::write(&path, format!("{text}nonsense\n")).unwrap();
    refused("line 3");
    let options = ListeningOptions {
        address: "0.0.0.0".parse().unwrap(),
        port: 0,
        ..ListeningOptions::new(here.path().join(STUDY_FILE))
    };
    assert!(ListeningServer::bind(&options).err().unwrap().to_string().contains("--name"));
}
