//! All tests of the crate as one program: linking is what costs time. One module per subject.

mod assessment;
mod corpora;
mod detectors;
mod distributions;
mod golden_statistics;
mod judgement;
mod leakage;
mod likelihood_conformance;
mod muspy_parity;
mod originality;
mod views;
mod voice_leading;
