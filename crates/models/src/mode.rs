//! [`Mode`], lent more than once.

use composer_bptt::Mode;

/// The same mode for a shorter time.
pub(crate) fn reborrow<'a>(mode: &'a mut Mode<'_>) -> Mode<'a> {
    match mode {
        Mode::Eval => Mode::Eval,
        Mode::Train { rng } => Mode::Train { rng },
    }
}
