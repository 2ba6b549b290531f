//! The order in which measures are played: repeats, endings, da capo, dal segno, fine and coda, for every notation that has them.
//!
//! The rules are those of performers and of notation programs:
//! - A repeat goes back to the last measure where one begins, or else to where the last repeat or group of endings ended.
//! - A group of endings is played as often as its highest number says; an ending without the number of the pass is left out.
//! - A jump (D.C., D.S.) is taken once, when the repeat of its measure is done. After it, repeats are not played again, of a group
//!   of endings the last is played, *fine* ends the piece, and *to coda* leads to the coda.

use std::ops::Range;

/// What is written at a measure and decides which measure is played after it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// A repeat begins with this measure.
    pub repeat_start: bool,
    /// A repeat ends with this measure; how often its measures are played in all, 0 if the file does not say.
    pub repeat_end: Option<u32>,
    /// An ending begins with this measure: the passes in which it is played.
    pub ending: Option<Vec<u32>>,
    /// An ending ends with this measure.
    pub ending_stop: bool,
    /// The sign ("segno") stands at the beginning of this measure.
    pub segno: bool,
    /// The coda begins with this measure.
    pub coda: bool,
    /// After a jump, the coda follows this measure.
    pub to_coda: bool,
    /// After a jump, the piece ends with this measure.
    pub fine: bool,
    /// A jump from the end of this measure.
    pub jump: Option<Jump>,
}

impl Marks {
    /// Repeats and endings alone.
    fn without_jumps(&self) -> Self {
        let Self { repeat_start, repeat_end, ending, ending_stop, .. } = self.clone();
        Self { repeat_start, repeat_end, ending, ending_stop, ..Self::default() }
    }
}

/// Where a jump leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Jump {
    /// To the beginning: D.C.
    DaCapo,
    /// To the sign: D.S.
    DalSegno,
}

/// More measures than can be meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong;

/// A run of measures that is played in some passes only.
#[derive(Clone, Debug)]
struct Ending {
    first: usize,
    last: usize,
    passes: Vec<u32>,
    /// The highest pass of all endings that stand next to each other with this one.
    of_passes: u32,
    /// Whether it is the last of those.
    is_last: bool,
}

/// The indices of measures in the order of playing.
///
/// ```
/// use composer_music::notation::repeats::{Marks, order};
///
/// // |: A |1 B :|2 C |
/// let a = Marks { repeat_start: true, ..Marks::default() };
/// let b = Marks { ending: Some(vec![1]), ending_stop: true, repeat_end: Some(0), ..Marks::default() };
/// let c = Marks { ending: Some(vec![2]), ending_stop: true, ..Marks::default() };
/// assert_eq!(order(&[a, b, c], 100), Ok(vec![0, 1, 0, 2]));
/// ```
///
/// # Errors
/// It would be more than `most` measures.
pub fn order(measures: &[Marks], most: usize) -> Result<Vec<usize>, TooLong> {
    let endings = endings(measures);
    let places = Places::of(measures, &endings);
    let mut order = Vec::with_capacity(measures.len());
    let mut taken = vec![false; measures.len()];
    let (mut at, mut start, mut pass, mut jumped) = (0, 0, 1, false);
    while let Some(marks) = measures.get(at) {
        if marks.repeat_start && at != start {
            (start, pass) = (at, 1);
        }
        let ending = places.ending[at].map(|index| &endings[index]);
        if let Some(ending) = ending.filter(|ending| at == ending.first) {
            let plays = if jumped { ending.is_last } else { ending.passes.contains(&pass) };
            if !(plays || ending.is_last && pass > ending.of_passes) {
                at = ending.last + 1;
                if ending.is_last && !jumped {
                    (start, pass) = (at, 1);
                }
                continue;
            }
        }
        if order.len() >= most {
            return Err(TooLong);
        }
        order.push(at);
        if jumped && marks.fine {
            break;
        }
        if let Some(coda) = places.coda_after[at].filter(|_| jumped && marks.to_coda) {
            (at, start, pass) = (coda, coda, 1);
            continue;
        }
        if let Some(times) = marks.repeat_end.filter(|_| !jumped) {
            let group = ending.map_or(0, |ending| ending.of_passes);
            let passes = if times == 0 && group == 0 { 2 } else { times.max(group) };
            if pass < passes {
                pass += 1;
                at = start;
                continue;
            }
            (start, pass) = (at + 1, 1);
        } else if ending.is_some_and(|ending| ending.is_last && at == ending.last) {
            (start, pass) = (at + 1, 1);
        }
        let target = marks.jump.filter(|_| !taken[at]).and_then(|jump| match jump {
            Jump::DaCapo => Some(0),
            Jump::DalSegno => places.sign_before[at],
        });
        if let Some(target) = target {
            taken[at] = true;
            (at, start, pass, jumped) = (target, target, 1, true);
            continue;
        }
        at += 1;
    }
    Ok(order)
}

/// The same where a piece states the order of its sections, runs of measures that are played some times in a row: each with its own
/// repeats, and without jumps, which the order stands for. Where a section has as many endings as it is played in a row, each time has
/// its own.
///
/// ```
/// use composer_music::notation::repeats::{Marks, order_of_sections};
///
/// let marks = vec![Marks::default(); 3];
/// assert_eq!(order_of_sections(&marks, &[(1..3, 2), (0..1, 1)], 100), Ok(vec![1, 2, 1, 2, 0]));
/// ```
///
/// # Errors
/// It would be more than `most` measures.
pub fn order_of_sections(
    measures: &[Marks],
    sections: &[(Range<usize>, usize)],
    most: usize,
) -> Result<Vec<usize>, TooLong> {
    let mut played = Vec::new();
    for (run, times) in sections {
        let own = measures.get(run.clone()).unwrap_or_default();
        let marks: Vec<Marks> = own.iter().map(Marks::without_jumps).collect();
        let endings = endings(&marks);
        let highest = endings.iter().map(|ending| ending.of_passes as usize).max();
        for time in 1..=*times {
            let left = most - played.len();
            let order = match highest {
                Some(highest) if highest == *times && *times > 1 => of_pass(&marks, &endings, time, left)?,
                _ => order(&marks, left)?,
            };
            played.extend(order.into_iter().map(|index| run.start + index));
        }
    }
    Ok(played)
}

/// The measures of one pass through a section whose endings belong to the passes.
fn of_pass(marks: &[Marks], endings: &[Ending], pass: usize, most: usize) -> Result<Vec<usize>, TooLong> {
    let left_out = |index: &usize| {
        let ending = endings.iter().find(|ending| (ending.first..=ending.last).contains(index));
        ending.is_some_and(|ending| ending.passes.iter().all(|&other| other as usize != pass))
    };
    let indices: Vec<usize> = (0..marks.len()).filter(|index| !left_out(index)).collect();
    let plain = |&index: &usize| {
        let in_ending = endings.iter().any(|ending| (ending.first..=ending.last).contains(&index));
        let repeat_end = marks[index].repeat_end.filter(|_| !in_ending);
        Marks { ending: None, ending_stop: false, repeat_end, ..marks[index].clone() }
    };
    let marks: Vec<Marks> = indices.iter().map(plain).collect();
    Ok(order(&marks, most)?.into_iter().map(|place| indices[place]).collect())
}

/// The endings of a piece, in order, each with what it knows of its group.
fn endings(measures: &[Marks]) -> Vec<Ending> {
    let mut endings: Vec<Ending> = Vec::new();
    let mut open = false;
    for (index, marks) in measures.iter().enumerate() {
        if let Some(passes) = marks.ending.as_ref().filter(|passes| !passes.is_empty()) {
            endings.push(Ending {
                first: index,
                last: index,
                passes: passes.clone(),
                of_passes: 0,
                is_last: true,
            });
            open = true;
        } else if open && marks.repeat_start {
            open = false;
        }
        if let Some(ending) = endings.last_mut().filter(|_| open) {
            ending.last = index;
        }
        open &= !marks.ending_stop && marks.repeat_end.is_none();
    }
    // Where nothing says that the last of a group ends, it is one measure long.
    for index in 0..endings.len() {
        let last = endings[index].last;
        if !measures[last].ending_stop && measures[last].repeat_end.is_none() {
            let next = endings.get(index + 1).is_some_and(|next| next.first == last + 1);
            if !next {
                endings[index].last = endings[index].first;
            }
        }
    }
    let mut first = 0;
    for index in 0..endings.len() {
        let next = endings.get(index + 1).filter(|next| next.first == endings[index].last + 1);
        endings[index].is_last = next.is_none();
        if endings[index].is_last {
            let highest = endings[first..=index].iter().flat_map(|e| &e.passes).copied().max().unwrap_or(1);
            endings[first..=index].iter_mut().for_each(|ending| ending.of_passes = highest);
            first = index + 1;
        }
    }
    endings
}

/// For every measure, what is looked up there.
struct Places {
    /// The ending that it is in.
    ending: Vec<Option<usize>>,
    /// The last sign up to it.
    sign_before: Vec<Option<usize>>,
    /// The next coda after it, or else the last of all.
    coda_after: Vec<Option<usize>>,
}

impl Places {
    fn of(measures: &[Marks], endings: &[Ending]) -> Self {
        let mut ending = vec![None; measures.len()];
        for (index, Ending { first, last, .. }) in endings.iter().enumerate() {
            ending[*first..=*last].fill(Some(index));
        }
        let mut sign = None;
        let mut sign_before = Vec::with_capacity(measures.len());
        for (index, marks) in measures.iter().enumerate() {
            sign = if marks.segno { Some(index) } else { sign };
            sign_before.push(sign);
        }
        let mut coda = measures.iter().rposition(|marks| marks.coda);
        let mut coda_after = vec![None; measures.len()];
        for (index, marks) in measures.iter().enumerate().rev() {
            coda_after[index] = coda;
            coda = if marks.coda { Some(index) } else { coda };
        }
        Self { ending, sign_before, coda_after }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Marks in a small notation, a word for each measure: `(` and `)` for repeats, `)3` for one that is played three times, `1,2[`
    /// where an ending begins and `]` where it ends, `$` the sign, `Q` the coda, `to`, `fine`, `dc`, `ds`.
    fn measures(text: &str) -> Vec<Marks> {
        text.split_whitespace()
            .map(|word| {
                let mut marks = Marks::default();
                for part in word.split('.') {
                    match part {
                        "(" => marks.repeat_start = true,
                        "]" => marks.ending_stop = true,
                        "$" => marks.segno = true,
                        "Q" => marks.coda = true,
                        "to" => marks.to_coda = true,
                        "fine" => marks.fine = true,
                        "dc" => marks.jump = Some(Jump::DaCapo),
                        "ds" => marks.jump = Some(Jump::DalSegno),
                        "-" => {}
                        repeat if repeat.starts_with(')') => {
                            marks.repeat_end = Some(repeat[1..].parse().unwrap_or(0));
                        }
                        ending => {
                            let passes = ending.trim_end_matches('[').split(',');
                            marks.ending = Some(passes.map(|pass| pass.parse().unwrap()).collect());
                        }
                    }
                }
                marks
            })
            .collect()
    }

    #[test]
    fn every_kind_of_repeat_is_played_in_order() {
        for (text, expected) in [
            ("- - -", vec![0, 1, 2]),
            ("- ) -", vec![0, 1, 0, 1, 2]),
            ("- (.) -", vec![0, 1, 1, 2]),
            ("( )3 -", vec![0, 1, 0, 1, 0, 1, 2]),
            ("- ) - )", vec![0, 1, 0, 1, 2, 3, 2, 3]),
            ("( - 1[.].) 2[.] -", vec![0, 1, 2, 0, 1, 3, 4]),
            ("( 1,2[.].) 3[.] -", vec![0, 1, 0, 1, 0, 2, 3]),
            ("( 1[ -.].) 2[ -.] -", vec![0, 1, 2, 0, 3, 4, 5]),
            ("( 1[.].) 2[.].) -", vec![0, 1, 0, 2, 3]),
            ("( 1[.) 2[ -", vec![0, 1, 0, 2, 3]),
            ("( 1[.].) 2[.].) 3[.] ( )", vec![0, 1, 0, 2, 0, 3, 4, 5, 4, 5]),
            ("- fine - dc", vec![0, 1, 2, 3, 0, 1]),
            ("- $ fine - ds", vec![0, 1, 2, 3, 4, 1, 2]),
            ("- $ to - ds Q", vec![0, 1, 2, 3, 4, 1, 2, 5]),
            ("- to - dc Q -", vec![0, 1, 2, 3, 0, 1, 4, 5]),
            ("( ) fine ( ).dc", vec![0, 1, 0, 1, 2, 3, 4, 3, 4, 0, 1, 2]),
            ("( 1[.].) 2[.] dc", vec![0, 1, 0, 2, 3, 0, 2, 3]),
            ("- ds", vec![0, 1]),
            ("to Q", vec![0, 1]),
        ] {
            assert_eq!(order(&measures(text), 100), Ok(expected), "{text}");
        }
    }

    #[test]
    fn repeats_without_end_are_refused() {
        assert_eq!(order(&measures("( )4000000000"), 1000), Err(TooLong));
    }
}
