//! An earlier frame that comes again.

use super::note_wise::NoteChoice;
use super::open::Ending;
use composer_music::representation::frames::{Frame, pitches};

impl NoteChoice<'_> {
    /// An earlier frame as it comes again here: what was held then and does not sound now begins.
    pub fn again(&self, earlier: Frame) -> Frame {
        Frame { onsets: earlier.onsets | earlier.sounding & !self.context.held(), ..earlier }
    }

    /// Whether limits and rules leave a frame open. The last chord is chosen, never given.
    pub fn allows(&self, frame: Frame) -> bool {
        let Self { context, options, open, .. } = *self;
        let (held, age) = (context.held(), |pitch: u8| context.ages[usize::from(pitch)] as usize);
        let silent = frame.is_silent() && context.silence >= options.max_silence;
        let count = frame.sounding.count_ones() as usize;
        open.ending == Ending::Before
            && open.is_in_rhythm(frame)
            && frame.sounding & !open.pitches == 0
            && frame.onsets & !open.begin == 0
            && !silent
            && count <= options.max_polyphony
            && (options.rearticulate || frame.onsets & context.previous.sounding == 0)
            && pitches(held & (frame.onsets | !frame.sounding))
                .all(|pitch| age(pitch) >= options.min_note_steps)
            && pitches(held & frame.sounding & !frame.onsets).all(|pitch| age(pitch) < options.max_note_steps)
    }
}
