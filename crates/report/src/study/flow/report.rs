//! What the page of gradient flow shows.

use composer_studies::gradient_flow::{Config, Study};

/// Everything on the page.
pub struct FlowReport<'a> {
    /// What was found.
    pub study: &'a Study,
    /// How.
    pub config: &'a Config,
    /// The music, for people.
    pub music: &'a str,
    /// The command that reproduces the page.
    pub command: &'a str,
}

/// Size of two charts in a row.
pub(super) const HALF: (u32, u32) = (560, 400);
