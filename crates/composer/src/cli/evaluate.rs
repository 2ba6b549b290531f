//! `composer evaluate`.

use super::diagnose;
use super::files::save;
use super::terminal::Terminal;
use clap::Args;
use composer::evaluate::{EvaluatedSet, Evaluation};
use composer::{EvaluateOptions, evaluate, outputs};
use composer_evaluation::assessment::{Assessment, VoiceLeadingRate};
use composer_evaluation::statistics::muspy;
use composer_report::likelihood::{summary, table};
use serde_json::{Value, json};
use std::io::Write;
use std::path::{Path, PathBuf};

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
    let page: Vec<&Path> = args.page.iter().map(PathBuf::as_path).collect();
    outputs::check(&read.map(PathBuf::as_path).collect::<Vec<_>>(), &page)?;
    let evaluation = evaluate(&options, terminal)?;
    if let (Some(path), Some(html)) = (&args.page, evaluation.to_html()?)
        && save(path, html.as_bytes(), "The page is", terminal)?
    {
        return Ok(());
    }
    if terminal.is_json() { terminal.print_json(&as_json(&evaluation)) } else { print(&evaluation, terminal) }
}

fn as_json(evaluation: &Evaluation) -> Value {
    let metrics = |(name, metrics): &(String, muspy::Metrics)| json!({ "name": name, "metrics": metrics });
    let set = |set: &EvaluatedSet| match &set.muspy {
        None => json!({ "name": set.name, "assessment": set.assessment }),
        Some(muspy) => {
            let muspy: Vec<_> = muspy.iter().map(metrics).collect();
            json!({ "name": set.name, "assessment": set.assessment, "muspy": muspy })
        }
    };
    json!({
        "likelihood": evaluation.likelihoods,
        "sets": evaluation.sets.iter().map(set).collect::<Vec<_>>(),
        "closer": evaluation.closer,
    })
}

fn print(evaluation: &Evaluation, terminal: &mut Terminal) -> anyhow::Result<()> {
    let Evaluation { likelihoods, sets, closer } = evaluation;
    if !likelihoods.is_empty() {
        writeln!(terminal, "{}\n{}", summary(likelihoods), table(likelihoods))?;
    }
    for set in sets {
        if sets.len() > 1 {
            writeln!(terminal, "\n{}\n", set.name)?;
        }
        print_assessment(&set.assessment, terminal)?;
        if let Some(rows) = &set.muspy {
            print_muspy(rows, terminal)?;
        }
    }
    if let ([first, second, ..], false) = (&sets[..], closer.is_empty()) {
        writeln!(terminal, "\nCloser to real music (permutation test, p corrected by Holm):")?;
        for row in closer.iter().filter(|row| row.p_value < 0.05) {
            let name = if row.first <= row.second { &first.name } else { &second.name };
            writeln!(
                terminal,
                "  {:<28}{name} ({:.2} against {:.2}, p {:.3})",
                row.name,
                row.first.min(row.second),
                row.first.max(row.second),
                row.p_value
            )?;
        }
        if closer.iter().all(|row| row.p_value >= 0.05) {
            writeln!(terminal, "  no significant difference")?;
        }
    }
    Ok(())
}

fn print_assessment(assessment: &Assessment, terminal: &mut Terminal) -> anyhow::Result<()> {
    for piece in &assessment.pieces {
        diagnose::print(&piece.name, &piece.diagnosis, terminal)?;
        writeln!(terminal, "    {}", piece.originality.sentence())?;
    }
    let pieces = assessment.pieces.len();
    let verdict = |indistinguishable: bool| match indistinguishable {
        true => format!("  not distinguishable with {pieces} piece{}", if pieces == 1 { "" } else { "s" }),
        false => "  beyond real music".to_owned(),
    };
    writeln!(
        terminal,
        "\nNone of the tested faults found in {} of {} pieces; {} copied. Like the reference: median {:.0} of 100 (held-out real \
         music: 50). Compared in excerpts of {} quarters:\n",
        assessment.without_failure(),
        pieces,
        assessment.copied(),
        assessment.median_likeness(),
        assessment.quarters
    )?;
    writeln!(
        terminal,
        "{:<28}{:>26}{:>26}{:>10}{:>18}",
        "", "these pieces", "real music", "distance", "real to real"
    )?;
    for row in &assessment.comparisons {
        writeln!(
            terminal,
            "{:<28}{:>26}{:>26}{:>10.2}{:>18}{}",
            row.name,
            format!("{:.2}", row.mean),
            format!("{:.2}", row.reference_mean),
            row.distance,
            format!("{:.2} – {:.2}", row.human.low, row.human.high),
            verdict(row.is_indistinguishable())
        )?;
    }
    writeln!(
        terminal,
        "\n{:<28}{:>12}{:>18}{:>10}{:>18}",
        "", "divergence", "real to real", "overlap", "real to real"
    )?;
    for row in &assessment.distributions {
        writeln!(
            terminal,
            "{:<28}{:>12.3}{:>18}{:>10.2}{:>18}{}",
            row.name,
            row.divergence,
            format!("{:.3} – {:.3}", row.human_divergence.low, row.human_divergence.high),
            row.overlap,
            format!("{:.2} – {:.2}", row.human_overlap.low, row.human_overlap.high),
            verdict(row.is_indistinguishable())
        )?;
    }
    if !assessment.voice_leading.is_empty() {
        writeln!(
            terminal,
            "\n{:<28}{:>26}{:>26}{:>10}",
            "per 100 notes of the parts", "these pieces", "real music", "Bach"
        )?;
        for VoiceLeadingRate { name, rate, reference, bach } in &assessment.voice_leading {
            let reference = reference.map_or("–".into(), |reference| format!("{reference:.2}"));
            writeln!(terminal, "{name:<28}{:>26}{reference:>26}{bach:>10.2}", format!("{rate:.2}"))?;
        }
    }
    Ok(())
}

/// The metrics of MusPy, a line for each, a column for every piece.
fn print_muspy(rows: &[(String, muspy::Metrics)], terminal: &mut Terminal) -> anyhow::Result<()> {
    writeln!(terminal, "\nMetrics of MusPy 0.5.0, as it computes them:")?;
    for (name, metrics) in rows {
        writeln!(terminal, "  {name}")?;
        for (metric, value) in metrics.rows() {
            writeln!(
                terminal,
                "    {metric:<28}{}",
                if value.is_finite() { format!("{value:.4}") } else { "–".into() }
            )?;
        }
    }
    Ok(())
}
