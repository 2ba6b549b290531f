//! Trainings from the page, and the inside of a network.

use crate::common::Running;
use composer_music::{corpus, midi};
use serde_json::{Value, json};
use std::fs;
use std::time::{Duration, Instant};
use tempfile::tempdir;

/// Waits until the training in progress has ended; its last state.
fn ended(events: &crate::common::listening::Events) -> Value {
    let begun = Instant::now();
    loop {
        let event = events.until("training");
        if event["kind"] == "state" && event["data"]["state"] != "running" {
            return event["data"].clone();
        }
        assert!(begun.elapsed() < Duration::from_secs(300), "it does not end");
    }
}

#[test]
fn a_training_is_watched_stopped_resumed_and_its_model_composes() {
    let here = tempdir().unwrap();
    let songs = here.path().join("songs");
    fs::create_dir(&songs).unwrap();
    for (number, piece) in corpus::shipped().pieces.iter().take(16).enumerate() {
        fs::write(songs.join(format!("{number}.mid")), midi::write(&piece.score).unwrap()).unwrap();
    }
    let studio = Running::start(here.path());
    let events = studio.listen();
    let wanted =
        json!({ "music": "songs", "preset": "quick", "epochs": 2, "hidden": 8, "cell": "gru", "seed": 3 });
    let begun = studio.json(&studio.post("/api/trainings", wanted.to_string().as_bytes()));
    let name = begun["name"].as_str().unwrap().to_owned();
    assert_eq!(studio.post("/api/trainings", wanted.to_string().as_bytes()).status, 409, "one at a time");
    while events.until("training")["kind"] != "update" {}
    studio.json(&studio.post("/api/trainings/stop", b"{}"));
    assert_eq!(ended(&events)["state"], "stopped");
    let list = studio.json(&studio.get("/api/trainings"));
    assert_eq!((list["running"].is_null(), list["runs"][0]["state"].as_str()), (true, Some("stopped")));
    studio.json(&studio.post(&format!("/api/trainings/{name}/resume"), b"{}"));
    assert_eq!(ended(&events)["state"], "finished");
    let curve = studio.json(&studio.get(&format!("/api/trainings/{name}")));
    assert_eq!(curve["epochs"].as_array().unwrap().len(), 2);
    let samples = curve["samples"].as_array().unwrap();
    let epochs: Vec<_> = samples.iter().map(|sample| sample["epoch"].as_u64()).collect();
    assert_eq!(epochs, [Some(1), Some(2), None, None], "after epochs, and the compositions");
    for sample in samples {
        let path = format!("/api/trainings/{name}/samples/{}", sample["file"].as_str().unwrap());
        assert!(studio.json(&studio.get(&path))["tracks"].is_array());
    }
    let first = format!("/api/trainings/{name}/samples/{}", samples[0]["file"].as_str().unwrap());
    let opened = studio.json(&studio.post(&first, b""));
    assert!(opened["operation"]["name"].as_str().unwrap().contains("epoch-0001"), "{opened}");
    for wrong in ["model.safetensors", "..%2f..%2ftoken", "sample-epoch-0009.mid", "sample-epoch-x.mid"] {
        assert_eq!(studio.get(&format!("/api/trainings/{name}/samples/{wrong}")).status, 404, "{wrong}");
    }
    let model = format!("runs/{name}/model.safetensors");
    let models = studio.json(&studio.get("/api/models"));
    assert!(models.as_array().unwrap().iter().any(|entry| entry["name"] == model.as_str()));
    let operation = json!({ "kind": "compose", "model": model, "bars": 1, "seed": 1 });
    studio.make(&json!({ "parent": null, "operation": operation, "candidates": 1 }));
    for wrong in ["../secret", "%2e%2e", "..%2f..", "nothing"] {
        assert!(studio.get(&format!("/api/trainings/{wrong}")).status >= 400, "{wrong}");
    }
    let wrong =
        json!({ "music": "../..", "preset": "quick", "epochs": 1, "hidden": 8, "cell": null, "seed": 3 });
    assert_eq!(studio.post("/api/trainings", wrong.to_string().as_bytes()).status, 400);
}

#[test]
fn the_inside_of_a_network_is_shown_step_by_step() {
    let here = tempdir().unwrap();
    let studio = Running::start(here.path());
    studio.open_piece();
    let asked = json!({ "model": "compose", "node": 1, "step": 16, "count": 32 });
    let found = studio.json(&studio.post("/api/inside", asked.to_string().as_bytes()));
    let (gates, hidden) =
        (found["gates"].as_array().unwrap().len(), found["layers"][0]["hidden"].as_u64().unwrap());
    assert_eq!(found["layers"][0]["gates"].as_array().unwrap().len(), gates);
    assert_eq!(found["layers"][0]["h"].as_array().unwrap().len() as u64, 32 * hidden);
    assert_eq!(found["choices"].as_array().unwrap().len(), 32);
    let asked = json!({ "model": "compose", "node": 1, "step": 40, "count": 24 });
    let flow = studio.json(&studio.post("/api/inside/gradient", asked.to_string().as_bytes()));
    assert_eq!((flow["first"].as_u64(), flow["layers"][0]["d_h"].as_array().unwrap().len()), (Some(17), 24));
    let drum = json!({ "model": "drum", "node": 1, "step": 0, "count": 8 });
    assert_eq!(studio.post("/api/inside", drum.to_string().as_bytes()).status, 400);
}
