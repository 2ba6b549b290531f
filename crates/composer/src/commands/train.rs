//! `composer train`, and the quick start: learn, compose, measure, report.

use super::compose::{self, Written};
use super::diagnose;
use super::dry_run;
use super::likelihood::{Likelihood, baselines, measure, verdict};
use super::train_args::TrainArgs;
use crate::material::Material;
use crate::progress::{METRICS_FILE, MODEL_FILE, SAMPLE_PREFIX};
use crate::report::evaluation::{Set, marked_quarters};
use crate::report::{Exhibit, Report};
use crate::run::OutputFolder;
use crate::session::Session;
use composer_evaluation::assessment::Assessment;
use composer_evaluation::likelihood::Nll;
use composer_evaluation::statistics::summarise;
use composer_models::file;
use composer_music::midi;
use composer_training::Outcome;

/// Bars of the excerpt that the report shows from the corpus.
const EXCERPT_BARS: usize = 16;

/// A finished training and what the report says of it.
pub struct Trained {
    /// What it learnt from, for people.
    pub corpus_name: String,
    /// The network in a few words.
    pub description: String,
    /// Number of parameters.
    pub parameters: usize,
    /// Steps of music in the training pieces.
    pub train_steps: usize,
    /// Seconds of training.
    pub seconds: f64,
    /// Every epoch.
    pub outcome: Outcome,
    /// Baselines on the validation pieces, for the loss curve.
    pub valid_baselines: Vec<(&'static str, Nll)>,
    /// What it wrote while it learnt.
    pub samples: Vec<Exhibit>,
    /// Names of the pieces of each set.
    pub train_pieces: Vec<String>,
    /// Names of the validation pieces.
    pub valid_pieces: Vec<String>,
    /// Names of the test pieces.
    pub test_pieces: Vec<String>,
    /// Files that could not be used, or only in part, and why.
    pub left_out: Vec<(String, String)>,
}

/// Runs the command.
pub fn run(args: &TrainArgs) -> anyhow::Result<()> {
    compose::check(&args.music)?;
    let mut session = Session::prepare(args)?;
    if args.dry_run {
        return dry_run::run(session);
    }
    session.material.announce();
    let folder = session.open(args)?;
    let finished = session.train(args, &folder)?;
    let material = &session.material;
    let trained = Trained {
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
        samples: samples(args, &folder)?,
        train_pieces: material.train.names.clone(),
        valid_pieces: material.valid.names.clone(),
        test_pieces: material.test.names.clone(),
        left_out: material.left_out.clone(),
    };
    let (model, notes) = file::load(&folder.path(MODEL_FILE))?;
    let likelihoods = measure(&model, material)?;
    let written = compose::write(&model, &notes, &args.music, &folder)?;
    let assessment = diagnose::of_compositions(&written, material);
    write_report(args, material, &trained, &likelihoods, &written, assessment.as_ref(), &folder)?;
    summary(&trained, &likelihoods, &written, &folder);
    if let Some(assessment) = &assessment {
        diagnose::warn(assessment);
    }
    Ok(())
}

/// The samples of a few bars that training left in the folder, in the order of the epochs.
fn samples(args: &TrainArgs, folder: &OutputFolder) -> anyhow::Result<Vec<Exhibit>> {
    let mut names: Vec<String> = std::fs::read_dir(folder.folder())?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.starts_with(SAMPLE_PREFIX) && name.ends_with(".mid"))
        .collect();
    names.sort();
    let exhibit = |name: &String| {
        let epoch = name.trim_start_matches(SAMPLE_PREFIX).trim_end_matches(".mid").trim_start_matches('0');
        let score = midi::read(&std::fs::read(folder.path(name))?)?.score;
        Ok(Exhibit {
            title: format!("After epoch {epoch}"),
            caption: "four bars, from the same random numbers".into(),
            wav: compose::small_wav(&score, args.music.soundfont.as_deref())?,
            score,
            marks: Vec::new(),
        })
    };
    names.iter().map(exhibit).collect()
}

fn write_report(
    args: &TrainArgs,
    material: &Material,
    trained: &Trained,
    likelihoods: &[Likelihood],
    written: &[Written],
    assessment: Option<&Assessment>,
    folder: &OutputFolder,
) -> anyhow::Result<()> {
    let composed: Vec<_> = written.iter().map(|piece| piece.score.clone()).collect();
    let corpus = summarise(&material.train.scores);
    let composition = summarise(&composed);
    let mut exhibits = Vec::new();
    for (number, piece) in written.iter().take(3).enumerate() {
        exhibits.push(Exhibit {
            title: format!("Composition {}", number + 1),
            caption: format!(
                "{}.mid, {:.2} nats per step under the model itself",
                piece.file_stem, piece.nll_per_step
            ),
            wav: compose::small_wav(&piece.score, args.music.soundfont.as_deref())?,
            score: piece.score.clone(),
            marks: assessment.map_or(Vec::new(), |assessment| marked_quarters(assessment, number)),
        });
    }
    if let Some((name, score)) = material.excerpt(EXCERPT_BARS) {
        exhibits.push(Exhibit {
            title: "From the corpus".into(),
            caption: format!("the opening of {name}, on the same grid"),
            wav: compose::small_wav(&score, args.music.soundfont.as_deref())?,
            score,
            marks: Vec::new(),
        });
    }
    let command = command_line();
    let report = Report {
        trained,
        likelihoods,
        exhibits: &exhibits,
        statistics: [("corpus", &corpus), ("compositions", &composition)],
        assessment: assessment.map(|assessment| Set { name: "compositions", assessment, scores: &composed }),
        command: &command,
    };
    folder.write("report.html", report.to_html()?.as_bytes())
}

/// The command as it was typed, by the name that finds it again.
fn command_line() -> String {
    let words = std::env::args().skip(1).map(|word| {
        let plain =
            word.chars().all(|c| c.is_ascii_alphanumeric() || "-_./=".contains(c)) && !word.is_empty();
        if plain { word } else { format!("'{}'", word.replace('\'', "'\\''")) }
    });
    std::iter::once("composer".to_string()).chain(words).collect::<Vec<_>>().join(" ")
}

fn summary(trained: &Trained, likelihoods: &[Likelihood], written: &[Written], folder: &OutputFolder) {
    let shown = folder.folder().display();
    println!();
    println!("{}", verdict(likelihoods));
    for row in likelihoods {
        println!("  {:<13} {:>7.3} nats per step", row.name, row.nll.per_frame());
    }
    println!(
        "\nTraining took {:.0} s; epoch {} of {} was the best.",
        trained.seconds,
        trained.outcome.best.epoch,
        trained.outcome.epochs.len()
    );
    println!("\nIn {shown}:");
    println!("  report.html         open it in a browser: listen, look, compare");
    for piece in written {
        println!("  {0}.mid   {0}.wav", piece.file_stem);
    }
    println!("  {MODEL_FILE}   {METRICS_FILE}   config.toml");
    if !trained.left_out.is_empty() {
        println!("\n{} files were left out or used in part; the report says why.", trained.left_out.len());
    }
    println!("\nNext, try:");
    println!("  composer compose --model {shown}/{MODEL_FILE} --temperature 0.9 --seed 7 --length 32bars");
    println!("  composer train <folder with your MIDI files>");
}
