//! A test in a process of its own, where what the whole process does is measured.

use std::process::Command;

/// Says in the process of its own which test it is for.
const ALONE: &str = "TESTKIT_ALONE";

/// Runs `test` of this test program in a process of its own, in which no other test runs: what it allocates is of this test alone. So the
/// tests that count need no program of their own, which would take time to link.
///
/// `name` is the path of the calling test, as the test runner prints it.
///
/// # Panics
/// If the test fails, or if there is none of that name.
pub fn alone(name: &str, test: impl FnOnce()) {
    if std::env::var_os(ALONE).is_some_and(|alone| alone == name) {
        return test();
    }
    let program = std::env::current_exe().expect("the test program has a path");
    let output = Command::new(program)
        .args([name, "--exact", "--include-ignored", "--test-threads=1", "--nocapture"])
        .env(ALONE, name)
        .output()
        .expect("the test program starts");
    let [said, complaint] = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
    println!("{said}{complaint}");
    assert!(output.status.success() && said.contains("1 passed"), "{name} in a process of its own");
}

#[cfg(test)]
mod tests {
    use super::alone;

    #[test]
    #[should_panic = "in a process of its own"]
    fn a_test_that_does_not_run_does_not_pass() {
        alone("process::tests::another_name", || ());
    }
}
