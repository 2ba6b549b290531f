//! [`recipe`]: the command that makes a piece, as the files have it that `composer again` reads.

use super::make::{Workbench, primer, vary_options};
use crate::project::{Node, Operation, Part, Project, Steering, Varied};
use composer_application::again::{InputFile, Recipe};
use composer_application::models::BuiltIn;
use composer_application::rewrite::{Lock, Tune};
use composer_application::{Error, Result};
use composer_music::corpus::sha256_hex;
use std::path::{Path, PathBuf};

/// Arguments as they are collected.
#[derive(Default)]
struct Arguments(Vec<String>);

impl Arguments {
    fn push(&mut self, text: impl Into<String>) -> &mut Self {
        self.0.push(text.into());
        self
    }

    /// An option with its value, if there is one.
    fn give(&mut self, option: &str, value: Option<impl ToString>) -> &mut Self {
        if let Some(value) = value {
            // One word, so that a value that begins with a hyphen is one.
            self.0.push(format!("{option}={}", value.to_string()));
        }
        self
    }
}

/// The recipe of a piece; `None`: no command makes it, but the studio does, by its operation.
///
/// # Errors
/// What it was made from is gone.
pub fn recipe(project: &Project, node: &Node) -> Result<Option<Recipe>> {
    let parent = node.parent.and_then(|id| project.node(id));
    let given = parent.map(|parent| project.path_of(parent));
    let store =
        |bytes: &[u8]| Ok(project.folder().join("music").join(format!("{}.mid", project.store(bytes)?)));
    let bench = Workbench { folder: project.folder(), given: given.as_deref(), store: &store };
    let mut read: Vec<PathBuf> = given.iter().cloned().collect();
    let mut words = Arguments::default();
    let mut file = format!("{}.mid", node.music);
    let (model, seed) = match &node.operation {
        Operation::Open(_) | Operation::Edit(_) => return Ok(None),
        Operation::Compose(options) => {
            words.push("compose");
            composing(&mut words, &options.steering, options.bars);
            (&options.model, options.seed)
        }
        Operation::Continue(options) => {
            let (path, before) = primer(options, &bench)?;
            words.push("compose").give("--primer-midi", Some(inside(project, &path)));
            composing(&mut words, &options.steering, before + options.bars);
            read = vec![path];
            (&options.model, options.seed)
        }
        Operation::Infill(options) if options.lock.is_empty() => {
            let Some(path) = &given else { return Ok(None) };
            words.push("infill").push(inside(project, path));
            words.give("--bars", Some(format!("{}-{}", options.bars.first, options.bars.last)));
            words.give("--track", options.track).give("--keep", options.keep.as_ref());
            rewriting(&mut words, &options.steering);
            (&options.model, options.seed)
        }
        Operation::Infill(options) => {
            varying(&mut words, project, &options.around_locks(), given.as_deref())?;
            (&options.model, options.seed)
        }
        Operation::Vary(options) => {
            varying(&mut words, project, options, given.as_deref())?;
            (&options.model, options.seed)
        }
        Operation::Accompany(options) | Operation::Drum(options) | Operation::Reharmonise(options) => {
            let (None, Some(path)) = (options.bars, &given) else { return Ok(None) };
            part(&mut words, &node.operation, options, &inside(project, path));
            (&options.model, options.seed)
        }
        Operation::Humanise(options) => {
            let (None, Some(path)) = (options.bars, &given) else { return Ok(None) };
            words.push("humanise").push(inside(project, path));
            words.give("--temperature", options.steering.temperature);
            (&options.model, options.seed)
        }
    };
    words.give("--model", Some(model)).give("--seed", Some(seed));
    match words.0[0].as_str() {
        "compose" => {
            words.give("--num-outputs", Some(1)).give("--output-dir", Some("compositions"));
            file = "composition-1.mid".into();
        }
        _ => drop(words.give("--output", Some(format!("music/{file}")))),
    }
    let mut inputs = read.iter().map(|path| input(project, path)).collect::<Result<Vec<_>>>()?;
    inputs.push(match BuiltIn::by_name(model) {
        Some(known) => InputFile { path: model.into(), sha256: sha256_hex(known.bytes()) },
        None => input(project, &project.folder().join(model))?,
    });
    Ok(Some(Recipe {
        composer: env!("CARGO_PKG_VERSION").to_owned(),
        arguments: words.0,
        folder: ".".into(),
        file,
        sha256: node.music.clone(),
        seed,
        output: 1,
        nats_per_step: node.nats_per_step,
        inputs,
    }))
}

/// A path from the folder of the project.
fn inside(project: &Project, path: &Path) -> String {
    path.strip_prefix(project.folder()).unwrap_or(path).to_string_lossy().into_owned()
}

fn input(project: &Project, path: &Path) -> Result<InputFile> {
    let bytes = std::fs::read(path).map_err(Error::from)?;
    Ok(InputFile { path: inside(project, path).into(), sha256: sha256_hex(&bytes) })
}

fn composing(words: &mut Arguments, steering: &Steering, bars: usize) {
    words.give("--length", Some(format!("{bars}bars")));
    words.give("--metre", steering.metre).give("--qpm", steering.qpm);
    words.give("--style", steering.style.as_ref()).give("--density", steering.density);
    rewriting(words, steering);
}

fn rewriting(words: &mut Arguments, steering: &Steering) {
    words.give("--temperature", steering.temperature).give("--max-polyphony", steering.max_polyphony);
    words.give("--key", steering.key.as_ref()).give("--chords", steering.chords.as_ref());
}

fn varying(words: &mut Arguments, project: &Project, options: &Varied, given: Option<&Path>) -> Result<()> {
    let Some(path) = given else { return Err(Error::wrong_input("the piece that was varied is gone")) };
    let tune = Tune::read(path)?;
    words.push("vary").push(inside(project, path)).give("--amount", Some(options.amount));
    words.give("--only", options.only.as_ref());
    let locks: Vec<String> = vary_options(options, &tune.score)?.lock.iter().map(lock).collect();
    words.give("--lock", (!locks.is_empty()).then(|| locks.join(",")));
    rewriting(words, &options.steering);
    Ok(())
}

fn lock(lock: &Lock) -> String {
    match lock {
        Lock::Bars(bars) => bars.to_string(),
        Lock::Track(track) => format!("track:{track}"),
    }
}

fn part(words: &mut Arguments, operation: &Operation, options: &Part, path: &str) {
    let (command, track) = match operation {
        Operation::Drum(_) => ("drum", "--bass-track"),
        Operation::Reharmonise(_) => ("reharmonise", "--melody-track"),
        _ => ("accompany", "--melody-track"),
    };
    words.push(command).push(path).give(track, options.track);
    let style = options.steering.style.as_ref().filter(|_| command == "reharmonise");
    words.give("--style", style).give("--temperature", options.steering.temperature);
    words.give("--max-polyphony", options.steering.max_polyphony);
}
