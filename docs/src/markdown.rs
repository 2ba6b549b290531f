//! Markdown to HTML: formulas for KaTeX, links between pages, tables in a box of their own.

use crate::include::join;
use crate::summary::page_of;
use pulldown_cmark::{CodeBlockKind, CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd, html};

/// The body of a chapter.
pub(crate) fn to_html(text: &str, file: &str) -> String {
    let text = with_formulas(&without_rustdoc_links(text));
    let options = Options::ENABLE_TABLES | Options::ENABLE_FOOTNOTES;
    let mut events: Vec<Event<'_>> = Vec::new();
    let (mut formula, mut outside, mut heading): (bool, Vec<bool>, Option<(HeadingLevel, usize)>) =
        (false, Vec::new(), None);
    for event in Parser::new_ext(&text, options) {
        match event {
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(language))) if &*language == "math" => {
                formula = true;
                events.push(raw(r#"<div class="formula" tabindex="0">"#));
            }
            Event::End(TagEnd::CodeBlock) if formula => {
                formula = false;
                events.push(raw("</div>\n"));
            }
            Event::Start(Tag::Table(alignment)) => {
                events.push(raw(r#"<div class="wide" tabindex="0">"#));
                events.push(Event::Start(Tag::Table(alignment)));
            }
            Event::End(TagEnd::Table) => {
                events.push(Event::End(TagEnd::Table));
                events.push(raw("</div>\n"));
            }
            // The words of a chart are too small to read where it is shrunk to a phone: there it keeps its size, and scrolls.
            Event::Start(Tag::Image { .. }) => {
                events.push(raw(r#"<span class="wide" tabindex="0">"#));
                events.push(event);
            }
            Event::End(TagEnd::Image) => {
                events.push(event);
                events.push(raw("</span>"));
            }
            Event::Start(Tag::Heading { level, .. }) => {
                heading = Some((level, events.len()));
                events.push(raw(""));
            }
            Event::End(TagEnd::Heading(level)) => {
                if let Some((_, at)) = heading.take() {
                    let id = slug(&words(&events[at..]));
                    events[at] = raw(&format!(r#"<{level} id="{id}">"#));
                }
                events.push(raw(&format!("</{level}>\n")));
            }
            Event::Start(Tag::Link { link_type, dest_url, title, id }) => match target(&dest_url, file) {
                Some(dest_url) => {
                    outside.push(false);
                    events.push(Event::Start(Tag::Link { link_type, dest_url: dest_url.into(), title, id }));
                }
                None => {
                    outside.push(true);
                    let path = join(&format!("docs/{file}"), &dest_url);
                    events.push(raw(&format!(r#"<span class="file" title="in the repository: {path}">"#)));
                }
            },
            Event::End(TagEnd::Link) if outside.pop() == Some(true) => events.push(raw("</span>")),
            event => events.push(event),
        }
    }
    let mut body = String::new();
    html::push_html(&mut body, events.into_iter());
    // What scrolls can be reached by the keyboard; a head without words is no head.
    body.replace("<pre>", "<pre tabindex=\"0\">").replace("<th></th>", "<td></td>")
}

fn raw(html: &str) -> Event<'static> {
    Event::Html(CowStr::from(html.to_owned()))
}

/// Where a link leads to in the book; none for a file of the repository.
fn target(link: &str, file: &str) -> Option<String> {
    if link.starts_with('#') || link.contains("://") || link.starts_with("mailto:") {
        return Some(link.to_owned());
    }
    let (path, fragment) =
        link.split_once('#').map_or((link, None), |(path, fragment)| (path, Some(fragment)));
    let inside = join(&format!("docs/{file}"), path);
    let chapter = inside.strip_prefix("docs/").filter(|chapter| crate::chapter(chapter).is_some());
    // A derivation in the crate is the same page in this book.
    let derivation = inside.strip_prefix("crates/bptt/docs/").map(|name| format!("derivations/{name}"));
    let derivation = derivation.filter(|chapter| crate::chapter(chapter).is_some());
    let chapter = chapter.map(str::to_owned).or(derivation)?;
    let up = "../".repeat(file.matches('/').count());
    let fragment = fragment.map(|fragment| format!("#{fragment}")).unwrap_or_default();
    Some(format!("{up}{}{fragment}", page_of(&chapter)))
}

/// The text of events, for the name of a heading.
fn words(events: &[Event<'_>]) -> String {
    let texts = events.iter().filter_map(|event| match event {
        Event::Text(text) | Event::Code(text) => Some(&**text),
        _ => None,
    });
    texts.collect()
}

/// The name of a heading as GitHub and mdBook make it.
fn slug(heading: &str) -> String {
    let kept = heading.to_lowercase();
    let kept = kept.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

/// Applies a change to the lines that stand outside of fenced blocks.
fn outside_of_fences(text: &str, change: impl Fn(&str) -> String) -> String {
    let mut fenced = false;
    let lines = text.lines().map(|line| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        if fence || fenced { line.to_owned() } else { change(line) }
    });
    let lines: Vec<String> = lines.collect();
    lines.join("\n") + "\n"
}

/// A formula within a line, a code span between dollar signs, becomes an element that KaTeX sets.
fn with_formulas(text: &str) -> String {
    outside_of_fences(text, |line| {
        let mut parts = line.split("$`");
        let mut changed = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            match part.split_once("`$") {
                Some((formula, rest)) => {
                    let mut escaped = String::new();
                    for c in formula.chars() {
                        // Markdown must not see its own marks in here.
                        if c.is_ascii_alphanumeric() || c == ' ' {
                            escaped.push(c)
                        } else {
                            escaped.push_str(&format!("&#{};", c as u32))
                        }
                    }
                    changed.push_str(&format!("<span class=\"formula\">{escaped}</span>{rest}"));
                }
                None => changed.push_str(&format!("$`{part}")),
            }
        }
        changed
    })
}

/// Links between items of a crate's documentation: to the page in this book if there is one, or the name alone.
fn without_rustdoc_links(text: &str) -> String {
    outside_of_fences(text, |line| {
        let mut changed = line.replace("](crate::backpropagation::", "](rustdoc:");
        while let Some((before, rest)) = changed.split_once("](rustdoc:") {
            let (name, after) = rest.split_once(')').unwrap_or((rest, ""));
            changed = format!("{before}]({name}.md){after}");
        }
        // Other items have no page: their names stay.
        while let Some((before, rest)) = changed.split_once("](crate::") {
            let (_, after) = rest.split_once(')').unwrap_or((rest, ""));
            let (left, name) = before.rsplit_once('[').unwrap_or(("", before));
            changed = format!("{left}{name}{after}");
        }
        let mut parts = changed.split("[`crate::");
        let mut plain = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (name, rest) = part.split_once("`]").unwrap_or((part, ""));
            match name {
                "backpropagation" => plain.push_str("[the rules](backpropagation.md)"),
                name => plain.push_str(&format!("`{name}`")),
            }
            plain.push_str(rest);
        }
        plain
    })
}
