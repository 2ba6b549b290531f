//! A SoundFont of one sound, made here: no file of others is needed to test with.

/// A sine of 441 Hz that is held as long as a note, as a SoundFont 2.1 file with one preset.
pub fn of_a_sine() -> Vec<u8> {
    let wave = |n: u32| (20_000.0 * (std::f64::consts::TAU * f64::from(n) / 100.0).sin()) as i16;
    // Behind each sample the format wants 46 empty ones.
    let samples = (0..1000).map(wave).chain([0; 46]).flat_map(i16::to_le_bytes).collect();
    let name = |text: &str| {
        let mut bytes = text.as_bytes().to_vec();
        bytes.resize(20, 0);
        bytes
    };
    let words = |words: &[u16]| words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<u8>>();
    let long = |words: &[u32]| words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<u8>>();
    let preset = |text: &str, bag: u16| [name(text), words(&[0, 0, bag]), long(&[0, 0, 0])].concat();
    let instrument = |text: &str, bag: u16| [name(text), words(&[bag])].concat();
    let header = |text: &str, places: [u32; 5], pitch: u8, kind: u16| {
        [name(text), long(&places), vec![pitch, 0], words(&[0, kind])].concat()
    };
    // Generators: 41 names the instrument, 54 loops the sample, 53 names it.
    let pdta = [
        chunk("phdr", [preset("Sine", 0), preset("EOP", 1)].concat()),
        chunk("pbag", words(&[0, 0, 1, 0])),
        chunk("pmod", vec![0; 10]),
        chunk("pgen", words(&[41, 0, 0, 0])),
        chunk("inst", [instrument("Sine", 0), instrument("EOI", 1)].concat()),
        chunk("ibag", words(&[0, 0, 2, 0])),
        chunk("imod", vec![0; 10]),
        chunk("igen", words(&[54, 1, 53, 0, 0, 0])),
        chunk(
            "shdr",
            [header("Sine", [0, 1000, 100, 900, 44_100], 69, 1), header("EOS", [0; 5], 0, 0)].concat(),
        ),
    ];
    let info = [
        chunk("ifil", words(&[2, 1])),
        chunk("isng", b"EMU8000\0".to_vec()),
        chunk("INAM", b"Sine\0\0".to_vec()),
    ];
    let list =
        |kind: &str, parts: &[Vec<u8>]| chunk("LIST", [kind.as_bytes().to_vec(), parts.concat()].concat());
    let whole =
        [b"sfbk".to_vec(), list("INFO", &info), list("sdta", &[chunk("smpl", samples)]), list("pdta", &pdta)];
    chunk("RIFF", whole.concat())
}

fn chunk(name: &str, bytes: Vec<u8>) -> Vec<u8> {
    [name.as_bytes(), &(bytes.len() as u32).to_le_bytes(), &bytes].concat()
}
