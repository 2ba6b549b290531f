//! [`Mpi`]: ranks are processes that `mpirun` or `srun` started, on one machine or many.

use super::ranks::Communicator;
use crate::error::Error;
use mpi::Threading;
use mpi::environment::Universe;
use mpi::point_to_point::send_receive_into;
use mpi::topology::SimpleCommunicator;
use mpi::traits::{Communicator as _, Destination, Root, Source};

/// The processes of an MPI job. What MPI itself finds wrong (a process that has died, a broken network) ends all of them: that is its
/// default, and what is wanted here, because no rank can go on without the others.
pub struct Mpi {
    world: SimpleCommunicator,
    /// MPI ends when this is dropped, after all that use it.
    _universe: Universe,
}

/// Bytes in a message: MPI counts with 32 bits.
const MOST: usize = 1 << 30;

impl Mpi {
    /// Joins the job. Only one thread of the process may use what this returns, and only once in a process.
    ///
    /// # Errors
    /// [`Error::Rank`]: MPI was joined before.
    pub fn join() -> Result<Self, Error> {
        let (universe, _) = mpi::initialize_with_threading(Threading::Funneled)
            .ok_or_else(|| Error::Rank("MPI can be joined once in a process".to_owned()))?;
        Ok(Self { world: universe.world(), _universe: universe })
    }

    /// Ends all processes of the job at once; `mpirun` exits with the code.
    pub fn abort(&self, code: i32) -> ! {
        self.world.abort(code)
    }
}

/// A rank as MPI counts.
fn number(rank: usize) -> i32 {
    rank as i32
}

impl Communicator for Mpi {
    fn rank(&self) -> usize {
        self.world.rank() as usize
    }

    fn size(&self) -> usize {
        self.world.size() as usize
    }

    fn send(&self, to: usize, bytes: &[u8]) -> Result<(), Error> {
        let to = self.world.process_at_rank(number(to));
        bytes.chunks(MOST).for_each(|bytes| to.send(bytes));
        Ok(())
    }

    fn receive(&self, from: usize, bytes: &mut [u8]) -> Result<(), Error> {
        let from = self.world.process_at_rank(number(from));
        bytes.chunks_mut(MOST).for_each(|bytes| {
            from.receive_into(bytes);
        });
        Ok(())
    }

    fn exchange(&self, with: usize, out: &[u8], into: &mut [u8]) -> Result<(), Error> {
        let with = self.world.process_at_rank(number(with));
        for (out, into) in out.chunks(MOST).zip(into.chunks_mut(MOST)) {
            send_receive_into(out, &with, into, &with);
        }
        Ok(())
    }

    fn broadcast(&self, bytes: &mut [u8]) -> Result<(), Error> {
        let root = self.world.process_at_rank(0);
        bytes.chunks_mut(MOST).for_each(|bytes| root.broadcast_into(bytes));
        Ok(())
    }
}
