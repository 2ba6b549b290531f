//! `composer study memory`: the table, the page and the data.

use super::{each_once, progress_bar, refused};
use crate::failure::wrong_input;
use crate::progress::thousands;
use crate::report::charts::cell_name;
use crate::report::study::memory::{MemoryReport, error_text};
use crate::run::OutputFolder;
use clap::Args;
use composer_bptt::Cell;
use composer_studies::memory::{
    Event, Outcome, Recipe, Task, Trial, by_task_and_cell, solved_at, study, trials,
};
use std::fmt::Write;
use std::path::PathBuf;
use std::time::Instant;

/// `composer study memory`.
#[derive(Clone, Debug, Args)]
pub struct MemoryArgs {
    /// Only these tasks: adding, copy, order, recall
    #[arg(long = "task", value_delimiter = ',', value_name = "TASK")]
    pub tasks: Vec<String>,

    /// Only these lengths, in steps, instead of each task's own
    #[arg(long = "length", value_delimiter = ',', value_name = "T")]
    pub lengths: Vec<usize>,

    /// Only these cells
    #[arg(help = format!("Only these cells: {}", Cell::names()))]
    #[arg(long = "cell", value_delimiter = ',', default_value = "rnn,lstm,gru", value_name = "CELL")]
    pub cells: Vec<Cell>,

    /// Time steps that a network may learn from: sequences times their length
    #[arg(long, default_value_t = Recipe::default().steps, value_name = "N")]
    pub steps: usize,

    /// Parameters of every network, at most
    #[arg(long, default_value_t = Recipe::default().parameters, value_name = "N")]
    pub parameters: usize,

    /// Sequences of one update
    #[arg(long, default_value_t = Recipe::default().batch, value_name = "N")]
    pub batch_size: usize,

    /// Learning rate of gated cells
    #[arg(long, default_value_t = Recipe::default().learning_rate, value_name = "RATE")]
    pub learning_rate: f64,

    /// Learning rate of RNNs
    #[arg(long, default_value_t = Recipe::default().learning_rate_rnn, value_name = "RATE")]
    pub learning_rate_rnn: f64,

    /// Begin with this bias of the LSTM's forget gate, instead of gates that remember from 1 to T steps
    #[arg(long, value_name = "BIAS")]
    pub forget_bias: Option<f64>,

    /// Seed of weights and sequences
    #[arg(long, default_value_t = 1)]
    pub seed: u64,

    /// Where to write memory.html and memory.csv
    #[arg(long, value_name = "FOLDER", default_value = "studies")]
    pub output_dir: PathBuf,
}

/// Runs the command.
pub fn run(args: &MemoryArgs) -> anyhow::Result<()> {
    let recipe = recipe(args);
    let tasks = match args.tasks.as_slice() {
        [] => Task::ALL.to_vec(),
        names => names.iter().map(|name| name.parse()).collect::<Result<_, _>>().map_err(wrong_input)?,
    };
    let cells = each_once(&args.cells);
    let trials = trials(&tasks, &args.lengths, &cells);
    for &trial in &trials {
        recipe.network(trial).map_err(refused)?;
    }
    let folder = OutputFolder::create(&args.output_dir)?;
    let threads = rayon::current_num_threads().min(by_task_and_cell(&trials).len());
    eprintln!(
        "{} trials at most, of at most {} time steps each, {threads} at a time.",
        trials.len(),
        thousands(recipe.steps as u64)
    );
    let bar = progress_bar(
        (trials.len() * recipe.tests) as u64,
        "{bar:28.cyan/blue} {percent:>3}%  at most {eta_precise} left",
    );
    let started = Instant::now();
    let mut done = 0;
    let outcomes = study(&trials, &recipe, threads, &mut |event| match event {
        Event::Tested(..) => {
            done += 1;
            bar.set_position(done as u64);
        }
        Event::Finished(outcome) => {
            done += recipe.tests.saturating_sub(outcome.curve.len());
            if !outcome.solved {
                let longer = |trial: &&Trial| {
                    (trial.task, trial.cell) == (outcome.trial.task, outcome.trial.cell)
                        && trial.length > outcome.trial.length
                };
                done += recipe.tests * trials.iter().filter(longer).count();
            }
            bar.suspend(|| eprintln!("{}", line(outcome)));
        }
    });
    bar.finish_and_clear();
    let (outcomes, seconds) = (outcomes.map_err(refused)?, started.elapsed().as_secs_f64());
    folder.write("memory.csv", csv(&outcomes).as_bytes())?;
    let report =
        MemoryReport { outcomes: &outcomes, recipe: &recipe, seconds, threads, command: &command(args) };
    folder.write("memory.html", report.to_html()?.as_bytes())?;
    print!("{}", table(&outcomes, &cells));
    println!("{}", crate::report::study::memory::headline(&outcomes));
    println!(
        "{} (memory.csv beside it), {:.1} minutes",
        folder.path("memory.html").display(),
        seconds / 60.0
    );
    Ok(())
}

fn recipe(args: &MemoryArgs) -> Recipe {
    Recipe {
        parameters: args.parameters,
        steps: args.steps,
        batch: args.batch_size,
        learning_rate: args.learning_rate,
        learning_rate_rnn: args.learning_rate_rnn,
        chrono: args.forget_bias.is_none(),
        forget_bias: args.forget_bias.unwrap_or(Recipe::default().forget_bias),
        seed: args.seed,
        ..Recipe::default()
    }
}

/// How one trial went, in a line.
fn line(outcome: &Outcome) -> String {
    let trial = outcome.trial;
    format!(
        "{:<7} T = {:<4} {:<8} {:<10} error {:>7}  {:>7} sequences  {:>4.0} s",
        trial.task.to_string(),
        trial.length,
        cell_name(trial.cell),
        if outcome.solved { "solved" } else { "not solved" },
        error_text(trial.task, outcome.final_error),
        thousands(outcome.sequences() as u64),
        outcome.seconds
    )
}

/// The table: solved at T, after N sequences, wall time.
fn table(outcomes: &[Outcome], cells: &[Cell]) -> String {
    let mut text = format!("\n{:<18}", "solved up to");
    for &cell in cells {
        let _ = write!(text, "{:>30}", cell_name(cell));
    }
    text.push('\n');
    for task in Task::ALL {
        if !outcomes.iter().any(|outcome| outcome.trial.task == task) {
            continue;
        }
        let _ = write!(text, "{:<18}", task.title());
        for &cell in cells {
            let best = solved_at(outcomes, task, cell).and_then(|length| {
                let is_best =
                    |o: &&Outcome| o.trial.task == task && o.trial.cell == cell && o.trial.length == length;
                outcomes.iter().find(is_best)
            });
            let told = match best {
                None => "–".to_string(),
                Some(outcome) => format!(
                    "T = {}, {} seq., {:.0} s",
                    outcome.trial.length,
                    thousands(outcome.sequences() as u64),
                    outcome.seconds
                ),
            };
            let _ = write!(text, "{told:>30}");
        }
        text.push('\n');
    }
    text
}

fn csv(outcomes: &[Outcome]) -> String {
    let mut text =
        String::from("task,length,cell,hidden,parameters,solved,final_error,seconds,sequences,error\n");
    for o in outcomes {
        for point in &o.curve {
            let trial = o.trial;
            let _ = writeln!(
                text,
                "{},{},{},{},{},{},{},{:.2},{},{}",
                trial.task,
                trial.length,
                trial.cell,
                o.hidden,
                o.parameters,
                o.solved,
                o.final_error,
                o.seconds,
                point.sequences,
                point.error
            );
        }
    }
    text
}

/// The command that makes all of this again.
fn command(args: &MemoryArgs) -> String {
    let usual = Recipe::default();
    let mut text = String::from("composer study memory");
    let mut option = |name: &str, value: String, usual: bool| {
        if !usual {
            let _ = write!(text, " --{name} {value}");
        }
    };
    let list = |items: &[String]| items.join(",");
    option("task", list(&args.tasks), args.tasks.is_empty());
    let lengths: Vec<String> = args.lengths.iter().map(ToString::to_string).collect();
    option("length", list(&lengths), lengths.is_empty());
    let cells: Vec<String> = args.cells.iter().map(ToString::to_string).collect();
    option("cell", list(&cells), list(&cells) == "rnn,lstm,gru");
    option("steps", args.steps.to_string(), args.steps == usual.steps);
    option("parameters", args.parameters.to_string(), args.parameters == usual.parameters);
    option("batch-size", args.batch_size.to_string(), args.batch_size == usual.batch);
    option("learning-rate", args.learning_rate.to_string(), args.learning_rate == usual.learning_rate);
    option(
        "learning-rate-rnn",
        args.learning_rate_rnn.to_string(),
        args.learning_rate_rnn == usual.learning_rate_rnn,
    );
    if let Some(bias) = args.forget_bias {
        option("forget-bias", bias.to_string(), false);
    }
    option("seed", args.seed.to_string(), args.seed == 1);
    text
}
