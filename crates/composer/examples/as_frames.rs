//! Writes music as a model of frames has it, on its grid and in its parts, as MIDI: what its compositions can be compared with. Usage: `as_frames MODEL FOLDER OUT`.

use anyhow::{Context, Result};
use composer::TrainedModel;
use composer_models::Encoding;
use composer_music::representation::frames::DecodeOptions;
use composer_music::{corpus, midi};
use std::path::Path;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [model, folder, out] = &arguments[..] else { anyhow::bail!("usage: as_frames MODEL FOLDER OUT") };
    let model = TrainedModel::load(model)?;
    let Encoding::Frames { representation, .. } = model.model.encoding() else {
        anyhow::bail!("the model writes tokens, not frames")
    };
    std::fs::create_dir_all(out)?;
    let pieces = corpus::load(Path::new(folder))?.pieces;
    for piece in &pieces {
        let mut score =
            representation.decode(&representation.encode(&piece.score), &DecodeOptions::default());
        let ticks_per_quarter = score.ticks_per_quarter;
        score.time_signatures = representation.bars(&piece.score).time_signatures(ticks_per_quarter);
        let to = Path::new(out).join(piece.name.replace('/', "_")).with_extension("mid");
        std::fs::write(&to, midi::write(&score)?)
            .with_context(|| format!("cannot write {}", to.display()))?;
    }
    println!("{} pieces", pieces.len());
    Ok(())
}
