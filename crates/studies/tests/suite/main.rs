//! All tests of the crate as one program: linking is what costs time. One module per subject.

mod cells;
mod gradient_flow;
mod memory;
mod minimum_risk;
mod speed;
