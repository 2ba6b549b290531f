//! Files of music from one format to another.

use crate::error::{Result, wrong_input, wrong_option};
use crate::outputs;
use crate::progress::Progress;
use crate::sound::wav;
use composer_music::Score;
use composer_music::atomic_file::write_atomically;
use composer_music::corpus::{MidiPath, midi_files};
use composer_music::input::{is_standard, shown};
use composer_music::notation::{self, Format};
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// What became of files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Conversion {
    /// The result for the standard output.
    Bytes(Vec<u8>),
    /// The files that were written, for people to read.
    Files(Vec<String>),
}

/// What files become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// Music in a format.
    Music(Format),
    /// Sound, as a WAV file.
    Wav,
}

/// The ending of sound.
const WAV: &str = "wav";

impl Target {
    fn from_path(path: &Path) -> anyhow::Result<Self> {
        if path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case(WAV)) {
            return Ok(Self::Wav);
        }
        Format::from_path(path)
            .map(Self::Music)
            .map_err(|error| wrong_input(format!("{error}, and .{WAV} for sound")))
    }

    fn extension(self) -> &'static str {
        match self {
            Self::Music(format) => format.extension(),
            Self::Wav => WAV,
        }
    }
}

impl FromStr for Target {
    type Err = String;

    /// The name of a format, or `wav`.
    fn from_str(text: &str) -> std::result::Result<Self, String> {
        if text.eq_ignore_ascii_case(WAV) {
            return Ok(Self::Wav);
        }
        text.parse()
            .map(Self::Music)
            .map_err(|error: notation::UnknownFormat| format!("{error}, and {WAV} for sound"))
    }
}

/// A file and where its result goes.
struct Task {
    file: MidiPath,
    output: PathBuf,
}

/// Reads music of any format that is read.
fn read(file: &MidiPath) -> anyhow::Result<Score> {
    let bytes = file.read().map_err(wrong_input)?;
    Ok(notation::read_bytes(&bytes, &file.name, &notation::Options::default()).map_err(wrong_input)?.score)
}

/// The format of a file that is to be written, by its ending; MIDI for the standard output and for names without an ending.
///
/// # Errors
/// The ending is of no format of music.
pub fn output_format(path: &Path) -> Result<Format> {
    if is_standard(path) || path.extension().is_none() {
        return Ok(Format::Midi);
    }
    Ok(Format::from_path(path).map_err(wrong_input)?)
}

/// Converts files, and those in folders, to `to`, or to the format of the ending of the last path, which is the file or folder to
/// write. What cannot be converted among several files is a warning, and an error in the end.
///
/// One file goes into a file, `-` being the standard output; several, and those of a folder, go into a folder, which is made, under
/// their names with another ending. One file goes into a folder if that is there, or if `to` is given and the name has no ending.
///
/// # Errors
/// The format is not known, a SoundFont is given for music that stays notes, two results would have one name or replace an input, there is nothing to convert, or a file failed.
pub fn convert(
    paths: &[PathBuf],
    to: Option<Target>,
    soundfont: Option<&Path>,
    progress: &mut dyn Progress,
) -> Result<Conversion> {
    let Some((output, inputs)) = paths.split_last().filter(|(_, inputs)| !inputs.is_empty()) else {
        return Err(wrong_input("name the files to convert, then the file or folder to write").into());
    };
    let files = midi_files(inputs).map_err(wrong_input)?;
    let single = matches!(inputs, [input] if !input.is_dir()) && !output.is_dir();
    let into_file = single && (is_standard(output) || to.is_none() || output.extension().is_some());
    let target = match to {
        Some(target) => target,
        None if into_file && output.extension().is_some() => Target::from_path(output)?,
        None => return Err(needs_format(output).into()),
    };
    if soundfont.is_some() && target != Target::Wav {
        return Err(wrong_option(
            "soundfont",
            format!("is for sound, and {} is none: name a .{WAV} file", shown(output)),
        )
        .into());
    }
    if is_standard(output) {
        let [file] = &files[..] else {
            return Err(wrong_input("the standard output takes one file: name a folder for several").into());
        };
        return Ok(Conversion::Bytes(bytes(file, target, soundfont)?));
    }
    let task = |file: MidiPath| {
        let output = match into_file {
            true => output.clone(),
            false => output.join(name(&file)).with_extension(target.extension()),
        };
        Task { file, output }
    };
    let tasks: Vec<Task> = files.into_iter().map(task).collect();
    check(&tasks)?;
    let (count, mut written) = (tasks.len(), Vec::new());
    for Task { file, output } in tasks {
        match write(&file, &output, (target, soundfont)) {
            Ok(()) => written.push(shown(&output)),
            Err(error) if count == 1 => return Err(error.into()),
            Err(error) => progress.warning(&format!("{error:#}")),
        }
    }
    if written.len() < count {
        let failed = count - written.len();
        return Err(wrong_input(format!("{failed} of {count} files could not be converted")).into());
    }
    Ok(Conversion::Files(written))
}

fn needs_format(output: &Path) -> anyhow::Error {
    wrong_input(format!(
        "{} says no format: name a file with an ending, or the format with --to midi, musicxml, mxl, abc or wav",
        if is_standard(output) { "the standard output".to_owned() } else { shown(output) }
    ))
}

/// The name of a result below the folder of results: that of the file in its folder, or below the folder that was named.
fn name(file: &MidiPath) -> PathBuf {
    if file.named {
        file.path.file_name().map_or_else(|| "music".into(), PathBuf::from)
    } else {
        PathBuf::from(&file.name)
    }
}

/// Refuses results that would replace inputs or each other.
fn check(tasks: &[Task]) -> Result<()> {
    let mut outputs: Vec<&Path> = tasks.iter().map(|task| task.output.as_path()).collect();
    outputs.sort_unstable();
    if let Some(twice) = outputs.windows(2).find(|pair| pair[0] == pair[1]) {
        let text = format!(
            "two results would be written to {}: convert them into different folders",
            shown(twice[0])
        );
        return Err(wrong_input(text).into());
    }
    // A file that is not there yet replaces nothing.
    outputs.retain(|output| output.exists());
    let inputs: Vec<&Path> = tasks.iter().map(|task| task.file.path.as_path()).collect();
    if outputs.is_empty() { Ok(()) } else { outputs::check(&inputs, &outputs) }
}

fn bytes(file: &MidiPath, target: Target, soundfont: Option<&Path>) -> anyhow::Result<Vec<u8>> {
    let fault = |error: &dyn std::fmt::Display| wrong_input(format!("{}: {error}", shown(&file.path)));
    let score = read(file).map_err(|error| fault(&error))?;
    match target {
        Target::Music(format) => notation::write(&score, format).map_err(|error| fault(&error)),
        Target::Wav => wav(&score, soundfont),
    }
}

fn write(file: &MidiPath, output: &Path, (target, soundfont): (Target, Option<&Path>)) -> anyhow::Result<()> {
    let bytes = bytes(file, target, soundfont)?;
    let cannot = |error: std::io::Error| wrong_input(format!("cannot write {}: {error}", shown(output)));
    if let Some(folder) = output.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(cannot)?;
    }
    write_atomically(output, &bytes).map_err(cannot)
}
