//! `composer models`: the built-in models and their cards, and model files with other numbers.

use super::files::save;
use super::terminal::Terminal;
use clap::{Args, Subcommand};
use composer::models::{BuiltIn, Card, Details, pack};
use composer::{Error, outputs};
use composer_models::WeightType;
use composer_report::text::thousands;
use serde_json::{Value, json};
use std::io::Write;
use std::path::{Path, PathBuf};

/// `composer models`.
#[derive(Clone, Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct ModelsArgs {
    /// What to do, if not to list the models
    #[command(subcommand)]
    pub command: Option<ModelsCommand>,

    /// The built-in model whose card to print [default: a list of all]
    pub name: Option<String>,
}

/// What else to do with models.
#[derive(Clone, Debug, Subcommand)]
pub enum ModelsCommand {
    /// Write a model again, with its weights stored as f32, f16 or bf16
    Pack {
        /// The model: a file, or the name of a built-in one
        #[arg(value_name = "MODEL")]
        model: PathBuf,
        /// The file to write
        #[arg(value_name = "OUT")]
        output: PathBuf,
        /// The numbers of the weights; docs/models.md says what each loses
        #[arg(long, value_name = "TYPE", default_value_t = WeightType::F16)]
        weights: WeightType,
    },
}

/// Runs the command.
pub fn run(args: &ModelsArgs, terminal: &mut Terminal) -> anyhow::Result<()> {
    match (&args.command, &args.name) {
        (Some(ModelsCommand::Pack { model, output, weights }), _) => {
            write_packed(model, output, *weights, terminal)
        }
        (None, Some(name)) => {
            let model = BuiltIn::by_name(name).ok_or_else(|| unknown(name))?;
            let (card, details) = (model.card()?, Details::of(model.bytes(), Path::new(model.name))?);
            match terminal.is_json() {
                true => terminal.print_json(&as_json(model, &card, &details)?),
                false => print(model, &card, &details, terminal),
            }
        }
        (None, None) => list(terminal),
    }
}

fn unknown(name: &str) -> Error {
    let names: Vec<&str> = BuiltIn::ALL.iter().map(|model| model.name).collect();
    Error::wrong_input(format!("there is no built-in model {name}; there are {}", names.join(", ")))
}

fn list(terminal: &mut Terminal) -> anyhow::Result<()> {
    if terminal.is_json() {
        let entry = |model: &BuiltIn| {
            as_json(model, &model.card()?, &Details::of(model.bytes(), Path::new(model.name))?)
        };
        let all: anyhow::Result<Vec<Value>> = BuiltIn::ALL.iter().map(entry).collect();
        return terminal.print_json(&all?);
    }
    writeln!(terminal, "{:<12} {:<12} {:>7}  writes", "name", "command", "size")?;
    for model in BuiltIn::ALL {
        let (card, megabytes) = (model.card()?, model.bytes().len() as f64 / 1e6);
        writeln!(
            terminal,
            "{:<12} {:<12} {megabytes:>4.1} MB  {}",
            model.name,
            card.task.name(),
            card.title
        )?;
    }
    writeln!(
        terminal,
        "\ncomposer models NAME prints a card, and --model NAME uses one, with the command in its row."
    )?;
    Ok(())
}

fn as_json(model: &BuiltIn, card: &Card, details: &Details) -> anyhow::Result<Value> {
    let mut all = json!({ "name": model.name, "file": details });
    if let (Value::Object(all), Value::Object(card)) = (&mut all, serde_json::to_value(card)?) {
        all.extend(card);
    }
    Ok(all)
}

fn print(model: &BuiltIn, card: &Card, details: &Details, terminal: &mut Terminal) -> anyhow::Result<()> {
    writeln!(terminal, "{}: {}\n\n{}\n", model.name, card.title, card.description.trim())?;
    let mut line = |name: &str, text: &str| writeln!(terminal, "  {name:<14}{text}");
    line("command", &format!("composer {} --model {}", card.task.name(), model.name))?;
    let Details { network, parameters, weights, bytes, .. } = details;
    line("network", &format!("{network}; {} parameters", thousands(*parameters as u64)))?;
    line("file", &format!("{} bytes, weights stored as {weights}", thousands(*bytes as u64)))?;
    line("reads", &details.representation)?;
    if !details.conditions.is_empty() {
        line("told", &details.conditions.join(", "))?;
    }
    if card.compose != Default::default() {
        line("defaults", &card.compose.in_words())?;
    }
    for set in &card.data {
        line("data", &format!("{} ({} pieces; {})", set.name, set.pieces, set.licence))?;
        if !set.attribution.is_empty() {
            line("", &format!("by {}", set.attribution))?;
        }
    }
    let minutes = card.training.minutes.map_or(String::new(), |minutes| format!(", {minutes:.0} minutes"));
    line("training", &format!("{} (seed {}{minutes})", card.training.command, card.training.seed))?;
    for (name, text) in card.figures.lines() {
        line(name, &text)?;
    }
    for weakness in &card.weaknesses {
        line("weakness", weakness)?;
    }
    Ok(())
}

fn write_packed(
    model: &Path,
    output: &Path,
    weights: WeightType,
    terminal: &mut Terminal,
) -> anyhow::Result<()> {
    outputs::check(&[model], &[output])?;
    let packed = pack(model, weights)?;
    if save(output, &packed.bytes, "The model is", terminal)? {
        return Ok(());
    }
    if terminal.is_json() {
        return terminal.print_json(&json!({
            "file": output,
            "weights": weights,
            "bytes": packed.bytes.len(),
            "bytes_before": packed.bytes_before,
            "parameters": packed.parameters,
            "changed": packed.changed,
            "largest_change": packed.largest_change,
        }));
    }
    writeln!(
        terminal,
        "{} bytes ({} before); {} of {} weights were rounded, by {:.1e} at most",
        thousands(packed.bytes.len() as u64),
        thousands(packed.bytes_before as u64),
        thousands(packed.changed as u64),
        thousands(packed.parameters as u64),
        packed.largest_change
    )?;
    Ok(())
}
