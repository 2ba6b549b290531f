//! Long memory: four synthetic tasks at growing lengths, for every cell with the same training recipe and budget.
//!
//! ```
//! use composer_bptt::Cell;
//! use composer_studies::memory::{Recipe, Task, Trial, run_trial};
//!
//! let trial = Trial { task: Task::Recall, length: 1, cell: Cell::Gru };
//! let recipe = Recipe { parameters: 1500, steps: 500_000, ..Recipe::default() };
//! let outcome = run_trial(trial, &recipe, |_| true)?;
//! assert!(outcome.solved, "a GRU recalls the symbol of the last step: {:?}", outcome.curve);
//! # Ok::<(), composer_studies::Error>(())
//! ```
//!
//! | file | contents |
//! |---|---|
//! | `tasks` | the tasks and their sequences |
//! | `recipe` | training settings and budget |
//! | `trial` | one cell learns one task at one length |
//! | `study` | many trials, on several threads |

mod recipe;
mod study;
mod tasks;
mod trial;

pub use recipe::{Recipe, Trial};
pub use study::{Event, by_task_and_cell, solved_at, study, trials};
pub use tasks::{Examples, Task};
pub use trial::{Outcome, Point, UNSEEN, run_trial};
