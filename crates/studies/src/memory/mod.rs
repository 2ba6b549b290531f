//! Long memory: four classic tasks at growing lengths, for every cell under one recipe and one budget.
//!
//! ```
//! use composer_bptt::Cell;
//! use composer_studies::memory::{Recipe, Task, Trial, run_trial};
//!
//! let trial = Trial { task: Task::Recall, length: 1, cell: Cell::Gru };
//! let recipe = Recipe { parameters: 1500, steps: 500_000, ..Recipe::default() };
//! let outcome = run_trial(trial, &recipe, |_| true)?;
//! assert!(outcome.solved, "what it saw one step ago it can tell: {:?}", outcome.curve);
//! # Ok::<(), composer_studies::Error>(())
//! ```

mod tasks;
mod trial;

use std::sync::Mutex;

use composer_bptt::Cell;

use crate::Error;
use crate::parallel::share_out;

pub use tasks::{Examples, Task};
pub use trial::{Outcome, Point, Recipe, Trial, UNSEEN, run_trial};

/// What happens in a study; told from several threads, one at a time.
#[derive(Clone, Debug)]
pub enum Event<'a> {
    /// A test within a trial.
    Tested(Trial, Point),
    /// The end of a trial.
    Finished(&'a Outcome),
}

/// Lets every cell go through its tasks at growing lengths, up to the first that it does not solve: what comes after is not
/// tried. `threads` cells and tasks at a time, each on one thread; the outcomes are in the order of the trials and, but for
/// their seconds, the same for any number of threads.
///
/// # Errors
/// A setting is out of its range.
pub fn study(
    trials: &[Trial],
    recipe: &Recipe,
    threads: usize,
    tell: &mut (dyn FnMut(Event<'_>) + Send),
) -> Result<Vec<Outcome>, Error> {
    let tell = Mutex::new(tell);
    let say = |event: Event<'_>| {
        if let Ok(mut tell) = tell.lock() {
            tell(event);
        }
    };
    let climb = |ladder: &Vec<Trial>| {
        let mut outcomes = Vec::new();
        for &trial in ladder {
            let outcome = run_trial(trial, recipe, |point| {
                say(Event::Tested(trial, point));
                true
            })?;
            say(Event::Finished(&outcome));
            let solved = outcome.solved;
            outcomes.push(outcome);
            if !solved {
                break;
            }
        }
        Ok(outcomes)
    };
    let mut outcomes = share_out(&ladders(trials), threads, climb)?.concat();
    outcomes.sort_by_key(|outcome| trials.iter().position(|trial| *trial == outcome.trial));
    Ok(outcomes)
}

/// The trials of each task and cell, the shortest first.
pub fn ladders(trials: &[Trial]) -> Vec<Vec<Trial>> {
    let mut ladders: Vec<Vec<Trial>> = Vec::new();
    for &trial in trials {
        match ladders.iter_mut().find(|ladder| (ladder[0].task, ladder[0].cell) == (trial.task, trial.cell)) {
            Some(ladder) => ladder.push(trial),
            None => ladders.push(vec![trial]),
        }
    }
    ladders.iter_mut().for_each(|ladder| ladder.sort_by_key(|trial| trial.length));
    ladders
}

/// Every task at its own growing lengths, or at these, for every cell: what [`study`] is made for. What is named twice is
/// tried once.
pub fn trials(tasks: &[Task], lengths: &[usize], cells: &[Cell]) -> Vec<Trial> {
    let mut trials = Vec::new();
    for &task in tasks {
        let lengths = if lengths.is_empty() { task.usual_lengths() } else { lengths };
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

/// The longest length that a cell solved; `None` if none.
pub fn solved_at(outcomes: &[Outcome], task: Task, cell: Cell) -> Option<usize> {
    let of_cell = outcomes.iter().filter(|o| o.trial.task == task && o.trial.cell == cell && o.solved);
    of_cell.map(|outcome| outcome.trial.length).max()
}
