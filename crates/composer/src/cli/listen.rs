//! `composer listen`: listening tests that people take in a browser.

use super::failure::{complain, wrong_input};
use super::terminal::Terminal;
use clap::{Args, Subcommand};
use composer::Progress;
use composer::listening::{Kind, MadeStudy, NewStudy, SoundOptions, new_study};
use composer_music::input::shown;
use composer_music::text::counted;
use composer_studio::Error;
use composer_studio::listening::{LISTENING_PORT, ListeningOptions, ListeningServer};
use serde_json::json;
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

/// `composer listen`.
#[derive(Debug, Subcommand)]
pub enum ListenCommand {
    /// Make a listening test of folders of music: clips of one loudness, opaque names, and STUDY.toml
    New(NewArgs),
    /// Serve a listening test to browsers; every answer is on disk before the page goes on
    Serve(ServeArgs),
}

/// `composer listen new`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "docs/listening.md tells how a study is planned, made, taken and analysed.")]
pub struct NewArgs {
    /// Folders of music (MIDI, MusicXML, ABC), one for each system; the first one is by people, and is the reference of MUSHRA. Files of
    /// the same name are judged together
    #[arg(required = true, value_name = "FOLDER")]
    pub folders: Vec<PathBuf>,

    /// Folder of the study; it must be new or empty
    #[arg(long, short, value_name = "FOLDER", default_value = "listening-test")]
    pub output_dir: PathBuf,

    /// What is asked: pairs (which is better), human-or-machine, rating (1 to 5 on scales), abx (which of two is X), mushra (0 to 100,
    /// with a hidden reference and anchors)
    #[arg(long, value_name = "KIND", default_value = "pairs")]
    pub kind: Kind,

    /// Trials of each participant that count [default: one for each item, at most 20]
    #[arg(long, value_name = "N")]
    pub trials: Option<usize>,

    /// Participants; more are turned away
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub participants: usize,

    /// Most pieces of each folder
    #[arg(long, value_name = "N", default_value_t = 24)]
    pub pieces: usize,

    /// Seed of the choice of pieces, and of who hears what in which order
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,

    /// Longest clip in seconds; what is longer fades out
    #[arg(long, value_name = "S", default_value_t = 20.0)]
    pub seconds: f64,

    /// Loudness of all clips in LUFS (EBU R 128); lower where a peak would be cut
    #[arg(long, value_name = "LUFS", default_value_t = -23.0, allow_negative_numbers = true)]
    pub loudness: f64,

    /// One tempo for all, in quarters per minute [default: that of each file]
    #[arg(long, value_name = "BPM")]
    pub tempo: Option<f64>,

    /// Play everything on one piano with one velocity and no pedal, so that only the notes differ
    #[arg(long)]
    pub same_sound: bool,

    /// A SoundFont (.sf2) in place of the built-in sounds
    #[arg(long, value_name = "FILE")]
    pub soundfont: Option<PathBuf>,
}

/// `composer listen serve`.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "On this computer alone everybody may take part who opens the page. On other addresses each participant needs a link of \
                  their own, which is printed; each is usable for one participant. Ctrl-C ends it; started again, it goes on."
)]
pub struct ServeArgs {
    /// The study: STUDY.toml, by composer listen new
    pub study: PathBuf,

    /// Port of the page; 0: any that is free
    #[arg(long, value_name = "N", default_value_t = LISTENING_PORT)]
    pub port: u16,

    /// Address to listen to; 0.0.0.0 for all networks, which needs --name
    #[arg(long, value_name = "ADDRESS", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    pub listen: IpAddr,

    /// Name or address by which participants' browsers reach this computer; may be given several times
    #[arg(long, value_name = "HOST")]
    pub name: Vec<String>,

    /// Ask for tokens on this computer too
    #[arg(long)]
    pub tokens: bool,
}

/// Runs the command.
pub fn run(command: &ListenCommand, terminal: &mut Terminal) -> anyhow::Result<()> {
    match command {
        ListenCommand::New(args) => new(args, terminal),
        ListenCommand::Serve(args) => serve(args, terminal),
    }
}

fn new(args: &NewArgs, terminal: &mut Terminal) -> anyhow::Result<()> {
    let options = NewStudy {
        folders: args.folders.clone(),
        kind: args.kind,
        trials: args.trials,
        participants: args.participants,
        pieces: args.pieces,
        seed: args.seed,
        sound: SoundOptions {
            seconds: args.seconds,
            loudness: args.loudness,
            tempo: args.tempo,
            same_sound: args.same_sound,
            soundfont: args.soundfont.clone(),
        },
    };
    let made = new_study(&options, &args.output_dir, terminal)?;
    if terminal.is_json() {
        return terminal.print_json(&made);
    }
    let MadeStudy { file, clips, items, trials, loudness, paired_by_name } = made;
    let file = shown(&file);
    writeln!(terminal, "{file}: {}, {}, {loudness:.1} LUFS", counted(clips, "clip"), counted(items, "item"))?;
    writeln!(
        terminal,
        "  {}, {} each, with catch trials and repeated ones",
        counted(args.participants, "participant"),
        counted(trials, "trial")
    )?;
    if paired_by_name {
        writeln!(terminal, "  files of the same name are judged together")?;
    }
    Ok(writeln!(terminal, "Read and change it, then serve it: composer listen serve {file}")?)
}

fn serve(args: &ServeArgs, terminal: &mut Terminal) -> anyhow::Result<()> {
    let options = ListeningOptions {
        study: args.study.clone(),
        address: args.listen,
        port: args.port,
        names: args.name.clone(),
        tokens: args.tokens,
    };
    let for_people =
        |error: Error| if error.is_wrong_input() { wrong_input(error) } else { anyhow::Error::from(error) };
    let server = ListeningServer::bind(&options).map_err(for_people)?;
    let asked = server.stop();
    ctrlc::set_handler(move || {
        // The second time, what does not end by itself is ended: what was acknowledged is on disk.
        if asked.is_requested() {
            std::process::exit(130);
        }
        asked.now();
        complain("");
    })?;
    let (url, links) = (server.url(), server.links());
    if terminal.is_json() {
        terminal.print_json(&json!({ "url": url, "links": links }))?;
    } else if links.is_empty() {
        writeln!(terminal, "{url}")?;
    } else {
        terminal.note("One link for each participant:");
        writeln!(terminal, "{}", links.join("\n"))?;
    }
    terminal.flush()?;
    terminal.note("Answers are added to answers.jsonl beside the study. Ctrl-C ends it.");
    server.run().map_err(for_people)
}
