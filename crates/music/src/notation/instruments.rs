//! Programs of General MIDI by the name of an instrument, for files that name no program.

/// Words, in small letters, and the program (from 0) of the instrument that they mean. The first row with a word of the name decides.
const PROGRAMS: [(&[&str], u8); 33] = [
    (&["violoncello", "violoncelle", "cello"], 42),
    (&["contrabass", "kontrabass", "contrebasse", "contrabbasso", "double bass", "double-bass"], 43),
    (&["violin", "violine", "violino", "violon", "fiddle"], 40),
    (&["viola", "bratsche", "alto viola"], 41),
    (&["harpsichord", "cembalo", "clavecin", "clavicembalo"], 6),
    (&["celesta"], 8),
    (&["glockenspiel"], 9),
    (&["vibraphone"], 11),
    (&["marimba"], 12),
    (&["xylophone"], 13),
    (&["organ", "orgel", "orgue", "organo", "harmonium"], 19),
    (&["accordion"], 21),
    (&["guitar", "gitarre", "guitarre", "guitare", "chitarra"], 24),
    (&["electric bass", "bass guitar"], 33),
    (&["harp", "harpe", "harfe", "arpa"], 46),
    (&["timpani", "pauken"], 47),
    (&["strings", "streicher"], 48),
    (
        &[
            "voice",
            "vocal",
            "vocals",
            "soprano",
            "alto",
            "tenor",
            "baritone",
            "singstimme",
            "chant",
            "gesang",
            "canto",
        ],
        52,
    ),
    (&["choir", "chorus", "chor"], 52),
    (&["trumpet", "trompete", "trompette", "tromba", "cornet"], 56),
    (&["trombone", "posaune"], 57),
    (&["tuba"], 58),
    (&["horn", "corno", "cor"], 60),
    (&["saxophone", "sax"], 65),
    (&["oboe", "hautbois"], 68),
    (&["bassoon", "fagott", "fagotto", "basson"], 70),
    (&["clarinet", "klarinette", "clarinetto", "clarinette"], 71),
    (&["piccolo"], 72),
    (&["flute", "flote", "flauto"], 73),
    (&["recorder", "blockflote"], 74),
    (&["ocarina"], 79),
    (&["banjo"], 105),
    (&["bagpipe", "bagpipes"], 109),
];

/// The program (from 0) of an instrument by its name or by MusicXML's name of its sound; that of a piano for others.
pub(super) fn program_of(name: &str) -> u8 {
    let words: String = name
        .to_lowercase()
        .chars()
        .map(|letter| if letter.is_alphabetic() { plain(letter) } else { ' ' })
        .collect();
    let words = format!(" {} ", words.split_whitespace().collect::<Vec<_>>().join(" "));
    let has = |word: &&str| {
        words.contains(&format!(" {} ", word.replace('-', " "))) || words.contains(&format!(" {word}s "))
    };
    PROGRAMS.iter().find(|(names, _)| names.iter().any(has)).map_or(0, |row| row.1)
}

/// Letters without the accents that the words of the table have.
fn plain(letter: char) -> char {
    match letter {
        'ö' => 'o',
        'û' | 'ü' => 'u',
        'é' | 'è' => 'e',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instruments_are_found_by_their_names() {
        for (name, program) in [
            ("Violin I", 40),
            ("Violoncello", 42),
            ("strings.contrabass", 43),
            ("keyboard.piano", 0),
            ("Flöte 2", 73),
            ("voice.soprano", 52),
            ("wind.reed.clarinet.bflat", 71),
            ("Pianoforte", 0),
            ("", 0),
        ] {
            assert_eq!(program_of(name), program, "{name}");
        }
    }
}
