//! The sum of the gradients of all micro-shards, in one order.
//!
//! The leaves of the tree are the micro-shards of a batch. A node over leaves `a..b` is the sum of one over `a..m` and one over `m..b`,
//! where `m − a` is the largest power of two below `b − a`; for a power of two of leaves, this is the perfect binary tree. Which two
//! numbers are added to which depends on the number of leaves alone, and `x + y` is `y + x` in floating-point numbers too: so the sum
//! is the same bits on any number of ranks.
//!
//! A rank computes a run of neighbouring leaves, adds what it can in memory (a counter of sums, as many as the leaves have bits), and
//! exchanges the rest. Where ranks have equal parts of a perfect tree, they halve what they exchange with every level ([`halving`]): each
//! sends and receives two numbers for every parameter. Otherwise sums go to the rank of the first leaf of each node, and from rank 0
//! to all.

use super::half_precision::{BLOCK, GradientType};
use super::ranks::Communicator;
use super::shard::Shard;
use crate::error::Error;
use std::ops::Range;

/// Gradients and the loss of some neighbouring micro-shards.
struct Node {
    leaves: Range<usize>,
    gradients: Vec<f32>,
    /// Nats, in double precision.
    loss: f64,
}

/// Sums gradients of micro-shards, in the order of the tree.
pub struct TreeSum {
    leaves: usize,
    kind: GradientType,
    /// Sums that wait for their neighbour, from left to right.
    waiting: Vec<Node>,
    /// Buffers of sums that were added to others.
    spare: Vec<Vec<f32>>,
    out: Vec<u8>,
    into: Vec<u8>,
    /// Bytes that this rank sent so far.
    sent: u64,
}

impl TreeSum {
    /// A tree over so many leaves.
    pub fn new(leaves: usize, kind: GradientType) -> Self {
        let (waiting, spare) = (Vec::new(), Vec::new());
        Self { leaves, kind, waiting, spare, out: Vec::new(), into: Vec::new(), sent: 0 }
    }

    /// Takes the gradients of a leaf: those of a rank one after another, each once.
    pub fn push(&mut self, leaf: usize, gradients: &[f32], loss: f64) {
        let mut own = self.spare.pop().unwrap_or_default();
        own.clear();
        own.extend_from_slice(gradients);
        self.kind.round(&mut own);
        self.waiting.push(Node { leaves: leaf..leaf + 1, gradients: own, loss });
        while let [.., left, right] = &self.waiting[..]
            && is_parent(self.leaves, &left.leaves, &right.leaves)
        {
            self.merge();
        }
    }

    /// Adds the last two sums.
    fn merge(&mut self) {
        let Some(right) = self.waiting.pop() else { return };
        if let Some(left) = self.waiting.last_mut() {
            left.gradients.iter_mut().zip(&right.gradients).for_each(|(left, right)| *left += right);
            self.kind.round(&mut left.gradients);
            left.loss += right.loss;
            left.leaves.end = right.leaves.end;
        }
        self.spare.push(right.gradients);
    }

    /// After every leaf of this rank: writes the sum over all leaves of all ranks, and returns that of the losses. The trees of all
    /// ranks are then empty.
    ///
    /// # Errors
    /// [`Error::Rank`]: another rank has ended.
    pub fn finish(&mut self, ranks: &dyn Communicator, gradients: &mut [f32]) -> Result<f64, Error> {
        if ranks.size() > 1 {
            match self.waiting.len() {
                1 if is_even(self.leaves, ranks.size()) => self.halve(ranks)?,
                _ => self.collect(ranks)?,
            }
        }
        let loss = match self.waiting.pop() {
            Some(root) => {
                gradients.copy_from_slice(&root.gradients);
                self.spare.push(root.gradients);
                root.loss
            }
            None => 0.0,
        };
        self.spare.extend(self.waiting.drain(..).map(|node| node.gradients));
        Ok(loss)
    }

    /// Sums go to the rank of the first leaf of each node; the root, from rank 0 to all.
    fn collect(&mut self, ranks: &dyn Communicator) -> Result<(), Error> {
        self.collect_node(ranks, 0..self.leaves)?;
        let parameters = self.waiting.first().map_or(0, |node| node.gradients.len());
        if ranks.rank() > 0 {
            // Sums that were sent are replaced by that of all.
            self.waiting.truncate(1);
        }
        let Some(root) = self.waiting.first_mut() else { return Ok(()) };
        self.kind.encode(&root.gradients, &mut self.out);
        self.out.extend_from_slice(&root.loss.to_le_bytes());
        ranks.broadcast(&mut self.out)?;
        let rounds = (ranks.size() as u64).next_power_of_two().ilog2();
        self.sent += self.out.len() as u64 * u64::from(ranks.rank() == 0) * u64::from(rounds);
        let (bytes, loss) = self.out.split_at(self.kind.bytes(parameters));
        self.kind.decode(bytes, &mut root.gradients, |value, sum| *value = sum);
        root.loss = loss_of(loss);
        Ok(())
    }

    /// Brings the sum of a node to the rank of its first leaf.
    fn collect_node(&mut self, ranks: &dyn Communicator, node: Range<usize>) -> Result<(), Error> {
        let leaves = self.leaves;
        let owner = |leaf: usize| owner(leaf, leaves, ranks.size());
        if owner(node.start) == owner(node.end - 1) {
            return Ok(());
        }
        let middle = split(&node);
        self.collect_node(ranks, node.start..middle)?;
        self.collect_node(ranks, middle..node.end)?;
        let (left, right) = (owner(node.start), owner(middle));
        let find = |waiting: &[Node], leaf: usize| waiting.iter().position(|node| node.leaves.start == leaf);
        if left == right {
            if left == ranks.rank() {
                // Everything right of this node was sent to the left already, or is not this rank's.
                self.merge_at(node.start, middle);
            }
        } else if ranks.rank() == right {
            if let Some(at) = find(&self.waiting, middle) {
                self.kind.encode(&self.waiting[at].gradients, &mut self.out);
                self.out.extend_from_slice(&self.waiting[at].loss.to_le_bytes());
                self.sent += self.out.len() as u64;
                ranks.send(left, &self.out)?;
            }
        } else if ranks.rank() == left
            && let Some(at) = find(&self.waiting, node.start)
        {
            let sum = &mut self.waiting[at];
            let bytes = self.kind.bytes(sum.gradients.len());
            self.into.resize(bytes + 8, 0);
            ranks.receive(right, &mut self.into)?;
            self.kind.decode(&self.into[..bytes], &mut sum.gradients, |left, right| *left += right);
            self.kind.round(&mut sum.gradients);
            sum.loss += loss_of(&self.into[bytes..]);
            sum.leaves.end = node.end;
        }
        Ok(())
    }

    /// Adds two sums that this rank has by now.
    fn merge_at(&mut self, left: usize, right: usize) {
        let find = |leaf: usize| self.waiting.iter().position(|node| node.leaves.start == leaf);
        if let (Some(left), Some(right)) = (find(left), find(right)) {
            let right = self.waiting.remove(right);
            let sum = &mut self.waiting[left];
            sum.gradients.iter_mut().zip(&right.gradients).for_each(|(left, right)| *left += right);
            self.kind.round(&mut sum.gradients);
            sum.loss += right.loss;
            sum.leaves.end = right.leaves.end;
            self.spare.push(right.gradients);
        }
    }

    /// Recursive halving, then doubling (Rabenseifner 2004): at each level of the tree, each rank of a pair adds half of what it has, so
    /// that every rank ends with the sum of one part of the parameters; then the parts come together the other way round.
    fn halve(&mut self, ranks: &dyn Communicator) -> Result<(), Error> {
        let Self { waiting, kind, out, into, sent, .. } = self;
        let Some(Node { gradients, loss, .. }) = waiting.first_mut() else { return Ok(()) };
        let rank = ranks.rank();
        let mut mine = 0..gradients.len();
        let mut halves = Vec::new();
        let mut distance = 1;
        while distance < ranks.size() {
            let (low, high) = halving(&mine);
            let (keep, give) = if rank & distance == 0 { (low, high) } else { (high, low) };
            kind.encode(&gradients[give.clone()], out);
            // Halves differ by a block, and an exchange is of as many bytes both ways.
            let (size, longest) = (kind.bytes(keep.len()), kind.bytes(keep.len().max(give.len())));
            out.resize(longest, 0);
            out.extend_from_slice(&loss.to_le_bytes());
            into.resize(out.len(), 0);
            ranks.exchange(rank ^ distance, out, into)?;
            *sent += out.len() as u64;
            kind.decode(&into[..size], &mut gradients[keep.clone()], |sum, theirs| *sum += theirs);
            kind.round(&mut gradients[keep.clone()]);
            *loss += loss_of(&into[longest..]);
            halves.push((distance, give));
            (mine, distance) = (keep, 2 * distance);
        }
        for (distance, theirs) in halves.into_iter().rev() {
            kind.encode(&gradients[mine.clone()], out);
            let longest = kind.bytes(mine.len().max(theirs.len()));
            out.resize(longest, 0);
            into.resize(longest, 0);
            ranks.exchange(rank ^ distance, out, into)?;
            *sent += out.len() as u64;
            let size = kind.bytes(theirs.len());
            kind.decode(&into[..size], &mut gradients[theirs.clone()], |sum, theirs| *sum = theirs);
            mine = mine.start.min(theirs.start)..mine.end.max(theirs.end);
        }
        Ok(())
    }

    /// Bytes that this rank has sent to others since the beginning.
    pub fn bytes_sent(&self) -> u64 {
        self.sent
    }
}

/// The two halves of some parameters; the first has whole blocks, so that both have the blocks that they had before.
pub fn halving(parameters: &Range<usize>) -> (Range<usize>, Range<usize>) {
    let half = parameters.len().div_ceil(2).next_multiple_of(BLOCK).min(parameters.len());
    let middle = parameters.start + half;
    (parameters.start..middle, middle..parameters.end)
}

/// The leaves of a rank.
pub fn leaves_of(rank: usize, leaves: usize, ranks: usize) -> Range<usize> {
    Shard { index: rank, count: ranks }.rows(leaves)
}

/// Which rank has a leaf.
fn owner(leaf: usize, leaves: usize, ranks: usize) -> usize {
    // The first whose leaves end after this one.
    (0..ranks).find(|&rank| leaf < leaves_of(rank, leaves, ranks).end).unwrap_or(0)
}

/// Where the second child of a node begins.
fn split(node: &Range<usize>) -> usize {
    let length = node.len();
    node.start + length.next_power_of_two().max(2) / 2
}

/// Whether two neighbouring nodes have a parent in the tree.
fn is_parent(leaves: usize, left: &Range<usize>, right: &Range<usize>) -> bool {
    let mut node = 0..leaves;
    while node.len() > 1 {
        let middle = split(&node);
        if node == (left.start..right.end) {
            return left.end == middle && right.start == middle;
        }
        node = if right.end <= middle {
            node.start..middle
        } else if left.start >= middle {
            middle..node.end
        } else {
            return false;
        };
    }
    false
}

/// Whether every rank has one node of a perfect tree.
fn is_even(leaves: usize, ranks: usize) -> bool {
    leaves.is_power_of_two() && ranks.is_power_of_two() && ranks <= leaves
}

/// The loss at the end of a message.
fn loss_of(bytes: &[u8]) -> f64 {
    bytes.first_chunk::<8>().map_or(f64::NAN, |bytes| f64::from_le_bytes(*bytes))
}
