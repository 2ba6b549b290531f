//! What was found in pieces of music as text: faults, the comparison with real music, the metrics of MusPy; [`crate::evaluation`] has the page.

use composer_evaluation::assessment::{Assessment, VoiceLeadingRate};
use composer_evaluation::distance::Closer;
use composer_evaluation::failure::Diagnosis;
use composer_evaluation::statistics::muspy;
use std::fmt::{Display, Formatter, Result};

/// The diagnosis of a piece, with its name.
pub struct DiagnosisText<'a>(pub &'a str, pub &'a Diagnosis);

impl Display for DiagnosisText<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let Self(name, diagnosis) = self;
        if let Some(words) = diagnosis.nothing_found() {
            writeln!(f, "{name}: {words}.")?;
        }
        for finding in &diagnosis.findings {
            let also = if finding.secondary { " (possibly a consequence of the above)" } else { "" };
            writeln!(f, "{name}: {}{also}", finding.mode.name())?;
            writeln!(f, "    {}", finding.sentence)?;
            writeln!(
                f,
                "    worse than {:.0} % of real music; likely cause: {}",
                100.0 * finding.percentile,
                finding.cause
            )?;
            writeln!(f, "    {}", finding.remedy)?;
        }
        if let Some(likeness) = &diagnosis.likeness {
            writeln!(f, "    like the reference: {likeness}")?;
        }
        Ok(())
    }
}

/// A set of pieces compared with real music: each piece, then the tables.
pub struct AssessmentText<'a>(pub &'a Assessment);

impl Display for AssessmentText<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let Self(assessment) = self;
        for piece in &assessment.pieces {
            write!(f, "{}", DiagnosisText(&piece.name, &piece.diagnosis))?;
            writeln!(f, "    {}", piece.originality.sentence())?;
        }
        writeln!(
            f,
            "\nNone of the tested faults found in {} of {} pieces; {} copied. Like the reference: median {:.0} of 100 (held-out real \
             music: 50). Compared in excerpts of {} quarters:\n",
            assessment.without_failure(),
            assessment.pieces.len(),
            assessment.copied(),
            assessment.median_likeness(),
            assessment.quarters
        )?;
        statistics(f, assessment)?;
        distributions(f, assessment)?;
        voice_leading(f, assessment)
    }
}

/// What a comparison says of so many pieces.
fn verdict(pieces: usize, indistinguishable: bool) -> String {
    match indistinguishable {
        true => format!("  not distinguishable with {pieces} piece{}", if pieces == 1 { "" } else { "s" }),
        false => "  beyond real music".to_owned(),
    }
}

fn statistics(f: &mut Formatter<'_>, assessment: &Assessment) -> Result {
    writeln!(
        f,
        "{:<28}{:>26}{:>26}{:>10}{:>18}",
        "", "these pieces", "real music", "distance", "real to real"
    )?;
    for row in &assessment.comparisons {
        writeln!(
            f,
            "{:<28}{:>26}{:>26}{:>10.2}{:>18}{}",
            row.name,
            format!("{:.2}", row.mean),
            format!("{:.2}", row.reference_mean),
            row.distance,
            format!("{:.2} – {:.2}", row.human.low, row.human.high),
            verdict(assessment.pieces.len(), row.is_indistinguishable())
        )?;
    }
    Ok(())
}

fn distributions(f: &mut Formatter<'_>, assessment: &Assessment) -> Result {
    writeln!(
        f,
        "\n{:<28}{:>12}{:>18}{:>10}{:>18}",
        "", "divergence", "real to real", "overlap", "real to real"
    )?;
    for row in &assessment.distributions {
        writeln!(
            f,
            "{:<28}{:>12.3}{:>18}{:>10.2}{:>18}{}",
            row.name,
            row.divergence,
            format!("{:.3} – {:.3}", row.human_divergence.low, row.human_divergence.high),
            row.overlap,
            format!("{:.2} – {:.2}", row.human_overlap.low, row.human_overlap.high),
            verdict(assessment.pieces.len(), row.is_indistinguishable())
        )?;
    }
    Ok(())
}

fn voice_leading(f: &mut Formatter<'_>, assessment: &Assessment) -> Result {
    if assessment.voice_leading.is_empty() {
        return Ok(());
    }
    writeln!(
        f,
        "\n{:<28}{:>26}{:>26}{:>10}",
        "per 100 notes of the parts", "these pieces", "real music", "Bach"
    )?;
    for VoiceLeadingRate { name, rate, reference, bach } in &assessment.voice_leading {
        let reference = reference.map_or("–".into(), |reference| format!("{reference:.2}"));
        writeln!(f, "{name:<28}{:>26}{reference:>26}{bach:>10.2}", format!("{rate:.2}"))?;
    }
    Ok(())
}

/// The metrics of MusPy of each piece, a line for each.
pub struct MusPyText<'a>(pub &'a [(String, muspy::Metrics)]);

impl Display for MusPyText<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        writeln!(f, "\nMetrics of MusPy 0.5.0, as it computes them:")?;
        for (name, metrics) in self.0 {
            writeln!(f, "  {name}")?;
            for (metric, value) in metrics.rows() {
                let value = if value.is_finite() { format!("{value:.4}") } else { "–".into() };
                writeln!(f, "    {metric:<28}{value}")?;
            }
        }
        Ok(())
    }
}

/// Which of two sets is closer to real music; the names of the sets, and the statistics.
pub struct CloserText<'a>(pub [&'a str; 2], pub &'a [Closer]);

impl Display for CloserText<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let Self([first, second], rows) = self;
        writeln!(f, "\nCloser to real music (permutation test, p corrected by Holm):")?;
        for row in rows.iter().filter(|row| row.p_value < 0.05) {
            writeln!(
                f,
                "  {:<28}{} ({:.2} against {:.2}, p {:.3})",
                row.name,
                if row.first <= row.second { first } else { second },
                row.first.min(row.second),
                row.first.max(row.second),
                row.p_value
            )?;
        }
        if rows.iter().all(|row| row.p_value >= 0.05) {
            writeln!(f, "  no significant difference")?;
        }
        Ok(())
    }
}
