//! From the outputs of the note stack and of the context to logits, what they cost, and back.

use super::NoteWise;
use super::block::{LEAST_ROWS, NoteBlock};
use super::workspace::{BlockWorkspace, NoteNll};
use composer_bptt::loss::IGNORE;
use composer_tensor::Scalar;
use composer_tensor::parallel::{SliceRows, share_rows};

impl NoteWise {
    /// Outputs of the note stack, of the context and of intervals in one.
    pub(super) fn logits<S: Scalar>(&self, block: &NoteBlock, ws: &mut BlockWorkspace<S>) {
        let (classes, outputs, rows) = (self.space.classes(), self.output.outputs(), block.rows.len());
        let decided = self.context.outputs();
        ws.logits.resize(block.steps * rows * classes, S::zero());
        let (all, from_context) = (&ws.outputs, &ws.from_context);
        let work = SliceRows { data: &mut ws.logits, first: 0, width: classes };
        share_rows(work, block.steps * rows, LEAST_ROWS, &|part| {
            let each =
                part.data.chunks_exact_mut(classes).zip(all[part.first * outputs..].chunks_exact(outputs));
            for (place, (logits, y)) in (part.first..).zip(each) {
                let row = place % rows;
                if block.targets[place] == IGNORE {
                    logits.fill(S::zero());
                    continue;
                }
                let from_context = &from_context[row * decided..][..classes];
                for ((logit, &y), &context) in logits.iter_mut().zip(y).zip(from_context) {
                    *logit = y + context;
                }
                self.space.each_added(block.decided[place], &block.read[row], |output, class| {
                    logits[class] += y[output];
                });
                self.space.mask(block.decided[place], block.before[row], logits);
            }
        });
    }

    /// After the logits of a block: calls `each` with a row of the batch and what a note in it costs; of each row from the lowest note to the stop.
    pub(super) fn block_nlls<S: Scalar>(
        &self,
        block: &NoteBlock,
        ws: &BlockWorkspace<S>,
        each: &mut impl FnMut(usize, NoteNll),
    ) {
        let (classes, rows) = (self.space.classes(), block.rows.len());
        for (place, &target) in block.targets.iter().enumerate().filter(|(_, target)| **target != IGNORE) {
            let logits = &ws.logits[place * classes..][..classes];
            each(block.rows[place % rows], self.nll(logits, target as usize, block.before[place % rows]));
        }
        self.end_nlls(block, &ws.ends, each);
    }

    /// What a class costs, by its logits.
    fn nll<S: Scalar>(&self, logits: &[S], target: usize, before: u128) -> NoteNll {
        let largest = logits.iter().fold(f64::NEG_INFINITY, |max, logit| max.max(logit.f64()));
        let total: f64 = logits.iter().map(|logit| (logit.f64() - largest).exp()).sum();
        let whole = total.ln() - (logits[target].f64() - largest);
        let pitch = self.space.offset(target);
        if !self.space.writes_held() || target == self.space.stop() || before >> pitch & 1 == 0 {
            return NoteNll { sounds: whole, struck: 0.0 };
        }
        let pair = [pitch, self.space.pitches + pitch].map(|class| (logits[class].f64() - largest).exp());
        let sounds = total.ln() - (pair[0] + pair[1]).ln();
        NoteNll { sounds, struck: whole - sounds }
    }

    /// From the gradient of the logits to that of the outputs, and of what the context says of the classes.
    pub(super) fn d_outputs<S: Scalar>(&self, block: &NoteBlock, ws: &mut BlockWorkspace<S>) {
        let (classes, outputs, rows) = (self.space.classes(), self.output.outputs(), block.rows.len());
        let decided = self.context.outputs();
        let BlockWorkspace { logits, from_context, outputs: d_outputs, .. } = ws;
        let work = SliceRows { data: d_outputs, first: 0, width: outputs };
        share_rows(work, block.steps * rows, LEAST_ROWS, &|part| {
            let each =
                part.data.chunks_exact_mut(outputs).zip(logits[part.first * classes..].chunks_exact(classes));
            for (place, (d_y, d_logits)) in (part.first..).zip(each) {
                d_y[..classes].copy_from_slice(d_logits);
                d_y[classes..].fill(S::zero());
                if block.targets[place] != IGNORE {
                    let read = &block.read[place % rows];
                    self.space.each_added(block.decided[place], read, |output, class| {
                        d_y[output] += d_logits[class];
                    });
                }
            }
        });
        let work = SliceRows { data: from_context, first: 0, width: decided };
        share_rows(work, rows, LEAST_ROWS, &|part| {
            part.data.fill(S::zero());
            for (row, sums) in (part.first..).zip(part.data.chunks_exact_mut(decided)) {
                let places = (0..block.steps).map(|step| step * rows + row);
                for place in places.filter(|&place| block.targets[place] != IGNORE) {
                    let d_logits = &logits[place * classes..][..classes];
                    sums.iter_mut().zip(d_logits).for_each(|(sum, &d)| *sum += d);
                }
            }
        });
        self.d_end_outputs(block, ws);
    }
}
