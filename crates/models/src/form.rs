//! [`Form`]: which earlier bar each bar of a piece returns to, as a plan that a network is told.

use crate::Error;
use composer_music::BarMap;
use composer_music::representation::frames::Frame;
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

/// Which earlier bar each bar of a piece returns to; `None`: what it has is new.
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
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<i32>", into = "Vec<i32>")]
pub struct Form(Vec<Option<Return>>);

/// Features of a form: new, rhythm, varied, same.
pub(crate) const LEVELS: usize = 4;

/// Bars of an ending.
pub const ENDING_BARS: usize = 2;

/// A form counts this much more for each step of nearness when it is written as numbers.
const STEP: i32 = 1000;

impl Form {
    /// Of a piece of frames in bars. Of the earlier bars of the same length the nearest counts, of equally near ones the latest.
    pub fn of_frames(frames: &[Frame], bars: &BarMap) -> Self {
        let spans: Vec<&[Frame]> = (0..bars.count(frames.len() as u64))
            .map(|bar| {
                let bar = bars.bar(bar);
                &frames[bar.start as usize..(bar.end as usize).min(frames.len())]
            })
            .collect();
        let find = |bar: usize| {
            let near = (0..bar).filter_map(|earlier| {
                let ago = u16::try_from(bar - earlier).ok().filter(|&ago| i32::from(ago) < STEP)?;
                Some(Return { ago, nearness: nearness(spans[earlier], spans[bar])? })
            });
            near.max_by_key(|found| (found.nearness, std::cmp::Reverse(found.ago)))
        };
        Self((0..spans.len()).map(find).collect())
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
        let mut form = vec![None; bars];
        for (place, &(letter, nearness)) in sections.iter().enumerate() {
            let Some(first) = sections[..place].iter().position(|&(earlier, _)| earlier == letter) else {
                continue;
            };
            let length = (begins[first + 1] - begins[first]).min(begins[place + 1] - begins[place]);
            let ago = (begins[place] - begins[first]) as u16;
            form[begins[place]..begins[place] + length].fill(Some(Return { ago, nearness }));
        }
        Ok(Self(form))
    }

    /// Where a bar returns to.
    pub fn at(&self, bar: usize) -> Option<Return> {
        self.0.get(bar).copied().flatten()
    }

    /// How many bars there are.
    pub fn bars(&self) -> usize {
        self.0.len()
    }

    /// In so many bars, if there are more: the first ones, then the last [`ENDING_BARS`], so that a short piece comes to the end of a long one. What
    /// an ending bar returned to and that is not there is new.
    #[must_use]
    pub fn abridge(&self, bars: usize) -> Self {
        let (count, body) = (self.0.len(), bars.saturating_sub(ENDING_BARS));
        if count <= bars {
            return self.clone();
        }
        let ending = bars.min(ENDING_BARS);
        let returned = |place: usize| {
            let (found, now) = (self.0[place]?, body + place + ending - count);
            let earlier = place.checked_sub(found.ago.into())?;
            let earlier = match earlier.checked_sub(count - ending) {
                Some(place) => body + place,
                None => Some(earlier).filter(|&earlier| earlier < body)?,
            };
            Some(Return { ago: (now - earlier) as u16, ..found })
        };
        let mut form = self.0[..body].to_vec();
        form.extend((count - ending..count).map(returned));
        Self(form)
    }

    /// These bars, and the bars of `later` from so many bars on.
    #[must_use]
    pub fn then(mut self, later: &Self) -> Self {
        self.0.extend(later.0.iter().skip(self.0.len()));
        self
    }
}

impl From<Vec<i32>> for Form {
    fn from(numbers: Vec<i32>) -> Self {
        let read = |number: i32| {
            let ago = u16::try_from(number % STEP).ok().filter(|&ago| ago > 0)?;
            let nearness = match number / STEP {
                0 => Nearness::Rhythm,
                1 => Nearness::Varied,
                _ => Nearness::Same,
            };
            Some(Return { ago, nearness })
        };
        Self(numbers.into_iter().map(read).collect())
    }
}

impl From<Form> for Vec<i32> {
    fn from(form: Form) -> Self {
        let write = |bar: Option<Return>| bar.map_or(0, |r| i32::from(r.ago) + STEP * r.nearness as i32);
        form.0.into_iter().map(write).collect()
    }
}

/// How near two bars are; `None` where they differ in length or rhythm, or nothing begins in them.
fn nearness(earlier: &[Frame], now: &[Frame]) -> Option<Nearness> {
    if earlier.len() != now.len() {
        return None;
    }
    let (mut both, mut either, mut rhythm) = (0, 0, true);
    for (earlier, now) in earlier.iter().zip(now) {
        both += (earlier.onsets & now.onsets).count_ones();
        either += (earlier.onsets | now.onsets).count_ones();
        rhythm &= (earlier.onsets == 0) == (now.onsets == 0);
    }
    match () {
        () if either == 0 => None,
        () if 10 * both >= 9 * either => Some(Nearness::Same),
        () if 2 * both >= either => Some(Nearness::Varied),
        () if rhythm => Some(Nearness::Rhythm),
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

    #[test]
    fn bars_return_to_the_nearest_earlier_one() {
        let bars = [[60, 62, 64, 65], [67, 0, 67, 0], [60, 62, 64, 66], [72, 71, 69, 67], [67, 0, 67, 0]];
        let frames: Vec<Frame> = bars.into_iter().flat_map(bar).chain([Frame::default(); 4]).collect();
        let form = Form::of_frames(&frames, &BarMap::uniform(4, "1/4".parse().unwrap()));
        let some = |ago, nearness| Some(Return { ago, nearness });
        let expected =
            [None, None, some(2, Nearness::Varied), some(1, Nearness::Rhythm), some(3, Nearness::Same), None];
        assert_eq!((form.bars(), &form.0[..]), (6, &expected[..]));
        let text = serde_json::to_string(&form).unwrap();
        assert_eq!(text, "[0,0,1002,1,2003,0]");
        assert_eq!(serde_json::from_str::<Form>(&text).unwrap(), form);
        assert_eq!(serde_json::from_str::<Form>("[-5]").unwrap().at(0), None);
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
    fn an_abridged_form_keeps_beginning_and_ending() {
        let long: Form = serde_json::from_str("[0,2001,1,0,2004,2005,2006,1001,0,2010]").unwrap();
        let text = |form: &Form| serde_json::to_string(form).unwrap();
        assert_eq!(text(&long.abridge(7)), "[0,2001,1,0,2004,0,0]");
        let returning: Form = serde_json::from_str("[0,0,0,0,2003,2001]").unwrap();
        assert_eq!(text(&returning.abridge(4)), "[0,0,2001,2001]");
        assert_eq!((long.abridge(10), long.abridge(1).bars()), (long.clone(), 1));
    }
}
