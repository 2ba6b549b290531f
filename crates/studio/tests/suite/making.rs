//! Pieces that models make, and how each is made again.

use crate::common::Running;
use composer_studio::project::{Operation, Project};
use composer_studio::work::make::{Workbench, make};
use composer_studio::work::recipe;
use serde_json::{Value, json};
use std::path::Path;
use tempfile::tempdir;

/// One operation of every kind, on the first piece.
fn operations() -> Vec<Value> {
    vec![
        json!({ "kind": "compose", "model": "compose", "bars": 2, "steering": { "key": "C major", "qpm": 100.0 }, "seed": 4 }),
        json!({ "kind": "continue", "model": "compose", "after": 4, "bars": 2, "seed": 5 }),
        json!({ "kind": "infill", "model": "compose", "bars": { "first": 2, "last": 2 }, "steering": { "temperature": 0.9 }, "seed": 6 }),
        json!({ "kind": "infill", "model": "compose", "bars": { "first": 2, "last": 2 }, "lock": ["track:0"], "seed": 6 }),
        json!({ "kind": "vary", "model": "compose", "amount": 0.5, "bars": { "first": 2, "last": 3 }, "seed": 7 }),
        json!({ "kind": "accompany", "model": "accompany", "track": 1, "seed": 8 }),
        json!({ "kind": "drum", "model": "drum", "track": 2, "bars": { "first": 2, "last": 3 }, "seed": 9 }),
        json!({ "kind": "reharmonise", "model": "reharmonise", "track": 1, "steering": { "style": "rag" }, "seed": 10 }),
    ]
}

#[test]
fn every_operation_makes_a_piece_that_its_json_makes_again() {
    let here = tempdir().unwrap();
    let mut studio = Running::start(here.path());
    studio.open_piece();
    for operation in operations() {
        let parent = if operation["kind"] == "compose" { Value::Null } else { json!(1) };
        let made = studio.make(&json!({ "parent": parent, "operation": operation, "candidates": 1 }));
        assert_eq!(made[0]["operation"]["seed"], operation["seed"]);
        assert_eq!(made[0]["kept"], false);
        let kept = studio.json(&studio.post(&format!("/api/nodes/{}/keep", made[0]["id"]), b""));
        assert_eq!(kept["kept"], true, "{operation}");
    }
    studio.stop();
    let project = Project::open(here.path()).unwrap();
    assert_eq!(project.nodes().count(), 9);
    for node in project.nodes().filter(|node| node.operation.is_made()) {
        let given = node.parent.and_then(|id| project.node(id)).map(|parent| project.path_of(parent));
        let store =
            |bytes: &[u8]| Ok(here.path().join("music").join(format!("{}.mid", project.store(bytes)?)));
        let bench = Workbench { folder: project.folder(), given: given.as_deref(), store: &store };
        let again = make(&node.operation, &bench, &mut ()).unwrap();
        assert!(again.midi == project.midi(node).unwrap(), "{:?}", node.operation);
        let recipe = recipe(&project, node).unwrap();
        let has_bars = matches!(&node.operation, Operation::Drum(part) if part.bars.is_some());
        assert_eq!(recipe.is_none(), has_bars, "{:?}", node.operation);
        if let Some(recipe) = recipe {
            assert_eq!((recipe.sha256.as_str(), recipe.seed), (node.music.as_str(), node.operation.seed()));
            assert!(recipe.inputs.iter().all(|input| !Path::new(&input.path).is_absolute()));
        }
    }
}

#[test]
fn drums_are_humanised_everywhere_or_in_bars_and_no_note_is_lost() {
    let here = tempdir().unwrap();
    let mut studio = Running::start(here.path());
    studio.open_piece();
    let drum = json!({ "kind": "drum", "model": "drum", "track": 2, "seed": 9 });
    studio.make(&json!({ "parent": 1, "operation": drum, "candidates": 1 }));
    let whole =
        json!({ "kind": "humanise", "model": "humanise", "steering": { "temperature": 0.8 }, "seed": 4 });
    let bars =
        json!({ "kind": "humanise", "model": "humanise", "bars": { "first": 3, "last": 4 }, "seed": 5 });
    for operation in [&whole, &bars] {
        studio.make(&json!({ "parent": 2, "operation": operation, "candidates": 1 }));
    }
    let none = json!({ "parent": 1, "operation": whole, "candidates": 1 }).to_string();
    let events = studio.listen();
    studio.json(&studio.post("/api/make", none.as_bytes()));
    assert!(events.until("job")["error"].as_str().unwrap().contains("drums"), "a piece without drums");
    studio.stop();
    let project = Project::open(here.path()).unwrap();
    let scores: Vec<_> = (2..=4).map(|id| project.score(project.node(id).unwrap()).unwrap()).collect();
    let pitches = |score: &composer_music::Score| {
        let mut pitches: Vec<_> = score.notes().map(|note| (note.channel, note.pitch)).collect();
        pitches.sort_unstable();
        pitches
    };
    assert!(scores.iter().all(|score| pitches(score) == pitches(&scores[0])));
    // Velocities of drums before and behind the bars stay.
    let velocities = |score: &composer_music::Score, bars: std::ops::Range<u64>| {
        let map = composer_music::BarMap::new(score);
        let inside = |onset| bars.contains(&map.bar_at(onset).index);
        let notes = score.notes().filter(|note| note.channel == 9 && inside(note.onset));
        notes.map(|note| note.velocity).collect::<Vec<_>>()
    };
    assert_eq!(velocities(&scores[0], 4..1000), velocities(&scores[2], 4..1000));
    assert_ne!(velocities(&scores[0], 2..4), velocities(&scores[2], 2..4));
    assert_ne!(velocities(&scores[0], 4..1000), velocities(&scores[1], 4..1000));
    let recipe_of = |id: u64| recipe(&project, project.node(id).unwrap()).unwrap();
    assert!(recipe_of(4).is_none(), "no command humanises some bars alone");
    let arguments = recipe_of(3).unwrap().arguments;
    assert!(
        arguments[0] == "humanise" && arguments.contains(&"--temperature=0.8".to_owned()),
        "{arguments:?}"
    );
}

#[test]
fn candidates_have_seeds_one_after_the_other_and_one_group() {
    let here = tempdir().unwrap();
    let studio = Running::start(here.path());
    let operation = json!({ "kind": "compose", "model": "hymn", "bars": 1, "seed": 3 });
    let made = studio.make(&json!({ "parent": null, "operation": operation, "candidates": 3 }));
    let seeds: Vec<u64> = made.iter().map(|node| node["operation"]["seed"].as_u64().unwrap()).collect();
    assert_eq!(seeds, [3, 4, 5]);
    assert!(made.iter().all(|node| node["group"] == made[0]["id"]));
}

#[test]
fn what_is_wrong_with_an_option_is_said_in_a_sentence() {
    let here = tempdir().unwrap();
    let studio = Running::start(here.path());
    studio.open_piece();
    let events = studio.listen();
    let operation =
        json!({ "kind": "infill", "model": "compose", "bars": { "first": 900, "last": 901 }, "seed": 3 });
    let body = json!({ "parent": 1, "operation": operation, "candidates": 1 }).to_string();
    studio.json(&studio.post("/api/make", body.as_bytes()));
    let failed = events.until("job");
    assert!(failed["state"] == "failed" && failed["error"].as_str().unwrap().contains("900"), "{failed}");
}

#[test]
fn a_request_is_cancelled_at_once() {
    let here = tempdir().unwrap();
    let studio = Running::start(here.path());
    let events = studio.listen();
    let operation = json!({ "kind": "compose", "model": "compose", "bars": 400, "seed": 3 });
    let body = json!({ "parent": null, "operation": operation, "candidates": 8 }).to_string();
    let job = studio.json(&studio.post("/api/make", body.as_bytes()))["job"].clone();
    let draft = events.until("draft");
    assert!(draft["job"] == job && draft["music"]["tracks"].is_array(), "music comes while it is written");
    let begun = std::time::Instant::now();
    let head = format!("DELETE /api/jobs/{job} HTTP/1.1\r\n{}\r\n", studio.own_headers());
    assert_eq!(studio.send(&head, b"").status, 200);
    assert_eq!(events.until("job")["state"], "cancelled");
    assert!(begun.elapsed().as_millis() < 1500, "{:?}", begun.elapsed());
    assert_eq!(studio.nodes().len(), 0);
}
