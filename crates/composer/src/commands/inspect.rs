//! `composer inspect`: what is in a MIDI file, and what each representation makes of it.

use crate::failure::wrong_input;
use anyhow::Context;
use clap::Args;
use composer_music::atomic_file::write_atomically;
use composer_music::roles::{Role, roles};
use composer_music::{inspect, midi, picture};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// `composer inspect`.
#[derive(Clone, Debug, Args)]
pub struct InspectArgs {
    /// The MIDI file
    pub file: PathBuf,

    /// Also draw the piano roll into this SVG file
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,

    /// Width of the piano roll in characters
    #[arg(long, default_value_t = 128, value_name = "N")]
    pub columns: usize,

    /// Show the whole piece in the terminal, not its beginning at sixteenths
    #[arg(long)]
    pub whole: bool,

    /// Say which role a track has: 2=bass (melody, accompaniment, bass, drums); may be repeated
    #[arg(long = "role", value_name = "TRACK=ROLE", value_parser = role_by_hand)]
    pub roles: Vec<(usize, Role)>,

    /// Symbols of each representation to show
    #[arg(long, default_value_t = 24, value_name = "N")]
    pub symbols: usize,
}

fn role_by_hand(text: &str) -> Result<(usize, Role), String> {
    let (track, role) = text.split_once('=').ok_or("it must look like 2=bass")?;
    let track = track.parse().map_err(|_| format!("{track} is no track number"))?;
    Ok((track, role.parse()?))
}

/// Prints what is in the file.
pub fn run(args: &InspectArgs) -> anyhow::Result<()> {
    let file = midi::read_file(&args.file)
        .map_err(|error| wrong_input(format!("{}: {error}", args.file.display())))?;
    let by_hand: BTreeMap<usize, Role> = args.roles.iter().copied().collect();
    let found = roles(&file.score, &by_hand);
    println!("{}", args.file.display());
    print!("{}", inspect::contents(&file));
    println!("\nRoles");
    print!("{}", inspect::roles(&found));
    println!("\nPiano roll");
    print!("{}", picture::terminal(&file.score, args.columns, args.whole));
    println!("\nRepresentations");
    print!("{}", inspect::representations(&file.score, args.symbols));
    if let Some(path) = &args.svg {
        let title = args.file.file_name().unwrap_or_default().to_string_lossy();
        let svg = picture::svg(&file.score, &found, &title);
        write_atomically(path, svg.as_bytes()).with_context(|| format!("cannot write {}", path.display()))?;
        println!("\nThe piano roll is in {}", path.display());
    }
    Ok(())
}
