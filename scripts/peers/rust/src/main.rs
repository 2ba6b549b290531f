//! One Rust library beside ours, for scripts/compare_peers.py: `peers candle|burn|rust-lstm|rten THREADS`.
//!
//! Reads lines and answers each with one line, as `benches/src/bin/ours.rs` does; its folder holds the weights and the input that ours wrote, and for
//! rten the network as `model.onnx`.

use std::io::{BufRead, Write};
use std::time::Instant;

#[cfg(feature = "burn")]
mod burn;
#[cfg(feature = "candle")]
mod candle;
mod network;
#[cfg(feature = "rten")]
mod rten;
#[cfg(feature = "rust-lstm")]
mod rust_lstm;

use network::Network;

pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// A training step, a generated step or a sequence: returns the loss, or the logits.
pub type Run = Box<dyn FnMut() -> Result<Vec<f32>, Error>>;

fn load(library: &str, mode: &str, net: &Network) -> Result<Run, Error> {
    match library {
        #[cfg(feature = "burn")]
        "burn" => burn::load(mode, net),
        #[cfg(feature = "candle")]
        "candle" => candle::load(mode, net),
        #[cfg(feature = "rten")]
        "rten" => rten::load(mode, net),
        #[cfg(feature = "rust-lstm")]
        "rust-lstm" => rust_lstm::load(mode, net),
        _ => {
            Err(format!("{library} is not in this program, as it was not built ({mode}, {})", net.cell)
                .into())
        }
    }
}

/// Versions, as in the table of dependencies.
const VERSIONS: &[(&str, &str, bool)] = &[
    ("burn", "0.21.0 (flex)", cfg!(feature = "burn")),
    ("candle", "0.11.1", cfg!(feature = "candle")),
    ("rust-lstm", "0.10.0", cfg!(feature = "rust-lstm")),
    ("rten", "0.27.0", cfg!(feature = "rten")),
];

fn measure(run: &mut Run, seconds: f64) -> Result<String, Error> {
    let (started, mut times) = (Instant::now(), Vec::new());
    while times.len() < 3 || started.elapsed().as_secs_f64() < seconds {
        let start = Instant::now();
        std::hint::black_box(run()?);
        times.push(start.elapsed().as_secs_f64());
    }
    times.sort_by(f64::total_cmp);
    Ok(format!("{:.9} {:.9} {}", times[times.len() / 2], times[0], times.len()))
}

fn answer(library: &str, run: &mut Option<Run>, words: &[&str]) -> Result<String, Error> {
    match words {
        ["load", mode, rest @ ..] => {
            *run = None;
            let net = Network::read(rest)?;
            let mut loaded = load(library, mode, &net)?;
            let calls = match *mode {
                "train" => 3,
                "step" => net.steps,
                _ => 1,
            };
            let mut results = Vec::new();
            for _ in 0..calls {
                results.extend(loaded()?);
            }
            let bytes: Vec<u8> = results.iter().flat_map(|value| value.to_le_bytes()).collect();
            std::fs::write(net.folder.join(format!("{library}.f32")), bytes)?;
            *run = Some(loaded);
            Ok(String::new())
        }
        ["time", seconds] => measure(run.as_mut().ok_or("nothing is loaded")?, seconds.parse()?),
        _ => Err("unknown line".into()),
    }
}

fn main() -> Result<(), Error> {
    let library = std::env::args().nth(1).unwrap_or_default();
    match VERSIONS.iter().find(|(name, _, there)| *name == library && *there) {
        Some((_, version, _)) => println!("ok {version}"),
        None => {
            println!("no {library} is not in this program, as it was not built");
            return Ok(());
        }
    }
    std::io::stdout().flush()?;
    let mut run = None;
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let words: Vec<&str> = line.split_whitespace().collect();
        match answer(&library, &mut run, &words) {
            Ok(text) => println!("ok {text}"),
            Err(error) => {
                println!("no {}", error.to_string().split_whitespace().collect::<Vec<_>>().join(" "))
            }
        }
        std::io::stdout().flush()?;
    }
    Ok(())
}
