//! Every lesson's exercise has a file to complete, a solution and a test.

use crate::common::{project, read};

#[test]
fn every_exercise_has_a_solution_and_a_test() {
    let tests = read("examples/exercises/tests/exercises.rs");
    for lesson in 1..=8 {
        let exercise = read(&format!("examples/exercises/lesson_{lesson}.rs"));
        assert!(exercise.contains("// Exercise"), "lesson {lesson} marks the place");
        assert!(project().join(format!("examples/exercises/solutions/lesson_{lesson}.rs")).exists());
        assert!(tests.contains(&format!("lesson!(lesson_{lesson},")), "lesson {lesson}");
    }
}
