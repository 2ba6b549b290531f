//! [`Recipe`]: a small JSON file beside each result that says how to make exactly it again.

mod made;

pub use made::Made;

use crate::error::{Result, wrong_input};
use crate::models::BuiltIn;
use crate::outputs;
use crate::progress::Progress;
use anyhow::Context;
use composer_music::atomic_file::write_atomically;
use composer_music::corpus::sha256_hex;
use composer_music::input::{self, is_standard, shown};
use composer_music::notation;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Largest recipe that is read, in bytes.
const MAX_RECIPE: u64 = 1 << 20;

/// How a result was made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recipe {
    /// The version of the program.
    pub composer: String,
    /// The arguments of the command, without its name.
    pub arguments: Vec<String>,
    /// The folder in which it ran, from which the paths in the arguments start.
    pub folder: PathBuf,
    /// The name of the result, in the folder of this file.
    pub file: String,
    /// SHA-256 of the result, in hexadecimal digits.
    pub sha256: String,
    /// The seed.
    pub seed: u64,
    /// The place of the result among those of the seed, from 1.
    pub output: usize,
    /// Mean −ln P of a step or token under the model, in nats; none for a part of a model of pairs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nats_per_step: Option<f64>,
    /// The files that it was made from.
    pub inputs: Vec<InputFile>,
}

/// A file, or a built-in model by its name, that a result was made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputFile {
    /// Its path, from the folder in which the command ran.
    pub path: PathBuf,
    /// SHA-256 of its bytes, in hexadecimal digits.
    pub sha256: String,
}

/// The recipe beside a result: its name with `.json` behind it.
pub fn path_beside(result: &Path) -> PathBuf {
    let mut name = result.file_name().unwrap_or_default().to_owned();
    name.push(".json");
    result.with_file_name(name)
}

/// Writes the recipes of results that were made from the files `read` by a command with these arguments; a note says where there is none.
///
/// # Errors
/// As [`Recipe::write`].
pub fn write_recipes(
    made: &[Made],
    arguments: &[String],
    read: &[&Path],
    progress: &mut dyn Progress,
) -> Result<()> {
    for made in made {
        if Recipe::write(made, arguments, read)?.is_none() && !is_standard(&made.path) {
            progress.note(
                "No JSON file says how to make the result again, because what it was made from is no file.",
            );
        }
    }
    Ok(())
}

impl Recipe {
    /// Writes the recipe beside a result that has been written; where. `None`: the result, or what it was made from, is no file that is
    /// there to be read again.
    ///
    /// # Errors
    /// A file cannot be read or written, or the recipe would replace something else.
    pub fn write(made: &Made, arguments: &[String], read: &[&Path]) -> Result<Option<PathBuf>> {
        let gone = |path: &&Path| {
            is_standard(path) || (!notation::file_of(path).is_file() && built_in(path).is_none())
        };
        let files = read.iter().filter(|path| !path.is_dir());
        if is_standard(&made.path) || files.clone().any(gone) {
            return Ok(None);
        }
        let recipe = Self {
            composer: env!("CARGO_PKG_VERSION").to_owned(),
            arguments: arguments.to_vec(),
            folder: std::env::current_dir()?,
            file: made.path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            sha256: sha256_of(&made.path)?,
            seed: made.seed,
            output: made.output,
            nats_per_step: made.nats_per_step,
            inputs: files.map(|path| InputFile::of(path)).collect::<Result<_>>()?,
        };
        let path = path_beside(&made.path);
        outputs::check(read, [&path])?;
        if path.exists() && Self::read(&path).is_err() {
            let text = format!("{} is there and is no recipe of composer: move it away", shown(&path));
            return Err(wrong_input(text).into());
        }
        let mut text = serde_json::to_string_pretty(&recipe).map_err(anyhow::Error::from)?;
        text.push('\n');
        write_atomically(&path, text.as_bytes()).with_context(|| format!("cannot write {}", shown(&path)))?;
        Ok(Some(path))
    }

    /// Reads a recipe.
    ///
    /// # Errors
    /// It cannot be read, or is no recipe.
    pub fn read(path: &Path) -> Result<Self> {
        let bytes = input::read_named(path, MAX_RECIPE)
            .map_err(|error| wrong_input(format!("cannot read {}: {error}", shown(path))))?;
        let recipe: Self = serde_json::from_slice(&bytes).map_err(|error| {
            wrong_input(format!(
                "{} is no file that composer writes beside a result ({error}): name one, such as tune.infilled.mid.json",
                shown(path)
            ))
        })?;
        let plain = Path::new(&recipe.file).file_name().is_some_and(|name| name == recipe.file.as_str());
        if !plain {
            let text = format!("{} names no result: its \"file\" must be the name of a file", shown(path));
            return Err(wrong_input(text).into());
        }
        Ok(recipe)
    }

    /// Where the result that is made again goes: where it was asked for, or where it was before, beside the recipe, if it is gone from there.
    /// A whole path, from any folder.
    ///
    /// # Errors
    /// It is still there.
    pub fn place(&self, recipe: &Path, asked: Option<&Path>) -> Result<PathBuf> {
        let place = asked.map_or_else(|| recipe.with_file_name(&self.file), Path::to_owned);
        if asked.is_none() && place.exists() {
            let text = format!("{} is there: name another file with --output", shown(&place));
            return Err(wrong_input(text).into());
        }
        Ok(if is_standard(&place) { place } else { std::path::absolute(&place)? })
    }

    /// Makes the result again: its bytes, which are those of before. `run` runs the command of the recipe, with its results in the folder
    /// that it gets, from the folder in which it ran before: the current folder of the whole program is that one from then on.
    ///
    /// # Errors
    /// A file that the result was made of is another one now, the command fails, or the result is another one.
    pub fn again(&self, recipe: &Path, run: impl FnOnce(&Path) -> Result<()>) -> Result<Vec<u8>> {
        self.check_inputs()?;
        let folder = std::env::temp_dir().join(format!("composer-again-{}", std::process::id()));
        std::fs::create_dir(&folder)?;
        let made = std::env::set_current_dir(self.folder()).map_err(Into::into).and_then(|()| run(&folder));
        let bytes = made.and_then(|()| {
            Ok(std::fs::read(folder.join(&self.file)).map_err(|_| {
                wrong_input(format!("the command of {} does not write {}", shown(recipe), self.file))
            })?)
        });
        let removed = std::fs::remove_dir_all(&folder);
        let bytes = bytes?;
        removed?;
        self.check_result(&bytes)?;
        Ok(bytes)
    }

    /// Refuses files that are not what they were, by paths from the folder of the recipe's command, or from this one if that is gone.
    ///
    /// # Errors
    /// A file is missing, or is another one now.
    pub fn check_inputs(&self) -> Result<()> {
        for InputFile { path, sha256 } in &self.inputs {
            let at = self.folder().join(path);
            let found = sha256_of(if at.exists() { &at } else { path }).map_err(|_| {
                wrong_input(format!("{} is missing, from which the result was made", shown(&at)))
            })?;
            if found != *sha256 {
                let text = format!("{} is not what it was when the result was made from it", shown(&at));
                return Err(wrong_input(text).into());
            }
        }
        Ok(())
    }

    /// The folder from which paths start.
    pub fn folder(&self) -> &Path {
        if self.folder.is_dir() { &self.folder } else { Path::new(".") }
    }

    /// Refuses bytes that are not the result.
    ///
    /// # Errors
    /// They are other ones; the text says why that may be.
    pub fn check_result(&self, bytes: &[u8]) -> Result<()> {
        if sha256_hex(bytes) == self.sha256 {
            return Ok(());
        }
        let version = env!("CARGO_PKG_VERSION");
        Err(anyhow::anyhow!(
            "the result is another one than before: it was made by composer {}, and this is {version}, or by other processor instructions",
            self.composer
        )
        .into())
    }
}

impl InputFile {
    fn of(path: &Path) -> Result<Self> {
        Ok(Self { path: path.to_owned(), sha256: sha256_of(path)? })
    }
}

/// The built-in model that a path names where no file does.
fn built_in(path: &Path) -> Option<&'static BuiltIn> {
    path.to_str().filter(|_| !path.exists()).and_then(BuiltIn::by_name)
}

/// SHA-256 of a file; a tune of a tune book is that of the book.
fn sha256_of(path: &Path) -> Result<String> {
    if let Some(model) = built_in(path) {
        return Ok(sha256_hex(model.bytes()));
    }
    let bytes =
        std::fs::read(notation::file_of(path)).with_context(|| format!("cannot read {}", shown(path)))?;
    Ok(sha256_hex(&bytes))
}
