//! SoundFonts: added, played with, and what is none.

use crate::common::{Answer, Running, soundfont};
use serde_json::json;
use std::fs;
use tempfile::tempdir;

fn add(studio: &Running, name: &str, bytes: &[u8]) -> Answer {
    studio.post(&format!("/api/sounds?name={name}"), bytes)
}

#[test]
fn a_soundfont_is_kept_in_the_project_and_plays_pieces() {
    let here = tempdir().unwrap();
    let studio = Running::start(here.path());
    studio.open_piece();
    let font = soundfont::of_a_sine();
    assert_eq!(studio.json(&add(&studio, "My%20sine.sf2", &font))["name"], "My sine.sf2");
    assert_eq!(studio.json(&studio.get("/api/sounds"))["sounds"], json!(["My sine.sf2"]));
    assert_eq!(fs::read(here.path().join("sounds/My sine.sf2")).unwrap(), font);
    let sound = studio.get("/api/nodes/1/sound?font=My%20sine.sf2");
    assert!(sound.status == 200 && sound.body.starts_with(b"RIFF"), "{}", sound.text());
    assert_eq!(sound.header("content-type"), Some("audio/wav"));
    let built_in = studio.get("/api/nodes/1/export/wav");
    let exported = studio.get("/api/nodes/1/export/wav?font=My%20sine.sf2");
    assert!(exported.body == sound.body && exported.body != built_in.body);
    let part = studio.get("/api/nodes/1/sound?font=My%20sine.sf2&tracks=0");
    assert!(part.status == 200 && part.body != sound.body, "one track alone");
    // One that the user put there, and what is none.
    fs::write(here.path().join("sounds/own.SF2"), &font).unwrap();
    fs::write(here.path().join("sounds/notes.txt"), "x").unwrap();
    assert_eq!(studio.json(&studio.get("/api/sounds"))["sounds"], json!(["My sine.sf2", "own.SF2"]));
}

#[test]
fn what_is_no_soundfont_is_refused_in_a_sentence_and_leaves_nothing() {
    let here = tempdir().unwrap();
    let mut studio = Running::start(here.path());
    studio.open_piece();
    let font = soundfont::of_a_sine();
    let mut damaged = font.clone();
    // Sizes within that reach far behind the end.
    let place = damaged.windows(4).position(|four| four == b"smpl").unwrap();
    damaged[place + 4..place + 8].copy_from_slice(&[0xff, 0xff, 0xff, 0x0f]);
    let mut empty = font[..12].to_vec();
    empty[4..8].copy_from_slice(&4u32.to_le_bytes());
    let cases: [(&str, &[u8]); 6] = [
        ("a.sf2", b"a letter"),
        ("a.sf2", b""),
        ("a.sf2", &font[..font.len() / 2]),
        ("a.sf2", &damaged),
        ("a.sf2", &empty),
        ("a.wav", &font),
    ];
    for (name, bytes) in cases {
        let answer = add(&studio, name, bytes);
        let text = answer.text();
        assert!(answer.status == 400 && text.contains("SoundFont") && !text.contains('\n'), "{text}");
        assert!(!text.contains(here.path().to_str().unwrap()), "{text}");
    }
    for name in ["..%2fa.sf2", "%2e%2e%2fa.sf2", "a%00.sf2", ".a.sf2", "%2fetc%2fa.sf2"] {
        assert_eq!(add(&studio, name, &font).status, 400, "{name}");
    }
    let left = fs::read_dir(here.path().join("sounds")).map_or(0, Iterator::count);
    assert_eq!((left, here.path().join("a.sf2").exists()), (0, false));
    for font in ["a.sf2", "..%2fproject.jsonl", "..%2ftoken", ""] {
        assert_eq!(studio.get(&format!("/api/nodes/1/sound?font={font}")).status, 404, "{font}");
    }
    // One that the program was killed over.
    studio.stop();
    fs::write(here.path().join("sounds/.arriving-0"), "half").unwrap();
    let studio = Running::start(here.path());
    assert_eq!(studio.json(&studio.get("/api/sounds"))["sounds"], json!([]));
    assert!(!here.path().join("sounds/.arriving-0").exists());
}

#[test]
fn soundfonts_may_be_large_and_nothing_else_may() {
    let here = tempdir().unwrap();
    let studio = Running::start(here.path());
    let large = |path: &str, length: u64| {
        let head =
            format!("POST {path} HTTP/1.1\r\n{}Content-Length: {length}\r\n\r\n", studio.own_headers());
        studio.send(&head, b"no SoundFont at all").status
    };
    // Refused by what it begins with, before the rest has come.
    assert_eq!(large("/api/sounds?name=a.sf2", 20 << 20), 400);
    assert_eq!(large("/api/sounds?name=a.sf2", (256 << 20) + 1), 413);
    assert_eq!(large("/api/open?name=a.mid", 20 << 20), 413);
    // A real one of 20 MB: the sine and much behind it that nothing names.
    let mut font = soundfont::of_a_sine();
    font.extend_from_slice(b"junk");
    font.extend((20u32 << 20).to_le_bytes());
    font.resize(font.len() + (20 << 20), 0);
    assert_eq!(add(&studio, "large.sf2", &font).status, 200);
}

#[test]
fn links_out_of_the_folder_are_not_followed() {
    let here = tempdir().unwrap();
    let project = here.path().join("project");
    fs::create_dir_all(project.join("sounds")).unwrap();
    fs::write(here.path().join("outside.sf2"), soundfont::of_a_sine()).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink(here.path().join("outside.sf2"), project.join("sounds/link.sf2")).unwrap();
    let studio = Running::start(&project);
    studio.open_piece();
    assert_eq!(studio.json(&studio.get("/api/sounds"))["sounds"], json!([]));
    assert_eq!(studio.get("/api/nodes/1/sound?font=link.sf2").status, 404);
}

#[test]
fn other_sites_neither_add_soundfonts_nor_hear_pieces() {
    let here = tempdir().unwrap();
    let studio = Running::start(here.path());
    studio.open_piece();
    let (address, token, font) = (studio.address, studio.token.clone(), soundfont::of_a_sine());
    let host = format!("Host: {address}");
    for headers in [
        format!("Host: evil.example:{}\r\nX-Composer-Token: {token}", address.port()),
        format!("{host}\r\nOrigin: http://evil.example\r\nX-Composer-Token: {token}"),
        format!("{host}\r\nSec-Fetch-Site: cross-site\r\nX-Composer-Token: {token}"),
        host.clone(),
    ] {
        for line in [
            "POST /api/sounds?name=a.sf2",
            "GET /api/sounds",
            "GET /api/nodes/1/sound?font=a.sf2",
            "GET /api/trainings/001/samples/sample-epoch-0001.mid",
            "POST /api/trainings/001/samples/sample-epoch-0001.mid",
        ] {
            let body: &[u8] = if line.contains("sounds?") { &font } else { b"" };
            let head = format!("{line} HTTP/1.1\r\n{headers}\r\nContent-Length: {}\r\n\r\n", body.len());
            assert_eq!(studio.send(&head, body).status, 403, "{line} {headers}");
        }
    }
    assert!(!here.path().join("sounds").exists());
}
