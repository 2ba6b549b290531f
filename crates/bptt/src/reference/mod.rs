//! The readable implementation: textbook cells on a small tape. Read this first.
//!
//! * [`tape`] records a computation as a flat list of nodes, and walks back through it once, from the last to the first.
//! * [`cells`] writes one step of each cell down as the textbooks do, gate by gate.
//! * [`stack`] takes the cells through time, layers and directions.
//! * [`attention`] lets every step of a decoder look at all steps of a source.
//!
//! It shares names and parameters with the fused implementation and not one formula of a gradient: here they follow from
//! the rules for products and sums, there they were derived by hand. So each proves the other.

pub mod attention;
pub mod cells;
pub mod stack;
pub mod tape;

pub use attention::{AttentionProblem, AttentionRun, run_attention};
pub use stack::{Problem, Run, run};
pub use tape::{Node, Tape};
