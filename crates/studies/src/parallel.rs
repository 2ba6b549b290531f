//! Independent jobs on several threads.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::Error;

/// Calls `work` on every item, on `threads` workers with one thread each. The results are in the order of the items and do not
/// depend on the number of threads.
///
/// # Errors
/// A thread cannot be started, or the first error of `work`.
pub(crate) fn parallel_map<T: Sync, R: Send>(
    items: &[T],
    threads: usize,
    work: impl Fn(&T) -> Result<R, Error> + Sync,
) -> Result<Vec<R>, Error> {
    let next = AtomicUsize::new(0);
    let worker = || -> Result<Vec<(usize, R)>, Error> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
        let mut done = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(index) else { return Ok(done) };
            let result = pool.install(|| work(item));
            if result.is_err() {
                // The other workers finish their item and stop.
                next.store(items.len(), Ordering::Relaxed);
            }
            done.push((index, result?));
        }
    };
    let mut done = std::thread::scope(|scope| {
        let workers: Vec<_> =
            (0..threads.clamp(1, items.len().max(1))).map(|_| scope.spawn(worker)).collect();
        let mut all = Vec::new();
        for worker in workers {
            match worker.join() {
                Ok(done) => all.extend(done?),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        Ok::<_, Error>(all)
    })?;
    done.sort_by_key(|&(index, _)| index);
    Ok(done.into_iter().map(|(_, result)| result).collect())
}
