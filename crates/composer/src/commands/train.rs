//! `composer train`, and the quick start: learn, compose, measure, report.

use super::compose::{self, Written};
use super::diagnose;
use super::dry_run;
use super::train_args::TrainArgs;
use crate::material::Material;
use crate::progress::{METRICS_FILE, MODEL_FILE, SAMPLE_PREFIX};
use crate::report::{Exhibit, Likelihood, Report};
use crate::run::OutputFolder;
use crate::session::Session;
use composer_evaluation::assessment::Assessment;
use composer_evaluation::likelihood::Nll;
use composer_evaluation::likelihood::marginal::Marginal;
use composer_evaluation::likelihood::markov::MarkovChain;
use composer_evaluation::statistics::summarise;
use composer_models::{Sequence, SequenceModel, Workspace, file, prior, scoring};
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
    let likelihoods = match material.tokens {
        None => measure(&model, material)?,
        Some(_) => measure_tokens(&model, material)?,
    };
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
        })
    };
    names.iter().map(exhibit).collect()
}

/// Both baselines, fitted on the training pieces and scored on others.
fn baselines(
    material: &Material,
    pieces: &[Vec<composer_music::representation::frames::Frame>],
) -> Vec<(&'static str, Nll)> {
    let space = material.space();
    vec![
        ("marginal", Marginal::fit(&material.train.frames, space).score(pieces)),
        ("Markov chain", MarkovChain::fit(&material.train.frames, space).score(pieces)),
    ]
}

/// The model and the baselines on the test pieces, the model last.
pub fn measure(model: &SequenceModel, material: &Material) -> anyhow::Result<Vec<Likelihood>> {
    let mut rows: Vec<Likelihood> = baselines(material, &material.test.frames)
        .into_iter()
        .zip(["how often each pitch sounds", "how each pitch follows itself"])
        .map(|((name, nll), what)| Likelihood { name, what, nll })
        .collect();
    let nll = model_nll(model, &material.test.sequences)?;
    rows.push(Likelihood { name: "this network", what: "all that came before", nll });
    Ok(rows)
}

/// The same in nats per token, beside how often each token occurs.
fn measure_tokens(model: &SequenceModel, material: &Material) -> anyhow::Result<Vec<Likelihood>> {
    let mut unigram = Nll::default();
    let frequencies = prior::output_bias(model.encoding(), &material.train.sequences);
    for sequence in &material.test.sequences {
        let Sequence::Tokens(tokens) = sequence else { continue };
        for (step, &token) in tokens.iter().enumerate() {
            unigram.add_frame(step == 0, scoring::categorical_nll(&frequencies, token as usize), 0.0);
        }
    }
    let nll = model_nll(model, &material.test.sequences)?;
    Ok(vec![
        Likelihood { name: "unigram", what: "how often each token occurs", nll: unigram },
        Likelihood { name: "this network", what: "all that came before", nll },
    ])
}

/// A model's likelihood of sequences, first frames included.
pub fn model_nll(model: &SequenceModel, sequences: &[composer_models::Sequence]) -> anyhow::Result<Nll> {
    let mut nll = Nll::default();
    for piece in scoring::score(model, sequences, &mut Workspace::default())? {
        for (step, cost) in piece.iter().enumerate() {
            nll.add_frame(step == 0, cost.sounding, cost.onset);
        }
    }
    Ok(nll)
}

/// What was learnt, in one sentence; the model is the last row.
pub fn verdict(likelihoods: &[Likelihood]) -> String {
    let [.., baseline, model] = likelihoods else {
        return String::new();
    };
    let (name, baseline, model) = (baseline.name, baseline.nll.per_frame(), model.nll.per_frame());
    let comparison = if model < baseline {
        format!("{:.0} % better than a {name} ({baseline:.2})", 100.0 * (1.0 - model / baseline))
    } else {
        format!("which a {name} does better ({baseline:.2}): it has not learnt enough to compose from")
    };
    format!("On pieces that it never saw, it needs {model:.2} nats per step, {comparison}.")
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
                "{}, {:.2} nats per step under the model itself",
                piece.file_stem, piece.nll_per_step
            ),
            wav: compose::small_wav(&piece.score, args.music.soundfont.as_deref())?,
            score: piece.score.clone(),
        });
    }
    if let Some((name, score)) = material.excerpt(EXCERPT_BARS) {
        exhibits.push(Exhibit {
            title: "From the corpus".into(),
            caption: format!("the opening of {name}, on the same grid"),
            wav: compose::small_wav(&score, args.music.soundfont.as_deref())?,
            score,
        });
    }
    let command = command_line();
    let report = Report {
        trained,
        likelihoods,
        exhibits: &exhibits,
        statistics: [("corpus", &corpus), ("compositions", &composition)],
        assessment,
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
        trained.outcome.best_epoch,
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
    println!("  composer compose --model {shown}/{MODEL_FILE} --temperature 0.8 --seed 7 --length 32bars");
    println!("  composer train <folder with your MIDI files>");
}
