//! The page of exercises quotes lines that exist.

use std::path::Path;

/// `let d_gate_f` of `let d_gate_f = -d_f * f * (1.0 - f);`: what stays when a line is changed.
fn subject(line: &str) -> &str {
    line.split('=').next().unwrap_or(line).trim()
}

#[test]
fn the_lines_that_messages_point_to_are_there() {
    let crate_dir = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(crate_dir.join("docs/exercises.md")).expect("the page");
    let mut found = 0;
    for message in page.lines().filter_map(|line| line.trim().strip_prefix("see crates/bptt/")) {
        let mut parts = message.splitn(3, ':');
        let (file, line) = (parts.next().expect("a file"), parts.next().expect("a line"));
        let text = parts.next().expect("its text").trim();
        let source = std::fs::read_to_string(crate_dir.join(file)).expect(file);
        let number: usize = line.parse().expect("a number");
        let actual = source.lines().nth(number - 1).unwrap_or_default();
        assert_eq!(subject(actual), subject(text), "{file}:{line}");
        found += 1;
    }
    assert!(found > 20, "{found} messages");
    // What is to be changed stands in the code as the page quotes it.
    let sources =
        ["textbook/lstm.rs", "textbook/gru.rs", "textbook/minimal_gated_unit.rs", "textbook/rnn_relu.rs"]
            .into_iter()
            .chain(["fused/peephole_lstm.rs"])
            .map(|file| std::fs::read_to_string(crate_dir.join("src").join(file)).expect(file))
            .collect::<String>();
    let changes: Vec<&str> =
        page.lines().filter_map(|line| line.split_once("// change to")).map(|p| p.0.trim()).collect();
    assert_eq!(changes.len(), 5);
    for change in changes {
        assert!(sources.contains(change), "{change}");
    }
}
