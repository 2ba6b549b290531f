//! Pages of the studies.

pub mod cells;
pub mod flow;
pub mod memory;

use maud::{Markup, html};

/// The end of every page: the command that makes it again.
fn again(command: &str, what: &str) -> Markup {
    html! {
        section {
            h2 { "Again" }
            p { (what) }
            pre { (command) }
        }
        footer { "composer " (env!("CARGO_PKG_VERSION")) }
    }
}
