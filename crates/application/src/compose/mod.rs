//! A model composes, as notes, as MIDI files and as sound.

mod assemble;
mod bars;
pub(crate) mod carried;
mod choices;
mod feasible;
mod options;
pub mod pick;
mod plan;
mod ranges;
mod reading;
mod report;
mod write;

pub use bars::{BarNote, BarStream, ComposedBar};
pub use options::{
    ComposeOptions, FRAME_TEMPERATURE, FrameChoice, Length, Primer, TOKEN_TEMPERATURE, TokenChoice,
};

use crate::error::{Result, wrong_input};
use crate::model::TrainedModel;
use crate::progress::Progress;
use crate::run_folder::OutputFolder;
use crate::sound::write_wav;
use assemble::{Manner, assemble};
use composer_decoding::harmony::ChordPlan;
use composer_decoding::primer::Primer as PrimerMusic;
use composer_models::streams::{Purpose, stream};
use composer_models::{
    Condition, ConditionTrack, ConditionValues, Encoding, Form, Harmony, HarmonyPlan, SequenceModel, Stepper,
};
use composer_music::key::Key;
use composer_music::midi::{self, OtherEvent, RawFile};
use composer_music::notation::{self, Format};
use composer_music::representation::AnyRepresentation;
use composer_music::representation::frames::{Frame, FrameRepresentation};
use composer_music::text::counted;
use composer_music::{BarMap, Score};
use options::GivenPrimer;
use plan::Plan;
use std::path::{Path, PathBuf};
use write::Writer;

pub use ranges::{pitch_range, register};

/// A composed piece.
#[derive(Clone, Debug, PartialEq)]
pub struct Piece {
    /// The music.
    pub score: Score,
    /// −ln P of each step or token under the model, in nats.
    pub nll: Vec<f64>,
    /// What one should know of it, in sentences: what the model did not read of its primer, options without an effect. The same for
    /// all pieces that were composed together.
    pub notes: Vec<String>,
    /// What the file of its primer has beside the music: lyrics, markers, controllers, pitch bends.
    pub others: Vec<OtherEvent>,
}

impl Piece {
    /// The piece as a MIDI file.
    ///
    /// # Errors
    /// MIDI cannot express it.
    pub fn to_midi(&self) -> Result<Vec<u8>> {
        let bytes = midi::write(&self.score).map_err(anyhow::Error::from)?;
        if self.others.is_empty() {
            return Ok(bytes);
        }
        let mut file = RawFile::parse(&bytes).map_err(anyhow::Error::from)?;
        file.insert(&self.others);
        Ok(file.to_bytes())
    }

    /// The piece as a file of a format. What a score does not hold is in MIDI only.
    ///
    /// # Errors
    /// The format cannot express it.
    pub fn to_bytes(&self, format: Format) -> Result<Vec<u8>> {
        match format {
            Format::Midi => self.to_midi(),
            _ => Ok(notation::write(&self.score, format).map_err(wrong_input)?),
        }
    }

    /// Mean −ln P of a step or token under the model, in nats.
    pub fn nll_per_step(&self) -> f64 {
        self.nll.iter().sum::<f64>() / self.nll.len().max(1) as f64
    }
}

/// As what compositions are written.
#[derive(Clone, Copy, Debug)]
pub struct FileOptions<'a> {
    /// The formats of their music, beside WAV.
    pub formats: &'a [Format],
    /// A SoundFont for WAV; `None`: the built-in sounds.
    pub soundfont: Option<&'a Path>,
}

/// A piece that was written to disk, as music and as WAV.
#[derive(Clone, Debug, PartialEq)]
pub struct SavedPiece {
    /// Its name without an ending.
    pub file_stem: String,
    /// Its files, the music first.
    pub files: Vec<String>,
    /// The piece.
    pub piece: Piece,
}

/// Composes.
///
/// ```
/// use composer_application::compose::{ComposeOptions, Length, compose};
/// use composer_application::TrainedModel;
///
/// let options = ComposeOptions { num_outputs: 1, length: Length::Bars(1), ..ComposeOptions::default() };
/// let pieces = compose(&TrainedModel::built_in()?, &options)?;
/// assert_eq!(pieces[0].nll.len(), 16, "sixteenths");
/// # Ok::<(), composer_application::Error>(())
/// ```
///
/// # Errors
/// An option is out of range or does not fit the model, the primer cannot be used, or the model's file is damaged.
pub fn compose(model: &TrainedModel, options: &ComposeOptions) -> Result<Vec<Piece>> {
    compose_with(model, options, &mut ())
}

/// As [`compose`]; `progress` is told how far it is, gets the music so far if it wants it, and may stop it at any step.
///
/// # Errors
/// As [`compose`], and when it was stopped.
pub fn compose_with(
    model: &TrainedModel,
    options: &ComposeOptions,
    progress: &mut dyn Progress,
) -> Result<Vec<Piece>> {
    match Work::begin(model, options)? {
        Some(work) => Ok(Writer::new(&work)?.run(&work, progress)?),
        None => Ok(Vec::new()),
    }
}

/// Writes each piece into a folder, as `composition-1.mid` (or another format) and `composition-1.wav` and so on; makes the folder. A folder that already holds
/// compositions is refused, so that two sets are never mixed, also if several programs write at once.
///
/// # Errors
/// The folder cannot be written or holds compositions, or the SoundFont cannot be used.
pub fn save(pieces: Vec<Piece>, folder: &Path, options: FileOptions) -> Result<Vec<SavedPiece>> {
    let folder = OutputFolder::create(folder)?;
    let _turn = folder.turn();
    check_unused(folder.folder())?;
    Ok(write_set(pieces, &folder, options)?)
}

/// Writes each piece as [`save`] does into `folder`, or where that holds compositions into the first of `folder-2`, `folder-3` … that
/// does not; which it was.
///
/// # Errors
/// As for [`save`].
pub fn save_apart(
    pieces: Vec<Piece>,
    folder: &Path,
    options: FileOptions,
) -> Result<(PathBuf, Vec<SavedPiece>)> {
    let mut next = folder.to_owned();
    for number in 2u64.. {
        let candidate = OutputFolder::create(&next)?;
        let _turn = candidate.turn();
        if !candidate.holds(COMPOSITION_PREFIX)? {
            return Ok((next, write_set(pieces, &candidate, options)?));
        }
        next = PathBuf::from(format!("{}-{number}", folder.display()));
    }
    unreachable!("the numbers do not end")
}

/// Refuses a folder that holds compositions; one that is still to be made holds none.
///
/// # Errors
/// It holds some, or cannot be read.
pub fn check_unused(folder: &Path) -> Result<()> {
    if folder.is_dir() && OutputFolder::create(folder)?.holds(COMPOSITION_PREFIX)? {
        let at = folder.display();
        let text = format!(
            "{at} already holds compositions: choose another folder with --output-dir, or delete them"
        );
        return Err(wrong_input(text).into());
    }
    Ok(())
}

/// Beginning of the names of compositions.
pub(crate) const COMPOSITION_PREFIX: &str = "composition-";

/// Writes the compositions of a run in place of those that it had before; the run folder is locked.
pub(crate) fn save_in_run(
    pieces: Vec<Piece>,
    folder: &OutputFolder,
    soundfont: Option<&Path>,
) -> Result<Vec<SavedPiece>> {
    let _turn = folder.turn();
    folder.remove_all(COMPOSITION_PREFIX)?;
    let options = FileOptions { formats: &[Format::Midi], soundfont };
    Ok(write_set(pieces, folder, options)?)
}

fn write_set(
    pieces: Vec<Piece>,
    folder: &OutputFolder,
    options: FileOptions,
) -> anyhow::Result<Vec<SavedPiece>> {
    let mut saved = Vec::new();
    for (number, piece) in (1..).zip(pieces) {
        let file_stem = format!("{COMPOSITION_PREFIX}{number}");
        let mut files = Vec::new();
        for format in options.formats {
            files.push(format!("{file_stem}.{}", format.extension()));
            folder.write(&files[files.len() - 1], &piece.to_bytes(*format)?)?;
        }
        files.push(format!("{file_stem}.wav"));
        write_wav(&piece.score, options.soundfont, &folder.path(&files[files.len() - 1]))?;
        saved.push(SavedPiece { file_stem, files, piece });
    }
    Ok(saved)
}

/// Most tokens of a piece, for models that never come to an end.
const MAX_TOKENS: usize = 100_000;

/// Where the steps of a model are.
struct Grid {
    /// Bars, counted in steps from the first that the model reads.
    bars: BarMap,
    /// The step before which the piece ends, if it comes to an end.
    end: Option<u64>,
    /// How many symbols a step has.
    symbols: usize,
}

/// What is known before the first note.
struct Work<'a> {
    model: &'a SequenceModel,
    representation: AnyRepresentation,
    options: ComposeOptions,
    primer: Option<PrimerMusic>,
    plan: Plan,
    manner: Manner,
    notes: Vec<String>,
    others: Vec<OtherEvent>,
}

impl<'a> Work<'a> {
    /// Checks the options, and plans; `None` for a model that writes no music.
    fn begin(trained: &'a TrainedModel, options: &ComposeOptions) -> Result<Option<Self>> {
        options.check()?;
        let options = trained.defaults.under(options);
        let known = &trained.model.config().conditions;
        known.check_asked(&options.conditions)?;
        if options.form.is_some() {
            known.check_has(Condition::Form)?;
        }
        let representation = match (trained.model.encoding(), trained.token_representation()?) {
            (Encoding::Frames { representation, .. }, _) => AnyRepresentation::Frames(*representation),
            (_, Some(representation)) => representation.clone(),
            (Encoding::Tokens { .. } | Encoding::Values { .. }, None) => return Ok(None),
        };
        Ok(Some(Self::new(trained, representation, options)?))
    }

    fn new(
        trained: &'a TrainedModel,
        representation: AnyRepresentation,
        options: ComposeOptions,
    ) -> anyhow::Result<Self> {
        let model = &trained.model;
        let GivenPrimer { music: primer, others, mut notes } = options.primer()?;
        if let Some(primer) = &primer {
            notes.extend(reading::account(&representation, primer, options.injects())?);
        }
        notes.extend(options.without_effect());
        let plan = Plan::new(&representation, &options, primer.as_ref(), &trained.notes)?;
        let metre = plan.bars.metre_at(plan.primer_end);
        if let Some(known) = &model.config().conditions.metre
            && !known.contains(&metre)
        {
            notes.push(format!("The model has not learnt bars of {metre}: it is told no metre."));
        }
        let manner = Manner::new(&representation, primer.as_ref(), trained, options.qpm.is_some());
        let (others, behind) = match &primer {
            Some(primer) if options.injects() => carried::until(&others, plan.scale(primer), plan.primer_end),
            _ => (Vec::new(), 0),
        };
        if behind > 0 {
            let events = counted(behind, "event");
            notes.push(format!(
                "The primer's file has {events} behind its last note, such as texts and controllers: they are left out."
            ));
        }
        Ok(Self { model, representation, options, primer, plan, manner, notes, others })
    }

    /// The piece of what a model has written after `offset` steps.
    fn piece(&self, decoded: &Score, offset: u64, nll: Vec<f64>) -> Piece {
        let score = assemble(&self.plan, decoded, offset, &self.manner);
        Piece { score, nll, notes: self.notes.clone(), others: self.others.clone() }
    }

    /// The steps of a model of tokens after those that it has read: those of voices are on a grid, others have a metre only.
    fn voice_grid(&self, read: &[u32]) -> Grid {
        let (plan, options) = (&self.plan, &self.options);
        let Some(voices) = self.model.encoding().voices() else {
            let bars = BarMap::uniform(1, plan.bars.metre_at(plan.primer_end));
            return Grid { bars, end: None, symbols: 1 };
        };
        let before = if options.injects() { 0 } else { (read.len() / voices.voices) as u64 };
        let bars = plan.bars_after(self.primer.as_ref().filter(|_| !options.injects()), before);
        Grid { bars, end: options.ending.then_some(before + plan.steps), symbols: voices.voices }
    }

    /// The model under the conditions, and the forms of all pieces, which begin with the bars of what the model reads. What is not asked for is
    /// drawn for each piece; `together`: once for all, which are candidates of one search.
    fn told(
        &self,
        grid: &Grid,
        (read, together): (&[Frame], bool),
    ) -> anyhow::Result<(Stepper<'a>, Vec<Form>)> {
        let Grid { bars, end, symbols } = grid;
        let (conditions, options) = (&self.model.config().conditions, &self.options);
        let metre = Some(bars.metre_at(0));
        let key = options.key.map(|key| Key { tonic: key.tonic, minor: key.minor });
        let asked = ConditionValues { metre, key, ..options.conditions.clone() };
        let outputs = if together { 1 } else { options.num_outputs as u64 };
        let count = end.map_or(0, |end| bars.count(end) as usize);
        let known = if conditions.form { Form::of_frames(read, bars) } else { Form::default() };
        let (mut tracks, mut forms) = (Vec::new(), Vec::new());
        for output in 0..outputs {
            let mut rng = stream(options.seed, Purpose::Conditions, output);
            let drawn = conditions.draw(&asked, count, &mut rng);
            let harmony = self.harmony(drawn.harmony, bars, count)?;
            let track = ConditionTrack::in_bars(&drawn.values, bars, *end).with_harmony(&harmony, bars);
            tracks.push(track.with_symbols_per_step(*symbols));
            let form = match &options.form {
                Some(letters) => Form::of_letters(letters, count).map_err(wrong_input)?,
                None => drawn.form,
            };
            forms.push(known.clone().then(&form));
        }
        let forms = if conditions.form { forms } else { Vec::new() };
        Ok((Stepper::new(self.model).with_conditions_of_each(tracks), forms))
    }

    /// The harmony that a composition is told: that of the chords that are asked for, or what was drawn. None behind a primer, whose harmony the
    /// music goes on from.
    fn harmony(&self, drawn: HarmonyPlan, bars: &BarMap, count: usize) -> anyhow::Result<HarmonyPlan> {
        match (&self.primer, &self.options.chords) {
            (Some(_), _) => Ok(HarmonyPlan::default()),
            (None, None) => Ok(drawn),
            (None, Some(chords)) => {
                let chords = ChordPlan::over_bars(chords, self.plan.bar_lines())?;
                let chord = |bar: u64| Some(Harmony::of_chord(chords.at(bars.bar(bar).start)));
                Ok((0..count as u64).map(|bar| [chord(bar); 2]).collect())
            }
        }
    }

    /// The frames of the primer with its rests, and how many of them lie before the piece: all, or none if it begins with them.
    fn read_frames(&self, representation: &FrameRepresentation) -> anyhow::Result<(Vec<Frame>, u64)> {
        let Some(primer) = &self.primer else { return Ok((Vec::new(), 0)) };
        let injects = self.options.injects();
        let end = if injects { self.plan.begin } else { reading::end(&self.representation, primer) };
        let mut frames = primer.frames(representation)?;
        frames.resize(frames.len().max(end as usize), Frame::default());
        let before = if injects { 0 } else { frames.len() as u64 };
        Ok((frames, before))
    }
}
