//! `composer models`: the built-in models and their cards, and model files with other numbers.

use super::files::save;
use super::terminal::Terminal;
use clap::{Args, Subcommand};
use composer::models::{BuiltIn, pack};
use composer::outputs;
use composer::text::card as text;
use composer_models::WeightType;
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
            let model = BuiltIn::named(name)?;
            let (record, card) = (text::record(model)?, text::card(model)?);
            terminal.result(|| record, || card)
        }
        (None, None) => {
            let (records, list) = (text::records()?, text::list()?);
            terminal.result(|| records, || list)
        }
    }
}

fn write_packed(
    model: &Path,
    output: &Path,
    weights: WeightType,
    terminal: &mut Terminal,
) -> anyhow::Result<()> {
    outputs::check([model], [output])?;
    let packed = pack(model, weights)?;
    if save(output, &packed.bytes, "The model is", terminal)? {
        return Ok(());
    }
    terminal.result(|| text::packed_record(&packed, output, weights), || text::packed(&packed))
}
