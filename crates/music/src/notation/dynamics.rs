//! Marks of dynamics with their velocities, those that MuseScore plays: what readers give and the writer marks.

/// From soft to loud, as far as MusicXML has them.
pub(super) const MARKS: [(&str, u8); 14] = [
    ("pppppp", 1),
    ("ppppp", 5),
    ("pppp", 10),
    ("ppp", 16),
    ("pp", 33),
    ("p", 49),
    ("mp", 64),
    ("mf", 80),
    ("f", 96),
    ("ff", 112),
    ("fff", 126),
    ("ffff", 127),
    ("fffff", 127),
    ("ffffff", 127),
];

/// Those of [`MARKS`] that ABC has, `pppp` to `ffff`.
pub(super) fn of_abc() -> &'static [(&'static str, u8)] {
    &MARKS[2..12]
}

/// Those of [`MARKS`] that are written, `ppp` to `fff`.
pub(super) fn written() -> &'static [(&'static str, u8)] {
    &MARKS[3..11]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ranges_end_where_they_say() {
        let ends = |marks: &[(&'static str, u8)]| (marks[0].0, marks[marks.len() - 1].0);
        assert_eq!((ends(of_abc()), ends(written())), (("pppp", "ffff"), ("ppp", "fff")));
    }
}
