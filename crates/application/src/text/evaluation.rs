//! The evaluation of sets of music, and the diagnosis of pieces, as text and as JSON.

use crate::diagnose::Diagnosed;
use crate::evaluate::{EvaluatedSet, Evaluation};
use composer_evaluation::statistics::muspy;
use composer_report::likelihood::{summary, table};
use composer_report::text::evaluation::{AssessmentText, CloserText, DiagnosisText, MusPyText};
use serde_json::{Value, json};
use std::fmt::Write;

/// Likelihoods, every set compared with real music, and which of two is closer to it.
pub fn text(evaluation: &Evaluation) -> String {
    let Evaluation { likelihoods, sets, closer } = evaluation;
    let mut text = String::new();
    if !likelihoods.is_empty() {
        let _ = writeln!(text, "{}\n{}", summary(likelihoods), table(likelihoods));
    }
    for set in sets {
        if sets.len() > 1 {
            let _ = writeln!(text, "\n{}\n", set.name);
        }
        let _ = write!(text, "{}", AssessmentText(&set.assessment));
        if let Some(rows) = &set.muspy {
            let _ = write!(text, "{}", MusPyText(rows));
        }
    }
    if let ([first, second, ..], false) = (&sets[..], closer.is_empty()) {
        let _ = write!(text, "{}", CloserText([&first.name, &second.name], closer));
    }
    text
}

/// The same as a record.
pub fn record(evaluation: &Evaluation) -> Value {
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

/// What was found in each piece.
pub fn diagnoses(pieces: &[Diagnosed]) -> String {
    pieces.iter().map(|piece| DiagnosisText(&piece.name, &piece.diagnosis).to_string()).collect()
}

/// The same as records.
pub fn diagnosis_records(pieces: &[Diagnosed]) -> Vec<Value> {
    let record = |piece: &Diagnosed| json!({ "name": piece.name, "diagnosis": piece.diagnosis });
    pieces.iter().map(record).collect()
}
