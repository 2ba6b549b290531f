//! How long a model takes to its first bar and to its sixteenth, from the moment it is read, on one thread: a table in Markdown.
//!
//! Usage: `first_bar MODEL…`: model files, or names of built-in models that compose.

use anyhow::Result;
use composer::TrainedModel;
use composer::compose::{BarStream, ComposeOptions, Length};
use std::path::Path;
use std::time::Instant;

/// Repetitions, of which the fastest counts: others may use the machine.
const TIMES: usize = 7;

fn main() -> Result<()> {
    rayon::ThreadPoolBuilder::new().num_threads(1).build_global()?;
    println!("| model | first bar | 16 bars |\n|---|---|---|");
    for name in std::env::args().skip(1) {
        let mut fastest = [f64::INFINITY; 2];
        for _ in 0..TIMES {
            let start = Instant::now();
            let model = TrainedModel::load(Path::new(&name))?;
            let options =
                ComposeOptions { num_outputs: 1, length: Length::Bars(16), ..ComposeOptions::default() };
            let mut bars = BarStream::new(&model, &options)?;
            let first = bars.next().transpose()?;
            let times = [start.elapsed(), {
                bars.finish()?;
                start.elapsed()
            }];
            anyhow::ensure!(first.is_some(), "{name} writes no bars");
            for (fastest, time) in fastest.iter_mut().zip(times) {
                *fastest = fastest.min(time.as_secs_f64());
            }
        }
        println!("| `{name}` | {:.0} ms | {:.2} s |", 1000.0 * fastest[0], fastest[1]);
    }
    Ok(())
}
