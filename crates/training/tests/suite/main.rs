//! All tests of the crate as one program: linking is what costs time. One module per subject.

mod common;
mod distributed;
mod learning;
mod limits;
mod memory;
mod optimizers_pytorch;
mod overfit;
mod pairs;
mod resume;
mod scheduled_sampling;
mod toy_tasks;
mod values;
mod variants;
