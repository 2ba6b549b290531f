//! [`FrameContext`]: the frames before, as far as the next one depends on them.

use composer_music::representation::frames::Frame;

/// What one voice of the decoder remembers of the music that it has written.
#[derive(Clone, Debug)]
pub struct FrameContext {
    pub(super) previous: Frame,
    /// For how many steps each pitch has been held.
    pub(super) ages: [u32; 128],
    /// The pitches whose age is not 0: those that sound and are not released.
    held: u128,
    pub(super) silence: usize,
}

impl Default for FrameContext {
    fn default() -> Self {
        Self { previous: Frame::default(), ages: [0; 128], held: 0, silence: 0 }
    }
}

impl FrameContext {
    /// The last frame; empty at the beginning.
    pub fn previous(&self) -> Frame {
        self.previous
    }

    /// Lets everything that sounds end here: what sounds next begins.
    pub fn release(&mut self) {
        self.ages.fill(0);
        self.held = 0;
    }

    /// The pitches that sound and are not released.
    pub(super) fn held(&self) -> u128 {
        self.held
    }

    /// Takes a frame as written.
    pub fn push(&mut self, frame: Frame) {
        for (pitch, age) in self.ages.iter_mut().enumerate() {
            let bit = 1 << pitch;
            *age = match (frame.sounding & bit != 0, frame.onsets & bit != 0) {
                (false, _) => 0,
                (true, true) => 1,
                (true, false) => *age + 1,
            };
        }
        self.held = frame.sounding;
        self.silence = if frame.sounding == 0 { self.silence + 1 } else { 0 };
        self.previous = frame;
    }
}
