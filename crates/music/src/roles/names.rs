//! What the name of a track says of its role, by whole words in the usual languages.

use super::role::Role;

/// Words in small letters without accents, in English, German, French, Italian, Spanish, Portuguese, Dutch, Polish and Russian; a space
/// divides words that belong together.
///
/// The first list with a word of the name decides, so that a "bass drum" is a drum and "backing vocals" accompany.
const LISTS: [(Role, &str); 5] = [
    (
        Role::Drums,
        "drum, drums, drumkit, drumset, drumloop, drummer, perc, percs, percussion, percussions, percus, kick, kicks, \
         kickdrum, snare, snares, rimshot, sidestick, hihat, hihats, hi hat, hi hats, hh, cymbal, cymbals, toms, tomtom, \
         tomtoms, tom tom, tom toms, floor tom, low tom, mid tom, hi tom, high tom, rack tom, clap, claps, handclap, \
         handclaps, tambourine, shaker, maracas, cowbell, conga, congas, bongo, bongos, timbales, cajon, beatbox, \
         schlagzeug, trommel, trommeln, perkussion, becken, batterie, percussioni, batteria, tamburo, tamburi, \
         percusion, bateria, tambor, tambores, percussao, slagwerk, trommels, perkusja, ударные, барабан, барабаны",
    ),
    (
        Role::Accompaniment,
        "backing, background, backup, accomp, accompaniment, begleitung, accompagnement, accompagnamento, \
         acompanamiento, acompanhamento, oohs, aahs, ooh, aah, аккомпанемент",
    ),
    (
        Role::Bass,
        "bass, basses, bassline, basslines, bassguitar, bassi, basso, contrabass, contrabasses, doublebass, ebass, \
         subbass, synthbass, slapbass, continuo, violone, bassgitarre, kontrabass, kontrabasse, basse, contrebasse, \
         contrabbasso, contrabasso, bajo, contrabajo, baixo, contrabaixo, basgitaar, contrabas, gitara basowa, бас, \
         контрабас",
    ),
    (
        Role::Melody,
        "melody, melodies, vocal, vocals, vox, voc, voice, lead, solo, soloist, sing, singer, tune, theme, soprano, \
         cantus, superius, melodie, gesang, singstimme, stimme, melodiestimme, sopran, melodia, chant, voix, canto, \
         voce, voz, voces, zang, spiew, wokal, мелодия, голос, вокал",
    ),
    (
        Role::Accompaniment,
        "piano, pianoforte, fortepiano, pno, chord, chords, guitar, guitars, gtr, gt, string, strings, pad, pads, organ, harp, harpsichord, \
         bridge, comp, comping, brass, keys, keyboard, epiano, arp, arpeggio, rhythm, klavier, clavier, gitarre, guitarre, gitarren, \
         streicher, orgel, harfe, cembalo, akkorde, guitare, orgue, clavecin, cordes, chitarra, archi, organo, arpa, \
         guitarra, cuerdas, violao, gitaar, strijkers, gitara, фортепиано, гитара, орган",
    ),
];

/// Words of writing without spaces between words: these decide wherever they are in the name.
const SYLLABLES: [(Role, &str); 4] = [
    (Role::Drums, "ドラム, パーカッション, 打楽器, 鼓"),
    (Role::Bass, "ベース, 低音, 贝斯, 貝斯"),
    (Role::Melody, "メロディ, 主旋律, ボーカル, ヴォーカル, うた, 旋律, 人声"),
    (Role::Accompaniment, "ピアノ, ギター, ストリングス, オルガン, 伴奏, コード, 钢琴, 吉他"),
];

/// Words that mean a pitched instrument although one of theirs is in a list.
const NOT_DRUMS: [&str; 5] = ["steel drum", "steel drums", "perc organ", "percussion organ", "melodic toms"];

/// The role that a name says, and the word of it that decides.
pub(super) fn role_of(name: &str) -> Option<(Role, &'static str)> {
    let words = words(name);
    let has = |wanted: &str| {
        let wanted: Vec<&str> = wanted.split(' ').collect();
        words
            .windows(wanted.len())
            .any(|window| window.iter().zip(&wanted).all(|(word, wanted)| word == wanted))
    };
    let pitched = NOT_DRUMS.iter().any(|phrase| has(phrase));
    for (role, list) in LISTS {
        if role == Role::Drums && pitched {
            continue;
        }
        if let Some(word) = list.split(", ").find(|word| has(word)) {
            return Some((role, word));
        }
    }
    let written = |&(role, list): &(Role, &'static str)| {
        list.split(", ").find(|word| name.contains(*word)).map(|word| (role, word))
    };
    SYLLABLES.iter().find_map(written)
}

/// The words of a name, in small letters without accents: divided by everything that is no letter, and where a small letter is
/// followed by a capital one, as in `BassGuitar`.
fn words(name: &str) -> Vec<String> {
    let (mut words, mut word, mut small) = (Vec::new(), String::new(), false);
    // Accents that are letters of their own, as some systems write them, belong to the letter before.
    for letter in name.chars().filter(|letter| !('\u{300}'..='\u{36F}').contains(letter)) {
        if !letter.is_alphabetic() || small && letter.is_uppercase() {
            words.push(std::mem::take(&mut word));
        }
        if letter.is_alphabetic() {
            letter.to_lowercase().for_each(|letter| word.push(plain(letter)));
            if letter == 'ß' {
                word.push('s');
            }
        }
        small = letter.is_lowercase();
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}

/// A letter without its accent, for the accents of the languages in the lists.
fn plain(letter: char) -> char {
    match letter {
        'à'..='å' | 'ą' => 'a',
        'ç' | 'ć' => 'c',
        'è'..='ë' | 'ę' => 'e',
        'ì'..='ï' => 'i',
        'ñ' | 'ń' => 'n',
        'ò'..='ö' => 'o',
        'ù'..='ü' => 'u',
        'ß' | 'ś' => 's',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_words_decide_and_parts_of_words_do_not() {
        let none = "Tomorrow, Bassoon, Contrabassoon, Basset horn, Sharp, Company, Fortune, Pleading, Stringendo, Padua, Harpoon, Snarework, \
                    Percival, Unsolved, Kickstarter, Compass, Embassy, Tom Sawyer, Chordata, , Flute 2, Organism, Steel Drums";
        for name in none.split(", ") {
            assert_eq!(role_of(name), None, "{name}");
        }
        for (role, names) in [
            (
                Role::Drums,
                "DRUMS, Drum Kit, drumkit, Bass Drum, Hi-Hat, hihat2, Floor Tom 1, Tom-Tom, Schlagzeug, Batería, ドラムス",
            ),
            (
                Role::Bass,
                "Bass, Basso continuo, E-Bass, BassGuitar, bass1, Acoustic_Bass, Kontrabaß, Contrebasse, Bass voice, Bajo, ベース",
            ),
            (
                Role::Melody,
                "Lead Guitar, Vocals, melody, Synth Lead, Gesang, Mélodie, SoloViolin, Me\u{301}lodie, メロディー",
            ),
            (
                Role::Accompaniment,
                "Piano, Backing Vocals, Perc. Organ, Gitarre, Strings (pizz.), Voice Oohs, Begleitung, 伴奏",
            ),
        ] {
            for name in names.split(", ") {
                assert_eq!(role_of(name).map(|(role, _)| role), Some(role), "{name}");
            }
        }
        assert_eq!(role_of("Kontrabaß"), Some((Role::Bass, "kontrabass")));
    }
}
