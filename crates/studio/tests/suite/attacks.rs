//! What pages of other sites, and programs that send anything, cannot do.

use crate::common::Running;
use tempfile::tempdir;

#[test]
fn the_page_has_the_headers_that_protect_it() {
    let here = tempdir().unwrap();
    let studio = Running::start(here.path());
    for path in ["/", "/assets/main.js", "/api/version", "/nowhere"] {
        let answer = studio.get(path);
        let policy = answer.header("content-security-policy").unwrap_or_default();
        assert!(policy.contains("default-src 'none'") && policy.contains("script-src 'self'"), "{path}");
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(answer.header("x-frame-options"), Some("DENY"), "{path}");
        assert!(answer.header("access-control-allow-origin").is_none(), "{path}");
    }
    assert_eq!(studio.get("/assets/main.js").header("content-type"), Some("text/javascript; charset=utf-8"));
    assert_eq!(studio.get("/").header("cache-control"), Some("no-store"));
}

#[test]
fn only_own_names_are_answered_so_that_dns_rebinding_fails() {
    let here = tempdir().unwrap();
    let studio = Running::start(here.path());
    let (port, token) = (studio.address.port(), studio.token.clone());
    let get = |path: &str, hosts: &str| {
        studio.send(&format!("GET {path} HTTP/1.1\r\n{hosts}X-Composer-Token: {token}\r\n\r\n"), b"").status
    };
    assert_eq!(get("/", &format!("Host: localhost:{port}\r\n")), 200);
    for hosts in [
        format!("Host: evil.example:{port}\r\n"),
        format!("Host: 127.0.0.1.evil.example:{port}\r\n"),
        "Host: 127.0.0.1\r\n".to_owned(),
        "Host: localhost:1\r\n".to_owned(),
        "Host: \r\n".to_owned(),
        String::new(),
        format!("Host: localhost:{port}\r\nHost: evil.example\r\n"),
    ] {
        for path in ["/", "/api/version", "/assets/main.js"] {
            let status = get(path, &hosts);
            assert!(matches!(status, 400 | 403), "{hosts:?} {path}: {status}");
        }
    }
    let absolute = format!("http://evil.example:{port}/");
    assert_eq!(get(&absolute, &format!("Host: localhost:{port}\r\n")), 403);
}

#[test]
fn other_origins_are_refused_even_with_the_token() {
    let here = tempdir().unwrap();
    let studio = Running::start(here.path());
    let (port, token) = (studio.address.port(), studio.token.clone());
    for from in [
        "Origin: http://evil.example".to_owned(),
        "Origin: null".to_owned(),
        format!("Origin: https://localhost:{port}"),
        "Origin: http://localhost:1".to_owned(),
        format!("Origin: http://localhost:{port}\r\nOrigin: http://evil.example"),
        "Sec-Fetch-Site: cross-site".to_owned(),
        "Sec-Fetch-Site: same-site".to_owned(),
    ] {
        let head = format!(
            "GET /api/version HTTP/1.1\r\nHost: localhost:{port}\r\n{from}\r\nX-Composer-Token: {token}\r\n\r\n"
        );
        assert_eq!(studio.send(&head, b"").status, 403, "{from}");
    }
}

#[test]
fn without_the_token_nothing_is_read_or_changed() {
    let here = tempdir().unwrap();
    let studio = Running::start(here.path());
    let host = format!("Host: {}\r\n", studio.address);
    for token in [
        String::new(),
        "X-Composer-Token: \r\n".to_owned(),
        "X-Composer-Token: 00000000000000000000000000000000\r\n".to_owned(),
        format!("X-Composer-Token: {}0\r\n", studio.token),
        format!("Cookie: token={}\r\n", studio.token),
    ] {
        for line in
            ["GET /api/version", "POST /api/version", "POST /", "DELETE /api/version", "OPTIONS /api/version"]
        {
            let head = format!("{line} HTTP/1.1\r\n{host}{token}Content-Length: 0\r\n\r\n");
            assert_eq!(studio.send(&head, b"").status, 403, "{line} {token}");
        }
    }
    assert_eq!(studio.get("/api/version").status, 200);
}

#[test]
fn paths_lead_to_no_file_of_the_disk() {
    let here = tempdir().unwrap();
    std::fs::write(here.path().join("secret"), "secret").unwrap();
    let studio = Running::start(here.path());
    for path in [
        "/assets/../../etc/passwd",
        "/assets/..%2f..%2fetc%2fpasswd",
        "/assets/%2e%2e/secret",
        "/assets//etc/passwd",
        "/assets/%00",
        "/assets/",
        "/../secret",
        "//etc/passwd",
        "/assets/%ff",
    ] {
        let answer = studio.get(path);
        assert!(matches!(answer.status, 400 | 404), "{path}: {}", answer.status);
        assert!(!answer.text().contains("root:") && !answer.text().contains("secret"), "{path}");
    }
}

#[test]
fn headers_without_end_are_refused() {
    let here = tempdir().unwrap();
    let studio = Running::start(here.path());
    let long = "a".repeat(200 << 10);
    let answer = studio.send(&format!("GET / HTTP/1.1\r\n{}Long: {long}\r\n\r\n", studio.own_headers()), b"");
    assert!(matches!(answer.status, 431 | 400 | 0), "{}", answer.status);
    assert_eq!(studio.get("/").status, 200, "the server goes on");
}

#[test]
fn bodies_are_bounded_and_are_no_music_by_mistake() {
    let here = tempdir().unwrap();
    let studio = Running::start(here.path());
    let large = vec![b'x'; (16 << 20) + 1];
    assert_eq!(studio.post("/api/open?name=large.mid", &large).status, 413);
    assert_eq!(studio.post("/api/make", &vec![b' '; 300 << 10]).status, 413);
    let head = format!(
        "POST /api/open?name=a.mid HTTP/1.1\r\n{}Content-Length: 99999999999\r\n\r\n",
        studio.own_headers()
    );
    assert_eq!(studio.send(&head, b"").status, 413);
    for (path, body) in [
        ("/api/open?name=poem.mid", "Shall I compare thee"),
        (
            "/api/open?name=%0d%0aevil%00.xml",
            "<!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]><score-partwise>&b;</score-partwise>",
        ),
        (
            "/api/make",
            "{\"parent\":null,\"operation\":{\"kind\":\"compose\",\"model\":\"../../secret\",\"bars\":1,\"seed\":1},\"candidates\":9}",
        ),
        ("/api/make", "not json"),
        ("/api/nodes/7/edit", "{\"what\":\"x\",\"remove\":[],\"add\":[]}"),
    ] {
        let answer = studio.post(path, body.as_bytes());
        assert!((400..500).contains(&answer.status), "{path}: {} {}", answer.status, answer.text());
        assert!(!answer.text().contains("root:"), "{path}");
    }
    assert_eq!(studio.nodes().len(), 0);
}

#[test]
fn models_outside_the_folder_are_not_read() {
    let here = tempdir().unwrap();
    let folder = here.path().join("project");
    std::fs::write(here.path().join("secret"), "secret").unwrap();
    std::fs::create_dir(&folder).unwrap();
    let outside = here.path().join("secret");
    for model in ["../secret", outside.to_str().unwrap(), "runs/../../secret", "", "."] {
        assert!(composer_studio::work::make::model_path(&folder, model).is_err(), "{model}");
    }
    assert!(composer_studio::work::make::model_path(&folder, "compose").is_ok());
}
