//! Trainings as text and as JSON: what one would cost, and what became of it.

use crate::error::Result;
use crate::parts::{PartPlan, TrainedPart};
use crate::train::{METRICS_FILE, MODEL_FILE, Plan, Trained, memory_in_words, time_in_words};
use composer_evaluation::assessment::Assessment;
use composer_music::input::shown;
use composer_report::likelihood::summary as test_loss;
use composer_report::text::thousands;
use composer_training::{EpochReport, UpdateReport};
use serde_json::{Value, json};
use std::fmt::Write;

/// The settings as TOML, with the cost below them.
///
/// # Errors
/// None in practice: settings can be written.
pub fn plan(plan: &Plan) -> Result<String> {
    let mut text = plan.settings.to_toml()?;
    let _ = writeln!(text, "\n# {} parameters", thousands(plan.parameters as u64));
    if plan.updates_per_epoch > 0 {
        let most = thousands(plan.most_updates);
        let _ = writeln!(text, "# updates per epoch: {}, {most} at most in all", plan.updates_per_epoch);
    }
    let smaller = Some(plan.timed_parameters).filter(|timed| *timed < plan.parameters);
    let _ = writeln!(text, "# {}", memory_in_words(plan.memory_bytes));
    let _ = writeln!(text, "# {}", time_in_words(plan.most_seconds, plan.timed_updates, smaller));
    Ok(text)
}

/// The same of a model that writes a part for a given one.
///
/// # Errors
/// None in practice: settings can be written.
pub fn part_plan(plan: &PartPlan) -> Result<String> {
    let mut text = part_settings(plan).map_err(anyhow::Error::from)?;
    let [train, valid, test] = plan.pieces;
    let _ = writeln!(text, "\n# {train} pieces for training, {valid} for validation, {test} for test");
    let _ = writeln!(text, "# {} parameters", thousands(plan.parameters as u64));
    if plan.updates_per_epoch > 0 {
        let _ = writeln!(text, "# updates per epoch: {}", plan.updates_per_epoch);
    }
    let _ = writeln!(text, "# {} epochs of unconditional training first", plan.unconditional_epochs);
    let smaller = Some(plan.timed_parameters).filter(|timed| *timed < plan.parameters);
    let _ = writeln!(text, "# {}", memory_in_words(plan.memory_bytes));
    let _ = writeln!(text, "# {}", time_in_words(plan.most_seconds, plan.timed_updates, smaller));
    Ok(text)
}

fn part_settings(plan: &PartPlan) -> std::result::Result<String, toml::ser::Error> {
    let settings = toml::Table::from_iter([
        ("model".to_owned(), toml::Value::try_from(&plan.model)?),
        ("training".to_owned(), toml::Value::try_from(&plan.training)?),
    ]);
    toml::to_string_pretty(&settings)
}

/// Where a training is, in a line: `valid` is the loss at the last validation.
pub fn update(report: &UpdateReport, valid: Option<f64>, steps_per_second: u64) -> String {
    let valid = valid.map(|nll| format!(" (validation {nll:.3})")).unwrap_or_default();
    format!(
        "{:.3} nats/step{valid}  gradient {:.2}  rate {:.1e}  {} steps/s",
        report.nll,
        report.grad_norm,
        report.learning_rate,
        thousands(steps_per_second)
    )
}

/// What came of an epoch, in a line.
pub fn epoch(report: &EpochReport, epochs: u64, steps_per_second: u64) -> String {
    format!(
        "epoch {:>2}/{epochs}  train {:.3}  validation {:.3} nats/step{}  gradient {:.2}  rate {:.1e}  {} steps/s",
        report.epoch,
        report.train_nll,
        report.valid_nll,
        if report.best { " (best)" } else { "" },
        report.grad_norm,
        report.learning_rate,
        thousands(steps_per_second)
    )
}

/// What became of a training: its figures, where everything is, and what is wrong with the compositions.
pub fn trained(trained: &Trained) -> String {
    let Trained { summary, likelihoods, compositions, assessment, folder, .. } = trained;
    let shown = shown(folder);
    let mut text = format!("\n{}\n", test_loss(likelihoods));
    for row in likelihoods {
        let _ = writeln!(text, "  {:<18} {:>7.3} nats per step", row.name, row.nll.per_frame());
    }
    let _ = writeln!(
        text,
        "\nTraining took {:.0} s; epoch {} of {} was the best.",
        summary.seconds,
        summary.outcome.best.epoch,
        summary.outcome.epochs.len()
    );
    if let Some(fine_tuning) = &summary.fine_tuning {
        let _ = writeln!(text, "{}", fine_tuning.in_words());
    }
    let _ = writeln!(
        text,
        "\nIn {shown}:\n  report.html         open it in a browser: piano rolls, players, curves, statistics"
    );
    for saved in compositions {
        let _ = writeln!(text, "  {0}.mid   {0}.wav", saved.file_stem);
    }
    let _ = writeln!(text, "  {MODEL_FILE}   {METRICS_FILE}   config.toml");
    if !summary.left_out.is_empty() {
        let files = summary.left_out.len();
        let _ = writeln!(text, "\n{files} files were skipped or used in part; the report lists why.");
    }
    let _ = writeln!(
        text,
        "\nNext, try:\n  composer compose --model {shown}/{MODEL_FILE} --seed 7 --length 32bars\n  \
         composer train --preset good <folder with your MIDI files>"
    );
    text + &assessment.as_ref().map(problems).unwrap_or_default()
}

/// What is wrong with compositions, a line each; empty for nothing.
fn problems(assessment: &Assessment) -> String {
    if assessment.without_failure() == assessment.pieces.len() && assessment.copied() == 0 {
        return String::new();
    }
    let mut text = String::from("\nProblems found in the compositions (the report suggests what to try):\n");
    for piece in &assessment.pieces {
        if let Some(finding) = piece.diagnosis.main_finding() {
            let _ = writeln!(text, "  {}: {}. {}", piece.name, finding.mode.name(), finding.sentence);
        }
        if piece.originality.copied {
            let _ = writeln!(text, "  {}: {}", piece.name, piece.originality.sentence());
        }
    }
    text
}

/// A training as a record.
pub fn record(trained: &Trained) -> Value {
    let Trained { summary, likelihoods, compositions, assessment, folder, .. } = trained;
    json!({
        "folder": folder,
        "network": summary.description,
        "parameters": summary.parameters,
        "seconds": summary.seconds,
        "epochs": summary.outcome.epochs.len(),
        "best_epoch": summary.outcome.best.epoch,
        "likelihood": likelihoods,
        "fine_tuning": summary.fine_tuning,
        "compositions": compositions.iter().map(|saved| json!({
            "name": saved.file_stem,
            "nats_per_step": saved.piece.nll_per_step(),
        })).collect::<Vec<_>>(),
        "assessment": assessment,
        "left_out": summary.left_out.iter()
            .map(|(file, reason)| json!({ "file": file, "reason": reason })).collect::<Vec<_>>(),
    })
}

/// What became of the training of a model for a part: where it is, and its figures.
pub fn part(trained: &TrainedPart) -> String {
    let mut text = format!(
        "{}\nOn {} held-out pieces, in nats per step of the new part (lower is better), with 95 % intervals over pieces:\n",
        shown(&trained.output),
        trained.pieces
    );
    for figure in &trained.figures {
        let _ = writeln!(text, "  {:.3}  {}", figure.nats_per_step, figure.name);
    }
    if let Some(fine_tuning) = &trained.fine_tuning {
        let _ = writeln!(text, "{}", fine_tuning.in_words());
    }
    text
}

/// The same as a record.
pub fn part_record(trained: &TrainedPart) -> Value {
    json!({
        "model": trained.output,
        "held_out_pieces": trained.pieces,
        "figures": trained.figures,
        "fine_tuning": trained.fine_tuning,
    })
}
