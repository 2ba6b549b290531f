//! The notes of one block drawn anew: candidates, their weights, and the one that is kept.

use super::chain::{Rewriter, Update};
use super::limits::{Asks, Block};
use super::passage::{GridNote, lay_over};
use super::rows::{Row, RowState};
use super::weights::{effective_sample_size, normalised, systematic};
use crate::Error;
use crate::frames::weights::place_of;
use composer_models::encoding::{FrameSequence, Sequence};
use composer_models::scoring::score_from;
use composer_music::BarMap;
use composer_music::representation::frames::Frame;
use rand::RngExt;
use std::ops::Range;

/// How many places copies come from.
const PLACES: usize = 6;

impl Rewriter<'_> {
    /// Draws the notes that begin in `steps` anew, all others as they stand; with `retained`, those that stand are a candidate.
    pub(super) fn update(&mut self, steps: Range<usize>, retained: bool) -> Result<Update, Error> {
        let block = self.block(steps.clone());
        self.advance(steps.start)?;
        let copies = self.copies(&block);
        let mut rows = self.candidates(&block, &copies, retained);
        let start = self.state.clone();
        let mut state = self.walker.gather(&start, &vec![0; rows.len()]);
        let end = self.walk(&block, &mut rows, &mut state, !retained && copies.is_empty())?;
        rows.iter_mut().for_each(|row| row.voice.close(end));
        let follows = self.follows(&block, &rows, end, state)?;
        let weight = |(row, ln_follows): (&Row, &f64)| {
            if row.dead { f64::NEG_INFINITY } else { ln_follows + self.ln_ratio(row, &copies) }
        };
        let ln_weights: Vec<f64> = rows.iter().zip(&follows).map(weight).collect();
        let nothing = Error::NothingLeft { step: steps.start };
        let Some(weights) = normalised(&ln_weights) else { return Err(nothing) };
        let Some(chosen) = place_of(&weights, self.rng.random()) else { return Err(nothing) };
        let update = Update {
            effective: effective_sample_size(&weights),
            candidates: weights.len(),
            changed: !(retained && chosen == 0),
        };
        self.take(&block, &rows[chosen], end);
        Ok(update)
    }

    /// What the notes of a block are drawn within.
    fn block(&self, steps: Range<usize>) -> Block {
        let passage = self.passage;
        let inside = |note: &&GridNote| steps.contains(&note.start);
        let notes: Vec<GridNote> = self.notes.iter().filter(inside).copied().collect();
        let mut locked = passage.kept.clone();
        lay_over(&mut locked, self.notes.iter().filter(|note| !inside(note)).copied());
        // New notes keep the order of the old ones, also of those that begin together now.
        let before = self.notes.iter().filter(|note| note.start < steps.start).count();
        let line = self.line.iter().skip(before).take(notes.len()).copied().collect();
        let asks = Asks::of(passage.keep, &notes, line, &steps);
        let (begin, sound) = (passage.begin[steps.clone()].to_vec(), passage.sound.clone());
        Block { begin, sound, steps, locked, end: passage.end, asks }
    }

    /// The new frames from a block on, if its notes were these.
    fn frames_of(&self, block: &Block, notes: &[GridNote]) -> Vec<Frame> {
        let mut frames = block.locked[..block.end.max(block.steps.end)].to_vec();
        lay_over(&mut frames, notes.iter().copied());
        frames.split_off(block.steps.start)
    }

    /// Frames of the block that are copied from other bars.
    fn copies(&self, block: &Block) -> Vec<Vec<Frame>> {
        if !matches!(block.asks, Asks::Nothing) || self.options.copies == 0.0 {
            return Vec::new();
        }
        let from = |first: usize| {
            let source = first..first + block.steps.len();
            let inside = |note: &&GridNote| source.contains(&note.start);
            let others = self.notes.iter().chain(&self.material).filter(inside);
            let moved = others.map(|note| GridNote {
                start: note.start - first + block.steps.start,
                end: (note.end - first + block.steps.start).min(block.end),
                pitch: note.pitch,
            });
            // Where a block is open in part, a copy fills that part.
            let open =
                |note: &GridNote| block.begin[note.start - block.steps.start] >> (note.pitch & 127) & 1 == 1;
            self.frames_of(block, &moved.filter(open).collect::<Vec<_>>())
        };
        similar_places(block, &self.passage.bars).into_iter().map(from).collect()
    }

    fn candidates(&mut self, block: &Block, copies: &[Vec<Frame>], retained: bool) -> Vec<Row> {
        let before = &self.frames[..block.steps.start];
        let mut rows = Vec::with_capacity(self.options.candidates);
        if retained {
            rows.push(self.walker.row(before, Some(self.frames[block.steps.start..].to_vec())));
        }
        while rows.len() < self.options.candidates.max(usize::from(retained) + 1) {
            // Copies need not satisfy the locks: where nothing stands to fall back on, one candidate is drawn.
            let may_copy = !copies.is_empty() && !rows.is_empty();
            let copied = may_copy && self.rng.random::<f64>() < self.options.copies;
            let given = copied.then(|| copies[self.rng.random_range(0..copies.len())].clone());
            rows.push(self.walker.row(before, given));
        }
        rows
    }

    /// Takes all rows through the block, and on until none of its notes sounds; the step after. With `resample`, rows that locks have made
    /// unlikely give way to others at bar lines.
    fn walk(
        &mut self,
        block: &Block,
        rows: &mut Vec<Row>,
        state: &mut RowState<'_>,
        resample: bool,
    ) -> Result<usize, Error> {
        let Self { walker, frames, rng, passage, .. } = self;
        let before = &frames[..block.steps.start];
        let mut step = block.steps.start;
        while step < block.steps.end || step < block.end && rows.iter().any(|row| row.voice.own() != 0) {
            walker.step(before, block, rows, state, rng)?;
            step += 1;
            let line = passage.bars.bar_at(step as u64).start == step as u64;
            if !resample || !line || step >= block.steps.end {
                continue;
            }
            let weight = |row: &Row| if row.dead { f64::NEG_INFINITY } else { row.ln_mass };
            let ln_weights: Vec<f64> = rows.iter().map(weight).collect();
            let Some(weights) = normalised(&ln_weights) else { return Err(Error::NothingLeft { step }) };
            if effective_sample_size(&weights) < 0.5 * rows.len() as f64 {
                let places = systematic(&weights, rng);
                *rows = places.iter().map(|&place| Row { ln_mass: 0.0, ..rows[place].clone() }).collect();
                *state = walker.gather(state, &places);
            }
        }
        Ok(step)
    }

    /// ln p of what follows each row, up to the horizon.
    fn follows(
        &mut self,
        block: &Block,
        rows: &[Row],
        end: usize,
        mut state: RowState<'_>,
    ) -> Result<Vec<f64>, Error> {
        let horizon = self.horizon(block.steps.end);
        if end >= horizon {
            return Ok(vec![0.0; rows.len()]);
        }
        let sequence = |row: &Row| {
            let mut frames = Vec::with_capacity(horizon);
            frames.extend_from_slice(&self.frames[..block.steps.start]);
            frames.extend_from_slice(&row.written);
            frames.extend_from_slice(&block.locked[end..horizon]);
            let sequence = FrameSequence::new(frames, Some(self.passage.bars.clone()));
            Sequence::Frames(sequence).with_conditions(self.passage.conditions.clone())
        };
        let sequences: Vec<Sequence> = rows.iter().map(sequence).collect();
        let scores = score_from(self.model, &sequences, end..horizon, &mut state, &mut self.ws)?;
        Ok(scores.iter().map(|score| -score.total().sum()).collect())
    }

    /// The first step after the bars whose likelihood counts for a block.
    fn horizon(&self, end: usize) -> usize {
        let bars = &self.passage.bars;
        let last = bars.bar_at(end.saturating_sub(1) as u64).index;
        let horizon = bars.bar(last.saturating_add(self.options.horizon as u64)).end;
        (horizon as usize).min(self.frames.len()).max(end)
    }

    /// ln p̃(x) / q(x).
    fn ln_ratio(&self, row: &Row, copies: &[Vec<Frame>]) -> f64 {
        if copies.is_empty() {
            return row.ln_mass;
        }
        let share = self.options.copies;
        let same = copies.iter().filter(|copy| row.written.iter().eq(copy.iter().take(row.written.len())));
        let same = same.count() as f64 / copies.len() as f64;
        // ln (1 − c) p̃ / m + c · share, over p̃
        let drawn = (1.0 - share).ln() - row.ln_mass;
        let copied = if same > 0.0 { (share * same).ln() - row.ln_prior } else { f64::NEG_INFINITY };
        let largest = drawn.max(copied);
        -(largest + ((drawn - largest).exp() + (copied - largest).exp()).ln())
    }

    /// Makes a candidate what stands.
    fn take(&mut self, block: &Block, row: &Row, end: usize) {
        self.notes.retain(|note| !block.steps.contains(&note.start));
        self.notes.extend_from_slice(row.notes());
        self.notes.sort_unstable();
        self.frames[block.steps.start..end].copy_from_slice(&row.written);
        self.frames[end..].copy_from_slice(&block.locked[end..]);
    }
}

/// First steps of the places in other bars, as many as [`PLACES`], where the music before and after is most like that around a block: where
/// most notes are common in as many steps as the bar has, and half of that further away. Of equal ones the nearer.
fn similar_places(block: &Block, bars: &BarMap) -> Vec<usize> {
    let (steps, frames) = (&block.steps, &block.locked);
    let bar = bars.bar_at(steps.start as u64);
    let (offset, length) = (steps.start as u64 - bar.start, bar.length() as usize);
    let count = bars.count(frames.len() as u64);
    let mut places: Vec<(f64, u64, usize)> = Vec::new();
    for index in (0..count).filter(|&index| index != bar.index) {
        let other = bars.bar(index);
        let first = (other.start + offset) as usize;
        let overlaps = first < steps.end && steps.start < first + steps.len();
        if other.length() != bar.length() || overlaps || first + steps.len() > frames.len() {
            continue;
        }
        let like = |distance: usize| {
            let before = |start: usize| start.checked_sub(distance * length);
            let after = |start: usize| Some(start + steps.len() + (distance - 1) * length);
            common(frames, length, before(steps.start), before(first))
                + common(frames, length, after(steps.start), after(first))
        };
        places.push((like(1) + 0.5 * like(2), index.abs_diff(bar.index), first));
    }
    places.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    places.truncate(PLACES);
    places.into_iter().map(|(.., first)| first).collect()
}

/// Share of the notes that begin in two stretches of so many steps which are common to them; 0 where a stretch is not there.
fn common(frames: &[Frame], length: usize, a: Option<usize>, b: Option<usize>) -> f64 {
    let stretch = |start: Option<usize>| start.and_then(|start| frames.get(start..start + length));
    let (Some(a), Some(b)) = (stretch(a), stretch(b)) else { return 0.0 };
    let (mut both, mut all) = (0, 0);
    for (a, b) in a.iter().zip(b) {
        both += 2 * (a.onsets & b.onsets).count_ones();
        all += a.onsets.count_ones() + b.onsets.count_ones();
    }
    f64::from(both) / f64::from(all.max(1))
}
