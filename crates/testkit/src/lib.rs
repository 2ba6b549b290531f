//! Test helpers: allclose, golden files, seeded inputs.
