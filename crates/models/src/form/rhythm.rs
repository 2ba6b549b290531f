//! The rhythm of a form, as features of a step.

use super::Form;
use composer_music::BarMap;

/// Features of the rhythm: nothing begins, notes begin; and a place for each distance to the next notes after them.
pub(crate) const RHYTHM: usize = 2 + NEXT.len() + 1;

/// Boundaries between the distances that are told apart, in steps: 1 to 6 each, 7 to 8, 9 to 12, and more.
const NEXT: [u64; 8] = [2, 3, 4, 5, 6, 7, 9, 13];

impl Form {
    /// At how many steps of a quarter notes begin, in the mean over the bars whose rhythm is known; `None`: of none.
    pub(crate) fn onsets_per_quarter(&self) -> Option<f64> {
        let known = || self.0.iter().filter(|bar| !bar.beats.is_empty());
        let onsets: u32 = known().map(|bar| bar.begins.count_ones()).sum();
        let quarters: usize = known().map(|bar| bar.beats.len()).sum();
        (quarters > 0).then(|| f64::from(onsets) / quarters as f64)
    }

    /// The two features of the rhythm at a step: whether notes begin, and how many steps later the next ones do; `None`: the rhythm is not known.
    pub(crate) fn rhythm_at(&self, step: u64, bars: &BarMap) -> Option<[usize; 2]> {
        let begins = self.begins(step, bars)?;
        let most = NEXT[NEXT.len() - 1];
        let next = (1..most).find(|later| self.begins(step + later, bars) == Some(true)).unwrap_or(most);
        Some([usize::from(begins), 2 + NEXT.partition_point(|&boundary| boundary <= next)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use composer_music::representation::frames::Frame;

    #[test]
    fn what_begins_and_what_begins_next_have_features() {
        let onsets = [0, 1, 4, 11, 24];
        let frame = |step| Frame { sounding: 1 << 60, onsets: u128::from(onsets.contains(&step)) << 60 };
        let frames: Vec<Frame> = (0..32).map(frame).collect();
        let bars = BarMap::uniform(4, "4/4".parse().expect("a metre"));
        let form = Form::of_frames(&frames, &bars);
        let found = [0, 1, 3, 4, 5, 12, 11, 30].map(|step| form.rhythm_at(step, &bars));
        let next =
            [1, 3, 1, 7, 6, 12, 13, 13].map(|steps| 2 + NEXT.partition_point(|&boundary| boundary <= steps));
        let begins = [1, 1, 0, 1, 0, 0, 1, 0];
        let expected: Vec<_> =
            begins.into_iter().zip(next).map(|(begins, next)| Some([begins, next])).collect();
        assert_eq!(found[..], expected);
        assert_eq!((found[3].unwrap()[1], RHYTHM), (2 + 6, 11), "7 and 8 steps are one feature");
        assert_eq!(form.without_rhythm().rhythm_at(0, &bars), None);
        let density = [form.onsets_per_quarter(), form.without_rhythm().onsets_per_quarter()];
        assert_eq!(density, [Some(5.0 / 8.0), None]);
        assert_eq!(form.rhythm_at(32, &bars), None, "the form has two bars");
    }
}
