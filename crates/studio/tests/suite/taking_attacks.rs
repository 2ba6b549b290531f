//! Listening tests under attack: other sites, forged secrets and tokens, paths, sizes, ranges.

use crate::common::exchange;
use crate::common::taking::{Serving, json_of, study, write};
use composer_application::listening::{ANSWERS_FILE, Kind};
use serde_json::json;
use std::fs;
use tempfile::tempdir;

#[test]
fn pages_and_answers_are_for_this_site_alone() {
    let here = tempdir().unwrap();
    write(here.path(), &study(Kind::Pairs));
    let serving = Serving::start(here.path());
    let somebody = serving.participant();
    let address = serving.address;
    let port = address.port();
    let cookie = format!("Cookie: {}\r\n", somebody.cookie.as_ref().unwrap());
    for path in ["/", "/assets/listen.js", "/assets/listen.css", "/api/study", "/nowhere"] {
        let answer = somebody.get(path);
        let policy = answer.header("content-security-policy").unwrap_or_default();
        assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{path}: {policy}");
        assert!(answer.header("access-control-allow-origin").is_none(), "{path}");
    }
    // DNS rebinding: another name.
    for host in
        [format!("evil.example:{port}"), "127.0.0.1".into(), format!("localhost.evil:{port}"), String::new()]
    {
        for path in ["/", "/api/state", "/api/sounds/1/0"] {
            let head = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n{cookie}\r\n");
            let status = exchange(address, &head, b"").status;
            assert!(matches!(status, 400 | 403), "{host} {path}: {status}");
        }
    }
    // Another origin, with the cookie of the participant.
    let body = r#"{"training":"none"}"#;
    for from in [
        "Origin: http://evil.example",
        "Origin: null",
        "Sec-Fetch-Site: cross-site",
        "Sec-Fetch-Site: same-site",
    ] {
        for path in ["/api/questionnaire", "/api/join", "/api/answers", "/api/leave"] {
            let head = format!(
                "POST {path} HTTP/1.1\r\nHost: {address}\r\n{from}\r\n{cookie}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
                body.len()
            );
            assert_eq!(exchange(address, &head, body.as_bytes()).status, 403, "{from} {path}");
        }
        let head = format!("GET /api/state HTTP/1.1\r\nHost: {address}\r\n{from}\r\n{cookie}\r\n");
        assert_eq!(exchange(address, &head, b"").status, 403, "{from}");
    }
    // A form of an old browser that says nothing of its origin.
    for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""] {
        let head = format!(
            "POST /api/questionnaire HTTP/1.1\r\nHost: {address}\r\n{cookie}Content-Type: {kind}\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        assert_eq!(exchange(address, &head, body.as_bytes()).status, 415, "{kind}");
    }
    assert_eq!(somebody.state()["stage"], "questionnaire", "nothing has changed");
}

#[test]
fn nobody_answers_or_hears_for_somebody_else() {
    let here = tempdir().unwrap();
    write(here.path(), &study(Kind::Pairs));
    let serving = Serving::start(here.path());
    let somebody = serving.participant();
    somebody.answer_questions();
    let name = somebody.cookie.as_ref().unwrap().split('=').next().unwrap().to_owned();
    let given = json!({ "trial": 1, "given": { "answer": "a", "known": false, "listened": [9.0, 9.0] } });
    for cookie in [
        None,
        Some(format!("{name}=")),
        Some(format!("{name}=p001")),
        Some(format!("{name}=00000000000000000000000000000000")),
        Some(format!("{name}=../../{}", ANSWERS_FILE)),
        Some(format!("other={}", somebody.cookie.as_ref().unwrap().split('=').nth(1).unwrap())),
    ] {
        let mut stranger = serving.visitor();
        stranger.cookie = cookie.clone();
        assert_eq!(stranger.post("/api/answers", &given).status, 403, "{cookie:?}");
        assert_eq!(stranger.post("/api/questionnaire", &json!({ "training": "none" })).status, 403);
        assert_eq!(stranger.get("/api/sounds/1/0").status, 403, "{cookie:?}");
        assert_eq!(stranger.state()["stage"], "consent");
    }
    assert_eq!(serving.visitor().post("/api/join", &json!({})).status, 400);
    assert_eq!(serving.visitor().post("/api/join", &json!({ "consent": false })).status, 200);
    assert_eq!(serving.visitor().post("/api/join", &json!({ "consent": "yes" })).status, 400);
    // Without consent nobody is written down.
    let text = fs::read_to_string(here.path().join(ANSWERS_FILE)).unwrap();
    assert_eq!(text.matches("\"participant\"").count(), 1);
    // The file has no secret, and the page no name of another.
    let secret = somebody.cookie.as_ref().unwrap().split('=').nth(1).unwrap();
    assert!(!text.contains(secret));
}

#[test]
fn sounds_are_those_of_the_trial_and_paths_lead_to_no_other_file() {
    let here = tempdir().unwrap();
    write(here.path(), &study(Kind::Pairs));
    let serving = Serving::start(here.path());
    let somebody = serving.participant();
    somebody.answer_questions();
    for path in [
        "/api/sounds/2/0",
        "/api/sounds/0/0",
        "/api/sounds/1/2",
        "/api/sounds/1/-1",
        "/api/sounds/1/network0x",
        "/api/sounds/1/..%2f..%2fSTUDY.toml",
        "/api/sounds/../../STUDY.toml",
        "/clips/johann0x.wav",
        "/STUDY.toml",
        "/answers.jsonl",
        "/tokens.txt",
        "/assets/../STUDY.toml",
        "/assets/%2e%2e/STUDY.toml",
        "/assets//etc/passwd",
        "//etc/passwd",
    ] {
        let answer = somebody.get(path);
        assert!(matches!(answer.status, 400 | 404), "{path}: {}", answer.status);
        assert!(!answer.text().contains("johann") && !answer.text().contains("root:"), "{path}");
    }
    let range = |range: &str| {
        let head = format!("GET /api/sounds/1/0 HTTP/1.1\r\n{}Range: {range}\r\n\r\n", somebody.headers());
        exchange(serving.address, &head, b"")
    };
    let whole = somebody.get("/api/sounds/1/0");
    assert_eq!(whole.header("accept-ranges"), Some("bytes"));
    let part = range("bytes=4-9");
    assert_eq!((part.status, part.body.as_slice()), (206, &whole.body[4..10]));
    assert_eq!(part.header("content-range"), Some(format!("bytes 4-9/{}", whole.body.len()).as_str()));
    assert_eq!(range("bytes=-4").body, whole.body[whole.body.len() - 4..]);
    assert_eq!(range("bytes=99999-").status, 416);
    assert_eq!(range("bytes=nonsense").body, whole.body);
}

#[test]
fn bodies_are_bounded() {
    let here = tempdir().unwrap();
    write(here.path(), &study(Kind::Pairs));
    let serving = Serving::start(here.path());
    let somebody = serving.participant();
    let long = json!({ "training": "x".repeat(100_000) });
    assert_eq!(somebody.post("/api/questionnaire", &long).status, 413);
    let head = format!(
        "POST /api/answers HTTP/1.1\r\n{}Content-Type: application/json\r\nContent-Length: 99999999999\r\n\r\n",
        somebody.headers()
    );
    assert_eq!(exchange(serving.address, &head, b"").status, 413);
    let deep = format!("{}{}", "[".repeat(20_000), "]".repeat(10_000));
    let head = format!(
        "POST /api/answers HTTP/1.1\r\n{}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        somebody.headers(),
        deep.len()
    );
    assert_eq!(exchange(serving.address, &head, deep.as_bytes()).status, 400);
    assert_eq!(somebody.state()["stage"], "questionnaire");
}

#[test]
fn tokens_are_each_for_one_participant() {
    let here = tempdir().unwrap();
    write(here.path(), &study(Kind::Pairs));
    let serving = Serving::start_with(here.path(), |options| options.tokens = true);
    let links = serving.links.clone();
    assert_eq!(links.len(), 3);
    let token = |link: &str| link.split('#').nth(1).unwrap().to_owned();
    for wrong in
        [json!(null), json!(""), json!("0".repeat(32)), json!(format!("{}0", token(&links[0]))), json!("*")]
    {
        let data = json!({ "consent": true, "token": wrong });
        assert_eq!(serving.visitor().post("/api/join", &data).status, 403, "{wrong}");
    }
    let join = |link: &str, consent: bool| json!({ "consent": consent, "token": token(link) });
    let mut first = serving.visitor();
    assert_eq!(json_of(&first.join(&join(&links[0], false)))["stage"], "consent");
    let state = json_of(&first.join(&join(&links[0], true)));
    assert_eq!(state["listener"], "p001");
    // The same link in another browser is the same participant, and makes no second one.
    let mut again = serving.visitor();
    assert_eq!(json_of(&again.join(&join(&links[0], true)))["listener"], "p001");
    first.answer_questions();
    assert_eq!(again.state()["stage"], "trial");
    // Another link at the same computer is another participant.
    assert_eq!(json_of(&again.join(&join(&links[1], false)))["stage"], "consent");
    assert_eq!(json_of(&again.join(&join(&links[1], true)))["listener"], "p002");
    drop(serving);
    // They stay after a restart.
    let serving = Serving::start_with(here.path(), |options| options.tokens = true);
    let stay: Vec<String> = serving.links.iter().map(|link| token(link)).collect();
    assert_eq!(stay, links.iter().map(|link| token(link)).collect::<Vec<_>>());
    let mut again = serving.visitor();
    assert_eq!(json_of(&again.join(&join(&links[1], false)))["listener"], "p002");
}
