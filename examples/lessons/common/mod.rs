//! What every lesson does at its end: print its numbers, and write them and its figures into a folder.

use serde_json::{Map, Value};
use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

/// What the functions of a lesson return.
pub type Outcome<T> = Result<T, Box<dyn Error>>;

/// The numbers and figures of a lesson.
pub struct Results {
    lesson: &'static str,
    numbers: Map<String, Value>,
    figures: Vec<(String, String)>,
}

impl Results {
    /// Of the lesson `lesson_N`.
    pub fn of(lesson: &'static str) -> Self {
        Results { lesson, numbers: Map::new(), figures: Vec::new() }
    }

    /// Keeps a number that the text of the lesson quotes by its name.
    pub fn number(&mut self, name: impl Into<String>, value: impl Into<f64>) {
        self.numbers.insert(name.into(), Value::from(value.into()));
    }

    /// Keeps a figure; `name` is part of its file name.
    pub fn figure(&mut self, name: &str, svg: String) {
        self.figures.push((name.to_owned(), svg));
    }

    /// Prints the numbers; writes them as JSON and the figures as SVG into the folder that `COURSE_FIGURES` names, `runs/course`
    /// if there is none.
    pub fn finish(self) -> Outcome<()> {
        let folder =
            env::var_os("COURSE_FIGURES").map_or_else(|| PathBuf::from("runs/course"), PathBuf::from);
        fs::create_dir_all(&folder)?;
        for (name, value) in &self.numbers {
            println!("{name:<32} {:.6}", value.as_f64().unwrap_or(f64::NAN));
        }
        let text = serde_json::to_string_pretty(&self.numbers)? + "\n";
        fs::write(folder.join(format!("{}.json", self.lesson)), text)?;
        for (name, svg) in &self.figures {
            let path = folder.join(format!("{}_{name}.svg", self.lesson));
            fs::write(&path, composer_report::charts::standalone(svg))?;
            println!("{}", path.display());
        }
        Ok(())
    }
}
