//! What a composition tells while it is written.

use crate::error::stopped;
use crate::progress::Progress;
use composer_music::Score;

/// Steps, or tokens, from one report of the music so far to the next: half a bar of sixteenths.
const REPORT_STEPS: u64 = 8;

/// Tells how far a composition is, or ends it where that is asked for; `so_far` is the music of a result.
pub(super) fn report(
    progress: &mut dyn Progress,
    done: u64,
    total: u64,
    so_far: impl Fn(usize) -> Option<Score>,
) -> anyhow::Result<()> {
    if progress.stop_requested() {
        return Err(stopped());
    }
    progress.advance(done, total, "");
    if progress.wants_so_far() && done.is_multiple_of(REPORT_STEPS) {
        (0..).map_while(|output| Some((output, so_far(output)?))).for_each(|(output, score)| {
            progress.so_far(output, &score);
        });
    }
    Ok(())
}
