//! `composer train`, and the quick start: learn, compose, measure, report.

use super::compose::{self, Written};
use crate::cli::TrainArgs;
use crate::material::Material;
use crate::progress::{MODEL_FILE, TrainingProgress, thousands};
use crate::report::{Exhibit, Likelihood, Report};
use crate::run::{MetricsFile, OutputFolder};
use composer_bptt::{Init, RecurrentConfig};
use composer_evaluation::likelihood::Nll;
use composer_evaluation::likelihood::marginal::Marginal;
use composer_evaluation::likelihood::markov::MarkovChain;
use composer_evaluation::statistics::summarise;
use composer_models::file::{self, Notes};
use composer_models::{Encoding, ModelConfig, SequenceModel, Workspace, scoring};
use composer_music::representation::frames::FrameRepresentation;
use composer_training::{Outcome, TrainingConfig, train};
use std::path::Path;
use std::time::Instant;

/// Epochs at most: what the quick start has time for.
pub const DEFAULT_EPOCHS: u64 = 28;

/// Sixteenths in the metrical cycle that the network is told its place in: a bar of 4/4, two of 2/4.
const METRE: usize = 16;

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
    let representation = FrameRepresentation::default();
    let config = training_config(args);
    let material = Material::load(args.folder.as_deref(), representation)?;
    material.announce();
    let folder = match &args.output_dir {
        Some(path) => OutputFolder::create(path)?,
        None => OutputFolder::create_numbered(Path::new("runs"))?,
    };
    let encoding = Encoding::Frames { representation, metre: METRE };
    let model_config =
        ModelConfig { output_dropout: args.dropout, ..ModelConfig::new(encoding, recurrent_config(args)) };
    let mut model = SequenceModel::new(model_config, &Init::default(), config.seed)?;
    model.set_prior(&material.train.sequences);
    let trained = learn(&mut model, &material, &config, args, &folder)?;
    let (model, notes) = file::load(&folder.path(MODEL_FILE))?;
    let likelihoods = measure(&model, &material)?;
    let written = compose::write(&model, &notes, &args.music, &folder)?;
    write_report(args, &material, &trained, &likelihoods, &written, &folder)?;
    summary(&trained, &likelihoods, &written, &folder);
    Ok(())
}

fn training_config(args: &TrainArgs) -> TrainingConfig {
    TrainingConfig {
        epochs: args.epochs,
        batch_size: args.batch_size,
        tbptt_len: args.tbptt_len,
        learning_rate: args.learning_rate,
        seed: args.music.seed,
        ..TrainingConfig::default()
    }
}

fn recurrent_config(args: &TrainArgs) -> RecurrentConfig {
    RecurrentConfig {
        cell: args.cell,
        hidden: args.hidden,
        layers: args.layers,
        dropout: args.dropout,
        ..RecurrentConfig::default()
    }
}

fn learn(
    model: &mut SequenceModel,
    material: &Material,
    config: &TrainingConfig,
    args: &TrainArgs,
    folder: &OutputFolder,
) -> anyhow::Result<Trained> {
    let description = format!(
        "{} {}",
        args.cell.to_string().to_uppercase(),
        vec![args.hidden.to_string(); args.layers].join(" + ")
    );
    let parameters = model.params().values().len();
    eprintln!("Training an {description} with {} parameters.", thousands(parameters as u64));
    let notes = Notes { seed: config.seed, ..material.notes() };
    let metrics = MetricsFile::create(&folder.path("metrics.jsonl"))?;
    let mut progress = TrainingProgress::new(config.epochs).recording(metrics, folder, notes);
    let started = Instant::now();
    let outcome = train(model, &material.train.sequences, &material.valid.sequences, config, &mut progress);
    progress.finish();
    let outcome = outcome?;
    Ok(Trained {
        corpus_name: material.name.clone(),
        description,
        parameters,
        train_steps: material.train.steps(),
        seconds: started.elapsed().as_secs_f64(),
        outcome,
        valid_baselines: baselines(material, &material.valid.frames),
        train_pieces: material.train.names.clone(),
        valid_pieces: material.valid.names.clone(),
        test_pieces: material.test.names.clone(),
        left_out: material.left_out.clone(),
    })
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
    let [.., markov, model] = likelihoods else {
        return String::new();
    };
    let (markov, model) = (markov.nll.per_frame(), model.nll.per_frame());
    let comparison = if model < markov {
        format!("{:.0} % better than a Markov chain ({markov:.2})", 100.0 * (1.0 - model / markov))
    } else {
        format!("which a Markov chain does better ({markov:.2}): it has not learnt enough to compose from")
    };
    format!("On pieces that it never saw, it needs {model:.2} nats per frame, {comparison}.")
}

fn write_report(
    args: &TrainArgs,
    material: &Material,
    trained: &Trained,
    likelihoods: &[Likelihood],
    written: &[Written],
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
                "{}, {:.2} nats per frame under the model itself",
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
        println!("  {:<13} {:>7.3} nats per frame", row.name, row.nll.per_frame());
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
    println!("  {MODEL_FILE}   metrics.jsonl");
    if !trained.left_out.is_empty() {
        println!("\n{} files were left out or used in part; the report says why.", trained.left_out.len());
    }
    println!("\nNext, try:");
    println!("  composer compose --model {shown}/{MODEL_FILE} --temperature 0.8 --seed 7 --length 32bars");
    println!("  composer train <folder with your MIDI files>");
}
