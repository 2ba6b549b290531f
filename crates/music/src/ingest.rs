//! From folders of music to an encoded corpus with an account of every file, one chunk of files at a time.
//!
//! What stays in memory is one chunk of files, and for every piece kept the fingerprint of its content: forty bytes, by
//! which duplicates are found and splits are made.

use std::collections::{BTreeMap, HashMap};
use std::io::{BufWriter, Write};
use std::path::PathBuf;

use rayon::prelude::*;

use crate::atomic_file::AtomicFile;
use crate::cache;
use crate::corpus::{
    self, ContentKey, Criteria, Dropped, Examined, MidiPath, Piece, ReasonCounts, Rule, Set, Verdict, assign,
    content_key, examine_file,
};
use crate::input;
use crate::representation::{AnyRepresentation, DEFAULT_PATTERNS, Loss, Representation, Symbols};

/// Files that are read in parallel before their results are written.
const CHUNK: usize = 128;
/// Pieces from which a representation learns, where it does.
const LEARN_FROM: usize = 1000;

/// What to do with the files.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Which files are kept.
    pub criteria: Criteria,
    /// How they are encoded; without it, they are only looked at.
    pub representation: Option<AnyRepresentation>,
    /// Where to write the encoded corpus.
    pub cache: Option<PathBuf>,
    /// Where to write one line of JSON for each file.
    pub report: Option<PathBuf>,
}

/// How far it has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Files looked at.
    pub done: usize,
    /// Files there are.
    pub files: usize,
    /// Files kept so far.
    pub kept: usize,
}

/// Totals.
#[derive(Clone, Debug, Default, serde::Serialize)]
pub struct Summary {
    /// Files looked at; of a tune book, every tune.
    pub files: usize,
    /// Files kept.
    pub kept: usize,
    /// Files dropped, by rule.
    pub dropped: BTreeMap<Rule, usize>,
    /// The reasons in words with their numbers, the most frequent first.
    pub reasons: Vec<String>,
    /// Kept files that are damaged.
    pub damaged: usize,
    /// Notes in the kept files.
    pub notes: usize,
    /// Seconds of music in the kept files.
    pub seconds: f64,
    /// Events in the kept files that a score does not hold, by kind.
    pub not_kept: BTreeMap<String, usize>,
    /// Frames or tokens of the kept files.
    pub symbols: usize,
    /// Size of the vocabulary, if there is a representation.
    pub vocabulary: Option<usize>,
    /// Fingerprint of the representation.
    pub fingerprint: Option<String>,
    /// What the representation loses of the kept files.
    pub loss: Loss,
    /// Pieces for training, validation and test.
    pub sets: [usize; 3],
}

/// Why a corpus could not be ingested.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No files, or none that can be used.
    #[error(transparent)]
    Corpus(#[from] corpus::Error),
    /// The cache could not be written.
    #[error("the corpus cannot be written: {0}")]
    Cache(#[from] cache::Error),
    /// The report could not be written.
    #[error("the report {path} cannot be written: {source}")]
    Report {
        /// The report.
        path: String,
        /// What the operating system said.
        source: std::io::Error,
    },
}

/// What became of one file: a line of the report.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Line {
    /// Verdict, rule, reason, remedy, and what the reader found.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// Seconds of music.
    pub seconds: f64,
    /// Frames or tokens.
    pub symbols: usize,
    /// What the representation loses.
    pub loss: Option<Loss>,
}

/// A file after it was looked at and encoded.
struct Looked {
    line: Line,
    kept: Option<(ContentKey, ContentKey, Option<Symbols>)>,
}

/// Looks at every file, encodes those that are kept, and writes cache and report as it goes.
///
/// A bad file never ends the run. `bars` first learns its patterns from the first thousand files.
///
/// # Errors
/// When there are no files, when none is usable, or when the cache or the report cannot be written.
pub fn ingest<P: AsRef<std::path::Path>>(
    paths: &[P],
    options: &Options,
    mut progress: impl FnMut(Progress),
) -> Result<Summary, Error> {
    let files = options.criteria.files(paths)?;
    let representation = options.representation.clone().map(|plain| learnt(plain, &files, &options.criteria));
    let mut cache = match (&options.cache, &representation) {
        (Some(path), Some(representation)) => Some(cache::Writer::create(path, representation)?),
        _ => None,
    };
    let mut report = options.report.as_ref().map(Report::create).transpose()?;
    let mut done = 0;
    let mut totals = Totals::new(representation.as_ref());
    for chunk in files.chunks(CHUNK) {
        let look = |examined| look_at(examined, &options.criteria, representation.as_ref());
        let looked: Vec<Looked> = chunk
            .par_iter()
            .flat_map_iter(|file| examine_file(file, &options.criteria).into_iter().map(look))
            .collect();
        done += chunk.len();
        for mut looked in looked {
            totals.add(&mut looked, &options.criteria);
            if let (Some(cache), Some((_, content, Some(symbols)))) = (&mut cache, looked.kept.take()) {
                cache.add(&cache::Record { name: looked.line.verdict.name.clone(), content, symbols })?;
            }
            if let Some(report) = &mut report {
                report.line(&looked.line)?;
            }
        }
        progress(Progress { done, files: files.len(), kept: totals.summary.kept });
    }
    if let Some(report) = report {
        report.finish()?;
    }
    let summary = totals.finish();
    if summary.kept == 0 {
        let path = paths.iter().map(|path| input::shown(path.as_ref())).collect::<Vec<_>>().join(", ");
        let (files, reasons) = (summary.files, summary.reasons);
        return Err(corpus::Error::NothingUsable { path, files, reasons, verdicts: Vec::new() }.into());
    }
    if let Some(cache) = cache {
        cache.finish()?;
    }
    Ok(summary)
}

/// A representation after it has learnt from the first files, where it learns.
fn learnt(plain: AnyRepresentation, files: &[MidiPath], criteria: &Criteria) -> AnyRepresentation {
    if !matches!(&plain, AnyRepresentation::Bars(bars) if bars.num_patterns() == 0) {
        return plain;
    }
    let pieces: Vec<Piece> = files[..files.len().min(LEARN_FROM)]
        .par_iter()
        .flat_map_iter(|file| examine_file(file, criteria))
        .filter_map(|(_, piece)| piece)
        .filter(|piece| plain.encode(&piece.score).is_ok())
        .collect();
    // Nothing that is too long is left; if learning failed all the same, the plain tokens do.
    plain.clone().learn(pieces.iter().map(|piece| &piece.score), DEFAULT_PATTERNS).unwrap_or(plain)
}

fn look_at(examined: Examined, criteria: &Criteria, representation: Option<&AnyRepresentation>) -> Looked {
    let (mut verdict, piece) = examined;
    let (mut seconds, mut loss, mut symbols, mut keys) = (0.0, None, None, None);
    if let Some(Piece { score, .. }) = piece {
        seconds = score.seconds();
        keys = Some((criteria.duplicate_key(&score), content_key(&score)));
        if let Some(representation) = representation {
            match representation.encode(&score).and_then(|s| Ok((s, representation.quantise(&score)?.loss))) {
                Ok((encoded, lost)) if encoded.is_empty() => {
                    verdict.dropped = Some(Dropped::nothing_to_encode(representation.name(), &lost));
                }
                Ok((encoded, lost)) => (symbols, loss) = (Some(encoded), Some(lost)),
                Err(error) => verdict.dropped = Some(Dropped::too_long_to_encode(&error)),
            }
        }
    }
    let count = symbols.as_ref().map_or(0, Symbols::len);
    let kept = keys.filter(|_| verdict.is_kept()).map(|(duplicate, content)| (duplicate, content, symbols));
    Looked { line: Line { verdict, seconds, symbols: count, loss }, kept }
}

/// The account as it grows.
struct Totals {
    summary: Summary,
    /// The first file with each content.
    first: HashMap<ContentKey, String>,
    contents: Vec<ContentKey>,
    reasons: ReasonCounts,
}

impl Totals {
    fn new(representation: Option<&AnyRepresentation>) -> Self {
        let summary = Summary {
            vocabulary: representation.map(|representation| representation.vocabulary().size()),
            fingerprint: representation.map(Representation::fingerprint),
            ..Summary::default()
        };
        Self { summary, first: HashMap::new(), contents: Vec::new(), reasons: ReasonCounts::default() }
    }

    fn add(&mut self, looked: &mut Looked, criteria: &Criteria) {
        self.summary.files += 1;
        let verdict = &mut looked.line.verdict;
        if let Some((duplicate, _, _)) = &looked.kept {
            match self.first.get(duplicate) {
                Some(first) if !criteria.keep_duplicates => {
                    verdict.dropped = Some(Dropped::duplicate(first));
                    looked.kept = None;
                }
                Some(_) => {}
                None => drop(self.first.insert(*duplicate, verdict.name.clone())),
            }
        }
        if let Some(dropped) = &verdict.dropped {
            *self.summary.dropped.entry(dropped.rule).or_default() += 1;
            self.reasons.add(dropped);
        }
        let Some((_, content, _)) = &looked.kept else { return };
        self.contents.push(*content);
        let summary = &mut self.summary;
        summary.kept += 1;
        summary.notes += verdict.notes;
        summary.seconds += looked.line.seconds;
        summary.symbols += looked.line.symbols;
        if let Some(report) = &verdict.report {
            summary.damaged += usize::from(!report.is_undamaged());
            for (kind, number) in &report.not_kept {
                *summary.not_kept.entry(kind.clone()).or_default() += number;
            }
        }
        if let Some(loss) = &looked.line.loss {
            summary.loss.add(loss);
        }
    }

    fn finish(self) -> Summary {
        let mut summary = self.summary;
        for set in assign(&self.contents) {
            summary.sets[match set {
                Set::Train => 0,
                Set::Valid => 1,
                Set::Test => 2,
            }] += 1;
        }
        summary.reasons = self.reasons.in_words(true);
        summary
    }
}

/// The lines of the report.
struct Report {
    path: PathBuf,
    out: BufWriter<AtomicFile>,
}

impl Report {
    fn create(path: &PathBuf) -> Result<Self, Error> {
        let file = AtomicFile::create(path)
            .map_err(|source| Error::Report { path: path.display().to_string(), source })?;
        Ok(Self { path: path.clone(), out: BufWriter::new(file) })
    }

    fn fault(&self, source: std::io::Error) -> Error {
        Error::Report { path: self.path.display().to_string(), source }
    }

    fn line(&mut self, line: &Line) -> Result<(), Error> {
        let written = serde_json::to_writer(&mut self.out, line).map_err(std::io::Error::from);
        written.and_then(|()| self.out.write_all(b"\n")).map_err(|source| self.fault(source))
    }

    fn finish(self) -> Result<(), Error> {
        let done = self.out.into_inner().map_err(|error| error.into_error()).and_then(AtomicFile::commit);
        done.map_err(|source| Error::Report { path: self.path.display().to_string(), source })
    }
}
