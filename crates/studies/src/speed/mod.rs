//! Time and memory of a training step and of a generated step on this machine, and how they grow with the sizes.
//!
//! Other processes on the machine only ever make a time longer. Everything that is compared is therefore timed alternately,
//! round after round, and the best round is reported; the median next to it shows how noisy the machine was.
//!
//! ```
//! use composer_bptt::Cell;
//! use composer_studies::speed::{Options, Peak, Shape, measure};
//!
//! let shape = Shape { cell: Cell::Gru, features: 16, hidden: 32, layers: 1, batch: 4, steps: 16 };
//! let cost = measure(shape, Options::default(), 1, &mut Peak::new())?;
//! assert!(cost.training.best <= cost.training.median);
//! assert!(cost.rate() > 0.0, "operations per second");
//! # Ok::<(), composer_studies::Error>(())
//! ```
//!
//! | file | contents |
//! |---|---|
//! | `shape` | cell and sizes, the operations of a step, the activations that it saves |
//! | `model` | a whole training step, and a generated step |
//! | `peak` | a large matrix product, as the reference rate of the machine |
//! | `timing` | how times are measured |
//! | `cost` | all figures of one shape |
//! | `frames` | a training step and a generated frame of networks that write frames note by note or pitch by pitch |
//! | `frame_cost` | all figures of one of them |
//! | `scaling` | training time at growing lengths, batches and numbers of threads |

mod cost;
mod frame_cost;
mod frames;
mod model;
mod peak;
mod scaling;
mod shape;
mod timing;

pub use cost::{Cost, measure};
pub use frame_cost::{FrameCost, measure_frames};
pub use frames::{FRAMES_PER_SECOND, FrameShape, FrameTraining, seconds_per_frame};
pub use model::{Generation, Options, Phases, Roll, Training};
pub use peak::Peak;
pub use scaling::{Axis, Curve, Point, Scaling, scaling};
pub use shape::Shape;
pub use timing::{Time, check_rounds};
