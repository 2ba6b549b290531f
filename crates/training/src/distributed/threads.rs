//! Ranks in one process, a thread each: for tests of what does not depend on the number of ranks.

use super::ranks::Communicator;
use crate::error::Error;
use std::sync::mpsc::{Receiver, Sender, channel};

/// A rank of a group of threads.
pub struct Threads {
    rank: usize,
    /// To every rank, by its number.
    to: Vec<Sender<Vec<u8>>>,
    /// From every rank.
    from: Vec<Receiver<Vec<u8>>>,
}

impl Threads {
    /// A group of `size` ranks, each to be moved to a thread of its own.
    pub fn group(size: usize) -> Vec<Self> {
        let mut ranks: Vec<Self> =
            (0..size).map(|rank| Self { rank, to: Vec::new(), from: Vec::new() }).collect();
        for to in 0..size {
            for from in 0..size {
                let (sender, receiver) = channel();
                ranks[from].to.push(sender);
                ranks[to].from.push(receiver);
            }
        }
        ranks
    }
}

impl Communicator for Threads {
    fn rank(&self) -> usize {
        self.rank
    }

    fn size(&self) -> usize {
        self.to.len()
    }

    fn send(&self, to: usize, bytes: &[u8]) -> Result<(), Error> {
        self.to[to].send(bytes.to_vec()).map_err(|_| ended(to))
    }

    fn receive(&self, from: usize, bytes: &mut [u8]) -> Result<(), Error> {
        let received = self.from[from].recv().map_err(|_| ended(from))?;
        if received.len() != bytes.len() {
            let (got, wanted) = (received.len(), bytes.len());
            return Err(Error::Rank(format!("rank {from} sent {got} bytes instead of {wanted}")));
        }
        bytes.copy_from_slice(&received);
        Ok(())
    }

    fn exchange(&self, with: usize, out: &[u8], into: &mut [u8]) -> Result<(), Error> {
        self.send(with, out)?;
        self.receive(with, into)
    }
}

fn ended(rank: usize) -> Error {
    Error::Rank(format!("rank {rank} has ended"))
}
