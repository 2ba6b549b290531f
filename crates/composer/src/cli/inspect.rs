//! `composer inspect`.

use super::files::save;
use super::terminal::Terminal;
use clap::Args;
use composer::inspect::{Inspected, inspect_with};
use composer::outputs;
use composer_music::roles::Role;
use composer_music::{input, inspect as words, notation, picture};
use serde_json::{Value, json};
use std::io::Write;
use std::path::PathBuf;

/// `composer inspect`.
#[derive(Clone, Debug, Args)]
pub struct InspectArgs {
    /// The file: MIDI, MusicXML or ABC (of a tune book, one tune: FILE.abc#NUMBER); - is the standard input
    pub file: PathBuf,

    /// Also draw the piano roll to this SVG file; - draws it to the standard output instead of printing
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,

    /// Width of the piano roll in characters
    #[arg(long, default_value_t = 128, value_name = "N")]
    pub columns: usize,

    /// Show the whole piece in the terminal instead of its beginning in sixteenths
    #[arg(long)]
    pub whole: bool,

    /// Keep the written order of MusicXML and ABC instead of playing the repeats
    #[arg(long)]
    pub no_repeats: bool,

    /// Role of a track: 2=bass (melody, accompaniment, bass, drums); may be repeated
    #[arg(long = "role", value_name = "TRACK=ROLE", value_parser = role_by_hand)]
    pub roles: Vec<(usize, Role)>,

    /// Number of symbols of each representation to show
    #[arg(long, default_value_t = 24, value_name = "N")]
    pub symbols: usize,
}

fn role_by_hand(text: &str) -> Result<(usize, Role), String> {
    let (track, role) = text.split_once('=').ok_or("it must look like 2=bass")?;
    let track = track.parse().map_err(|_| format!("{track} is no track number"))?;
    Ok((track, role.parse()?))
}

/// Runs the command.
pub fn run(args: &InspectArgs, terminal: &mut Terminal) -> anyhow::Result<()> {
    outputs::check(&[&args.file], &args.svg.iter().map(PathBuf::as_path).collect::<Vec<_>>())?;
    let notation = notation::Options { repeats: !args.no_repeats, ..Default::default() };
    let inspected = inspect_with(&args.file, &args.roles.iter().copied().collect(), &notation)?;
    let Inspected { file, roles } = &inspected;
    if let Some(path) = &args.svg {
        let title = input::shown(args.file.file_name().unwrap_or_default().as_ref());
        let svg = picture::svg(&file.score, roles, &title);
        if save(path, svg.as_bytes(), "The piano roll is in", terminal)? {
            return Ok(());
        }
    }
    if terminal.is_json() {
        terminal.print_json(&as_json(args, &inspected))?;
    } else {
        writeln!(terminal, "{}", input::shown(&args.file))?;
        write!(terminal, "{}", words::contents(file))?;
        write!(terminal, "\nRoles\n{}", words::roles(roles))?;
        write!(terminal, "\nPiano roll\n{}", picture::terminal(&file.score, args.columns, args.whole))?;
        let representations = words::representations(&file.score, args.symbols);
        write!(terminal, "\nRepresentations\n{representations}")?;
    }
    Ok(())
}

fn as_json(args: &InspectArgs, inspected: &Inspected) -> Value {
    let Inspected { file, roles } = inspected;
    let score = &file.score;
    let part = |part: &composer_music::roles::Part| {
        json!({
            "track": part.track,
            "channel": part.channel,
            "name": part.name,
            "notes": part.notes,
            "role": part.role.to_string(),
            "reason": part.reason,
        })
    };
    json!({
        "file": args.file,
        "ticks_per_quarter": score.ticks_per_quarter,
        "notes": score.notes().count(),
        "drum_notes": score.notes().filter(|note| note.is_drum()).count(),
        "quarters": score.end() as f64 / f64::from(score.ticks_per_quarter),
        "seconds": score.seconds(),
        "tempos": score.tempos.iter().map(|tempo| json!({
            "tick": tempo.tick,
            "qpm": 60e6 / f64::from(tempo.micros_per_quarter),
        })).collect::<Vec<_>>(),
        "time_signatures": score.time_signatures.iter().map(|metre| json!({
            "tick": metre.tick,
            "numerator": metre.numerator,
            "denominator": metre.denominator,
        })).collect::<Vec<_>>(),
        "key_signatures": score.key_signatures.iter().map(|key| json!({
            "tick": key.tick,
            "sharps": key.sharps,
            "minor": key.minor,
        })).collect::<Vec<_>>(),
        "parts": roles.parts.iter().map(part).collect::<Vec<_>>(),
        "reader": file.report,
    })
}
