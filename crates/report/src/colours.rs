//! The colours of pictures on dark paper.

use std::fmt::Write;

/// Colours as they are drawn, and what they are on dark paper. Colours that mean a number (attention, heat maps) are the same on both.
const DARK: [(&str, &str); 27] = [
    // Paper, grid, axes and texts of charts
    ("#FFFFFF", "#1c2027"),
    ("#EEF0F4", "#2b313b"),
    ("#667085", "#a9b1bf"),
    ("#000000", "#e6e8ec"),
    // Lines and bars
    ("#0069A5", "#5fb4ea"),
    ("#C95800", "#ff9a4d"),
    ("#963E82", "#e08fd0"),
    ("#707A8A", "#9aa5b8"),
    ("#8C7014", "#d9b84a"),
    ("#008460", "#3fc79b"),
    ("#603C96", "#b39af0"),
    ("#586068", "#c3cad4"),
    ("#288ABA", "#7fd0f5"),
    ("#3C404B", "#d0d5dd"),
    // Piano rolls
    ("#eef0f3", "#2b313b"),
    ("#d7dbe2", "#454d5a"),
    ("#fbe3d6", "#4a3426"),
    ("#79b0c9", "#3f86a6"),
    ("#1d5570", "#c8ecfb"),
    ("#5f6b7a", "#a9b1bf"),
    // Other pictures
    ("#e4e7ec", "#3a414d"),
    ("#d0d5dd", "#5b6472"),
    ("#1f2430", "#e6e8ec"),
    ("#2f6f8f", "#5fb4ea"),
    ("#98a2b3", "#a9b1bf"),
    ("#475467", "#b9c1ce"),
    ("#fff", "#1c2027"),
];

/// Rules for a style sheet, for the SVG elements that match `within`.
pub(crate) fn dark_rules(within: &str) -> String {
    let mut rules = String::from("@media screen and (prefers-color-scheme: dark) {\n");
    for (light, dark) in DARK {
        for property in ["fill", "stroke"] {
            let _ = writeln!(rules, r#"{within} [{property}="{light}"] {{ {property}: {dark}; }}"#);
        }
    }
    rules.push_str("}\n");
    rules
}

/// A chart or piano roll as a file of its own, which follows the colour scheme of the page around it.
pub fn standalone(svg: &str) -> String {
    match svg.split_once('>') {
        Some((start, rest)) => {
            let used = dark_rules("svg");
            let used: String = used
                .lines()
                .filter(|line| match line.split_once("[").and_then(|(_, rest)| rest.split_once(']')) {
                    Some((attribute, _)) => rest.contains(attribute),
                    None => true,
                })
                .map(|line| format!("{line}\n"))
                .collect();
            // What is drawn as a chart has sizes of a font of its own.
            format!("{start}><style>{used}</style>{rest}\n")
        }
        None => svg.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance as WCAG 2 defines it.
    fn luminance(colour: &str) -> f64 {
        let digits = colour.trim_start_matches('#');
        let wide: String =
            if digits.len() == 3 { digits.chars().flat_map(|c| [c, c]).collect() } else { digits.into() };
        let part = |at: usize| {
            let share = f64::from(u8::from_str_radix(&wide[at..at + 2], 16).expect("a colour")) / 255.0;
            if share <= 0.03928 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * part(0) + 0.7152 * part(2) + 0.0722 * part(4)
    }

    fn contrast(a: &str, b: &str) -> f64 {
        let (a, b) = (luminance(a) + 0.05, luminance(b) + 0.05);
        a.max(b) / a.min(b)
    }

    #[test]
    fn texts_and_lines_stand_out_from_the_paper_in_both_schemes() {
        assert!((contrast("#000", "#FFFFFF") - 21.0).abs() < 1e-9);
        let dark =
            |light: &str| DARK.iter().find(|(from, _)| *from == light).expect("a colour of the table").1;
        // Axes, names of lines, pitches of piano rolls.
        for text in ["#667085", "#000000", "#5f6b7a"] {
            assert!(contrast(text, "#FFFFFF") >= 4.5, "{text}: {}", contrast(text, "#FFFFFF"));
            assert!(contrast(dark(text), dark("#FFFFFF")) >= 4.5, "{text} on dark paper");
        }
        // Lines and bars.
        for line in &DARK[4..13] {
            assert!(contrast(line.0, "#FFFFFF") >= 3.0, "{}: {}", line.0, contrast(line.0, "#FFFFFF"));
            assert!(contrast(line.1, dark("#FFFFFF")) >= 3.0, "{} on dark paper", line.1);
        }
    }
}
