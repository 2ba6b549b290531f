//! A listening test from folders of music: which pieces are judged together, their clips, and STUDY.toml.

use super::design::{
    CLIPS_FOLDER, Clip, Item, Kind, MAX_NUMBER, Question, STUDY_FILE, Study, System, VOLUME_CLIP,
};
use super::options::NewStudy;
use super::sounds::{FADE, SoundOptions, level, sound, spoiled, volume_check};
use super::sources::{ANCHOR, BETTER_ANCHOR, Source, read, sources, system_names};
use crate::error::{Result, wrong_input, wrong_option};
use crate::progress::Progress;
use composer_audio::{AudioBuffer, write_wav};
use composer_models::streams::{Purpose, stream};
use composer_music::Score;
use composer_music::atomic_file::write_atomically;
use composer_music::input::shown;
use rand::RngExt;
use rayon::prelude::*;
use std::path::{Path, PathBuf};

/// The streams of random numbers of a study's making.
const IDS: u64 = 4;
const ANCHORS: u64 = 5;
/// Items with a known answer.
const CATCHES: usize = 4;
/// Share of notes that are moved in a MUSHRA's better anchor.
const MID_ANCHOR: f64 = 0.15;

/// What was made.
#[derive(Clone, Debug, serde::Serialize)]
pub struct MadeStudy {
    /// Its file.
    pub file: PathBuf,
    /// Clips, without the volume check.
    pub clips: usize,
    /// Items that are judged.
    pub items: usize,
    /// Participants.
    #[serde(skip)]
    pub participants: usize,
    /// Trials of each participant, all of them.
    pub trials: usize,
    /// Loudness of all clips, in LUFS.
    pub loudness: f64,
    /// Whether pieces with the same name were put together.
    pub paired_by_name: bool,
}

/// Makes a study in a folder, which must be new or empty; STUDY.toml is written last.
///
/// # Errors
/// A folder has too little music that can be read, the options do not fit, or the disk is full.
pub fn new_study(options: &NewStudy, folder: &Path, progress: &mut dyn Progress) -> Result<MadeStudy> {
    check(options, folder)?;
    let names = system_names(&options.folders);
    let (sources, paired_by_name) = sources(options, &names)?;
    let scores = read(&sources, &options.sound, progress)?;
    let mut bench = Bench::new(options, names);
    let usable = bench.add_pieces(&sources, scores);
    let (items, catches) = bench.items(&usable)?;
    bench.render(progress)?;
    let loudness = bench.write(folder)?;
    let study = bench.study(items, catches, loudness);
    let file = folder.join(STUDY_FILE);
    write_atomically(&file, study.to_toml()?.as_bytes())?;
    // What is written is what will be read.
    Study::load(&file)?;
    let trials = study.trials + study.catch_trials + study.repeated_trials;
    Ok(MadeStudy {
        file,
        clips: study.clips.len(),
        items: study.items.len(),
        participants: study.participants,
        trials,
        loudness,
        paired_by_name,
    })
}

fn check(options: &NewStudy, folder: &Path) -> Result<()> {
    let least = match options.kind {
        Kind::Rating => 1,
        _ => 2,
    };
    if options.folders.len() < least || options.folders.len() > 10 {
        return Err(wrong_input(format!("name {least} to 10 folders of music")).into());
    }
    for (option, value) in [("participants", options.participants), ("pieces", options.pieces)] {
        if !(1..=MAX_NUMBER).contains(&value) {
            return Err(wrong_option(option, format!("is {value}, and must be 1 to {MAX_NUMBER}")).into());
        }
    }
    if !(1.0..=300.0).contains(&options.sound.seconds) {
        return Err(wrong_option("seconds", "must be 1 to 300").into());
    }
    if !(-60.0..=-9.0).contains(&options.sound.loudness) {
        return Err(wrong_option("loudness", "must be −60 to −9 LUFS").into());
    }
    if options.sound.tempo.is_some_and(|tempo| !(20.0..=300.0).contains(&tempo)) {
        return Err(wrong_option("tempo", "must be 20 to 300 quarters per minute").into());
    }
    if std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(wrong_input(format!("{} is not empty: name a new folder", shown(folder))).into());
    }
    Ok(())
}

/// A study while it is made.
struct Bench<'a> {
    options: &'a NewStudy,
    systems: Vec<System>,
    clips: Vec<Clip>,
    scores: Vec<Score>,
    sounds: Vec<AudioBuffer>,
    ids: rand_chacha::ChaCha8Rng,
    anchors: rand_chacha::ChaCha8Rng,
}

impl<'a> Bench<'a> {
    fn new(options: &'a NewStudy, names: Vec<String>) -> Self {
        let systems =
            names.into_iter().enumerate().map(|(place, name)| System { name, human: place == 0 }).collect();
        Self {
            options,
            systems,
            clips: Vec::new(),
            scores: Vec::new(),
            sounds: Vec::new(),
            ids: stream(options.seed, Purpose::ListeningTest, IDS),
            anchors: stream(options.seed, Purpose::ListeningTest, ANCHORS),
        }
    }

    /// A clip of a score; its place.
    fn add(&mut self, system: String, source: String, score: Score) -> usize {
        let letters = b"abcdefghjkmnpqrstuvwxyz23456789";
        let id = (0..16).map(|_| char::from(letters[self.ids.random_range(0..letters.len())])).collect();
        self.clips.push(Clip { id, system, source, seconds: 0.0 });
        self.scores.push(score);
        self.clips.len() - 1
    }

    /// Clips of the pieces that can be used, as many of each system as there are places: `[piece][system]`, with the piece's name.
    fn add_pieces(
        &mut self,
        sources: &[Vec<Source>],
        mut scores: Vec<Vec<Option<Score>>>,
    ) -> Vec<Vec<Piece>> {
        let mut all = Vec::new();
        for (pieces, scores) in sources.iter().zip(&mut scores) {
            let mut usable = Vec::new();
            for (piece, score) in pieces.iter().zip(scores) {
                if usable.len() == self.options.pieces {
                    break;
                }
                let Some(score) = score.take() else { continue };
                let system = self.systems[piece.system].name.clone();
                let clip = self.add(system, piece.path.to_string_lossy().into_owned(), score);
                usable.push(Piece { name: piece.name.clone(), clip });
            }
            all.push(usable);
        }
        all
    }

    fn ids(&self, clips: &[usize]) -> Vec<String> {
        clips.iter().map(|&clip| self.clips[clip].id.clone()).collect()
    }

    /// A spoiled copy of a clip, as a clip.
    fn anchor(&mut self, of: usize, share: f64, name: &str) -> usize {
        if self.systems.iter().all(|system| system.name != name) {
            self.systems.push(System { name: name.into(), human: false });
        }
        let score = spoiled(&self.scores[of], share, &mut self.anchors);
        self.add(name.into(), self.clips[of].source.clone(), score)
    }

    /// What is judged, and the items with a known answer.
    fn items(&mut self, pieces: &[Vec<Piece>]) -> Result<(Vec<Item>, Vec<Item>)> {
        let items = match self.options.kind {
            Kind::HumanOrMachine | Kind::Rating => {
                let all = pieces.iter().flatten();
                all.map(|piece| Item { piece: piece.name.clone(), clips: self.ids(&[piece.clip]) }).collect()
            }
            Kind::Pairs | Kind::Abx => self.pairs(pieces),
            Kind::Mushra => self.versions(pieces),
        };
        if items.is_empty() {
            return Err(wrong_input("there is no music that can be judged: see the warnings above").into());
        }
        let mut catches = Vec::new();
        if self.options.kind != Kind::Mushra {
            let good: Vec<(String, usize)> =
                pieces[0].iter().take(CATCHES).map(|piece| (piece.name.clone(), piece.clip)).collect();
            for (piece, clip) in good {
                let bad = self.anchor(clip, 1.0, ANCHOR);
                let clips = if self.options.kind.clips().0 == 2 { vec![clip, bad] } else { vec![bad] };
                catches.push(Item { piece, clips: self.ids(&clips) });
            }
        }
        Ok((items, catches))
    }

    /// Every two systems, piece by piece; without common names, pieces in the order in which they were drawn.
    fn pairs(&self, pieces: &[Vec<Piece>]) -> Vec<Item> {
        let mut items = Vec::new();
        for (first, second) in (0..pieces.len()).flat_map(|i| (i + 1..pieces.len()).map(move |j| (i, j))) {
            for (a, b) in matched(&pieces[first], &pieces[second]) {
                let piece =
                    if a.name == b.name { a.name.clone() } else { format!("{} / {}", a.name, b.name) };
                items.push(Item { piece, clips: self.ids(&[a.clip, b.clip]) });
            }
        }
        items
    }

    /// A piece of the first folder, its versions of the others, and two anchors made of it.
    fn versions(&mut self, pieces: &[Vec<Piece>]) -> Vec<Item> {
        let mut items = Vec::new();
        for reference in &pieces[0] {
            let others: Vec<usize> = pieces[1..]
                .iter()
                .filter_map(|pieces| pieces.iter().find(|piece| piece.name == reference.name))
                .map(|piece| piece.clip)
                .collect();
            if others.len() + 1 < pieces.len() {
                continue;
            }
            let better = self.anchor(reference.clip, MID_ANCHOR, BETTER_ANCHOR);
            let low = self.anchor(reference.clip, 1.0, ANCHOR);
            let clips = [&[reference.clip], &others[..], &[better, low]].concat();
            items.push(Item { piece: reference.name.clone(), clips: self.ids(&clips) });
        }
        items
    }

    fn render(&mut self, progress: &mut dyn Progress) -> Result<()> {
        progress.note(&format!("Rendering {} clips.", self.scores.len()));
        let options = &self.options.sound;
        let sounds: Vec<Result<AudioBuffer>> =
            self.scores.par_iter().map(|score| sound(score, options)).collect();
        self.sounds = sounds.into_iter().collect::<Result<_>>()?;
        if self.options.kind == Kind::Abx {
            // The lengths of A, B and X must not tell which is which.
            let shortest = self.sounds.iter().map(AudioBuffer::seconds).fold(f64::INFINITY, f64::min);
            self.sounds.iter_mut().for_each(|sound| sound.cut(shortest, FADE));
        }
        self.sounds.push(sound(&volume_check(), &SoundOptions { seconds: 10.0, ..options.clone() })?);
        for (clip, sound) in self.clips.iter_mut().zip(&self.sounds) {
            clip.seconds = (1000.0 * sound.seconds()).round() / 1000.0;
        }
        Ok(())
    }

    /// Makes the folder and writes the clips at one loudness, which is returned.
    fn write(&mut self, folder: &Path) -> Result<f64> {
        let measured: Vec<_> = self.sounds.par_iter().map(AudioBuffer::loudness).collect();
        let sources = self.clips.iter().map(|clip| clip.source.as_str()).chain([VOLUME_CLIP]);
        let mut known = Vec::new();
        for (loudness, source) in measured.into_iter().zip(sources) {
            known.push(loudness.map_err(|error| wrong_input(format!("{source}: {error}; leave it out")))?);
        }
        let loudness = level(&mut self.sounds, &known, self.options.sound.loudness);
        std::fs::create_dir_all(folder.join(CLIPS_FOLDER))
            .map_err(|error| wrong_input(format!("cannot make the folder {}: {error}", shown(folder))))?;
        let names = self.clips.iter().map(|clip| clip.id.as_str()).chain([VOLUME_CLIP]);
        let files: Vec<_> = names.zip(&self.sounds).collect();
        files.par_iter().try_for_each(|(name, sound)| {
            write_wav(folder.join(CLIPS_FOLDER).join(format!("{name}.wav")), sound)
        })?;
        Ok((100.0 * loudness).round() / 100.0)
    }

    fn study(self, items: Vec<Item>, catches: Vec<Item>, loudness: f64) -> Study {
        let kind = self.options.kind;
        let trials = self.options.trials.unwrap_or(20).min(items.len());
        let scales = match kind {
            Kind::Rating => ["harmony", "rhythm", "structure", "overall"].map(str::to_owned).to_vec(),
            _ => Vec::new(),
        };
        Study {
            format: 1,
            title: "Listening test".into(),
            kind,
            question: kind.question().into(),
            consent: CONSENT.into(),
            participants: self.options.participants,
            trials,
            catch_trials: if catches.is_empty() { 0 } else { (trials / 8).clamp(1, 3) },
            repeated_trials: (trials / 6).min(3),
            seed: self.options.seed,
            minimum_seconds: 5f64.min(self.options.sound.seconds),
            allow_equal: kind == Kind::Pairs,
            scales,
            seconds: self.options.sound.seconds,
            loudness,
            questionnaire: questions(),
            systems: self.systems,
            items,
            catches,
            clips: self.clips,
        }
    }
}

/// A piece and the place of its clip.
struct Piece {
    name: String,
    clip: usize,
}

/// Pieces with the same name; of the others the first with the first, and so on.
fn matched<'a>(first: &'a [Piece], second: &'a [Piece]) -> Vec<(&'a Piece, &'a Piece)> {
    let mut pairs: Vec<_> =
        first.iter().filter_map(|a| Some((a, second.iter().find(|b| b.name == a.name)?))).collect();
    let alone =
        |others: &'a [Piece]| move |piece: &&Piece| others.iter().all(|other| other.name != piece.name);
    pairs.extend(first.iter().filter(alone(second)).zip(second.iter().filter(alone(first))));
    pairs
}

const CONSENT: &str = "You will hear short pieces of music and say what you think of them. It takes about a quarter of an hour. \
    There are no wrong answers.\n\nYour answers are kept under a random number, without your name, and are used for research. \
    You may stop at any time by closing this page; what you have answered until then is kept.";

fn questions() -> Vec<Question> {
    let question = |name: &str, text: &str, choices: &[&str]| Question {
        name: name.into(),
        text: text.into(),
        choices: choices.iter().map(|&choice| choice.into()).collect(),
    };
    vec![
        question(
            "training",
            "How many years have you played an instrument or sung?",
            &["none", "1 to 3", "4 to 9", "10 or more"],
        ),
        question(
            "style",
            "How often do you listen to music like this?",
            &["never", "sometimes", "every week"],
        ),
        question("sound", "What do you listen with?", &["headphones", "loudspeakers", "the device itself"]),
    ]
}
