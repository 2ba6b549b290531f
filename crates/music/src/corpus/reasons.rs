//! Counts why files are dropped, each reason for itself.

use std::collections::BTreeMap;

use super::{Dropped, Rule};

/// Different reasons that are told; the rest is only counted.
const TOLD: usize = 8;

/// Reasons for dropping files, with the number of files.
#[derive(Clone, Debug, Default)]
pub struct ReasonCounts {
    counts: BTreeMap<(Rule, String), Count>,
}

/// Files that are dropped for one reason.
#[derive(Clone, Debug)]
struct Count {
    files: usize,
    /// What would keep all of them, as far as one option does.
    remedy: Option<String>,
}

impl ReasonCounts {
    /// Counts a file.
    pub fn add(&mut self, dropped: &Dropped) {
        let new = Count { files: 0, remedy: dropped.remedy.clone() };
        let count = self.counts.entry((dropped.rule, dropped.summary())).or_insert(new);
        count.files += 1;
        if count.remedy != dropped.remedy {
            // One number would not keep all of them: only the option is named.
            let option = dropped.remedy.as_deref().and_then(|remedy| remedy.split(' ').next());
            count.remedy = option.map(|option| format!("another {option}"));
        }
    }

    /// The reasons with their numbers, the most frequent first; with the options of `ingest` that would keep the files, if wanted.
    pub fn in_words(&self, with_remedies: bool) -> Vec<String> {
        let mut counts: Vec<_> = self.counts.iter().collect();
        counts.sort_by_key(|(_, count)| std::cmp::Reverse(count.files));
        let rest: usize = counts.iter().skip(TOLD).map(|(_, count)| count.files).sum();
        let in_words = |((_, reason), Count { files, remedy }): &(&(Rule, String), &Count)| {
            let keeps = if *files == 1 { "keeps it" } else { "keeps them" };
            match remedy.as_ref().filter(|_| with_remedies) {
                Some(remedy) => format!("{files} × {reason} ({remedy} {keeps})"),
                None => format!("{files} × {reason}"),
            }
        };
        let mut words: Vec<String> = counts.iter().take(TOLD).map(in_words).collect();
        words.extend((rest > 0).then(|| format!("{rest} × for other reasons")));
        words
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dropped(rule: Rule, reason: &str, remedy: Option<&str>) -> Dropped {
        Dropped { rule, reason: reason.to_owned(), remedy: remedy.map(str::to_owned) }
    }

    #[test]
    fn different_reasons_are_told_apart_and_options_only_where_they_exist() {
        let mut counts = ReasonCounts::default();
        counts.add(&dropped(Rule::NotMidi, "not a MIDI file: a text", None));
        counts.add(&dropped(Rule::NotMidi, "not a MIDI file: it is empty", None));
        counts.add(&dropped(Rule::NotMidi, "not a MIDI file: it is empty", None));
        counts.add(&dropped(Rule::TooFewNotes, "it has 3 notes, fewer than 9", Some("--min-notes 3")));
        assert_eq!(
            counts.in_words(true),
            [
                "2 × not a MIDI file: it is empty",
                "1 × not a MIDI file: a text",
                "1 × too few notes (--min-notes 3 keeps it)"
            ]
        );
        counts.add(&dropped(Rule::TooFewNotes, "it has 5 notes, fewer than 9", Some("--min-notes 5")));
        assert!(counts.in_words(true).contains(&"2 × too few notes (another --min-notes keeps them)".into()));
        assert!(counts.in_words(false).contains(&"2 × too few notes".into()));
    }
}
