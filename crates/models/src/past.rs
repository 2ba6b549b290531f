//! [`Past`]: the frames or tokens of a piece up to a step, and the longest earlier passage that equals the last of them.

use composer_music::representation::frames::Frame;

/// How far back, in steps, an equal passage is looked for.
const WINDOW: usize = 4096;

/// An earlier passage that equals the last steps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Match<T = Frame> {
    /// What followed it.
    pub follows: T,
    /// How many steps are equal, at least 1.
    pub equal_steps: usize,
}

impl Match<Frame> {
    /// In another key.
    pub fn transpose(self, semitones: i8) -> Self {
        Self { follows: self.follows.transpose(semitones), ..self }
    }
}

/// The symbols of a piece, frames or tokens, up to a step. Of the earlier passages that equal the last steps the longest is found, of equally long ones the
/// latest.
///
/// It predicts as Lempel–Ziv coders and prediction by partial matching without bound do (Cleary, Teahan and Witten, "Unbounded length
/// contexts for PPM", 1995), within one piece. A network that reads the prediction learns when to follow it.
///
/// ```
/// use composer_models::Past;
/// use composer_music::representation::frames::Frame;
///
/// let note = |pitch: u8| Frame { sounding: 1 << pitch, onsets: 1 << pitch };
/// let mut past = Past::default();
/// for pitch in [60, 62, 64, 65, 60, 62] {
///     past.push(note(pitch));
/// }
/// let found = past.longest_match().expect("60, 62 came before");
/// assert_eq!((found.follows, found.equal_steps), (note(64), 2));
/// ```
#[derive(Clone, Debug)]
pub struct Past<T = Frame> {
    symbols: Vec<T>,
    /// How many steps before each step equal those before the next step; not kept up outside the window. `None`: nobody asks for matches.
    equal: Option<Vec<u32>>,
}

impl<T> Default for Past<T> {
    fn default() -> Self {
        Self { symbols: Vec::new(), equal: Some(Vec::new()) }
    }
}

impl Past<Frame> {
    /// The frames so far.
    pub fn frames(&self) -> &[Frame] {
        &self.symbols
    }
}

impl<T: Copy + PartialEq> Past<T> {
    /// The same before the first step, for those who look back and ask for no matches, which take time at every step.
    pub fn without_matches() -> Self {
        Self { symbols: Vec::new(), equal: None }
    }

    /// Takes the next symbol.
    pub fn push(&mut self, symbol: T) {
        self.symbols.push(symbol);
        let first = self.first();
        let Some(equal) = &mut self.equal else { return };
        equal.push(0);
        for step in (first..self.symbols.len()).rev() {
            equal[step] = if self.symbols[step - 1] == symbol { equal[step - 1] + 1 } else { 0 };
        }
    }

    /// The longest match, and what followed it; `None` where not even the last step came before.
    pub fn longest_match(&self) -> Option<Match<T>> {
        let (step, equal_steps) = self.longest()?;
        Some(Match { follows: self.symbols[step], equal_steps: equal_steps as usize })
    }

    /// The first step whose past is compared.
    fn first(&self) -> usize {
        self.symbols.len().saturating_sub(WINDOW).max(1)
    }

    /// The step after the longest match, and its length.
    fn longest(&self) -> Option<(usize, u32)> {
        let (equal, steps) = (self.equal.as_ref()?, self.first()..self.symbols.len());
        steps.map(|step| (step, equal[step])).max_by_key(|&(_, equal)| equal).filter(|&(_, equal)| equal > 0)
    }
}

/// The longest matches at all steps of a piece.
#[derive(Clone, Debug, Default)]
pub(crate) struct Matches {
    /// The step after the match, and its length.
    steps: Vec<Option<(u32, u32)>>,
}

impl Matches {
    pub fn of<T: Copy + PartialEq>(symbols: &[T]) -> Self {
        let mut past = Past::default();
        let find = |&symbol: &T| {
            let found = past.longest().map(|(step, equal)| (step as u32, equal));
            past.push(symbol);
            found
        };
        Self { steps: symbols.iter().map(find).collect() }
    }

    /// The longest match before `step` of the piece with these symbols.
    pub fn at<T: Copy>(&self, step: usize, symbols: &[T]) -> Option<Match<T>> {
        let (next, equal_steps) = self.steps[step]?;
        Some(Match { follows: symbols[next as usize], equal_steps: equal_steps as usize })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(pitch: u8) -> Frame {
        Frame { sounding: 1 << pitch, onsets: 1 << pitch }
    }

    #[test]
    fn what_followed_the_longest_equal_passage_is_found() {
        let piece: Vec<Frame> = [60, 62, 64, 60, 62, 65, 64, 60, 62].map(note).to_vec();
        let mut past = Past::<Frame>::default();
        let mut found = Vec::new();
        for &frame in &piece {
            let now = past.longest_match();
            found.push(now.map(|now| (now.follows.sounding.trailing_zeros(), now.equal_steps)));
            past.push(frame);
        }
        assert_eq!(found[..4], [None; 4]);
        assert_eq!(found[4..7], [Some((62, 1)), Some((64, 2)), None]);
        // 64 once led to 60; then 64, 60 to 62; then 64, 60, 62 to 65, while 60, 62 last led to 65 too.
        assert_eq!(found[7..], [Some((60, 1)), Some((62, 2))]);
        assert_eq!(past.longest_match(), Some(Match { follows: note(65), equal_steps: 3 }));
    }

    /// What [`Past`] computes, as its documentation says it.
    fn by_comparison(frames: &[Frame]) -> Option<(usize, u32)> {
        let equal = |step: usize| {
            let pairs = frames[..step].iter().rev().zip(frames.iter().rev());
            pairs.take_while(|(earlier, last)| earlier == last).count() as u32
        };
        (1..frames.len())
            .map(|step| (step, equal(step)))
            .max_by_key(|found| found.1)
            .filter(|found| found.1 > 0)
    }

    #[test]
    fn a_piece_has_the_matches_that_its_frames_have_one_by_one() {
        let piece: Vec<Frame> = (0..300u32).map(|step| note(40 + (step * step / 7 % 5) as u8)).collect();
        let of_piece = Matches::of(&piece);
        let mut past = Past::default();
        for (step, &frame) in piece.iter().enumerate() {
            assert_eq!(past.longest(), by_comparison(&piece[..step]), "step {step}");
            assert_eq!(of_piece.at(step, &piece), past.longest_match(), "step {step}");
            past.push(frame);
        }
    }

    #[test]
    fn tokens_have_matches_as_frames_do() {
        let piece = [3u32, 1, 2, 3, 1];
        let found = Matches::of(&piece).at(4, &piece).expect("3 came before");
        assert_eq!(found, Match { follows: 1, equal_steps: 1 });
    }

    #[test]
    fn what_is_too_long_ago_is_forgotten() {
        let mut past = Past::default();
        past.push(note(60));
        for _ in 0..WINDOW {
            past.push(Frame::default());
        }
        past.push(note(60));
        assert_eq!(past.longest_match(), None);
    }
}
