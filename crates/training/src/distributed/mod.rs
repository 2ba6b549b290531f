//! Training on several processes: each computes some of the micro-shards of a batch, and the gradients of all are summed in one tree.
//!
//! A batch is cut into [`TrainingConfig::micro_shards`](crate::TrainingConfig::micro_shards) parts of neighbouring rows, its
//! *micro-shards*. Their number is a setting, and does not depend on how many processes there are: a process, here called a *rank* as in
//! MPI, computes a run of neighbouring micro-shards. The gradients of micro-shards are the leaves of one binary tree ([`tree`]), which
//! says which two sums are added to which: wherever the leaves are, weights and losses are the same bits.
//!
//! [`Communicator`] is what the trainer asks of the ranks. [`Alone`] is one process; [`Threads`] are ranks in one process, for tests;
//! `Mpi`, with the feature `mpi`, is processes on any number of machines.

mod half_precision;
#[cfg(feature = "mpi")]
mod mpi;
mod ranks;
mod shard;
mod threads;
pub mod tree;

#[cfg(feature = "mpi")]
pub use self::mpi::Mpi;
pub use half_precision::GradientType;
pub use ranks::{Alone, Communicator, Difference, compare, gather, share};
pub use shard::Shard;
pub use threads::Threads;
