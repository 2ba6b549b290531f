//! Criterion benches, one file per question.
