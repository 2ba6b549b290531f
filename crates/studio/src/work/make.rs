//! [`make`]: an [`Operation`] on a piece → a new piece, by the use cases of `composer-application`.

use super::splice;
use crate::project::{
    Composed, Continued, Humanised, Infilled, Operation, Part, Selection, Steering, Varied,
};
use composer_application::compose::{ComposeOptions, Length, Piece, Primer, compose_with};
use composer_application::humanise::{HumaniseOptions, humanise};
use composer_application::models::BuiltIn;
use composer_application::parts::{GivenFile, MelodyOptions, NewPart, PartOptions};
use composer_application::rewrite::{
    Bars, InfillOptions, Lock, RewriteSettings, Rewritten, Tune, VaryOptions, infill_until, vary,
};
use composer_application::{Error, Progress, Result, TrainedModel, accompany, drum, reharmonise};
use composer_models::ConditionValues;
use composer_music::{BarMap, Score, midi};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Where an operation finds what it needs.
pub struct Workbench<'a> {
    /// The folder of the project, from which the paths of models start.
    pub folder: &'a Path,
    /// The MIDI file of the piece that it starts from.
    pub given: Option<&'a Path>,
    /// Puts bytes into the folder of the pieces; where they are.
    pub store: &'a dyn Fn(&[u8]) -> std::io::Result<PathBuf>,
}

/// What was made.
#[derive(Clone, Debug, PartialEq)]
pub struct Made {
    /// The MIDI file.
    pub midi: Vec<u8>,
    /// What one should know of it, in sentences.
    pub remarks: Vec<String>,
    /// Mean −ln P of a step or token under the model, in nats.
    pub nats_per_step: Option<f64>,
}

impl Made {
    fn of_piece(piece: &Piece) -> Result<Self> {
        let nats_per_step = (!piece.nll.is_empty()).then(|| piece.nll_per_step());
        Ok(Self { midi: piece.to_midi()?, remarks: piece.notes.clone(), nats_per_step })
    }
}

/// Makes a piece; `progress` is told of the music so far, and may stop it.
///
/// # Errors
/// An option is wrong or does not fit the model or the piece, or it was stopped.
pub fn make(operation: &Operation, bench: &Workbench<'_>, progress: &mut dyn Progress) -> Result<Made> {
    match operation {
        Operation::Open(_) | Operation::Edit(_) => {
            Err(Error::wrong_input("what was opened or changed by hand is not made by a model"))
        }
        Operation::Compose(options) => compose(options, bench, progress),
        Operation::Continue(options) => go_on(options, bench, progress),
        Operation::Infill(options) => infill(options, bench, progress),
        Operation::Vary(options) => varied(options, bench),
        Operation::Accompany(options) | Operation::Drum(options) | Operation::Reharmonise(options) => {
            part(operation, options, bench)
        }
        Operation::Humanise(options) => humanised(options, bench),
    }
}

/// The path of a model: a name, or a file in the folder of the project and nowhere else.
///
/// # Errors
/// The path leads out of the folder.
pub fn model_path(folder: &Path, model: &str) -> Result<PathBuf> {
    let path = Path::new(model);
    if BuiltIn::by_name(model).is_some() {
        return Ok(path.to_owned());
    }
    let inside = folder.join(path).canonicalize().ok().filter(|whole| {
        folder.canonicalize().is_ok_and(|folder| whole.starts_with(folder)) && whole.is_file()
    });
    inside
        .ok_or_else(|| Error::wrong_input(format!("there is no model {model} in the folder of the project")))
}

/// A model; the built-in ones are read once, so that a request need not wait for that.
fn load(bench: &Workbench<'_>, model: &str) -> Result<Arc<TrainedModel>> {
    static READ: Mutex<BTreeMap<String, Arc<TrainedModel>>> = Mutex::new(BTreeMap::new());
    let path = model_path(bench.folder, model)?;
    if BuiltIn::by_name(model).is_none() {
        return Ok(Arc::new(TrainedModel::load(path)?));
    }
    let mut read = READ.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = read.get(model) {
        return Ok(Arc::clone(known));
    }
    let trained = Arc::new(TrainedModel::load(path)?);
    read.insert(model.to_owned(), Arc::clone(&trained));
    Ok(trained)
}

fn given<'a>(bench: &Workbench<'a>) -> Result<&'a Path> {
    bench
        .given
        .ok_or_else(|| Error::wrong_input("there is no piece to start from: open or compose one first"))
}

/// An option that is text.
fn read<T: FromStr>(text: &str) -> Result<T>
where
    T::Err: std::fmt::Display,
{
    text.parse().map_err(|error| Error::wrong_input(format!("{error}")))
}

/// The options of composing.
pub fn compose_options(steering: &Steering, bars: usize, seed: u64) -> Result<ComposeOptions> {
    let usual = ComposeOptions::default();
    Ok(ComposeOptions {
        num_outputs: 1,
        length: Length::Bars(bars),
        metre: steering.metre,
        temperature: steering.temperature,
        qpm: steering.qpm,
        seed,
        key: steering.key.as_deref().map(read).transpose()?,
        chords: steering.chords.clone(),
        max_polyphony: steering.max_polyphony.unwrap_or(usual.max_polyphony),
        conditions: ConditionValues::asked(steering.style.clone(), [steering.density, None, None]),
        ..usual
    })
}

fn compose(options: &Composed, bench: &Workbench<'_>, progress: &mut dyn Progress) -> Result<Made> {
    let model = load(bench, &options.model)?;
    first(compose_with(&model, &compose_options(&options.steering, options.bars, options.seed)?, progress)?)
}

fn first(pieces: Vec<Piece>) -> Result<Made> {
    pieces.first().map_or_else(|| Err(Error::wrong_input("the model wrote nothing")), Made::of_piece)
}

fn go_on(options: &Continued, bench: &Workbench<'_>, progress: &mut dyn Progress) -> Result<Made> {
    let model = load(bench, &options.model)?;
    let (path, before) = primer(options, bench)?;
    let mut composing = compose_options(&options.steering, before + options.bars, options.seed)?;
    composing.primer = Primer::Midi { path, inject: true };
    first(compose_with(&model, &composing, progress)?)
}

/// The file that is continued, and its bars: that of the piece, or one that ends with a bar.
///
/// # Errors
/// The piece has no such bar, or no notes before it.
pub fn primer(options: &Continued, bench: &Workbench<'_>) -> Result<(PathBuf, usize)> {
    let path = given(bench)?;
    let tune = Tune::read(path)?;
    let map = BarMap::new(&tune.score);
    let count = map.count(tune.score.end());
    // An upbeat comes on top of the bars that are asked for.
    let upbeat = u64::from(map.upbeat().is_some());
    let Some(after) = options.after.filter(|&after| after < count) else {
        return Ok((path.to_owned(), count.saturating_sub(upbeat) as usize));
    };
    if after == 0 {
        return Err(Error::wrong_input("bars are counted from 1"));
    }
    let end = map.bar(after - 1).end;
    let mut cut = tune;
    cut.score = splice::until(&cut.score, end);
    if cut.score.notes().next().is_none() {
        return Err(Error::wrong_input(format!(
            "there is no note before the end of bar {after} to go on from"
        )));
    }
    let path = (bench.store)(&cut.to_midi()?)?;
    Ok((path, after.saturating_sub(upbeat) as usize))
}

fn settings(steering: &Steering, seed: u64) -> Result<RewriteSettings> {
    let usual = RewriteSettings::default();
    Ok(RewriteSettings {
        seed,
        temperature: steering.temperature.unwrap_or(usual.temperature),
        key: steering.key.as_deref().map(read).transpose()?,
        chords: steering.chords.clone(),
        max_polyphony: steering.max_polyphony.unwrap_or(usual.max_polyphony),
        ..usual
    })
}

fn infill(options: &Infilled, bench: &Workbench<'_>, progress: &mut dyn Progress) -> Result<Made> {
    let tune = Tune::read(given(bench)?)?;
    let model = load(bench, &options.model)?;
    if !options.lock.is_empty() {
        return rewritten(vary(&model, &tune, &vary_options(&options.around_locks(), &tune.score)?)?);
    }
    let keep = options.keep.as_deref().map(str::parse).transpose().map_err(Error::wrong_input)?;
    let bars = Bars { first: options.bars.first, last: options.bars.last };
    let wanted = InfillOptions {
        track: options.track,
        keep: keep.unwrap_or_default(),
        settings: settings(&options.steering, options.seed)?,
        ..InfillOptions::new(checked(bars)?)
    };
    // The notes are drawn in threads, which ask a copy of what `progress` says between the drawings.
    let stopped = AtomicBool::new(progress.stop_requested());
    let asked = Mutex::new(progress);
    let stop = || {
        if let Ok(progress) = asked.try_lock()
            && progress.stop_requested()
        {
            stopped.store(true, Ordering::Relaxed);
        }
        stopped.load(Ordering::Relaxed)
    };
    rewritten(infill_until(&model, &tune, &wanted, &stop)?)
}

fn checked(bars: Bars) -> Result<Bars> {
    let right = bars.first > 0 && bars.first <= bars.last;
    if right { Ok(bars) } else { Err(Error::wrong_input(format!("{bars} are no bars: the first is 1"))) }
}

fn rewritten(results: Vec<Rewritten>) -> Result<Made> {
    first(results.into_iter().map(|result| result.piece).collect())
}

fn varied(options: &Varied, bench: &Workbench<'_>) -> Result<Made> {
    let tune = Tune::read(given(bench)?)?;
    let model = load(bench, &options.model)?;
    rewritten(vary(&model, &tune, &vary_options(options, &tune.score)?)?)
}

/// The options of varying: bars outside the selection are locked.
///
/// # Errors
/// An option is no bars, no track, or nothing to vary alone.
pub fn vary_options(options: &Varied, score: &Score) -> Result<VaryOptions> {
    let mut lock: Vec<Lock> = options.lock.iter().map(|text| read(text)).collect::<Result<_>>()?;
    lock.extend(outside(options.bars, score)?);
    Ok(VaryOptions {
        amount: options.amount,
        only: options.only.as_deref().map(read).transpose()?,
        lock,
        settings: settings(&options.steering, options.seed)?,
    })
}

/// Locks of what is not selected.
fn outside(selection: Option<Selection>, score: &Score) -> Result<Vec<Lock>> {
    let Some(selection) = selection else { return Ok(Vec::new()) };
    let bars = checked(Bars { first: selection.first, last: selection.last })?;
    let count = BarMap::new(score).count(score.end());
    let before = (bars.first > 1).then(|| Bars { first: 1, last: (bars.first - 1).min(count) });
    let after = (bars.last < count).then(|| Bars { first: bars.last + 1, last: count });
    Ok(before.into_iter().chain(after).map(Lock::Bars).collect())
}

fn part(operation: &Operation, options: &Part, bench: &Workbench<'_>) -> Result<Made> {
    let path = given(bench)?;
    let file = GivenFile::read(path)?;
    let usual = PartOptions::default();
    let wanted = PartOptions {
        model: Some(model_path(bench.folder, &options.model)?),
        temperature: options.steering.temperature.unwrap_or(usual.temperature),
        max_polyphony: options.steering.max_polyphony.unwrap_or(usual.max_polyphony),
        seed: options.seed,
    };
    let melody = MelodyOptions { track: options.track, below: false };
    let NewPart { midi, score, remarks, .. } = match operation {
        Operation::Drum(_) => drum(&file, &wanted, options.track)?,
        Operation::Reharmonise(_) => {
            let style = options.steering.style.as_deref();
            let style = style.ok_or_else(|| Error::wrong_input("name the style to reharmonise in"))?;
            reharmonise(&file, style, &wanted, &melody)?
        }
        _ => accompany(&file, &wanted, &melody)?,
    };
    let midi = match options.bars {
        None => midi,
        Some(bars) => {
            let bars = checked(Bars { first: bars.first, last: bars.last })?;
            let score = splice::within(file.score(), &score, (bars.first - 1, bars.last));
            midi::write(&score).map_err(|error| Error::wrong_input(error.to_string()))?
        }
    };
    Ok(Made { midi, remarks, nats_per_step: None })
}

/// Notes of the selected bars are performed alone, and come back among the others: none is added, and none is lost.
fn humanised(options: &Humanised, bench: &Workbench<'_>) -> Result<Made> {
    let mut tune = Tune::read(given(bench)?)?;
    let mut rest = None;
    if let Some(bars) = options.bars {
        let bars = checked(Bars { first: bars.first, last: bars.last })?;
        let (inside, outside) = splice::apart(&tune.score, (bars.first - 1, bars.last));
        if inside.notes().next().is_none() {
            return Err(Error::wrong_input("there are no notes in the selected bars"));
        }
        (tune.score, rest) = (inside, Some(outside));
    }
    let usual = HumaniseOptions::default();
    let wanted = HumaniseOptions {
        model: Some(model_path(bench.folder, &options.model)?),
        temperature: options.steering.temperature.unwrap_or(usual.temperature),
        seed: options.seed,
        ..usual
    };
    let mut pieces: Vec<Piece> = humanise(&tune, &wanted)?.into_iter().map(|result| result.piece).collect();
    if let Some(rest) = rest {
        pieces.iter_mut().for_each(|piece| splice::together(&mut piece.score, &rest));
    }
    let made = first(pieces)?;
    // Of a performance, a step is a velocity or an offset: the figure would not compare with those of other pieces.
    Ok(Made { nats_per_step: None, ..made })
}
