//! Inputs and targets of the tasks match their definitions, guessing has the stated error, and trials are reproducible.

use approx::abs_diff_eq;
use composer_bptt::Cell;
use composer_studies::memory::{Event, Examples, Recipe, Task, Trial, run_trial, solved_at, study, trials};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

fn draw(task: Task, length: usize, batch: usize) -> Examples {
    Examples::draw(task, length, batch, &mut ChaCha8Rng::seed_from_u64(7))
}

/// The symbol at step `t` of a row; exactly one feature must be on.
fn symbol(task: Task, examples: &Examples, t: usize, row: usize) -> usize {
    let features = &examples.values[(t * examples.batch + row) * task.features()..][..task.features()];
    let on: Vec<usize> = (0..features.len()).filter(|&feature| features[feature] != 0.0).collect();
    assert_eq!(on.len(), 1, "step {t} of row {row}: {features:?}");
    on[0]
}

#[test]
fn the_target_of_adding_is_the_sum_of_the_two_marked_numbers() {
    let (length, examples) = (31, draw(Task::Adding, 31, 50));
    for row in 0..50 {
        let at = |t: usize| &examples.values[(t * 50 + row) * 2..][..2];
        let marked: Vec<usize> = (0..length).filter(|&t| at(t)[1] == 1.0).collect();
        assert!(matches!(marked[..], [first, second] if first < 15 && second >= 15), "{marked:?}");
        assert_eq!(examples.targets[row], at(marked[0])[0] + at(marked[1])[0]);
        assert!((0..length).all(|t| (0.0..1.0).contains(&at(t)[0])));
    }
}

#[test]
fn the_targets_of_copy_are_the_ten_symbols() {
    let examples = draw(Task::Copy, 7, 20);
    for row in 0..20 {
        let symbols: Vec<usize> = (0..27).map(|t| symbol(Task::Copy, &examples, t, row)).collect();
        for step in 0..10 {
            assert_eq!(examples.targets[step * 20 + row], symbols[step] as f32);
        }
        assert!(symbols[..10].iter().all(|&symbol| symbol < 8));
        assert!(symbols[10..17].iter().chain(&symbols[18..]).all(|&symbol| symbol == 8));
        assert_eq!(symbols[17], 9, "the delimiter");
    }
}

#[test]
fn the_target_of_order_is_which_symbol_came_first_and_which_second() {
    let examples = draw(Task::Order, 60, 40);
    let mut classes = [0; 4];
    for row in 0..40 {
        let symbols: Vec<usize> = (0..60).map(|t| symbol(Task::Order, &examples, t, row)).collect();
        let marked: Vec<(usize, usize)> =
            symbols.iter().copied().enumerate().filter(|(_, symbol)| *symbol < 2).collect();
        let [(first, a), (second, b)] = marked[..] else { panic!("two of X and Y: {symbols:?}") };
        assert!((6..12).contains(&first) && (30..36).contains(&second));
        assert_eq!(examples.targets[row], (2 * a + b) as f32);
        assert_eq!((symbols[0], symbols[59]), (6, 7));
        classes[2 * a + b] += 1;
    }
    assert!(classes.iter().all(|&count| count > 0), "{classes:?}");
}

#[test]
fn the_targets_of_recall_are_the_symbols_of_so_many_steps_ago() {
    let (length, examples) = (9, draw(Task::Recall, 9, 15));
    for row in 0..15 {
        for step in 0..20 {
            // The last 20 of `length + 20` steps have targets.
            let t = length + step;
            let target = symbol(Task::Recall, &examples, t - length, row);
            assert_eq!(examples.targets[step * 15 + row], target as f32);
        }
    }
}

#[test]
fn guessing_has_the_stated_error() {
    for task in Task::ALL {
        let targets = draw(task, 40, 40_000 / task.target_steps()).targets;
        let count = targets.len() as f64;
        let error = match task {
            Task::Adding => targets.iter().map(|&sum| f64::from(sum - 1.0).powi(2)).sum::<f64>() / count,
            _ => 1.0 - targets.iter().filter(|&&class| class == 0.0).count() as f64 / count,
        };
        assert!(
            abs_diff_eq!(error, task.chance(), epsilon = 0.01),
            "{task}: {error} instead of {}",
            task.chance()
        );
    }
}

#[test]
fn trials_do_not_depend_on_threads_or_on_other_trials() {
    let recipe =
        Recipe { parameters: 600, steps: 2400, batch: 20, tests: 2, test_sequences: 50, ..Recipe::default() };
    let trials: Vec<Trial> = [Cell::RnnTanh, Cell::Gru, Cell::Lstm]
        .into_iter()
        .flat_map(|cell| [4, 12].map(|length| Trial { task: Task::Adding, length, cell }))
        .collect();
    let mut events = 0;
    let together =
        study(&trials, &recipe, 3, &mut |event| events += usize::from(matches!(event, Event::Finished(_))))
            .unwrap();
    // No cell solves the task in so few steps, so none goes on to the longer length.
    assert_eq!((events, together.len()), (3, 3));
    for (trial, outcome) in trials.iter().step_by(2).zip(&together) {
        let alone = run_trial(*trial, &recipe, |_| true).unwrap();
        assert_eq!((outcome.trial, &outcome.curve), (*trial, &alone.curve));
        assert_eq!(outcome.final_error, alone.final_error);
        assert!(
            outcome.parameters <= 600 && outcome.sequences() * trial.length <= 2400,
            "the same budget for all"
        );
    }
}

#[test]
fn a_cell_stops_at_the_first_length_that_it_does_not_solve() {
    let recipe = Recipe { parameters: 1500, steps: 400_000, test_sequences: 100, ..Recipe::default() };
    let trials = trials(&[Task::Recall], &[30, 1, 2, 1, 20], &[Cell::Gru]);
    assert_eq!(trials.len(), 4, "a repeated length is tried once");
    let outcomes = study(&trials, &recipe, 2, &mut |_| ()).unwrap();
    let mut tried: Vec<_> = outcomes.iter().map(|outcome| (outcome.trial.length, outcome.solved)).collect();
    tried.sort_unstable();
    assert_eq!(tried, [(1, true), (2, true), (20, false)]);
    assert_eq!(solved_at(&outcomes, Task::Recall, Cell::Gru), Some(2));
}

#[test]
fn gated_cells_solve_a_short_adding_problem() {
    let recipe = Recipe { parameters: 3000, steps: 800_000, ..Recipe::default() };
    for cell in [Cell::Lstm, Cell::Gru] {
        let outcome = run_trial(Trial { task: Task::Adding, length: 20, cell }, &recipe, |_| true).unwrap();
        assert!(outcome.solved && outcome.final_error < 0.015, "{cell}: {:?}", outcome.curve);
        assert!(outcome.curve[0].error > 0.05, "it was not solved at first");
    }
}

#[test]
fn settings_out_of_range_are_named_in_the_error() {
    let trial = Trial { task: Task::Order, length: 60, cell: Cell::Gru };
    let complaint = |trial, recipe: Recipe| run_trial(trial, &recipe, |_| true).unwrap_err().to_string();
    assert!(complaint(Trial { length: 19, ..trial }, Recipe::default()).contains("length is 19"));
    assert!(complaint(trial, Recipe { batch: 0, ..Recipe::default() }).contains("batch is 0"));
    assert!(
        complaint(trial, Recipe { learning_rate: f64::NAN, ..Recipe::default() })
            .contains("learning_rate is NaN")
    );
    assert!("adding".parse::<Task>().is_ok());
    assert!("sorting".parse::<Task>().unwrap_err().to_string().contains("sorting"));
}
