//! All tests of the crate as one program: linking is what costs time. One module per subject.

mod allocations;
mod arrays;
mod dispatch;
mod maths;
mod products;
