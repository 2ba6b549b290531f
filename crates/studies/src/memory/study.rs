//! Many trials, on several threads.

use std::sync::Mutex;

use composer_bptt::Cell;

use super::recipe::{Recipe, Trial};
use super::tasks::Task;
use super::trial::{Outcome, Point, run_trial};
use crate::Error;
use crate::parallel::parallel_map;

/// Progress of a study. Events come from several threads, one at a time.
#[derive(Clone, Debug)]
pub enum Event<'a> {
    /// A test within a trial.
    Tested(Trial, Point),
    /// The end of a trial.
    Finished(&'a Outcome),
}

/// Trains every cell on its tasks at growing lengths, up to the first length that it does not solve; longer ones are skipped.
/// Runs `threads` pairs of task and cell at a time, each on one thread. The outcomes are in the order of the trials; apart from
/// the seconds, they do not depend on the number of threads.
///
/// # Errors
/// A setting is out of its range.
pub fn study(
    trials: &[Trial],
    recipe: &Recipe,
    threads: usize,
    on_event: &mut (dyn FnMut(Event<'_>) + Send),
) -> Result<Vec<Outcome>, Error> {
    let on_event = Mutex::new(on_event);
    let emit = |event: Event<'_>| {
        if let Ok(mut on_event) = on_event.lock() {
            on_event(event);
        }
    };
    let run_group = |group: &Vec<Trial>| {
        let mut outcomes = Vec::new();
        for &trial in group {
            let outcome = run_trial(trial, recipe, |point| {
                emit(Event::Tested(trial, point));
                true
            })?;
            emit(Event::Finished(&outcome));
            let solved = outcome.solved;
            outcomes.push(outcome);
            if !solved {
                break;
            }
        }
        Ok(outcomes)
    };
    let mut outcomes = parallel_map(&by_task_and_cell(trials), threads, run_group)?.concat();
    outcomes.sort_by_key(|outcome| trials.iter().position(|trial| *trial == outcome.trial));
    Ok(outcomes)
}

/// The trials grouped by task and cell, each group in ascending order of length.
pub fn by_task_and_cell(trials: &[Trial]) -> Vec<Vec<Trial>> {
    let mut groups: Vec<Vec<Trial>> = Vec::new();
    for &trial in trials {
        match groups.iter_mut().find(|group| (group[0].task, group[0].cell) == (trial.task, trial.cell)) {
            Some(group) => group.push(trial),
            None => groups.push(vec![trial]),
        }
    }
    groups.iter_mut().for_each(|group| group.sort_by_key(|trial| trial.length));
    groups
}

/// The trials of a [`study`]: every task and cell at each of `lengths`, or at the task's own lengths if there are none. Repeated
/// trials are left out.
pub fn trials(tasks: &[Task], lengths: &[usize], cells: &[Cell]) -> Vec<Trial> {
    let mut trials = Vec::new();
    for &task in tasks {
        let lengths = if lengths.is_empty() { task.default_lengths() } else { lengths };
        for &length in lengths {
            for trial in cells.iter().map(|&cell| Trial { task, length, cell }) {
                if !trials.contains(&trial) {
                    trials.push(trial);
                }
            }
        }
    }
    trials
}

/// The longest length that a cell solved; `None` if it solved none.
pub fn solved_at(outcomes: &[Outcome], task: Task, cell: Cell) -> Option<usize> {
    let of_cell = outcomes.iter().filter(|o| o.trial.task == task && o.trial.cell == cell && o.solved);
    of_cell.map(|outcome| outcome.trial.length).max()
}
