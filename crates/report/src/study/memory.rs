//! The page of `composer study memory`.

use crate::charts::{self, Axes, Line, cell_name};
use crate::page::{fact, page};
use crate::study::reproduce::reproduce;
use crate::text::thousands;
use composer_bptt::Cell;
use composer_studies::memory::{Outcome, Recipe, Task, UNSEEN, solved_at};
use maud::{Markup, PreEscaped, html};

/// Everything on the page.
pub struct MemoryReport<'a> {
    /// Every trial.
    pub outcomes: &'a [Outcome],
    /// The training settings of all trials.
    pub recipe: &'a Recipe,
    /// Seconds of the whole study.
    pub seconds: f64,
    /// Threads.
    pub threads: usize,
    /// The command that reproduces the page.
    pub command: &'a str,
}

impl MemoryReport<'_> {
    /// The page.
    pub fn to_html(&self) -> crate::error::Result<String> {
        let tasks: Vec<Task> = Task::ALL.into_iter().filter(|task| self.of(*task).next().is_some()).collect();
        let sections = tasks.iter().map(|&task| self.task(task)).collect::<crate::error::Result<Vec<_>>>()?;
        let body = html! {
            (self.heading())
            (self.overview(&tasks)?)
            @for section in sections { (section) }
            (self.speed())
            (self.recipe())
            (reproduce(self.command, "The curves are the same on any number of threads; only the times differ:"))
        };
        Ok(page("how far back a cell remembers", &body))
    }

    fn of(&self, task: Task) -> impl Iterator<Item = &Outcome> {
        self.outcomes.iter().filter(move |outcome| outcome.trial.task == task)
    }

    fn cells(&self) -> Vec<Cell> {
        Cell::ALL.into_iter().filter(|cell| self.outcomes.iter().any(|o| o.trial.cell == *cell)).collect()
    }

    fn lengths(&self, task: Task) -> Vec<usize> {
        let mut lengths: Vec<usize> = self.of(task).map(|outcome| outcome.trial.length).collect();
        lengths.sort_unstable();
        lengths.dedup();
        lengths
    }

    fn outcome(&self, task: Task, length: usize, cell: Cell) -> Option<&Outcome> {
        self.of(task).find(|o| o.trial.length == length && o.trial.cell == cell)
    }

    fn heading(&self) -> Markup {
        let parameters = self.outcomes.iter().map(|outcome| outcome.parameters);
        let (least, most) = (parameters.clone().min().unwrap_or(0), parameters.max().unwrap_or(0));
        html! {
            header {
                p.kicker { "composer study memory" }
                h1 { "How far back can a recurrent cell remember?" }
                p.lead { (headline(self.outcomes)) }
                dl.facts {
                    (fact(&format!("{} – {}", thousands(least as u64), thousands(most as u64)), "parameters of a network"))
                    (fact(&thousands(self.recipe.steps as u64), "time steps of training per network, at most (sequences × length)"))
                    (fact(&format!("{:.1} min", self.seconds / 60.0), &format!("{} trials, {} at a time", self.outcomes.len(), self.threads)))
                }
            }
        }
    }

    fn overview(&self, tasks: &[Task]) -> crate::error::Result<Markup> {
        let charts = tasks.iter().map(|&task| self.stops(task)).collect::<crate::error::Result<Vec<_>>>()?;
        Ok(html! {
            section {
                h2 { "The longest lag that each cell solves" }
                table {
                    thead { tr { th { "solved up to" } @for cell in self.cells() { th { (cell_name(cell)) } } th.number { "longest tested" } } }
                    tbody {
                        @for &task in tasks {
                            tr {
                                th { (task.title()) }
                                @for cell in self.cells() {
                                    td { (self.longest(task, cell)) }
                                }
                                td.number.note { "T = " (self.lengths(task).last().copied().unwrap_or(0)) }
                            }
                        }
                    }
                }
                p { "Final error against sequence length:" }
                div.charts {
                    @for (task, chart) in tasks.iter().zip(&charts) {
                        figure { figcaption { strong { (task.title()) } (task.measure()) } (PreEscaped(chart)) }
                    }
                }
            }
        })
    }

    fn longest(&self, task: Task, cell: Cell) -> Markup {
        let solved = solved_at(self.outcomes, task, cell).and_then(|length| self.outcome(task, length, cell));
        html! {
            @if let Some(outcome) = solved {
                strong { "T = " (outcome.trial.length) }
                br; span.note { "after " (thousands(outcome.sequences() as u64)) " sequences, " (format!("{:.0}\u{a0}s", outcome.seconds)) }
            } @else {
                span.note { "none" }
            }
        }
    }

    /// The errors at the end over the lengths, which stand at equal distances.
    fn stops(&self, task: Task) -> crate::error::Result<String> {
        let lengths = self.lengths(task);
        let lines: Vec<Line> = (self.cells().into_iter())
            .map(|cell| {
                let points = lengths.iter().enumerate().filter_map(|(place, &length)| {
                    let error = self.outcome(task, length, cell)?.final_error;
                    Some((place as f64, error.clamp(floor(task), 1.0)))
                });
                Line::new(cell_name(cell), charts::color(cell), points.collect()).with_points()
            })
            .collect();
        let name = |place: &f64| {
            let whole = (place - place.round()).abs() < 1e-9 && *place > -0.5;
            lengths.get(place.round() as usize).filter(|_| whole).map_or(String::new(), ToString::to_string)
        };
        self.errors(task, "length T", -0.25..lengths.len() as f64 - 0.75, lengths.len() + 1, &name, &lines)
    }

    /// A chart of errors, with the levels of chance and of what counts as solved.
    fn errors(
        &self,
        task: Task,
        x: &str,
        x_range: std::ops::Range<f64>,
        x_labels: usize,
        x_label: &dyn Fn(&f64) -> String,
        lines: &[Line],
    ) -> crate::error::Result<String> {
        charts::lines(
            &Axes {
                size: (560, 380),
                x,
                y: task.measure(),
                x_range,
                y_range: floor(task)..1.0,
                x_labels,
                log: true,
                x_label,
                levels: &[("chance", task.chance()), ("solved", task.solved_below())],
            },
            lines,
        )
    }

    fn task(&self, task: Task) -> crate::error::Result<Markup> {
        let lengths = self.lengths(task);
        let charts = lengths
            .iter()
            .map(|&length| self.chart(task, length))
            .collect::<crate::error::Result<Vec<_>>>()?;
        Ok(html! {
            section {
                h2 { (task.title()) }
                p { (task.definition()) " Error is the " (task.measure()) "; chance level is " (error_text(task, task.chance())) ", solved is below " (error_text(task, task.solved_below())) "." }
                table {
                    thead { tr { th { "length" } @for cell in self.cells() { th { (cell_name(cell)) } } } }
                    tbody {
                        @for &length in &lengths {
                            tr {
                                th { "T = " (length) }
                                @for cell in self.cells() {
                                    td {
                                        @if let Some(outcome) = self.outcome(task, length, cell) { (result(outcome)) }
                                        @else { span.note { "not tested" } }
                                    }
                                }
                            }
                        }
                    }
                }
                div.charts {
                    @for (length, chart) in lengths.iter().zip(&charts) {
                        figure { figcaption { strong { "T = " (length) } } (PreEscaped(chart)) }
                    }
                }
            }
        })
    }

    fn chart(&self, task: Task, length: usize) -> crate::error::Result<String> {
        let outcomes = || self.of(task).filter(move |outcome| outcome.trial.length == length);
        let lines: Vec<Line> = outcomes()
            .map(|outcome| {
                let points = outcome
                    .curve
                    .iter()
                    .map(|point| (point.sequences as f64 / 1000.0, point.error.clamp(floor(task), 1.0)));
                Line::new(cell_name(outcome.trial.cell), charts::color(outcome.trial.cell), points.collect())
            })
            .collect();
        let last = outcomes().map(Outcome::sequences).max().unwrap_or(1) as f64 / 1000.0;
        let digits = if last < 8.0 { 1 } else { 0 };
        self.errors(task, "thousand sequences", 0.0..last, 9, &|x| format!("{x:.digits$}"), &lines)
    }

    fn speed(&self) -> Markup {
        let ms = |outcome: &Outcome| 1e3 * outcome.seconds / outcome.updates.max(1) as f64;
        // The longest sequences that all cells were given.
        let common = self.outcomes.iter().map(|outcome| outcome.trial).filter(|trial| {
            self.cells().into_iter().all(|cell| self.outcome(trial.task, trial.length, cell).is_some())
        });
        let Some(trial) = common.max_by_key(|trial| trial.task.steps(trial.length)) else {
            return html! {};
        };
        let rows: Vec<&Outcome> =
            self.cells().iter().filter_map(|&cell| self.outcome(trial.task, trial.length, cell)).collect();
        html! {
            section {
                h2 { "Time per step" }
                p { (trial.task.title()) ", T = " (trial.length) ", " (self.recipe.batch) " sequences in a batch: forward and backward pass and the Adam update, on one core per trial." }
                table {
                    thead { tr { th { "cell" } th.number { "units" } th.number { "parameters" } th.number { "ms per update" } th.number { "µs per step of the batch" } } }
                    tbody {
                        @for outcome in rows {
                            tr {
                                th { (cell_name(outcome.trial.cell)) }
                                td.number { (outcome.hidden) }
                                td.number { (thousands(outcome.parameters as u64)) }
                                td.number { (format!("{:.1}", ms(outcome))) }
                                td.number { (format!("{:.0}", 1e3 * ms(outcome) / trial.task.steps(trial.length) as f64)) }
                            }
                        }
                    }
                }
            }
        }
    }

    fn recipe(&self) -> Markup {
        let recipe = self.recipe;
        html! {
            section {
                h2 { "Training settings, the same for all cells" }
                ul {
                    li { "One recurrent layer and a linear layer on its last hidden state, as wide as " (thousands(recipe.parameters as u64)) " parameters allow. An RNN has no gates, and so about twice as many units as a gated cell, which helps where the state must store many symbols." }
                    li { "Adam with batches of " (recipe.batch) ", gradients clipped to a norm of " (recipe.clip_grad_norm) "; learning rate " (recipe.learning_rate) " for gated cells, " (recipe.learning_rate_rnn) " for RNNs, which diverge at larger ones." }
                    li { (start(recipe)) }
                    li { "No curriculum: every sequence has the full length from the start. A cell that does not solve a length is not tested at longer ones." }
                    li { "A trial ends when " (thousands(recipe.test_sequences as u64)) " fixed test sequences, and then " (thousands((UNSEEN * recipe.test_sequences) as u64)) " new ones are solved, or when the budget of " (thousands(recipe.steps as u64)) " time steps is used up. The error in the tables is that of the new ones." }
                }
                p.note {
                    "Published results: adding problem at T = 600 with 70,000 parameters: GRU 5.3e-5, LSTM 0.164, RNN 0.177 (Bai et al. 2018); "
                    "LSTM 1997: T = 100 after 74,000 sequences, 500 after 209,000, 1000 after 853,000 (Hochreiter and Schmidhuber). "
                    "Copy memory at T = 1000: all three no better than predicting blanks (Bai et al. 2018)."
                }
            }
        }
    }
}

fn start(recipe: &Recipe) -> String {
    if recipe.chrono {
        "Weights are initialised as in PyTorch, and the biases of the gates that keep the state for time constants of 1 to T steps \
         (chrono initialisation, Tallec and Ollivier 2018). The RNN has no such gate."
            .into()
    } else {
        format!(
            "Weights are initialised as in PyTorch, the bias of the forget gate with {}.",
            recipe.forget_bias
        )
    }
}

/// Where charts of errors end below.
fn floor(task: Task) -> f64 {
    task.solved_below() / 10.0
}

/// What was found, in one sentence about the adding problem at 200 steps (or, if that was not tried, at the shortest length
/// that was); otherwise a count.
pub fn headline(outcomes: &[Outcome]) -> String {
    let adding =
        |length| outcomes.iter().filter(move |o| o.trial.task == Task::Adding && length == o.trial.length);
    let shortest = outcomes.iter().filter(|o| o.trial.task == Task::Adding).map(|o| o.trial.length).min();
    let Some(length) = [200].into_iter().chain(shortest).find(|&length| adding(length).next().is_some())
    else {
        let solved = outcomes.iter().filter(|outcome| outcome.solved).count();
        return format!("{solved} of {} trials were solved.", outcomes.len());
    };
    let results: Vec<String> = adding(length)
        .map(|o| {
            let sequences = thousands(o.sequences() as u64);
            format!("{} {:.4} after {sequences} sequences", cell_name(o.trial.cell), o.final_error)
        })
        .collect();
    format!(
        "Adding two numbers that lie up to {length} steps back, mean squared error: {}. Always predicting 1 gives 0.1667.",
        results.join(", ")
    )
}

fn result(outcome: &Outcome) -> Markup {
    let task = outcome.trial.task;
    let error = error_text(task, outcome.final_error);
    let seconds = format!("{:.0}\u{a0}s", outcome.seconds);
    html! {
        @if outcome.solved {
            strong { "solved" } " after " (thousands(outcome.sequences() as u64)) ", " (seconds)
            br; span.note { "error " (error) }
        } @else {
            "not solved" span.note { ", " (seconds) }
            br; span.note { "error " (error) }
        }
    }
}

/// Squared errors as numbers, shares in percent.
pub fn error_text(task: Task, error: f64) -> String {
    match task {
        Task::Adding => format!("{error:.4}"),
        _ => format!("{:.1} %", 100.0 * error),
    }
}
