//! Keys: tonic, mode, and accidentals of their own.

/// Letters in the order of their semitones above C, and those.
pub(super) const SEMITONES: [i32; 7] = [0, 2, 4, 5, 7, 9, 11];

/// The accidentals of a key by letter, from C: −1 is a flat.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Accidentals(pub [i8; 7]);

/// What `K:` says. A key field with a clef only has no accidentals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key {
    pub accidentals: Option<Accidentals>,
    pub minor: bool,
}

/// Letters in the order in which sharps are added to a signature.
const SHARPS: [usize; 7] = [3, 0, 4, 1, 5, 2, 6];

impl Accidentals {
    /// The signature with so many sharps, or flats if negative.
    fn signature(sharps: i32) -> Self {
        let mut all = [0; 7];
        for place in 0..7 {
            if sharps > place {
                all[SHARPS[place as usize]] += 1 + i8::from(sharps > place + 7);
            }
            if -sharps > place {
                all[SHARPS[6 - place as usize]] -= 1 + i8::from(-sharps > place + 7);
            }
        }
        Self(all)
    }

    /// Sharps of the signature, if it is one of the fifteen.
    pub fn usual(&self) -> Option<i8> {
        (-7..=7).find(|&sharps| *self == Self::signature(sharps.into()))
    }
}

/// The letter of a note, from C; capital or small.
pub(super) fn letter(byte: u8) -> Option<u8> {
    Some(match byte.to_ascii_uppercase() {
        b'C' => 0,
        b'D' => 1,
        b'E' => 2,
        b'F' => 3,
        b'G' => 4,
        b'A' => 5,
        b'B' => 6,
        _ => return None,
    })
}

/// Sharps of a major key on a letter.
const MAJOR: [i32; 7] = [0, 2, 4, -1, 1, 3, 5];

/// Reads the value of a key field; `None` for what is no key.
pub(super) fn key_of(value: &str) -> Option<Key> {
    let mut rest = value.trim();
    let clef_only = |accidentals| Some(Key { accidentals, minor: false });
    match rest.split_whitespace().next().unwrap_or_default() {
        "" | "none" => return clef_only(Some(Accidentals::default())),
        // Highland pipes: F and C sharp.
        "HP" | "Hp" => return clef_only(Some(Accidentals::signature(2))),
        word if word.contains('=') && !word.starts_with('=') => return clef_only(None),
        "treble" | "bass" | "alto" | "tenor" | "perc" | "treble-8" | "treble+8" | "bass-8" => {
            return clef_only(None);
        }
        _ => {}
    }
    let tonic = letter(rest.bytes().next()?).filter(|_| rest.as_bytes()[0].is_ascii_uppercase())?;
    rest = &rest[1..];
    let mut sharps = MAJOR[usize::from(tonic)];
    if let Some(after) = rest.strip_prefix('#') {
        (sharps, rest) = (sharps + 7, after);
    } else if let Some(after) = rest.strip_prefix('b') {
        (sharps, rest) = (sharps - 7, after);
    }
    let rest = rest.trim_start();
    let word = rest.split(|letter: char| !letter.is_ascii_alphabetic()).next().unwrap_or_default();
    let mode = word.to_lowercase();
    let (fifths, minor, is_mode) = match mode.get(..mode.len().min(3)).unwrap_or_default() {
        "" => (0, false, false),
        "m" | "min" | "aeo" => (-3, true, true),
        "maj" | "ion" => (0, false, true),
        "mix" => (-1, false, true),
        "dor" => (-2, false, true),
        "phr" => (-4, false, true),
        "lyd" => (1, false, true),
        "loc" => (-5, false, true),
        "exp" => (-sharps, false, true),
        _ => (0, false, false),
    };
    let mut accidentals = Accidentals::signature(sharps + fifths);
    for word in (if is_mode { &rest[word.len()..] } else { rest }).split_whitespace() {
        let change = word.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
        let amount = match change {
            "^" => 1,
            "^^" => 2,
            "_" => -1,
            "__" => -2,
            "=" => 0,
            _ => continue,
        };
        if let Some(letter) = word[change.len()..].bytes().next().and_then(letter) {
            accidentals.0[usize::from(letter)] = amount;
        }
    }
    Some(Key { accidentals: Some(accidentals), minor })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_the_accidentals_of_their_modes() {
        for (text, sharps, minor) in [
            ("C", Some(0), false),
            ("G", Some(1), false),
            ("Gm", Some(-2), true),
            ("F# minor", Some(3), true),
            ("Bb", Some(-2), false),
            ("D Mix", Some(1), false),
            ("Ador", Some(1), false),
            ("Ephr", Some(0), false),
            ("F lydian", Some(0), false),
            ("Bloc", Some(0), false),
            ("none", Some(0), false),
            ("HP", Some(2), false),
            ("G clef=bass", Some(1), false),
            ("D exp ^f", Some(1), false),
            ("D =c", Some(1), false),
            ("Dm ^c", None, true),
        ] {
            let key = key_of(text).expect("a key");
            assert_eq!((key.accidentals.unwrap().usual(), key.minor), (sharps, minor), "{text}");
        }
        assert_eq!(key_of("clef=bass").expect("a clef").accidentals, None);
        assert_eq!(key_of("H"), None);
    }
}
