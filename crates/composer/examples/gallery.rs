//! Pages of what built-in models compose by their defaults: not picked, and of `compose` the best of sixteen as well.
//!
//! Usage: `gallery FOLDER`: writes FOLDER/MODEL.html, and beside it each composition as MIDI and as compressed MusicXML.

use anyhow::{Result, bail};
use composer::TrainedModel;
use composer::compose::pick::{Reference, judge, pick};
use composer::compose::{ComposeOptions, Piece, compose};
use composer::models::BuiltIn;
use composer_music::notation::Format;
use composer_report::versions::{Version, VersionsPage};
use std::path::Path;

/// Models that compose.
const MODELS: [&str; 6] = ["compose", "piano", "song", "tune", "drums", "hymn"];

/// Compositions on a page.
const PIECES: usize = 6;

/// A composition with what is said of it.
struct Shown {
    name: String,
    text: String,
    piece: Piece,
}

impl Shown {
    fn of(model: &str, piece: Piece, number: usize, picked: bool) -> Self {
        let nats = piece.nll_per_step();
        let (name, how) = match picked {
            false => (format!("Composition {number}"), format!("--num-outputs {PIECES}")),
            true => (format!("Composition {number}, picked"), "--pick 1 --from 16".to_owned()),
        };
        let text = format!(
            "composer compose --model {model} {how}, its number {number}: {} notes, {nats:.2} nats per step.",
            piece.score.notes().count()
        );
        Self { name, text, piece }
    }
}

/// What a model composes: as many pieces as come first, and with a reference the best of sixteen.
fn shown(name: &str) -> Result<Vec<Shown>> {
    let model = TrainedModel::load(name)?;
    let options = |num_outputs| ComposeOptions { num_outputs, ..ComposeOptions::default() };
    let pieces = compose(&model, &options(PIECES))?;
    let mut all: Vec<Shown> =
        (1..).zip(pieces).map(|(number, piece)| Shown::of(name, piece, number, false)).collect();
    if let Some(reference) = Reference::of_model(Some(Path::new(name))) {
        let judged = judge(compose(&model, &options(16))?, Some(&reference));
        all.extend(pick(judged, 1)?.into_iter().map(|best| Shown::of(name, best.piece, best.number, true)));
    }
    Ok(all)
}

fn main() -> Result<()> {
    let [folder] = &std::env::args().skip(1).collect::<Vec<_>>()[..] else { bail!("gallery FOLDER") };
    let folder = Path::new(folder);
    std::fs::create_dir_all(folder)?;
    for name in MODELS {
        let Some(built_in) = BuiltIn::by_name(name) else { bail!("no model is called {name}") };
        let card = built_in.card()?;
        let all = shown(name)?;
        for (place, one) in (1..).zip(&all) {
            for format in [Format::Midi, Format::CompressedMusicXml] {
                let file = folder.join(format!("{name}-{place}.{}", format.extension()));
                std::fs::write(file, one.piece.to_bytes(format)?)?;
            }
        }
        let versions: Vec<Version> = all
            .iter()
            .map(|one| Version { name: &one.name, text: &one.text, score: &one.piece.score, marked: 0..0 })
            .collect();
        let text = format!(
            "{} The first {PIECES} pieces of seed 1 by its defaults, not picked{}. As MIDI and as compressed MusicXML: {name}-1.mid, {name}-1.mxl and so on, beside this page.",
            card.description.trim().replace('`', ""),
            if versions.len() > PIECES {
                "; then the best of sixteen by the judge, which is said"
            } else {
                ""
            }
        );
        let page = VersionsPage { title: &card.title, text: &text, versions: &versions, of_one_tune: false };
        std::fs::write(folder.join(format!("{name}.html")), page.to_html())?;
    }
    Ok(())
}
