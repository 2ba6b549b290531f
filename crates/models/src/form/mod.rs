//! [`Form`]: what each bar of a piece repeats of earlier ones, as a plan that a network is told.

pub(crate) mod rhythm;
mod text;

use crate::Error;
use composer_music::representation::frames::Frame;
use composer_music::{Bar, BarMap};
use serde::{Deserialize, Serialize};

/// How near a bar is to the earlier one that it returns to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Nearness {
    /// Notes begin at the same places of the bar, with other pitches.
    Rhythm,
    /// Half of the notes that begin in one of the bars, or more, begin in both.
    Varied,
    /// Nine tenths of them or more.
    Same,
}

/// A bar that returns to an earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Return {
    /// How many bars ago the earlier one is, at least 1.
    pub ago: u16,
    /// How near it is.
    pub nearness: Nearness,
}

/// What each bar of a piece repeats: which earlier bar it returns to, `None` where what it has is new; and which of its beats are exactly as earlier
/// ones.
///
/// ```
/// use composer_models::form::{Form, Nearness};
///
/// let form = Form::of_letters("AABA'", 8)?;
/// let third = form.at(3).expect("the second bar of the second A");
/// assert_eq!((third.ago, third.nearness), (2, Nearness::Same));
/// assert_eq!(form.at(4), None);
/// assert_eq!(form.at(6).map(|found| (found.ago, found.nearness)), Some((6, Nearness::Varied)));
/// # Ok::<(), composer_models::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Form(Vec<FormBar>);

/// What a bar repeats.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct FormBar {
    /// The bar with notes of it.
    notes: Option<Return>,
    /// How many bars ago the last one with its rhythm is; 0: there is none.
    rhythm: u16,
    /// How many beats ago the last one is that equals each of its beats; 0: there is none. Empty: not known, nor is where notes begin.
    beats: Vec<u8>,
    /// The steps at which notes begin, from the least bit up, of the first 128.
    begins: u128,
}

/// Features of a form: new, rhythm, varied, same.
pub(crate) const LEVELS: usize = 4;

/// Bars of an ending.
const ENDING_BARS: usize = 2;

/// The longest return, in bars.
const MOST_AGO: usize = 999;

impl Form {
    /// Of a piece of frames in bars. Of the earlier bars of the same length the nearest counts, of equally near ones the latest. A beat is a quarter
    /// of the bar's grid, the last one of a bar may be shorter.
    pub fn of_frames(frames: &[Frame], bars: &BarMap) -> Self {
        let count = bars.count(frames.len() as u64);
        let cut = |from: u64, to: u64| {
            let end = (to as usize).min(frames.len());
            &frames[(from as usize).min(end)..end]
        };
        let spans: Vec<&[Frame]> =
            (0..count).map(|bar| bars.bar(bar)).map(|bar| cut(bar.start, bar.end)).collect();
        let mut beats = Beats::default();
        let bar = |place: usize| {
            let ago = |earlier: usize| (place - earlier) as u16;
            let earlier = || place.saturating_sub(MOST_AGO)..place;
            let near = earlier().filter_map(|bar| {
                Some(Return { ago: ago(bar), nearness: nearness(spans[bar], spans[place])? })
            });
            let rhythm = earlier().rev().find(|&bar| same_rhythm(spans[bar], spans[place]));
            let quarter = bars.ticks_per_quarter().max(1) as usize;
            FormBar {
                notes: near.max_by_key(|found| (found.nearness, std::cmp::Reverse(found.ago))),
                rhythm: rhythm.map_or(0, ago),
                beats: spans[place].chunks(quarter).map(|beat| beats.ago(beat)).collect(),
                begins: onsets(spans[place]),
            }
        };
        Self((0..spans.len()).map(bar).collect())
    }

    /// Of sections of equal length, a letter for each: a section with the letter of an earlier one returns to the first of them, with ' behind
    /// the letter varied.
    ///
    /// # Errors
    /// There is no letter, something else than letters, or there are more sections than bars.
    pub fn of_letters(text: &str, bars: usize) -> Result<Self, Error> {
        let mut sections: Vec<(char, Nearness)> = Vec::new();
        for letter in text.chars() {
            match (letter, sections.last_mut()) {
                ('\'' | '’', Some(last)) => last.1 = Nearness::Varied,
                (letter, _) if letter.is_ascii_alphabetic() => {
                    sections.push((letter.to_ascii_uppercase(), Nearness::Same));
                }
                _ => return Err(Error::Form(text.to_owned())),
            }
        }
        if sections.is_empty() || sections.len() > bars {
            return Err(Error::Form(text.to_owned()));
        }
        let begins: Vec<usize> = (0..=sections.len()).map(|place| place * bars / sections.len()).collect();
        let mut form = vec![FormBar::default(); bars];
        for (place, &(letter, nearness)) in sections.iter().enumerate() {
            let Some(first) = sections[..place].iter().position(|&(earlier, _)| earlier == letter) else {
                continue;
            };
            let length = (begins[first + 1] - begins[first]).min(begins[place + 1] - begins[place]);
            let ago = (begins[place] - begins[first]) as u16;
            let returned = FormBar { notes: Some(Return { ago, nearness }), ..FormBar::default() };
            form[begins[place]..begins[place] + length].fill(returned);
        }
        Ok(Self(form))
    }

    /// Where a bar returns to.
    pub fn at(&self, bar: usize) -> Option<Return> {
        let bar = self.0.get(bar)?;
        let rhythm = Return { ago: bar.rhythm, nearness: Nearness::Rhythm };
        bar.notes.or((bar.rhythm > 0).then_some(rhythm))
    }

    /// How near the bar of a step returns, and the same place of the earlier bar, if that is long enough; `None`: the bar is new.
    pub fn at_step(&self, step: u64, bars: &BarMap) -> Option<(Nearness, Option<u64>)> {
        let bar = bars.bar_at(step);
        let found = self.at(bar.index as usize).filter(|found| u64::from(found.ago) <= bar.index)?;
        let earlier = bars.bar(bar.index - u64::from(found.ago));
        let place = earlier.start + (step - bar.start);
        Some((found.nearness, (place < earlier.end).then_some(place)))
    }

    /// The earlier step whose frame comes again at a step, if its beat is exactly as an earlier one.
    pub fn repeated(&self, step: u64, bars: &BarMap) -> Option<u64> {
        let (bar, quarter) = (bars.bar_at(step), u64::from(bars.ticks_per_quarter().max(1)));
        let beat = (step - bar.start) / quarter;
        let mut ago = u64::from(*self.of_bar(&bar, quarter)?.beats.get(beat as usize)?);
        let mut earlier = bar;
        let mut place = beat;
        while ago > place {
            ago -= place + 1;
            earlier = bars.bar(earlier.index.checked_sub(1)?);
            place = beats_of(&earlier, quarter) - 1;
        }
        let found = earlier.start + (place - ago) * quarter + (step - bar.start) % quarter;
        (found < step && found < earlier.end).then_some(found)
    }

    /// Whether notes begin at a step, if it is known.
    pub fn begins(&self, step: u64, bars: &BarMap) -> Option<bool> {
        let bar = bars.bar_at(step);
        let known = self.of_bar(&bar, u64::from(bars.ticks_per_quarter().max(1)))?;
        let place = u32::try_from(step - bar.start).ok().filter(|&place| place < 128)?;
        Some(known.begins >> place & 1 == 1)
    }

    /// What is known of a bar, if it has as many beats.
    fn of_bar(&self, bar: &Bar, quarter: u64) -> Option<&FormBar> {
        self.0.get(bar.index as usize).filter(|known| known.beats.len() as u64 == beats_of(bar, quarter))
    }

    /// Without beats, and without where notes begin.
    #[must_use]
    pub fn without_rhythm(&self) -> Self {
        let bar = |bar: &FormBar| FormBar { notes: bar.notes, rhythm: bar.rhythm, ..FormBar::default() };
        Self(self.0.iter().map(bar).collect())
    }

    /// How many bars there are.
    pub fn bars(&self) -> usize {
        self.0.len()
    }

    /// So many bars from `start` on, of which the last two are those of the piece, so that an excerpt comes to an end; where there are fewer,
    /// nothing is known of those before its ending. What a bar returned to and that is not there is new.
    #[must_use]
    pub fn excerpt(&self, start: usize, bars: usize) -> Self {
        let kept = excerpt(self.0.len(), start, bars);
        // Beats before each bar of the piece.
        let mut before = vec![0];
        before.extend(self.0.iter().scan(0, |sum, bar| {
            *sum += bar.beats.len();
            Some(*sum)
        }));
        let mut beats: Vec<usize> = Vec::new();
        let bar = |(now, &place): (usize, &Option<usize>)| {
            let Some(place) = place else { return FormBar::default() };
            let bar = &self.0[place];
            let ago = |ago: u16| {
                let earlier = place.checked_sub(ago.into())?;
                let earlier = kept[..now].iter().position(|&kept| kept == Some(earlier))?;
                Some((now - earlier) as u16)
            };
            let first = beats.len();
            beats.extend(before[place]..before[place + 1]);
            let beat = |(number, &ago): (usize, &u8)| {
                let earlier = (before[place] + number).checked_sub(ago.into()).filter(|_| ago > 0);
                let found = earlier
                    .and_then(|earlier| beats[..first + number].iter().rposition(|&beat| beat == earlier));
                found.map_or(0, |found| u8::try_from(first + number - found).unwrap_or(0))
            };
            FormBar {
                notes: bar.notes.and_then(|found| Some(Return { ago: ago(found.ago)?, ..found })),
                rhythm: ago(bar.rhythm).unwrap_or(0),
                beats: bar.beats.iter().enumerate().map(beat).collect(),
                begins: bar.begins,
            }
        };
        Self(kept.iter().enumerate().map(bar).collect())
    }

    /// These bars, and the bars of `later` from so many bars on.
    #[must_use]
    pub fn then(mut self, later: &Self) -> Self {
        self.0.extend(later.0.iter().skip(self.0.len()).cloned());
        self
    }
}

/// The steps of a bar at which notes begin, from the least bit up, of the first 128.
fn onsets(frames: &[Frame]) -> u128 {
    let begins = frames.iter().take(128).enumerate();
    begins.fold(0, |set, (step, frame)| set | u128::from(frame.onsets != 0) << step)
}

/// Beats of a bar.
fn beats_of(bar: &Bar, quarter: u64) -> u64 {
    (bar.end - bar.start).div_ceil(quarter)
}

/// The last beats of a piece, to find equal ones.
#[derive(Default)]
struct Beats<'a>(Vec<&'a [Frame]>);

/// The most beats ago that a model file says of a beat.
const MOST_BEATS: usize = 63;

impl<'a> Beats<'a> {
    /// How many beats ago the last equal one was; 0: there is none, or nothing begins in it. Takes it as the last one.
    fn ago(&mut self, beat: &'a [Frame]) -> u8 {
        let last = self.0.iter().rev().take(MOST_BEATS);
        let found =
            last.enumerate().find(|(_, earlier)| ***earlier == *beat).map_or(0, |(place, _)| place + 1);
        self.0.push(beat);
        if beat.iter().any(|frame| frame.onsets != 0) { found as u8 } else { 0 }
    }
}

/// The places of the bars that an excerpt has: `bars` from `start` on, of which the last [`ENDING_BARS`] are those of the piece of `count` bars; `None`
/// where the piece has too few.
pub(crate) fn excerpt(count: usize, start: usize, bars: usize) -> Vec<Option<usize>> {
    if count == 0 {
        return Vec::new();
    }
    let there = bars.min(count - start.min(count));
    let ending = there.min(ENDING_BARS);
    let unknown = std::iter::repeat_n(None, bars - there);
    (start..start + there - ending)
        .map(Some)
        .chain(unknown)
        .chain((count - ending..count).map(Some))
        .collect()
}

/// Whether notes begin at the same places of two bars of the same length, and somewhere.
fn same_rhythm(earlier: &[Frame], now: &[Frame]) -> bool {
    let begins = |frame: &Frame| frame.onsets != 0;
    earlier.len() == now.len()
        && now.iter().any(begins)
        && earlier.iter().map(begins).eq(now.iter().map(begins))
}

/// How near the notes of two bars are; `None` where they differ in length or in more than half of the notes, or nothing begins in them.
fn nearness(earlier: &[Frame], now: &[Frame]) -> Option<Nearness> {
    if earlier.len() != now.len() {
        return None;
    }
    let (mut both, mut either) = (0, 0);
    for (earlier, now) in earlier.iter().zip(now) {
        both += (earlier.onsets & now.onsets).count_ones();
        either += (earlier.onsets | now.onsets).count_ones();
    }
    match () {
        () if either == 0 => None,
        () if 10 * both >= 9 * either => Some(Nearness::Same),
        () if 2 * both >= either => Some(Nearness::Varied),
        () => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(pitches: [u8; 4]) -> [Frame; 4] {
        pitches.map(|pitch| match pitch {
            0 => Frame::default(),
            pitch => Frame { sounding: 1 << pitch, onsets: 1 << pitch },
        })
    }

    fn form(numbers: &str) -> Form {
        serde_json::from_str(numbers).unwrap()
    }

    #[test]
    fn bars_return_to_the_nearest_earlier_one() {
        let bars = [[60, 62, 64, 65], [67, 0, 67, 0], [60, 62, 64, 66], [72, 71, 69, 67], [67, 0, 67, 0]];
        let frames: Vec<Frame> = bars.into_iter().flat_map(bar).chain([Frame::default(); 4]).collect();
        let map = BarMap::uniform(2, "2/4".parse().unwrap());
        let found = Form::of_frames(&frames, &map);
        let some = |ago, nearness| Some(Return { ago, nearness });
        let expected =
            [None, None, some(2, Nearness::Varied), some(1, Nearness::Rhythm), some(3, Nearness::Same), None];
        assert_eq!((0..6).map(|bar| found.at(bar)).collect::<Vec<_>>(), expected);
        let text = serde_json::to_string(&found).unwrap();
        assert_eq!(text, "\"CAAAAAP CAAAABF CgCCE CAAB CwDDFB C\"");
        assert_eq!(serde_json::from_str::<Form>(&text).unwrap(), found);
        // The second half of the second bar is its first; the first of the third is that of the first; the fifth is the second.
        let repeated: Vec<Option<u64>> = (4..22).map(|step| found.repeated(step, &map)).collect();
        let (none, all) = ([None; 2], |step| [Some(step), Some(step + 1)]);
        let expected = [none, all(4), all(0), none, none, none, all(6), all(16), none];
        assert_eq!(repeated, expected.concat());
    }

    #[test]
    fn letters_are_sections_of_equal_length() {
        let form = Form::of_letters("aba", 7).unwrap();
        let ago: Vec<u16> = (0..7).map(|bar| form.at(bar).map_or(0, |found| found.ago)).collect();
        assert_eq!(ago, [0, 0, 0, 0, 4, 4, 0], "the last section is a bar longer than the first");
        for wrong in ["", "A-A", "'A", "ABCDE"] {
            assert!(Form::of_letters(wrong, 4).is_err(), "{wrong}");
        }
        let later = Form::of_letters("AA", 4).unwrap();
        assert_eq!(Form::default().then(&later), later);
        let begun = Form(form.0[..3].to_vec());
        assert_eq!(begun.then(&later).at(3).map(|found| found.ago), Some(2));
    }

    #[test]
    fn an_excerpt_of_a_form_comes_to_the_ending() {
        let long = form("[0,2001,1,0,2004,2005,2006,1001,0,2009]");
        assert_eq!(long.excerpt(0, 7), form("[0,2001,1,0,2004,0,2006]"));
        assert_eq!(long.excerpt(3, 5), form("[0,0,0,0,0]"));
        assert_eq!(
            form("[0,2001,1]").excerpt(0, 5),
            form("[0,0,0,2003,1]"),
            "an ending behind what is not known"
        );
        assert_eq!(form("[0,0,0,0,2003,2001]").excerpt(0, 4), form("[0,0,2001,2001]"));
        assert_eq!(form("[0,0,0,0,2002,0,2003]").excerpt(1, 5), form("[0,0,0,0,2002]"));
        assert_eq!(
            (long.excerpt(0, 10), long.excerpt(0, 1).bars(), Form::default().excerpt(0, 3).bars()),
            (long.clone(), 1, 0)
        );
    }

    #[test]
    fn an_excerpt_keeps_the_rhythms_and_beats_that_it_has() {
        let bars = [
            [60, 62, 64, 65],
            [67, 0, 67, 0],
            [60, 62, 64, 65],
            [61, 0, 62, 0],
            [61, 0, 60, 62],
            [60, 62, 60, 62],
        ];
        let frames: Vec<Frame> = bars.into_iter().flat_map(bar).collect();
        let map = BarMap::uniform(2, "2/4".parse().unwrap());
        let (whole, part) = (Form::of_frames(&frames, &map), Form::of_frames(&frames[4..], &map));
        assert_eq!(whole.excerpt(1, 5), part);
        // Without the fourth bar, of which the fifth has a beat.
        let kept = [&frames[4..12], &frames[16..]].concat();
        assert_eq!(whole.excerpt(1, 4), Form::of_frames(&kept, &map));
    }
}
