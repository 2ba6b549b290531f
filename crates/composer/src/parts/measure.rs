//! Whether a model listens: its likelihood on held-out pieces, with their source, with another's, and without any.

use composer_evaluation::significance::bootstrap::bootstrap;
use composer_models::Seq2Seq;
use composer_models::seq2seq::Pair;
use composer_models::streams::{Purpose, stream};
use composer_training::pairs::{pair_nlls, with_foreign_sources};

/// Steps of a window that is measured: 32 bars.
const WINDOW: usize = 512;

/// Draws of the bootstrap.
const RESAMPLES: usize = 2000;

/// A held-out piece in nats, summed over the steps of the new part.
#[derive(Clone, Copy, Debug)]
pub struct Measured {
    steps: usize,
    with_source: f64,
    with_foreign_source: f64,
    /// By a model that was trained without a source.
    deaf: Option<f64>,
}

/// Measures each of some held-out pairs.
///
/// # Errors
/// A pair is none of the models'.
pub fn held_out(model: &Seq2Seq, deaf: Option<&Seq2Seq>, pairs: &[Pair]) -> anyhow::Result<Vec<Measured>> {
    let heard = pair_nlls(model, pairs, WINDOW)?;
    let foreign = pair_nlls(model, &with_foreign_sources(pairs), WINDOW)?;
    let deaf = deaf.map(|deaf| pair_nlls(deaf, pairs, WINDOW)).transpose()?;
    let measured = |index: usize| Measured {
        steps: heard[index].steps,
        with_source: heard[index].nats,
        with_foreign_source: foreign[index].nats,
        deaf: deaf.as_ref().map(|deaf| deaf[index].nats),
    };
    Ok((0..pairs.len()).map(measured).collect())
}

impl Measured {
    /// Prints figures of held-out pieces with their 95 % intervals over pieces.
    pub fn print(pieces: &[Measured], seed: u64) {
        let line = |name: &str, nats: &dyn Fn(&Measured) -> f64| {
            let mean = |pieces: &[Measured]| {
                let steps: usize = pieces.iter().map(|piece| piece.steps).sum();
                pieces.iter().map(nats).sum::<f64>() / steps.max(1) as f64
            };
            // The same draws for every line.
            let interval = bootstrap(pieces, mean, RESAMPLES, &mut stream(seed, Purpose::Sampling, 0));
            println!("  {interval:.3}  {name}");
        };
        println!(
            "On {} pieces that were not learnt from, in nats per step of the new part, with 95 % intervals over pieces:",
            pieces.len()
        );
        line("with the source", &|piece| piece.with_source);
        line("with the source of another piece", &|piece| piece.with_foreign_source);
        line("lost by hearing another's", &|piece| piece.with_foreign_source - piece.with_source);
        if pieces.iter().all(|piece| piece.deaf.is_some()) {
            let deaf = |piece: &Measured| piece.deaf.unwrap_or(f64::NAN);
            line("for a model trained without a source", &deaf);
            line("lost by hearing none", &|piece| deaf(piece) - piece.with_source);
        }
    }
}
