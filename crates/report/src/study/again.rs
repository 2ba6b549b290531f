//! The end of every page of a study.

use maud::{Markup, html};

/// The end of every page: the command that makes it again.
pub(in crate::study) fn again(command: &str, what: &str) -> Markup {
    html! {
        section {
            h2 { "Again" }
            p { (what) }
            pre { (command) }
        }
        footer { "composer " (env!("CARGO_PKG_VERSION")) }
    }
}
