//! The frame of every page: one file that holds everything, with no request to any network; for phones, in both colour schemes.

use crate::colours::dark_rules;
use composer_music::text::printable_lines;
use maud::{DOCTYPE, Markup, PreEscaped, html};

const STYLE: &str = include_str!("style.css");
/// Headings that a page must have for a table of contents.
const WORTH_CONTENTS: usize = 3;

/// A self-contained page around what it shows.
pub(crate) fn page(title: &str, body: &Markup) -> String {
    let body = with_contents(&reachable(&body.0));
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="generator" content={ "composer " (env!("CARGO_PKG_VERSION")) };
                link rel="icon" href="data:,";
                title { "composer: " (title) }
                style { (PreEscaped(STYLE)) (PreEscaped(dark_rules("main svg"))) }
            }
            body { main { (PreEscaped(body)) } }
        }
    };
    // Markup is escaped where it stands; control characters of names from files are no markup, and are shown as such here.
    printable_lines(&page.into_string()).into_owned()
}

/// Tables and charts in boxes that scroll on their own, and that the keyboard reaches; heads of tables without words are no heads.
fn reachable(body: &str) -> String {
    let body = body.replace("<th></th>", "<td></td>");
    let body = body
        .replace("<table", r#"<div class="wide" tabindex="0"><table"#)
        .replace("</table>", "</table></div>");
    let mut parts = body.split(r#"<svg role="img""#);
    let mut boxed = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (chart, rest) = part.split_once("</svg>").unwrap_or((part, ""));
        boxed.push_str(&format!(
            r#"<div class="drawing" tabindex="0"><svg role="img"{chart}</svg></div>{rest}"#
        ));
    }
    boxed
}

/// The body with a table of contents behind its header: links to its headings.
fn with_contents(body: &str) -> String {
    let heading = "<h2";
    if body.matches(heading).count() < WORTH_CONTENTS {
        return body.to_owned();
    }
    let mut parts = body.split(heading);
    let mut numbered = parts.next().unwrap_or_default().to_owned();
    let mut links = String::new();
    for (place, part) in parts.enumerate() {
        let (attributes, rest) = part.split_once('>').unwrap_or((part, ""));
        let words = rest.split("</h2>").next().unwrap_or_default();
        let class = if attributes.contains("part") { r#" class="part""# } else { "" };
        links.push_str(&format!("<li{class}><a href=\"#section-{place}\">{words}</a></li>"));
        numbered.push_str(&format!("{heading} id=\"section-{place}\"{attributes}>{rest}"));
    }
    let contents = format!(
        r#"<nav class="contents" aria-label="Contents"><details open><summary>Contents</summary><ol>{links}</ol></details></nav>"#
    );
    let place = numbered.find("</header>").map_or(0, |at| at + "</header>".len());
    numbered.insert_str(place, &contents);
    numbered
}

/// A figure and what it is.
pub(crate) fn fact(value: &str, name: &str) -> Markup {
    html! { div { dt { (name) } dd { (value) } } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_lists_its_headings_and_tables_scroll_in_a_box() {
        let body = html! {
            header { h1 { "A page" } }
            h2 { "One" } h2.part { "Two <sets>" } h2 { "Three" }
            table { tr { th { "" } th { "a" } } }
            (PreEscaped(r#"<figure><svg role="img" aria-label="chart"></svg></figure><svg xmlns="x"></svg>"#))
        };
        let page = page("test", &body);
        assert!(page.contains(r##"</header><nav class="contents" aria-label="Contents">"##), "{page}");
        assert!(page.contains(r##"<a href="#section-1">Two &lt;sets&gt;</a>"##));
        assert!(page.contains(r#"<h2 id="section-1" class="part">"#));
        assert!(
            page.contains(
                r#"<div class="wide" tabindex="0"><table><tr><td></td><th>a</th></tr></table></div>"#
            )
        );
        assert!(page.contains(
            r#"<div class="drawing" tabindex="0"><svg role="img" aria-label="chart"></svg></div></figure><svg xmlns"#
        ));
        let short = super::page("test", &html! { h2 { "Only" } });
        assert!(short.contains("<h2>Only</h2>") && !short.contains("<nav"));
    }
}
