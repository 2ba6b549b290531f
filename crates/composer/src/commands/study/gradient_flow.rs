//! `composer study gradient-flow`: the table, the page and the data.

use super::{each_once, progress_bar, refused};
use crate::failure::wrong_input;
use crate::material::Material;
use crate::report::charts::cell_name;
use crate::report::study::flow::{FlowReport, bars, common_loss, factor, headline};
use crate::run::OutputFolder;
use clap::Args;
use composer_bptt::{Cell, Init};
use composer_models::{Encoding, Sequence};
use composer_music::representation::frames::FrameRepresentation;
use composer_studies::gradient_flow::{Config, Observation, Quartiles, Study, decay, horizon, study};
use std::fmt::Write;
use std::path::PathBuf;

/// `composer study gradient-flow`.
#[derive(Clone, Debug, Args)]
pub struct FlowArgs {
    /// Folder with MIDI files; without it, the music that composer carries
    pub corpus: Option<PathBuf>,

    /// Cells side by side
    #[arg(help = format!("Cells side by side: {}", Cell::names()))]
    #[arg(long = "cell", value_delimiter = ',', default_value = "rnn,lstm,gru", value_name = "CELL")]
    pub cells: Vec<Cell>,

    /// Parameters of each model, at most
    #[arg(long, default_value_t = Config::default().parameters, value_name = "N")]
    pub parameters: usize,

    /// Layers of each model
    #[arg(long, default_value_t = Config::default().layers)]
    pub layers: usize,

    /// Bars (of four quarters) that a gradient is followed back
    #[arg(long, default_value_t = 8, value_name = "N")]
    pub bars: usize,

    /// Updates of the training between before and after
    #[arg(long, default_value_t = Config::default().updates, value_name = "N")]
    pub updates: usize,

    /// Bias with which an LSTM's forget gate and a GRU's update gate begin: 4 keeps from the start, 0 as PyTorch
    #[arg(long, default_value_t = 4.0, value_name = "BIAS")]
    pub forget_bias: f64,

    /// Learning rate of the training
    #[arg(long, default_value_t = Config::default().learning_rate, value_name = "RATE")]
    pub learning_rate: f64,

    /// Seed of weights and windows
    #[arg(long, default_value_t = 1)]
    pub seed: u64,

    /// Where to write gradient-flow.html and its data as CSV
    #[arg(long, value_name = "FOLDER", default_value = "studies")]
    pub output_dir: PathBuf,
}

/// Runs the command.
pub fn run(args: &FlowArgs) -> anyhow::Result<()> {
    let representation = FrameRepresentation::default();
    let bar = 4 * representation.steps_per_quarter as usize;
    if args.bars == 0 {
        return Err(wrong_input("--bars is 0, and must be at least 1"));
    }
    let config = Config {
        cells: each_once(&args.cells),
        parameters: args.parameters,
        layers: args.layers,
        window: args.bars.saturating_mul(bar),
        bar,
        updates: args.updates,
        learning_rate: args.learning_rate,
        init: Init { forget_bias: Some(args.forget_bias), ..Config::default().init },
        seed: args.seed,
        ..Config::default()
    };
    let material = Material::load(args.corpus.as_deref(), representation)?;
    material.announce();
    let encoding = Encoding::frames(representation);
    let held_out: Vec<Sequence> =
        material.valid.sequences.iter().chain(&material.test.sequences).cloned().collect();
    config.check(&encoding, &material.train.sequences, &held_out).map_err(refused)?;
    let folder = OutputFolder::create(&args.output_dir)?;
    let bar_of_progress = progress_bar(
        (config.cells.len() * config.updates) as u64,
        "{prefix:<8} {bar:28.cyan/blue} {percent:>3}%  {msg}",
    );
    let found = study(&encoding, &material.train.sequences, &held_out, &config, &mut |cell, update, nll| {
        bar_of_progress.set_prefix(cell_name(cell));
        bar_of_progress.set_message(format!("update {update}, {nll:.2} nats per step"));
        bar_of_progress.inc(1);
    });
    bar_of_progress.finish_and_clear();
    let found = found.map_err(refused)?;
    folder.write("gradient-flow.csv", distances_csv(&found).as_bytes())?;
    folder.write("gradient-flow-gates.csv", gates_csv(&found).as_bytes())?;
    folder.write("gradient-flow-training.csv", training_csv(&found).as_bytes())?;
    let command = command(args);
    let report = FlowReport { study: &found, config: &config, music: &material.name, command: &command };
    folder.write("gradient-flow.html", report.to_html()?.as_bytes())?;
    print!("{}", table(&found, bar));
    println!("{}", headline(&found, bar));
    println!("{} (three tables as CSV beside it)", folder.path("gradient-flow.html").display());
    Ok(())
}

fn moments(found: &Study) -> impl Iterator<Item = (Cell, &'static str, &Observation)> {
    found
        .cells
        .iter()
        .flat_map(|cell| [(cell.cell, "before", &cell.before), (cell.cell, "after", &cell.after)])
}

/// The table that is printed.
fn table(found: &Study, bar: usize) -> String {
    let mut text = format!(
        "\n{:<16}{:<11}{:>9}{:>13}{:>10}{:>14}{:>14}\n",
        "cell", "gradient", "per step", "after 4 bars", "σ step", "σ bar^(1/n)", "note matters"
    );
    for (cell, moment, seen) in moments(found) {
        let Some(decay) = decay(&seen.state, bar) else { continue };
        let _ = writeln!(
            text,
            "{:<16}{:<11}{:>9.3}{:>13}{:>10.2}{:>14.3}{:>14}",
            format!("{} {moment}", cell_name(cell)),
            decay.assessment.to_string(),
            decay.rate,
            factor(decay.left),
            seen.growth_step.median,
            seen.growth_bar.median,
            bars(horizon(&seen.input), bar)
        );
    }
    let target = common_loss(found);
    for cell in &found.cells {
        let updates = cell.learning.updates_to(target);
        let _ = writeln!(
            text,
            "{:<16}{} units, {} parameters, {:.1} ms per update, best {:.3} nats per step, {target:.2} {}",
            cell_name(cell.cell),
            cell.hidden,
            cell.parameters,
            cell.learning.ms_per_update(),
            cell.learning.best(),
            updates.map_or("not reached".into(), |updates| format!("after {updates} updates"))
        );
    }
    text
}

/// Norms over distance.
fn distances_csv(found: &Study) -> String {
    let mut text =
        String::from("cell,moment,layer,quantity,steps_back,lower_quartile,median,upper_quartile\n");
    let mut add = |head: String, norms: &[Quartiles]| {
        for (steps, q) in norms.iter().enumerate() {
            let _ = writeln!(text, "{head},{steps},{},{},{}", q.lower, q.median, q.upper);
        }
    };
    for (cell, moment, seen) in moments(found) {
        add(format!("{cell},{moment},all,state"), &seen.state);
        add(format!("{cell},{moment},all,input"), &seen.input);
        for (layer, flow) in seen.layers.iter().enumerate() {
            add(format!("{cell},{moment},{layer},h"), &flow.d_h);
            add(format!("{cell},{moment},{layer},c"), &flow.d_c);
            for (gate, norms) in cell.gates().iter().zip(&flow.d_gates) {
                let same: Vec<_> =
                    norms.iter().map(|&n| Quartiles { lower: n, median: n, upper: n }).collect();
                add(format!("{cell},{moment},{layer},gate {gate}"), &same);
            }
        }
    }
    text
}

/// What gates do over time.
fn gates_csv(found: &Study) -> String {
    let mut text = String::from("cell,moment,layer,gate,step,share_below_0.1,share_above_0.9,mean\n");
    for (cell, moment, seen) in moments(found) {
        for (layer, flow) in seen.layers.iter().enumerate() {
            for gate in &flow.activity {
                for (t, mean) in gate.mean.iter().enumerate() {
                    let (below, above) = (gate.below[t], gate.above[t]);
                    let _ =
                        writeln!(text, "{cell},{moment},{layer},{},{t},{below},{above},{mean}", gate.gate);
                }
            }
        }
    }
    text
}

/// The norm of each parameter's gradient at each update.
fn training_csv(found: &Study) -> String {
    let mut text = String::from("cell,update,train_nll,parameter,gradient_norm\n");
    for cell in &found.cells {
        let updates = cell.learning.gradients.iter().zip(&cell.learning.train_nll);
        for (update, (norms, nll)) in updates.enumerate() {
            for (name, norm) in cell.learning.parameters.iter().zip(norms) {
                let _ = writeln!(text, "{},{},{nll},{name},{norm}", cell.cell, update + 1);
            }
        }
    }
    text
}

/// The command that makes all of this again.
fn command(args: &FlowArgs) -> String {
    let corpus = args.corpus.as_ref().map(|path| format!(" {}", path.display())).unwrap_or_default();
    let cells: Vec<String> = args.cells.iter().map(ToString::to_string).collect();
    format!(
        "composer study gradient-flow{corpus} --cell {} --parameters {} --layers {} --bars {} --updates {} \
         --forget-bias {} --learning-rate {} --seed {}",
        cells.join(","),
        args.parameters,
        args.layers,
        args.bars,
        args.updates,
        args.forget_bias,
        args.learning_rate,
        args.seed
    )
}
