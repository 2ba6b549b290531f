//! Training: settings and music in, a run folder with a model, compositions and a report out.

mod conditions;
pub(crate) mod fine_tuning;
pub(crate) mod in_folder;
pub(crate) mod material;
mod options;
mod origins;
pub(crate) mod plan;
pub(crate) mod progress_observer;
pub(crate) mod recorder;
mod sample;
pub(crate) mod session;
mod styles;
mod tensorboard;
mod tracks;
mod trained;

pub use options::TrainOptions;
pub use plan::{Plan, memory_in_words, time_in_words};
pub use recorder::{CHECKPOINT_FILE, METRICS_FILE, MODEL_FILE, SAMPLE_PREFIX};
pub use trained::Trained;

use crate::cluster::micro_shards;
use crate::compose::{compose, save_in_run};
use crate::diagnose::{LIKENESS_FILE, assessor_of, likeness_of, named};
use crate::error::Result;
use crate::likelihood::{baselines, measure};
use crate::model::TrainedModel;
use crate::progress::Progress;
use crate::run_folder::OutputFolder;
use composer_evaluation::statistics::summarise;
use composer_music::midi;
use composer_report::evaluation::AssessedSet;
use composer_report::likelihood::FROM_NOTHING;
use composer_report::{FineTuning, Likelihood, Origin, PieceFigure, Report, TrainingSummary};
use composer_training::distributed::{Alone, Communicator};
use fine_tuning::check_comparison;
use material::Material;
use origins::Listening;
use session::{Prepared, Session};

/// Trains a model, measures it on the test pieces, composes, and writes everything into a run folder: the model, a checkpoint
/// to resume from, metrics, compositions and `report.html`.
///
/// # Errors
/// The settings or the music cannot be used, the folder cannot be written, the loss is no longer finite, or the training was
/// stopped (its checkpoint is then saved).
pub fn train(options: &TrainOptions, progress: &mut dyn Progress) -> Result<Trained> {
    let mut session = prepare(options, &Alone)?;
    record(&mut session, options, &Alone, progress)
}

/// [`train`] on several processes that do the same: the first of them records, composes and reports, and the others get nothing back.
/// Without [`micro_shards`](composer_training::TrainingConfig::micro_shards), there are [`MICRO_SHARDS`](crate::cluster::MICRO_SHARDS).
///
/// # Errors
/// As for [`train`], and when there are more processes than micro-shards, or they differ. All processes must then end: no one of them
/// can go on without the others.
pub fn train_on(
    options: &TrainOptions,
    ranks: &dyn Communicator,
    progress: &mut dyn Progress,
) -> Result<Option<Trained>> {
    let mut options = options.clone();
    let training = &mut options.settings.training;
    training.micro_shards = micro_shards(training.micro_shards, ranks, options.resume.is_some())?;
    let mut session = prepare(&options, ranks)?;
    if ranks.rank() > 0 {
        session.assist(ranks)?;
        return Ok(None);
    }
    record(&mut session, &options, ranks, progress).map(Some)
}

/// Settings, music and first weights of a training.
fn prepare(options: &TrainOptions, ranks: &dyn Communicator) -> Result<Session> {
    options.compositions.check()?;
    check_comparison(options)?;
    options.settings.training.check_ranks(ranks.size())?;
    Ok(Session::prepare(options)?)
}

/// Trains, with the help of the other processes, and writes everything into a run folder.
fn record(
    session: &mut Session,
    options: &TrainOptions,
    ranks: &dyn Communicator,
    progress: &mut dyn Progress,
) -> Result<Trained> {
    session.material.announce(progress);
    let folder = session.open(options)?;
    let compared = session.compared(options, progress)?;
    let finished = session.train(options, &folder, ranks, progress)?;
    let material = &session.material;
    let best_valid_nll = finished.outcome.best.valid_nll;
    let soundfont = options.compositions.soundfont.as_deref();
    let summary = TrainingSummary {
        corpus_name: material.name.clone(),
        description: session.description(),
        parameters: session.model.params().len(),
        train_steps: material.train.steps(),
        seconds: finished.seconds,
        outcome: finished.outcome,
        valid_baselines: match material.tokens {
            None => baselines(material, &material.valid.frames),
            Some(_) => Vec::new(),
        },
        samples: samples(&folder)?,
        train_pieces: material.train.names.clone(),
        valid_pieces: material.valid.names.clone(),
        test_pieces: material.test.names.clone(),
        left_out: material.left_out.clone(),
        fine_tuning: compared.as_ref().map(|compared| FineTuning {
            from: session.config.model.init_from.clone(),
            before: compared.before,
            best: best_valid_nll,
            from_nothing: compared.from_nothing.as_ref().map(|(_, valid_nll)| *valid_nll),
        }),
    };
    let model = TrainedModel::load(folder.path(MODEL_FILE))?;
    let mut likelihoods = measure(&model.model, material)?;
    if let Some((from_nothing, _)) = compared.and_then(|compared| compared.from_nothing) {
        let own = likelihoods.len() - 1;
        let row = measure(&from_nothing, material)?.pop();
        let row =
            row.map(|row| Likelihood { name: FROM_NOTHING, what: "the same, from random weights", ..row });
        likelihoods.splice(own..own, row);
    }
    let compositions = save_in_run(compose(&model, &options.compositions)?, &folder, soundfont)?;
    let assessor = assessor_of(&compositions, material);
    let assessment = assessor.as_ref().map(|assessor| assessor.assess(&named(&compositions)));
    if let Some(assessment) = &assessment {
        folder.write(LIKENESS_FILE, likeness_of(assessment).to_string().as_bytes())?;
    }
    let trained =
        Trained { folder: folder.folder().to_owned(), model, summary, likelihoods, compositions, assessment };
    let (settings, assessor) = (&session.config, assessor.as_ref());
    let listening = Listening { settings, material, options, assessor, folder: &folder };
    let origins = listening.origins(&trained, progress)?;
    let report = report(&trained, material, options, &origins)?;
    folder.write("report.html", report.as_bytes())?;
    Ok(trained)
}

/// What a training would cost in memory and time; trains a network for a few updates, a smaller one if it is large, and writes nothing.
///
/// # Errors
/// The settings or the music cannot be used.
pub fn plan(options: &TrainOptions, progress: &mut dyn Progress) -> Result<Plan> {
    options.compositions.check()?;
    let prepared = Prepared::read(options)?;
    prepared.material.announce(progress);
    Ok(plan::plan(prepared)?)
}

/// The samples of a few bars that the training left in the folder, in the order of the epochs.
fn samples(folder: &OutputFolder) -> anyhow::Result<Vec<PieceFigure>> {
    let mut names: Vec<String> = std::fs::read_dir(folder.folder())?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.starts_with(SAMPLE_PREFIX) && name.ends_with(".mid"))
        .collect();
    names.sort();
    let figure = |name: &String| {
        let epoch = name.trim_start_matches(SAMPLE_PREFIX).trim_end_matches(".mid").trim_start_matches('0');
        let score = midi::read(&std::fs::read(folder.path(name))?)?.score;
        Ok(PieceFigure {
            title: format!("After epoch {epoch}"),
            caption: "four bars, sampled with the same seed".into(),
            file: Some(name.clone()),
            score,
            marks: Vec::new(),
        })
    };
    names.iter().map(figure).collect()
}

fn report(
    trained: &Trained,
    material: &Material,
    options: &TrainOptions,
    origins: &[Origin],
) -> Result<String> {
    let Trained { compositions, assessment, .. } = trained;
    let composed: Vec<_> = compositions.iter().map(|saved| saved.piece.score.clone()).collect();
    let corpus = summarise(&material.train.scores);
    let composition = summarise(&composed);
    let report = Report {
        trained: &trained.summary,
        likelihoods: &trained.likelihoods,
        origins,
        statistics: [("corpus", &corpus), ("compositions", &composition)],
        assessment: assessment.as_ref().map(|assessment| AssessedSet {
            name: "compositions",
            assessment,
            scores: &composed,
        }),
        command: &options.command,
    };
    Ok(report.to_html()?)
}
