//! The end of every page of a study: how to reproduce it.

use maud::{Markup, html};

/// The section with the command that reproduces the page, and the footer.
pub(in crate::study) fn reproduce(command: &str, what: &str) -> Markup {
    html! {
        section {
            h2 { "Reproducing this page" }
            p { (what) }
            pre { (command) }
        }
        footer { "composer " (env!("CARGO_PKG_VERSION")) }
    }
}
