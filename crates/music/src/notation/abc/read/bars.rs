//! Bar lines, repeats and endings.

use super::super::super::repeats::Marks;
use super::line::{Fault, Line};
use super::reader::Reader;

impl Reader {
    /// A bar line of any kind, with the ending that may follow.
    pub(super) fn bar_line(&mut self, line: &mut Line) -> Result<(), Fault> {
        let start = line.at;
        while let Some(byte) = line.peek() {
            let part = match byte {
                b'|' | b':' => true,
                b']' => line.at > start,
                b'[' => line.after(1) == Some(b'|'),
                _ => false,
            };
            if !part {
                break;
            }
            line.at += 1;
            if byte == b']' {
                break;
            }
        }
        let sign = &line.text[start..line.at];
        let bars = sign.trim_matches(':');
        let colons = |part: &str| part.chars().take_while(|&letter| letter == ':').count() as u32;
        let (mut before, mut after) =
            (colons(sign), sign.chars().rev().take_while(|&letter| letter == ':').count() as u32);
        if bars.is_empty() {
            // `::` is both; one colon alone is nothing.
            if before < 2 {
                return Ok(());
            }
            (before, after) = (before.div_ceil(2), after / 2);
        }
        self.end_measure()?;
        let index = self.here().measure;
        let section =
            before > 0 || after > 0 || bars.contains("||") || bars.contains(']') || bars.contains('[');
        if section && index > 0 && std::mem::take(&mut self.here().in_ending) {
            self.marks(index - 1).ending_stop = true;
        }
        if before > 0 && index > 0 {
            self.marks(index - 1).repeat_end = Some(before + 1).filter(|&times| times > 2).or(Some(0));
            let voice = self.here();
            let (open, section) = (std::mem::take(&mut voice.repeat_open), voice.section.take());
            if let Some(section) = section.filter(|_| !open) {
                self.marks(section).repeat_start = true;
            }
        } else if section && after == 0 && !self.here().repeat_open {
            self.here().section = Some(index);
        }
        if after > 0 {
            self.shared()?;
            self.marks(index).repeat_start = true;
            self.here().repeat_open = true;
        }
        if line.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.ending(line)?;
        }
        Ok(())
    }

    /// The marks of a measure that exists.
    fn marks(&mut self, index: usize) -> &mut Marks {
        let last = self.found.written.measures.len() - 1;
        &mut self.found.written.measures[index.min(last)].marks
    }

    /// The numbers of an ending: `1`, `1,3`, `1-3`, or a text in quotes.
    pub(super) fn ending(&mut self, line: &mut Line) -> Result<(), Fault> {
        const MOST: u64 = 99;
        let mut passes: Vec<u32> = Vec::new();
        if line.eat(b'"') {
            line.until(b'"').ok_or("a text in quotes does not end")?;
            return Ok(());
        }
        while let Some(first) = line.number() {
            let last = if line.eat(b'-') { line.number().unwrap_or(first) } else { first };
            passes.extend((first.min(MOST)..=last.min(MOST)).map(|pass| pass as u32));
            if passes.len() > MOST as usize
                || !(line.peek() == Some(b',') && line.after(1).is_some_and(|b| b.is_ascii_digit()))
            {
                break;
            }
            line.at += 1;
        }
        self.end_measure()?;
        let index = self.shared()?;
        if self.here().in_ending && index > 0 {
            self.marks(index - 1).ending_stop = true;
        }
        self.marks(index).ending = Some(passes);
        self.here().in_ending = true;
        Ok(())
    }
}
