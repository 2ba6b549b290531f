//! [`BarStream`]: pieces bar by bar, each as soon as it is complete.

use super::options::ComposeOptions;
use super::piece::Piece;
use super::work::Work;
use super::write::{self, Writer};
use crate::error::Result;
use crate::model::TrainedModel;
use composer_music::{Bar, Note};
use std::collections::VecDeque;

/// A bar of a piece, complete.
#[derive(Clone, Debug, PartialEq)]
pub struct ComposedBar {
    /// Which piece, from 0.
    pub piece: usize,
    /// Its place in the piece, its ticks and its metre.
    pub bar: Bar,
    /// What sounds in it, by onset and pitch.
    pub notes: Vec<BarNote>,
}

/// A note, or the part of it that lies in a bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BarNote {
    /// The note, cut at the bar lines.
    pub note: Note,
    /// Whether it began in an earlier bar: it sounds on, and is not struck again.
    pub tied: bool,
}

/// Composes bar by bar: an iterator over the bars of all pieces, each as soon as it is complete, in the order in which they are.
///
/// The music is exactly that of [`compose`](super::compose), which writes the same way: [`BarStream::finish`] gives its pieces. Bars of a
/// primer that a piece begins with come at once, those of a beam search when it has ended. Parts are told apart by channel and program;
/// where tokens name programs, channels are numbered anew when a further part begins.
///
/// ```
/// use composer_application::compose::{BarStream, ComposeOptions, Length};
/// use composer_application::TrainedModel;
///
/// let model = TrainedModel::built_in()?;
/// let options = ComposeOptions { num_outputs: 1, length: Length::Bars(2), ..ComposeOptions::default() };
/// let mut bars = BarStream::new(&model, &options)?;
/// for bar in bars.by_ref() {
///     let bar = bar?;
///     println!("bar {}: {} notes", bar.bar.index + 1, bar.notes.iter().filter(|note| !note.tied).count());
/// }
/// let pieces = bars.finish()?;
/// assert_eq!(pieces.len(), 1);
/// # Ok::<(), composer_application::Error>(())
/// ```
pub struct BarStream<'a> {
    /// The pieces in each metre; none for a model that writes no music.
    groups: Vec<Group<'a>>,
    /// The group that writes next.
    turn: usize,
    ready: VecDeque<ComposedBar>,
}

/// Pieces that are written together.
struct Group<'a> {
    work: Work<'a>,
    writer: Writer<'a>,
    /// The bar of each piece that is to come next.
    next: Vec<u64>,
    finished: bool,
}

impl<'a> BarStream<'a> {
    /// Begins: options are checked, and the primer is read.
    ///
    /// # Errors
    /// As of [`compose`](super::compose).
    pub fn new(model: &'a TrainedModel, options: &ComposeOptions) -> Result<Self> {
        let group = |(work, writer): (_, Writer<'a>)| {
            let next = vec![0; writer.count()];
            Group { work, writer, next, finished: false }
        };
        let groups = write::begin(model, options)?.into_iter().map(group).collect();
        Ok(Self { groups, turn: 0, ready: VecDeque::new() })
    }

    /// Writes what is left, and gives the pieces.
    ///
    /// # Errors
    /// The model's file is damaged.
    pub fn finish(self) -> Result<Vec<Piece>> {
        write::run_all(self.groups.into_iter().map(|group| (group.work, group.writer)).collect(), &mut ())
    }
}

impl Group<'_> {
    /// Puts the bars that are complete into the queue.
    fn collect(&mut self, ready: &mut VecDeque<ComposedBar>) -> anyhow::Result<()> {
        let (work, writer) = (&self.work, &self.writer);
        let plan = &work.plan;
        let count = plan.bars.count(plan.end_tick(plan.steps));
        for (piece, next) in self.next.iter_mut().enumerate() {
            let complete = |index: u64| {
                index < count
                    && (self.finished || plan.tick(writer.now(work, piece)) >= plan.bars.bar(index).end)
            };
            if !complete(*next) {
                continue;
            }
            let score = writer.piece(work, piece)?.score;
            while complete(*next) {
                let bar = plan.bars.bar(*next);
                let cut = |note: &Note| {
                    let (onset, end) = (note.onset.max(bar.start), note.end().min(bar.end));
                    let cut = Note { onset, duration: end.saturating_sub(onset), ..*note };
                    (cut.duration > 0).then_some(BarNote { note: cut, tied: note.onset < bar.start })
                };
                let mut notes: Vec<BarNote> = score.notes().filter_map(cut).collect();
                notes.sort_by_key(|part| (part.note.onset, part.note.pitch));
                ready.push_back(ComposedBar { piece: work.numbers[piece] as usize, bar, notes });
                *next += 1;
            }
        }
        Ok(())
    }
}

impl Iterator for BarStream<'_> {
    type Item = Result<ComposedBar>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(bar) = self.ready.pop_front() {
                return Some(Ok(bar));
            }
            // Groups write in turn, the first that has not finished after that of the last step.
            let count = self.groups.len();
            let turn =
                (0..count).map(|i| (self.turn + i) % count).find(|&group| !self.groups[group].finished)?;
            self.turn = turn + 1;
            let group = &mut self.groups[turn];
            let written = group.writer.advance();
            group.finished = written.is_none();
            let collected = written.unwrap_or(Ok(())).and_then(|()| group.collect(&mut self.ready));
            if let Err(error) = collected {
                self.groups.clear();
                return Some(Err(error.into()));
            }
        }
    }
}
