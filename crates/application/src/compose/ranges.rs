//! Pitches as text: a range, and where music lies.

use composer_decoding::grammar::read_pitch;

/// The lowest and the highest of two pitches such as `C3-C6`.
///
/// # Errors
/// In words for the person who wrote it.
pub fn pitch_range(text: &str) -> Result<(u8, u8), String> {
    // A pitch may itself hold a minus sign (C-1): the one in the middle divides.
    let places = text.match_indices('-').map(|(place, _)| place);
    let mut read =
        places.filter_map(|place| Some((read_pitch(&text[..place])?, read_pitch(&text[place + 1..])?)));
    let range = read.next().ok_or("write two pitches, such as C3-C6")?;
    if range.0 > range.1 { Err("the lower pitch comes first, such as C3-C6".into()) } else { Ok(range) }
}

/// A mean pitch, as MIDI number: of a range such as `C3-C5` its middle, or a pitch such as `C4` itself.
///
/// # Errors
/// In words for the person who wrote it.
pub fn register(text: &str) -> Result<f64, String> {
    if let Some(pitch) = read_pitch(text) {
        return Ok(f64::from(pitch));
    }
    match pitch_range(text) {
        Ok((low, high)) => Ok(f64::midpoint(f64::from(low), f64::from(high))),
        Err(_) => Err("write a pitch or a range of them, the lower one first, such as C4 or C3-C5".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_two_pitches_and_registers_their_middle_or_one() {
        assert_eq!(pitch_range("C3-C6"), Ok((48, 84)));
        assert_eq!(pitch_range("C-1-C4"), Ok((0, 60)));
        assert!(pitch_range("C6-C3").is_err() && pitch_range("C3").is_err() && pitch_range("3-4").is_err());
        assert_eq!((register("C3-C5"), register("C4"), register("C-1")), (Ok(60.0), Ok(60.0), Ok(0.0)));
        assert!(register("C5-C3").is_err() && register("high").is_err());
    }
}
