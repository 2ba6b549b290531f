//! What is kept stays, whatever happens.

use crate::common::Running;
use serde_json::json;
use std::io::Write;
use tempfile::tempdir;

#[test]
fn pieces_and_what_is_shown_survive_a_restart_and_half_a_line() {
    let here = tempdir().unwrap();
    let mut studio = Running::start(here.path());
    let token = studio.token.clone();
    let node = studio.open_piece();
    assert_eq!((node["id"].as_u64(), node["kept"].as_bool()), (Some(1), Some(true)));
    let music = studio.json(&studio.get("/api/nodes/1/music"));
    let tracks = music["tracks"].as_array().unwrap();
    let track = tracks.iter().position(|track| track["notes"][0].is_array()).unwrap();
    let first = tracks[track]["notes"][0].clone();
    let mut moved = first.clone();
    moved[2] = json!(first[2].as_u64().unwrap() + 1);
    let edit = json!({
        "what": "moved a note",
        "remove": [{ "track": track, "note": first }],
        "add": [{ "track": track, "note": moved }],
    });
    let edited = studio.json(&studio.post("/api/nodes/1/edit", edit.to_string().as_bytes()));
    assert_eq!((edited["node"]["parent"].as_u64(), edited["node"]["id"].as_u64()), (Some(1), Some(2)));
    assert_eq!(studio.post("/api/nodes/2/edit", edit.to_string().as_bytes()).status, 400, "it is gone there");
    studio.stop();
    let mut journal =
        std::fs::OpenOptions::new().append(true).open(here.path().join("project.jsonl")).unwrap();
    journal.write_all(b"{\"record\":\"node\",\"id\":3,").unwrap();
    drop(journal);
    let studio = Running::start(here.path());
    let state = studio.json(&studio.get("/api/state"));
    assert_eq!((state["nodes"].as_array().unwrap().len(), state["current"].as_u64()), (2, Some(2)));
    assert_eq!(studio.token, token, "an open page goes on");
    let again = studio.json(&studio.get("/api/nodes/2/music"));
    assert!(again["tracks"][track]["notes"].as_array().unwrap().contains(&moved));
}

#[test]
fn a_project_is_open_once_at_a_time() {
    let here = tempdir().unwrap();
    let _studio = Running::start(here.path());
    let options =
        composer_studio::StudioOptions { port: 0, ..composer_studio::StudioOptions::new(here.path()) };
    let error = composer_studio::Studio::bind(&options).err().unwrap();
    assert!(error.is_wrong_input() && error.to_string().contains("another studio"), "{error}");
}

#[test]
fn a_piece_is_downloaded_in_every_format_and_the_project_as_an_archive() {
    let here = tempdir().unwrap();
    let studio = Running::start(here.path());
    studio.open_piece();
    for (format, begin) in [("midi", &b"MThd"[..]), ("musicxml", b"<?xml"), ("wav", b"RIFF")] {
        let answer = studio.get(&format!("/api/nodes/1/export/{format}"));
        assert!(answer.status == 200 && answer.body.starts_with(begin), "{format}: {}", answer.text());
        assert!(answer.header("content-disposition").unwrap().contains("rag-1."), "{format}");
    }
    assert_eq!(studio.get("/api/nodes/1/export/exe").status, 404);
    let zip = studio.get("/api/project.zip");
    assert!(zip.status == 200 && zip.body.starts_with(b"PK\x03\x04"));
    let begun = json!({ "what": "played", "qpm": 120.0, "numerator": 3, "denominator": 4, "notes": [[0, 480, 60, 80, 0, 0]] });
    let begun = studio.json(&studio.post("/api/new", begun.to_string().as_bytes()));
    assert_eq!((begun["node"]["notes"].as_u64(), begun["music"].is_null()), (Some(1), true), "{begun}");
}

#[test]
fn a_full_disk_changes_nothing_and_is_said() {
    let here = tempdir().unwrap();
    let disk = here.path().join("disk");
    std::fs::create_dir(&disk).unwrap();
    let mount = ["-t", "tmpfs", "-o", "size=256k", "tmpfs", disk.to_str().unwrap()];
    if !std::process::Command::new("mount").args(mount).status().is_ok_and(|status| status.success()) {
        println!("skipped: this user may not mount a small disk");
        return;
    }
    let mut studio = Running::start(&disk);
    let note = |pitch: u8| {
        let begun = json!({
            "what": "played", "qpm": 120.0, "numerator": 4, "denominator": 4, "notes": [[0, 480, pitch, 80, 0, 0]],
        });
        studio.post("/api/new", begun.to_string().as_bytes())
    };
    assert_eq!(note(60).status, 200);
    let mut filler = std::fs::File::create(disk.join("filler")).unwrap();
    while filler.write_all(&[0; 4096]).is_ok() {}
    while filler.write_all(&[0]).is_ok() {}
    let refused = note(61);
    assert_eq!(refused.status, 507, "{}", refused.text());
    assert_eq!(studio.nodes().len(), 1);
    std::fs::remove_file(disk.join("filler")).unwrap();
    drop(filler);
    assert_eq!(note(62).status, 200, "it goes on when there is room");
    let nodes = studio.nodes();
    studio.stop();
    drop(studio);
    let again = Running::start(&disk);
    assert_eq!(again.nodes(), nodes);
    drop(again);
    assert!(std::process::Command::new("umount").arg(&disk).status().unwrap().success());
}
