//! The finished trainings of a study in a file, a line each, so that a study that was stopped goes on.

use crate::error::{Result, wrong_input};
use composer_music::input::{MAX_TEXT, read_regular_text};
use composer_studies::cells::{Config, Outcome};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

/// The first line: of what study the trainings are.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Head {
    /// Version of the program.
    composer: String,
    /// Check sum of the music.
    music: u32,
    /// All settings.
    settings: Value,
}

/// A file to which the outcome of every training is added as it ends.
pub(super) struct Journal {
    file: File,
    /// Those that were there.
    pub(super) done: Vec<Outcome>,
}

impl Journal {
    /// Begins the file, or with `resume` reads it and goes on. `music` is a check sum of the music.
    ///
    /// # Errors
    /// The file cannot be read or written, or it is of a study with other settings, music or version.
    pub(super) fn open(path: &Path, resume: bool, music: u32, config: &Config) -> Result<Self> {
        let at = path.display();
        let settings = serde_json::to_value(config).map_err(anyhow::Error::from)?;
        let head = Head { composer: env!("CARGO_PKG_VERSION").to_owned(), music, settings };
        let done = if resume && path.exists() { finished(path, &head)? } else { Vec::new() };
        let begin = || -> io::Result<File> {
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder)?;
            }
            let mut file = File::create(path)?;
            write_line(&mut file, &head)?;
            done.iter().try_for_each(|outcome| write_line(&mut file, outcome))?;
            Ok(file)
        };
        let file = begin().map_err(|error| wrong_input(format!("cannot write {at}: {error}")))?;
        Ok(Self { file, done })
    }

    /// Adds a training.
    pub(super) fn add(&mut self, outcome: &Outcome) -> io::Result<()> {
        write_line(&mut self.file, outcome)
    }
}

/// The trainings of a file. A line that was cut off when the machine stopped is left out.
fn finished(path: &Path, head: &Head) -> Result<Vec<Outcome>> {
    let at = path.display();
    let text = read_regular_text(path, MAX_TEXT)
        .map_err(|error| wrong_input(format!("cannot read {at}: {error}")))?;
    let mut lines = text.lines();
    let found: Option<Head> = lines.next().and_then(|line| serde_json::from_str(line).ok());
    if found.as_ref() != Some(head) {
        let what = "is of a study with other settings, music or version: leave out --resume, or choose another folder";
        return Err(wrong_input(format!("{at} {what}")).into());
    }
    Ok(lines.map_while(|line| serde_json::from_str(line).ok()).collect())
}

fn write_line(file: &mut File, value: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    file.write_all(&line)?;
    file.flush()
}

#[cfg(test)]
mod tests {
    use super::*;
    use composer_bptt::Cell;
    use composer_studies::cells::{Arm, Form, Trial};

    fn outcome(seed: u64) -> Outcome {
        Outcome {
            trial: Trial { form: Form::Events, cell: Cell::Gru, arm: Arm::Noise, seed },
            hidden: 3,
            parameters: 100,
            updates: 7,
            seconds: 0.1,
            nll_per_step: 1.0 / 3.0,
            nll_per_quarter: 0.1 + 0.2,
            bars: Vec::new(),
            recovery: vec![1e-300, -0.0],
        }
    }

    #[test]
    fn what_was_finished_is_read_to_the_bit_and_a_line_cut_off_is_not() {
        let here = tempfile::tempdir().expect("a folder");
        let path = here.path().join("new/cells.jsonl");
        let config = Config::default();
        let mut journal = Journal::open(&path, true, 5, &config).expect("begins");
        for seed in 1..3 {
            journal.add(&outcome(seed)).expect("writes");
        }
        let text = fs::read_to_string(&path).expect("reads");
        fs::write(&path, format!("{text}{{\"trial\":")).expect("writes");
        let again = Journal::open(&path, true, 5, &config).expect("goes on");
        assert_eq!(again.done, [outcome(1), outcome(2)]);
        assert_eq!(fs::read_to_string(&path).expect("reads"), text, "without the line that was cut off");
        let others = [(6, config.clone()), (5, Config { floor: 0.5, ..config.clone() })];
        for (music, other) in others {
            let refused = Journal::open(&path, true, music, &other).err().expect("refuses").to_string();
            assert!(refused.contains("other settings") && refused.contains("--resume"), "{refused}");
        }
        assert_eq!(Journal::open(&path, false, 5, &config).expect("begins anew").done, []);
    }
}
