//! Velocities in 32 bins, as the performance vocabulary has them.

/// Number of bins.
pub const VELOCITY_BINS: u32 = 32;

/// The bin of a velocity 1–127: four velocities to a bin.
pub fn bin(velocity: u8) -> u32 {
    u32::from(velocity.clamp(1, 127) - 1) / 4
}

/// The velocity that stands for a bin: the middle one, so that none moves by more than two.
pub fn of_bin(bin: u32) -> u8 {
    (4 * bin.min(VELOCITY_BINS - 1) + 2) as u8
}

/// The velocity that a velocity becomes.
pub fn rounded(velocity: u8) -> u8 {
    of_bin(bin(velocity))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_velocity_moves_by_more_than_two() {
        for velocity in 1..=127u8 {
            assert!(rounded(velocity).abs_diff(velocity) <= 2, "{velocity}");
            assert_eq!(rounded(rounded(velocity)), rounded(velocity));
        }
        assert_eq!((bin(1), bin(127)), (0, VELOCITY_BINS - 1));
    }
}
