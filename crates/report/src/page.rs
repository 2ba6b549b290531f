//! The frame of every page: one file that holds everything, with no request to any network.

use composer_music::text::printable_lines;
use maud::{DOCTYPE, Markup, PreEscaped, html};

const STYLE: &str = include_str!("style.css");

/// A self-contained page around what it shows.
pub(crate) fn page(title: &str, body: &Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                link rel="icon" href="data:,";
                title { "composer: " (title) }
                style { (PreEscaped(STYLE)) }
            }
            body { main { (body) } }
        }
    };
    // Markup is escaped where it stands; control characters of names from files are no markup, and are shown as such here.
    printable_lines(&page.into_string()).into_owned()
}

/// A figure and what it is.
pub(crate) fn fact(value: &str, name: &str) -> Markup {
    html! { div { dt { (name) } dd { (value) } } }
}
