//! A [`Form`] as model files write it.

use super::{Form, FormBar, MOST_BEATS, Nearness, Return};
use crate::digits::{digit_of, value_of_digit};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A form in a model file.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Text(String),
    /// As before there were rhythms and beats: bars ago, and [`STEP`] more for each step of nearness.
    Numbers(Vec<i32>),
}

/// See [`Written::Numbers`].
const STEP: usize = 1000;

/// The kinds of returns in the order of their digits in a model file; 0 is a new bar.
const NEARNESS: [Nearness; 3] = [Nearness::Rhythm, Nearness::Varied, Nearness::Same];

/// A return of the kind and bars ago that a file says, if there is such a one.
fn return_of(nearness: usize, ago: usize) -> Option<Return> {
    let ago = u16::try_from(ago).ok().filter(|&ago| ago > 0)?;
    Some(Return { ago, nearness: *NEARNESS.get(nearness)? })
}

impl From<Written> for Form {
    /// Reads what is no form as new bars.
    fn from(written: Written) -> Self {
        let bar = |found: Option<Return>| match found {
            Some(Return { ago, nearness: Nearness::Rhythm }) => FormBar { rhythm: ago, ..FormBar::default() },
            notes => FormBar { notes, ..FormBar::default() },
        };
        let of_number = |&number: &i32| {
            let number = usize::try_from(number).ok()?;
            return_of((number / STEP).min(2), number % STEP)
        };
        let of_text = |mut form: Vec<FormBar>, text: &str| {
            let digits: Vec<usize> = text.bytes().map(value_of_digit).collect();
            let digit = |place: usize| digits.get(place).copied().unwrap_or(0);
            let bits = digit(1) << 6 | digit(2);
            let notes = (bits >> 10).checked_sub(1).and_then(|nearness| return_of(nearness, bits & 1023));
            let beats = (0..digit(0)).map(|beat| digit(4 + beat) as u8).collect();
            let (rhythm, count) = (digit(3), digit(0));
            let earlier = form.len().checked_sub(rhythm).filter(|_| rhythm > 0);
            let own = || {
                let sixes = digits.iter().skip(4 + count).take(22).enumerate();
                sixes.fold(0, |set, (place, &six)| set | (six as u128) << (6 * place))
            };
            let begins = earlier.map_or_else(own, |place| form[place].begins);
            form.push(FormBar { notes, rhythm: rhythm as u16, beats, begins });
            form
        };
        match written {
            Written::Text(text) if text.is_empty() => Self::default(),
            Written::Text(text) => Self(text.split(' ').fold(Vec::new(), of_text)),
            Written::Numbers(numbers) => Self(numbers.iter().map(of_number).map(bar).collect()),
        }
    }
}

impl From<Form> for String {
    /// Bars with spaces between them: a digit for the number of beats; two for the bar with its notes, two bits how near and ten how many bars
    /// ago; one for the bar with its rhythm, if it is not longer ago than a digit says; one for each beat; and those for the steps at which notes begin, six a digit, where no bar has its
    /// rhythm. Zeros at the end are left out.
    fn from(form: Form) -> Self {
        let bar = |bar: &FormBar| {
            let bits =
                bar.notes.map_or(0, |found| (1 + found.nearness as usize) << 10 | usize::from(found.ago));
            let rhythm = Some(usize::from(bar.rhythm)).filter(|&ago| ago < 64).unwrap_or(0);
            let beats = bar.beats.iter().map(|&ago| usize::from(ago)).take(MOST_BEATS);
            let count = bar.beats.len().min(MOST_BEATS);
            let begins = (0..22).filter(|_| rhythm == 0).map(|place| (bar.begins >> (6 * place)) as usize);
            let digits =
                [count, bits >> 6, bits, rhythm].into_iter().chain(beats).chain(begins).map(digit_of);
            digits.collect::<String>().trim_end_matches(digit_of(0)).to_owned()
        };
        form.0.iter().map(bar).collect::<Vec<_>>().join(" ")
    }
}

impl Serialize for Form {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        String::from(self.clone()).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Form {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Written::deserialize(deserializer).map(Self::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_before_are_read() {
        let form = |text: &str| serde_json::from_str::<Form>(text).unwrap();
        let found = form("[0,0,1002,1,2003,-5]");
        let returned = |bar| found.at(bar).map(|found| (found.ago, found.nearness));
        let expected = [
            None,
            None,
            Some((2, Nearness::Varied)),
            Some((1, Nearness::Rhythm)),
            Some((3, Nearness::Same)),
            None,
        ];
        assert_eq!((0..6).map(returned).collect::<Vec<_>>(), expected);
        assert_eq!(serde_json::from_str::<Form>("\"é? AA\"").unwrap().at(0), None);
        assert_eq!(form("\"\"").bars(), 0);
    }
}
