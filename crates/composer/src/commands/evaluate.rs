//! `composer evaluate`: music beside real music, and how well a model predicts.

use super::diagnose;
use super::likelihood::{self, Likelihood, measure};
use crate::cli::EvaluateArgs;
use crate::failure::wrong_input;
use crate::material::Material;
use crate::report::evaluation::{EvaluationPage, Set};
use anyhow::Context;
use composer_evaluation::assessment::{Assessment, Assessor, VoiceLeadingRate, excerpt_length};
use composer_evaluation::distance::{Closer, closer};
use composer_evaluation::statistics::muspy;
use composer_models::file;
use composer_models::{Encoding, SequenceModel};
use composer_music::Score;
use composer_music::atomic_file::write_atomically;
use composer_music::corpus::Piece;
use composer_music::representation::Representation;
use composer_music::representation::frames::FrameRepresentation;
use serde::Serialize;
use std::path::Path;

/// What `--json` prints.
#[derive(Serialize)]
struct Record<'a> {
    likelihood: &'a [Likelihood],
    sets: Vec<SetRecord<'a>>,
    closer: &'a [Closer],
}

#[derive(Serialize)]
struct SetRecord<'a> {
    name: &'a str,
    assessment: &'a Assessment,
    #[serde(skip_serializing_if = "Option::is_none")]
    muspy: Option<&'a Vec<(String, muspy::Metrics)>>,
}

/// A folder or file of pieces, assessed.
struct Judged {
    name: String,
    scores: Vec<Score>,
    assessment: Assessment,
    muspy: Option<Vec<(String, muspy::Metrics)>>,
}

/// Runs the command.
pub fn run(args: &EvaluateArgs) -> anyhow::Result<()> {
    let likelihoods = match &args.model {
        Some(model) => likelihoods(model, args.reference.as_deref())?,
        None => Vec::new(),
    };
    let sets = judged(args)?;
    let closer = match &sets[..] {
        [first, second, ..] => {
            closer(&first.assessment.comparisons, &second.assessment.comparisons, args.seed)
        }
        _ => Vec::new(),
    };
    if args.json {
        let sets = sets.iter().map(|set| SetRecord {
            name: &set.name,
            assessment: &set.assessment,
            muspy: set.muspy.as_ref(),
        });
        let record = Record { likelihood: &likelihoods, sets: sets.collect(), closer: &closer };
        println!("{}", serde_json::to_string_pretty(&record)?);
    } else {
        print(&likelihoods, &sets, &closer);
    }
    if !sets.is_empty() {
        let views: Vec<Set> = sets
            .iter()
            .map(|set| Set { name: &set.name, assessment: &set.assessment, scores: &set.scores })
            .collect();
        let html = EvaluationPage { sets: &views, closer: &closer, likelihoods: &likelihoods }.to_html()?;
        write_atomically(&args.output, html.as_bytes())
            .with_context(|| format!("cannot write {}", args.output.display()))?;
        eprintln!("The page is {}.", args.output.display());
    }
    Ok(())
}

/// Reads and assesses every set beside the same real music, in excerpts of one length.
fn judged(args: &EvaluateArgs) -> anyhow::Result<Vec<Judged>> {
    let mut sets = Vec::new();
    for path in &args.music {
        sets.push((path.display().to_string(), diagnose::judged(&[path])?));
    }
    if sets.is_empty() {
        return Ok(Vec::new());
    }
    let reference = diagnose::reference(args.reference.as_deref())?;
    let all: Vec<&Score> = sets.iter().flat_map(|(_, pieces)| pieces).map(|piece| &piece.score).collect();
    let assessor = Assessor::new(&named(&reference), excerpt_length(&all), args.seed).map_err(wrong_input)?;
    let judge = |(name, pieces): (String, Vec<Piece>)| {
        let assessment = assessor.assess(&named(&pieces));
        let muspy = args.muspy.then(|| {
            pieces.iter().map(|piece| (piece.name.clone(), muspy::Metrics::of(&piece.score))).collect()
        });
        Judged { name, scores: pieces.into_iter().map(|piece| piece.score).collect(), assessment, muspy }
    };
    Ok(sets.into_iter().map(judge).collect())
}

fn named(pieces: &[Piece]) -> Vec<(String, &Score)> {
    pieces.iter().map(|piece| (piece.name.clone(), &piece.score)).collect()
}

/// Baselines and model on the test pieces of the reference.
fn likelihoods(path: &Path, folder: Option<&Path>) -> anyhow::Result<Vec<Likelihood>> {
    let (model, notes) = file::load(path)?;
    let material = match (model.encoding(), notes.representation) {
        (Encoding::Frames { representation, .. }, _) => Material::load(folder, *representation)?,
        (Encoding::Tokens { fingerprint, .. }, Some(representation))
            if *fingerprint == representation.fingerprint() =>
        {
            let mut material = Material::load(folder, FrameRepresentation::default())?;
            material.read_as(representation)?;
            material
        }
        (Encoding::Values { .. }, _) => {
            return Err(wrong_input(format!("{} predicts real values, which are no music", path.display())));
        }
        (Encoding::Tokens { .. }, _) => {
            return Err(wrong_input(format!(
                "{} writes tokens and does not say what they mean: its file lacks the representation",
                path.display()
            )));
        }
    };
    some_music(&model, &material)?;
    measure(&model, &material)
}

/// Refuses a test set in which the model has nothing to predict.
fn some_music(model: &SequenceModel, material: &Material) -> anyhow::Result<()> {
    if material.test.sequences.iter().any(|sequence| !sequence.is_empty()) {
        return Ok(());
    }
    let what = model.encoding().kind();
    Err(wrong_input(format!(
        "the test pieces of {} hold no {what} for this model to predict; give more music with --reference",
        material.name
    )))
}

fn print(likelihoods: &[Likelihood], sets: &[Judged], closer: &[Closer]) {
    if !likelihoods.is_empty() {
        println!("{}\n{}", likelihood::verdict(likelihoods), likelihood::table(likelihoods));
    }
    for set in sets {
        if sets.len() > 1 {
            println!("\n{}\n", set.name);
        }
        print_assessment(&set.assessment);
        if let Some(rows) = &set.muspy {
            print_muspy(rows);
        }
    }
    if let ([first, second, ..], false) = (sets, closer.is_empty()) {
        println!("\nCloser to real music (permutation test, p corrected by Holm):");
        for row in closer.iter().filter(|row| row.p_value < 0.05) {
            let name = if row.first <= row.second { &first.name } else { &second.name };
            println!(
                "  {:<28}{name} ({:.2} against {:.2}, p {:.3})",
                row.name,
                row.first.min(row.second),
                row.first.max(row.second),
                row.p_value
            );
        }
        if closer.iter().all(|row| row.p_value >= 0.05) {
            println!("  no difference that pieces dealt at random would not show");
        }
    }
}

fn print_assessment(assessment: &Assessment) {
    for piece in &assessment.pieces {
        diagnose::print(&piece.name, &piece.diagnosis);
        println!("    {}", piece.originality.sentence());
    }
    println!(
        "\n{} of {} pieces show no failure; {} copied. Compared in excerpts of {} quarters:\n",
        assessment.without_failure(),
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
            if row.is_indistinguishable() { "" } else { "  further" }
        );
    }
    println!("\n{:<28}{:>12}{:>18}{:>10}{:>18}", "", "divergence", "real to real", "overlap", "real to real");
    for row in &assessment.distributions {
        println!(
            "{:<28}{:>12.3}{:>18}{:>10.2}{:>18}{}",
            row.name,
            row.divergence,
            format!("{:.3} – {:.3}", row.human_divergence.low, row.human_divergence.high),
            row.overlap,
            format!("{:.2} – {:.2}", row.human_overlap.low, row.human_overlap.high),
            if row.is_indistinguishable() { "" } else { "  further" }
        );
    }
    if !assessment.voice_leading.is_empty() {
        println!(
            "\n{:<28}{:>26}{:>26}{:>10}",
            "per 100 notes of the parts", "these pieces", "real music", "Bach"
        );
        for VoiceLeadingRate { name, rate, reference, bach } in &assessment.voice_leading {
            let reference = reference.map_or("–".into(), |reference| format!("{reference:.2}"));
            println!("{name:<28}{:>26}{reference:>26}{bach:>10.2}", format!("{rate:.2}"));
        }
    }
}

/// The metrics of MusPy, a line for each, a column for every piece.
fn print_muspy(rows: &[(String, muspy::Metrics)]) {
    println!("\nAs MusPy 0.5.0 counts them, quirks included:");
    for (name, metrics) in rows {
        println!("  {name}");
        for (metric, value) in metrics.rows() {
            println!(
                "    {metric:<28}{}",
                if value.is_finite() { format!("{value:.4}") } else { "–".into() }
            );
        }
    }
}
