//! [`Cluster`]: the processes that train together, where `mpirun` or `srun` started several.

use crate::error::{Result, wrong_input};
#[cfg(feature = "mpi")]
use composer_tensor::simd;
use composer_training::distributed::{Alone, Communicator};
#[cfg(feature = "mpi")]
use composer_training::distributed::{Mpi, compare};

/// The processes that train together, as one of them sees them: often this one alone.
pub struct Cluster(Ranks);

enum Ranks {
    Alone(Alone),
    #[cfg(feature = "mpi")]
    Mpi(Mpi),
}

/// Variables by which those who start processes tell how many there are: Open MPI; MPICH and Slurm.
const SIZES: [&str; 2] = ["OMPI_COMM_WORLD_SIZE", "PMI_SIZE"];
/// And how many are on this machine.
const LOCAL_SIZES: [&str; 2] = ["OMPI_COMM_WORLD_LOCAL_SIZE", "MPI_LOCALNRANKS"];
/// Slurm with PMIx tells a process only its own number.
#[cfg(feature = "mpi")]
const PMIX: &str = "PMIX_RANK";

impl Cluster {
    /// This process alone.
    pub fn alone() -> Self {
        Self(Ranks::Alone(Alone))
    }

    /// Joins the other processes, if there are any: at most once in a process. All must run the same version and use the same
    /// instructions, or their results would differ in the last bits.
    ///
    /// # Errors
    /// The program was compiled without MPI and started several times, or processes differ.
    pub fn join() -> Result<Self> {
        #[cfg(feature = "mpi")]
        if count(&SIZES).is_some() || std::env::var_os(PMIX).is_some() {
            let cluster = Self(Ranks::Mpi(Mpi::join()?));
            cluster.check()?;
            return Ok(cluster);
        }
        if count(&SIZES).is_some_and(|size| size > 1) {
            return Err(wrong_input(
                "this composer was compiled without MPI, so that every process would train alone: compile it with --features mpi",
            )
            .into());
        }
        Ok(Self::alone())
    }

    /// The processes.
    pub fn ranks(&self) -> &dyn Communicator {
        match &self.0 {
            Ranks::Alone(alone) => alone,
            #[cfg(feature = "mpi")]
            Ranks::Mpi(mpi) => mpi,
        }
    }

    /// Whether this is the process that writes and reports.
    pub fn is_first(&self) -> bool {
        self.ranks().rank() == 0
    }

    /// Whether there are others.
    pub fn has_others(&self) -> bool {
        self.ranks().size() > 1
    }

    /// Ends all processes at once, with this exit code; returns where there are no others.
    #[cfg_attr(not(feature = "mpi"), allow(unused_variables))]
    pub fn abort(&self, code: i32) {
        match &self.0 {
            Ranks::Alone(_) => {}
            #[cfg(feature = "mpi")]
            Ranks::Mpi(mpi) => mpi.abort(code),
        }
    }

    /// Refuses processes that compute differently.
    #[cfg(feature = "mpi")]
    fn check(&self) -> Result<()> {
        let ours = format!("version {}, {} instructions", env!("CARGO_PKG_VERSION"), simd::path());
        match compare(self.ranks(), &ours)? {
            None => Ok(()),
            Some(found) => Err(wrong_input(format!(
                "process {} has {}, and process 0 has {}, whose results differ in the last bits: set {}=portable, or the best \
                 that all have, for all of them",
                found.rank,
                found.theirs,
                found.first,
                simd::ENVIRONMENT
            ))
            .into()),
        }
    }
}

/// Threads for this process, where several share a machine and nobody said how many: an equal share of its processors. Results do not
/// depend on it.
pub fn threads() -> Option<usize> {
    if std::env::var_os("RAYON_NUM_THREADS").is_some() {
        return None;
    }
    let processes = count(&LOCAL_SIZES).filter(|&processes| processes > 1)?;
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    Some((processors / processes).max(1))
}

fn count(variables: &[&str]) -> Option<usize> {
    variables.iter().find_map(|name| std::env::var(name).ok()?.parse().ok())
}

/// Micro-shards of a training on several processes that asks for none: enough for up to as many, so that results are the same on all
/// these numbers.
pub const MICRO_SHARDS: usize = 8;

/// The micro-shards of a training: those of its settings, or [`MICRO_SHARDS`].
///
/// # Errors
/// It is resumed, and began in one process without any.
pub(crate) fn micro_shards(set: usize, ranks: &dyn Communicator, resumes: bool) -> anyhow::Result<usize> {
    match set {
        0 if ranks.size() == 1 => Ok(0),
        0 if resumes => Err(wrong_input(
            "this training began without training.micro_shards, and goes on in one process only: resume it without mpirun",
        )),
        0 if ranks.size() <= MICRO_SHARDS => Ok(MICRO_SHARDS),
        set => Ok(set),
    }
}
