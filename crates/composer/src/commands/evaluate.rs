//! `composer evaluate`: music beside real music, and how well a model predicts.

use super::diagnose;
use super::train::{measure, verdict};
use crate::cli::EvaluateArgs;
use crate::failure::wrong_input;
use crate::material::Material;
use crate::report::Likelihood;
use crate::report::evaluation::EvaluationPage;
use anyhow::Context;
use composer_evaluation::assessment::{Assessment, assess};
use composer_models::file::write_atomically;
use composer_models::{Encoding, file};
use composer_music::Score;
use composer_music::corpus::Piece;
use serde::Serialize;
use std::path::Path;

/// What `--json` prints.
#[derive(Serialize)]
struct Record<'a> {
    likelihood: Option<Vec<LikelihoodRecord>>,
    assessment: Option<&'a Assessment>,
}

#[derive(Serialize)]
struct LikelihoodRecord {
    name: &'static str,
    nats_per_frame: f64,
    nats_per_frame_sounding: f64,
    nats_per_note: f64,
    perplexity_of_a_frame: f64,
    frames: usize,
}

/// Runs the command.
pub fn run(args: &EvaluateArgs) -> anyhow::Result<()> {
    let likelihoods =
        args.model.as_deref().map(|model| likelihoods(model, args.reference.as_deref())).transpose()?;
    let pieces = args.music.as_ref().map(|music| diagnose::judged(&[music])).transpose()?;
    let assessment = match &pieces {
        Some(pieces) => {
            let reference = diagnose::reference(args.reference.as_deref())?;
            Some(assess(&named(pieces), &named(&reference), args.seed).map_err(wrong_input)?)
        }
        None => None,
    };
    if args.json {
        let likelihood = likelihoods.as_ref().map(|(rows, notes)| records(rows, *notes));
        println!(
            "{}",
            serde_json::to_string_pretty(&Record { likelihood, assessment: assessment.as_ref() })?
        );
    } else {
        if let Some((rows, notes)) = &likelihoods {
            print_likelihoods(rows, *notes);
        }
        if let Some(assessment) = &assessment {
            print_assessment(assessment);
        }
    }
    if let (Some(assessment), Some(pieces)) = (&assessment, &pieces) {
        let scores: Vec<&Score> = pieces.iter().map(|piece| &piece.score).collect();
        let html = EvaluationPage { assessment, scores: &scores }.to_html()?;
        write_atomically(&args.output, html.as_bytes())
            .with_context(|| format!("cannot write {}", args.output.display()))?;
        eprintln!("The page is {}.", args.output.display());
    }
    Ok(())
}

fn named(pieces: &[Piece]) -> Vec<(String, &Score)> {
    pieces.iter().map(|piece| (piece.name.clone(), &piece.score)).collect()
}

/// Baselines and model on the test pieces of the reference, and the number of notes in them.
fn likelihoods(model: &Path, folder: Option<&Path>) -> anyhow::Result<(Vec<Likelihood>, usize)> {
    let (model, _) = file::load(model)?;
    let Encoding::Frames { representation, .. } = model.encoding() else {
        return Err(wrong_input("this model writes tokens, which this version cannot score on frames"));
    };
    let material = Material::load(folder, *representation)?;
    let notes = material.test.frames.iter().flatten().map(|frame| frame.onsets.count_ones() as usize).sum();
    Ok((measure(&model, &material)?, notes))
}

fn records(rows: &[Likelihood], notes: usize) -> Vec<LikelihoodRecord> {
    let record = |row: &Likelihood| LikelihoodRecord {
        name: row.name,
        nats_per_frame: row.nll.per_frame(),
        nats_per_frame_sounding: row.nll.sounding_per_frame(),
        nats_per_note: row.nll.total() / notes as f64,
        perplexity_of_a_frame: row.nll.perplexity(),
        frames: row.nll.frames,
    };
    rows.iter().map(record).collect()
}

fn print_likelihoods(rows: &[Likelihood], notes: usize) {
    println!("{}", verdict(rows));
    println!(
        "{:<16}{:>16}{:>16}{:>16}{:>16}",
        "", "nats per frame", "sounding alone", "nats per note", "perplexity"
    );
    for record in records(rows, notes) {
        println!(
            "{:<16}{:>16.3}{:>16.3}{:>16.3}{:>16.1}",
            record.name,
            record.nats_per_frame,
            record.nats_per_frame_sounding,
            record.nats_per_note,
            record.perplexity_of_a_frame
        );
    }
    println!();
}

fn print_assessment(assessment: &Assessment) {
    for piece in &assessment.pieces {
        diagnose::print(&piece.name, &piece.diagnosis);
        println!("    {}", piece.originality.sentence());
    }
    println!(
        "\n{} of {} pieces show no failure; {} copied. Compared in excerpts of {} quarters:\n",
        assessment.sound(),
        assessment.pieces.len(),
        assessment.copied(),
        assessment.quarters
    );
    println!("{:<28}{:>26}{:>26}{:>10}{:>18}", "", "these pieces", "real music", "distance", "real to real");
    for row in &assessment.comparisons {
        println!(
            "{:<28}{:>26}{:>26}{:>10.2}{:>18}{}",
            row.name,
            format!("{:.2}", row.mean),
            format!("{:.2}", row.reference_mean),
            row.distance,
            format!("{:.2} – {:.2}", row.human.low, row.human.high),
            if row.as_real() { "" } else { "  further" }
        );
    }
}
