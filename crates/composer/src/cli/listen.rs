//! `composer listen`: listening tests that people take in a browser.

use super::serving::announce;
use super::terminal::Terminal;
use clap::{Args, Subcommand};
use composer::listening::{Kind, NewStudy, SoundOptions, new_study};
use composer::text::listening::made;
use composer::{Error, Progress};
use composer_studio::listening::{LISTENING_PORT, ListeningOptions, ListeningServer};
use serde_json::json;
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
    #[arg(long, value_name = "N", default_value_t = NewStudy::default().participants)]
    pub participants: usize,

    /// Most pieces of each folder
    #[arg(long, value_name = "N", default_value_t = NewStudy::default().pieces)]
    pub pieces: usize,

    /// Seed of the choice of pieces, and of who hears what in which order
    #[arg(long, value_name = "N", default_value_t = NewStudy::default().seed)]
    pub seed: u64,

    /// Longest clip in seconds; what is longer fades out
    #[arg(long, value_name = "S", default_value_t = SoundOptions::default().seconds)]
    pub seconds: f64,

    /// Loudness of all clips in LUFS (EBU R 128); lower where a peak would be cut
    #[arg(long, value_name = "LUFS", default_value_t = SoundOptions::default().loudness, allow_negative_numbers = true)]
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
    let NewArgs { kind, trials, participants, pieces, seed, seconds, loudness, tempo, same_sound, .. } =
        *args;
    let sound = SoundOptions { seconds, loudness, tempo, same_sound, soundfont: args.soundfont.clone() };
    let folders = args.folders.clone();
    let options = NewStudy { folders, kind, trials, participants, pieces, seed, sound };
    let study = new_study(&options, &args.output_dir, terminal)?;
    terminal.result(|| &study, || made(&study))
}

fn serve(args: &ServeArgs, terminal: &mut Terminal) -> anyhow::Result<()> {
    let options = ListeningOptions {
        study: args.study.clone(),
        address: args.listen,
        port: args.port,
        names: args.name.clone(),
        tokens: args.tokens,
    };
    let server = ListeningServer::bind(&options).map_err(Error::from)?;
    let (url, links) = (server.url(), server.links());
    if !links.is_empty() && !terminal.is_json() {
        terminal.note("One link for each participant:");
    }
    let lines = if links.is_empty() { url.clone() } else { links.join("\n") };
    let note = "Answers are added to answers.jsonl beside the study. Ctrl-C ends it.";
    announce(server.stop(), json!({ "url": url, "links": links }), &lines, note, terminal)?;
    Ok(server.run().map_err(Error::from)?)
}
