//! Renders a MIDI file: `cargo run --release -p composer-audio --example play -- piece.mid piece.wav [font.sf2]`.

use std::time::Instant;

use composer_audio::{RenderOptions, render, write_wav};
use composer_music::midi;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [input, output, rest @ ..] = arguments.as_slice() else {
        return Err("usage: play piece.mid piece.wav [font.sf2]".into());
    };
    let score = midi::read_file(input)?.score;
    let options = RenderOptions { soundfont: rest.first().map(Into::into), ..RenderOptions::default() };
    let began = Instant::now();
    let audio = render(&score, &options)?;
    let took = began.elapsed().as_secs_f64();
    write_wav(output, &audio)?;
    println!("{:.1} s of sound in {took:.2} s", audio.seconds());
    Ok(())
}
