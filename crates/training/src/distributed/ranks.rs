//! [`Communicator`]: the ranks of a training, and what they tell each other.

use crate::error::Error;

/// The ranks of a training, as one of them sees them. All ranks call the same functions in the same order.
pub trait Communicator {
    /// Which one this is, from 0.
    fn rank(&self) -> usize;

    /// How many there are.
    fn size(&self) -> usize;

    /// Sends to another rank, which calls [`receive`](Self::receive).
    ///
    /// # Errors
    /// [`Error::Rank`]: the other one has ended.
    fn send(&self, to: usize, bytes: &[u8]) -> Result<(), Error>;

    /// Receives exactly so many bytes from another rank.
    ///
    /// # Errors
    /// [`Error::Rank`]: the other one has ended, or sent something else.
    fn receive(&self, from: usize, bytes: &mut [u8]) -> Result<(), Error>;

    /// Sends to another rank and receives as much from it at the same time.
    ///
    /// # Errors
    /// As for [`receive`](Self::receive).
    fn exchange(&self, with: usize, out: &[u8], into: &mut [u8]) -> Result<(), Error>;

    /// Gives the bytes of rank 0 to all: in ⌈log₂ n⌉ rounds, in each of which the ranks that have them send to as many others.
    ///
    /// # Errors
    /// As for [`receive`](Self::receive).
    fn broadcast(&self, bytes: &mut [u8]) -> Result<(), Error> {
        let (rank, size) = (self.rank(), self.size());
        let mut have = 1;
        while have < size {
            if rank < have && rank + have < size {
                self.send(rank + have, bytes)?;
            } else if (have..2 * have).contains(&rank) {
                self.receive(rank - have, bytes)?;
            }
            have *= 2;
        }
        Ok(())
    }
}

/// One process: nothing is ever sent.
#[derive(Clone, Copy, Debug, Default)]
pub struct Alone;

impl Communicator for Alone {
    fn rank(&self) -> usize {
        0
    }

    fn size(&self) -> usize {
        1
    }

    fn send(&self, _to: usize, _bytes: &[u8]) -> Result<(), Error> {
        Err(Error::Rank("there is no other rank to send to".to_owned()))
    }

    fn receive(&self, _from: usize, _bytes: &mut [u8]) -> Result<(), Error> {
        Err(Error::Rank("there is no other rank to receive from".to_owned()))
    }

    fn exchange(&self, _with: usize, _out: &[u8], _into: &mut [u8]) -> Result<(), Error> {
        Err(Error::Rank("there is no other rank to exchange with".to_owned()))
    }
}

/// The bytes of every rank, in their order, at rank 0; nothing at the others.
///
/// # Errors
/// [`Error::Rank`].
pub fn gather(ranks: &dyn Communicator, bytes: Vec<u8>) -> Result<Vec<Vec<u8>>, Error> {
    if ranks.rank() > 0 {
        ranks.send(0, &(bytes.len() as u64).to_le_bytes())?;
        ranks.send(0, &bytes)?;
        return Ok(Vec::new());
    }
    let mut all = vec![bytes];
    for from in 1..ranks.size() {
        let mut length = [0; 8];
        ranks.receive(from, &mut length)?;
        let mut theirs = vec![0; u64::from_le_bytes(length) as usize];
        ranks.receive(from, &mut theirs)?;
        all.push(theirs);
    }
    Ok(all)
}

/// The bytes of rank 0 at every rank, whatever their number.
///
/// # Errors
/// [`Error::Rank`].
pub fn share(ranks: &dyn Communicator, bytes: Vec<u8>) -> Result<Vec<u8>, Error> {
    if ranks.size() == 1 {
        return Ok(bytes);
    }
    let mut length = (bytes.len() as u64).to_le_bytes();
    ranks.broadcast(&mut length)?;
    let mut bytes = bytes;
    bytes.resize(u64::from_le_bytes(length) as usize, 0);
    ranks.broadcast(&mut bytes)?;
    Ok(bytes)
}

/// Whether all ranks have the same text; if not, all get the same two ranks that differ, with their texts.
///
/// # Errors
/// [`Error::Rank`].
pub fn compare(ranks: &dyn Communicator, text: &str) -> Result<Option<Difference>, Error> {
    if ranks.size() == 1 {
        return Ok(None);
    }
    let all = gather(ranks, text.as_bytes().to_vec())?;
    let other = all.iter().position(|theirs| *theirs != all[0]);
    let found = other.map(|rank| Difference {
        rank,
        theirs: String::from_utf8_lossy(&all[rank]).into_owned(),
        first: String::from_utf8_lossy(&all[0]).into_owned(),
    });
    let found = share(ranks, serde_json::to_vec(&found).map_err(not_json)?)?;
    serde_json::from_slice(&found).map_err(not_json)
}

/// A rank whose text is not that of rank 0.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Difference {
    /// Which one.
    pub rank: usize,
    /// Its text.
    pub theirs: String,
    /// That of rank 0.
    pub first: String,
}

fn not_json(error: serde_json::Error) -> Error {
    Error::Rank(format!("a message between ranks cannot be read ({error})"))
}
