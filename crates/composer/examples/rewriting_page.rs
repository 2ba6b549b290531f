//! A page with one tune in eight versions beside the original: bars written anew, varied at four amounts, two styles of accompaniment, drums
//! performed.
//!
//! Usage: `rewriting_page TUNE BARS OUT`: a file with a melody, drums and other parts, how many bars of it, and the page to write.

use anyhow::{Result, bail};
use composer::TrainedModel;
use composer::humanise::{HumaniseOptions, humanise};
use composer::parts::{GivenFile, MelodyOptions, PartOptions, reharmonise};
use composer::rewrite::{Bars, InfillOptions, Tune, VaryOptions, infill, vary};
use composer_music::{BarMap, Note, Score};
use composer_report::versions::{Version, VersionsPage};
use std::path::Path;

/// The first bars of a score.
fn beginning(mut score: Score, bars: u64) -> Score {
    let end = BarMap::new(&score).bar(bars - 1).end;
    for track in &mut score.tracks {
        track.notes.retain(|note| note.onset < end);
        track
            .notes
            .iter_mut()
            .for_each(|note: &mut Note| note.duration = note.duration.min(end - note.onset));
    }
    score.tracks.retain(|track| !track.notes.is_empty());
    score.pedals.retain(|pedal| pedal.tick < end);
    score
}

/// A version as it will be shown.
struct Made {
    name: String,
    text: String,
    score: Score,
    marked: std::ops::Range<u64>,
}

impl Made {
    fn version(&self) -> Version<'_> {
        Version { name: &self.name, text: &self.text, score: &self.score, marked: self.marked.clone() }
    }
}

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [file, bars, out] = &args[..] else { bail!("rewriting_page TUNE BARS OUT") };
    let bars: u64 = bars.parse()?;
    let name = Path::new(file).file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let score = beginning(Tune::read(Path::new(file))?.score, bars);
    let tune = Tune::from(score.clone());
    let model = TrainedModel::built_in()?;
    let mut made = vec![Made {
        name: "Original".into(),
        text: format!("{} notes, {bars} bars.", score.notes().count()),
        score: score.clone(),
        marked: 0..0,
    }];
    let (first, last) = (bars / 2 + 1, bars / 2 + 4);
    let options = InfillOptions::new(Bars { first, last });
    let filled = infill(&model, &tune, &options)?.remove(0);
    made.push(Made {
        name: format!("Bars {first} to {last} written anew"),
        text: format!(
            "composer infill --bars {first}-{last}: {:.0} % of the notes are others, {:.2} nats per step of the bars after it.",
            100.0 * filled.distance,
            filled.nll_after
        ),
        score: filled.piece.score,
        marked: first - 1..last,
    });
    for amount in [0.1, 0.3, 0.5, 1.0] {
        let varied = vary(&model, &tune, &VaryOptions { amount, ..VaryOptions::default() })?.remove(0);
        made.push(Made {
            name: format!("Varied, amount {amount}"),
            text: format!(
                "composer vary --amount {amount}: {:.0} % of the notes are others.",
                100.0 * varied.distance
            ),
            score: varied.piece.score,
            marked: 0..0,
        });
    }
    let given = GivenFile::from_score(&score)?;
    for style in ["rag", "game"] {
        let part = reharmonise(&given, style, &PartOptions::default(), &MelodyOptions::default())?;
        made.push(Made {
            name: format!("Another accompaniment: {style}"),
            text: format!("composer reharmonise --style {style}. {}", part.remarks.join(" ")),
            score: part.score,
            marked: 0..0,
        });
    }
    let humanised = humanise(&tune, &HumaniseOptions::default())?.remove(0);
    let notes = humanised.piece.nll.len();
    made.push(Made {
        name: "Drums performed".into(),
        text: format!(
            "composer humanise: velocities and timing of {notes} hits, {:.2} nats per hit.",
            humanised.piece.nll.iter().sum::<f64>() / notes as f64
        ),
        score: humanised.piece.score,
        marked: 0..0,
    });
    let versions: Vec<Version> = made.iter().map(Made::version).collect();
    let page = VersionsPage {
        title: &format!("{name}, rewritten"),
        text: "One tune in eight versions beside the original, by the built-in models with their defaults and seed 1.",
        versions: &versions,
        of_one_tune: true,
    };
    Ok(std::fs::write(out, page.to_html())?)
}
