//! `composer evaluate`.

use super::files::save;
use super::terminal::Terminal;
use clap::Args;
use composer::text::evaluation as text;
use composer::{EvaluateOptions, evaluate, outputs};
use std::path::PathBuf;

/// `composer evaluate`.
#[derive(Clone, Debug, Args)]
pub struct EvaluateArgs {
    /// Folders of music (MIDI, MusicXML, ABC), or single files; each is one set; - is the standard input. Optional with --model
    #[arg(required_unless_present = "model", value_name = "FOLDER")]
    pub music: Vec<PathBuf>,

    /// Also compute the likelihood of the reference's test pieces under this model: a file, or the name of a built-in model
    #[arg(long, value_name = "MODEL")]
    pub model: Option<PathBuf>,

    /// Folder of real music to compare with [default: the built-in corpus]
    #[arg(long, alias = "data", value_name = "FOLDER")]
    pub reference: Option<PathBuf>,

    /// The model learnt from no piece of the reference: compute the likelihood of all its pieces, not of a tenth of them
    #[arg(long, requires_all = ["model", "reference"])]
    pub held_out: bool,

    /// Also write an HTML page with tables, histograms and piano rolls to this file; - writes it to the standard output instead of printing
    #[arg(long, visible_alias = "output", value_name = "FILE")]
    pub page: Option<PathBuf>,

    /// Also print the metrics of MusPy 0.5.0 as it computes them, to compare with published figures
    #[arg(long)]
    pub muspy: bool,

    /// Seed of the bootstrap and of the permutation tests
    #[arg(long, default_value_t = EvaluateOptions::default().seed)]
    pub seed: u64,
}

/// Runs the command.
pub fn run(args: &EvaluateArgs, terminal: &mut Terminal) -> anyhow::Result<()> {
    let options = EvaluateOptions {
        music: args.music.clone(),
        model: args.model.clone(),
        reference: args.reference.clone(),
        held_out: args.held_out,
        muspy: args.muspy,
        seed: args.seed,
    };
    let read = [&args.model, &args.reference].into_iter().flatten().chain(&args.music);
    outputs::check(read, &args.page)?;
    let evaluation = evaluate(&options, terminal)?;
    if let (Some(path), Some(html)) = (&args.page, evaluation.to_html()?)
        && save(path, html.as_bytes(), "The page is", terminal)?
    {
        return Ok(());
    }
    terminal.result(|| text::record(&evaluation), || text::text(&evaluation))
}
