//! What a training step and a generated step cost on this machine.

use crate::error::Result;
use crate::study::refused;
use composer_bptt::Cell;
use composer_models::Network;
use composer_studies::Error;
use composer_studies::speed::{
    Cost, FrameCost, FrameShape, Options, Peak, Shape, check_rounds, measure, measure_frames,
};

/// What to measure: stacks of each cell with an output layer, at every combination of the sizes, or whole networks.
#[derive(Clone, Debug)]
pub struct SpeedOptions {
    /// The cells of stacks.
    pub cells: Vec<Cell>,
    /// A network over 88 pitches that writes frames note by note or pitch by pitch, in place of stacks.
    pub network: Option<Network>,
    /// Hidden units of each layer, or of a network's recurrence over time.
    pub hidden: Vec<usize>,
    /// Hidden units of a network's second recurrence.
    pub note_hidden: usize,
    /// Numbers of layers of stacks.
    pub layers: Vec<usize>,
    /// Input and output features of stacks.
    pub features: usize,
    /// Rows of the batch.
    pub batch: usize,
    /// Time steps.
    pub steps: usize,
    /// How stacks run.
    pub run: Options,
    /// Rounds of timing; the best is reported.
    pub rounds: usize,
}

/// What a step of one shape costs.
#[derive(Clone, Debug)]
pub enum Measured {
    /// Of a stack.
    Stack(Cost),
    /// Of a network.
    Network(FrameCost),
}

impl SpeedOptions {
    fn stacks(&self) -> Vec<Shape> {
        let Self { features, batch, steps, .. } = *self;
        let mut shapes = Vec::new();
        for &cell in &self.cells {
            for &hidden in &self.hidden {
                let layers = self.layers.iter();
                shapes.extend(layers.map(|&layers| Shape { cell, features, hidden, layers, batch, steps }));
            }
        }
        shapes
    }

    fn networks(&self, network: Network) -> Vec<FrameShape> {
        let Self { note_hidden: notes, batch, steps, .. } = *self;
        let shape = |&hidden| FrameShape { network, hidden, notes, batch, steps };
        self.hidden.iter().map(shape).collect()
    }
}

/// What a training step and a generated step of each shape cost, in time and memory; `each` is called with every cost as it is
/// measured.
///
/// # Errors
/// A size is out of range, or a network writes all pitches at once; nothing is then measured.
pub fn speed(options: &SpeedOptions, each: &mut dyn FnMut(&Measured)) -> Result<Vec<Measured>> {
    check_rounds(options.rounds).map_err(refused)?;
    let costs = match options.network {
        Some(network) => all(
            &options.networks(network),
            FrameShape::check,
            |shape, peak| measure_frames(shape, options.rounds, peak).map(Measured::Network),
            each,
        ),
        None => all(
            &options.stacks(),
            Shape::check,
            |shape, peak| measure(shape, options.run, options.rounds, peak).map(Measured::Stack),
            each,
        ),
    };
    Ok(costs.map_err(refused)?)
}

/// Checks all shapes, then measures each beside the rate of a large product.
fn all<S: Copy>(
    shapes: &[S],
    check: fn(&S) -> std::result::Result<(), Error>,
    measure: impl Fn(S, &mut Peak) -> std::result::Result<Measured, Error>,
    each: &mut dyn FnMut(&Measured),
) -> std::result::Result<Vec<Measured>, Error> {
    shapes.iter().try_for_each(check)?;
    let mut peak = Peak::new();
    peak.run();
    let mut costs = Vec::new();
    for &shape in shapes {
        let cost = measure(shape, &mut peak)?;
        each(&cost);
        costs.push(cost);
    }
    Ok(costs)
}
