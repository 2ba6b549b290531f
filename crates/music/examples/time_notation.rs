//! Says how long the reading of notation takes, for `scripts/compare_notation_speed.py`: for every path of the standard input, one on a
//! line, the seconds of the fastest of some readings, and the notes that were read. Reading is all from the bytes on disk to the
//! notes as they are played.
//!
//!     time_notation [REPETITIONS] < PATHS

use std::io::{BufRead, Write};
use std::time::Instant;

use composer_music::notation::{self, Options};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let repetitions: usize = std::env::args().nth(1).map_or(Ok(1), |text| text.parse())?;
    for path in std::io::stdin().lock().lines() {
        let path = path?;
        let (mut fastest, mut notes) = (f64::INFINITY, 0);
        for _ in 0..repetitions.max(1) {
            let began = Instant::now();
            let file = notation::read(&path, &Options::default())?;
            fastest = fastest.min(began.elapsed().as_secs_f64());
            notes = file.score.notes().count();
        }
        let mut out = std::io::stdout().lock();
        writeln!(out, "{fastest:.9} {notes}")?;
        out.flush()?;
    }
    Ok(())
}
