//! Tests through all crates as one program: linking is what costs time. One module per property.

mod end_to_end;
mod reproducibility;
