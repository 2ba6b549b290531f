//! [`Page`], and the frame of every page: style, links to the neighbours, formulas.

use crate::summary::{Entry, Part};
use composer_bptt::backpropagation::KATEX;

pub(crate) const FIRST: &str = "index.html";
pub(crate) const STYLE: &str = include_str!("style.css");
pub(crate) const STYLE_FILE: &str = "style.css";
pub(crate) const MATHS_FILE: &str = "maths.js";

/// A page of the book.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    /// Its path in the folder of the book: `course/lesson_1.html`.
    pub path: String,
    /// Its name in the table of contents.
    pub title: String,
    /// The whole document.
    pub html: String,
}

/// The chapters beside one.
pub(crate) struct Neighbours<'a> {
    pub before: Option<&'a Entry>,
    pub after: Option<&'a Entry>,
}

/// KaTeX with its style and its fonts, and what sets the formulas of a page, in one file.
pub(crate) fn maths() -> String {
    let between = |open: &str, close: &str| {
        KATEX.split_once(open).and_then(|(_, rest)| rest.split_once(close)).map_or("", |(inside, _)| inside)
    };
    let (style, program) = (between("<style>", "</style>"), between("<script>", "</script>"));
    // The style holds neither backquotes nor ${.
    format!(
        "{program}\n(function () {{ const style = String.raw`{style}`;\n{}\n}})();\n",
        include_str!("maths.js")
    )
}

/// A chapter.
pub(crate) fn page(entry: &Entry, body: &str, neighbours: &Neighbours<'_>) -> Page {
    let path = entry.page();
    let up = "../".repeat(path.matches('/').count());
    let link = |to: Option<&Entry>, relation: &str, arrow: &str| {
        to.map_or(String::from("<span></span>"), |to| {
            format!(r#"<a rel="{relation}" href="{up}{}">{arrow} {}</a>"#, to.page(), text(&to.title))
        })
    };
    let links = format!(
        r#"{}<a href="{up}{FIRST}">Contents</a>{}"#,
        link(neighbours.before, "prev", "←"),
        link(neighbours.after, "next", "→")
    );
    // KaTeX is read only where there is a formula.
    let maths = if body.contains(r#"class="formula""#) {
        format!(r#"<script defer src="{up}{MATHS_FILE}"></script>"#)
    } else {
        String::new()
    };
    let body = format!(
        "<nav aria-label=\"Before the chapter\">{links}</nav>\n<main id=\"chapter\">\n{body}</main>\n<nav aria-label=\"After the chapter\">{links}</nav>"
    );
    Page { html: document(&entry.title, &up, &maths, &body), title: entry.title.clone(), path }
}

/// The first page.
pub(crate) fn table_of_contents(parts: &[Part]) -> Page {
    let mut body = String::from("<main id=\"chapter\">\n<h1>composer: a course, guides, reference</h1>\n");
    for part in parts {
        if !part.title.is_empty() {
            body.push_str(&format!("<h2>{}</h2>\n", text(&part.title)));
        }
        body.push_str("<ul class=\"contents\">\n");
        for entry in &part.entries {
            let class = if entry.depth > 0 { r#" class="within""# } else { "" };
            body.push_str(&format!(
                "<li{class}><a href=\"{}\">{}</a></li>\n",
                entry.page(),
                text(&entry.title)
            ));
        }
        body.push_str("</ul>\n");
    }
    body.push_str("</main>");
    let title = "Contents".to_owned();
    Page { path: FIRST.to_owned(), html: document(&title, "", "", &body), title }
}

fn document(title: &str, up: &str, head: &str, body: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<link rel=\"icon\" href=\"data:,\">\n\
         <meta name=\"generator\" content=\"composer {}\">\n\
         <title>{} – composer</title>\n<link rel=\"stylesheet\" href=\"{up}{STYLE_FILE}\">\n{head}\n</head>\n<body>\n\
         <a class=\"skip\" href=\"#chapter\">To the text</a>\n{body}\n</body>\n</html>\n",
        env!("CARGO_PKG_VERSION"),
        text(title)
    )
}

fn text(words: &str) -> String {
    words.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}
