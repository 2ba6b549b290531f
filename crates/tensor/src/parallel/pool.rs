//! A thread pool for pieces of work that take microseconds.
//!
//! A step of a small network takes microseconds, and a training step has dozens of places where threads meet. Waking a thread
//! through the operating system costs more than such a piece of work, so workers wait for the next one in a loop that looks at
//! one word, and go to sleep only when none has come for a while.
//!
//! A word says which parts of the work nobody has taken yet. Whoever calls [`share`] takes parts as well, so it waits only for
//! parts that a worker is really at: a busy machine, or a machine with one processor, does all of it in one thread.
//! How many threads take part is what the current rayon pool says, so `RAYON_NUM_THREADS` and `ThreadPool::install` hold here
//! too. There is one pool in a process; who finds it at work does its own work alone. Coarse work (folds, songs, files) is rayon's.
//!
//! **Why not rayon here too.** Measured 2026-11-26, 2 processors, AVX-512, one process that alternated between this pool and
//! `into_par_iter().with_max_len(1)` for the same parts; time with rayon over time with this pool, median (min–max) of 11 rounds, 22 for
//! generation. "Outside": called from an ordinary thread, as programs do; "inside": all of it inside `ThreadPool::install`.
//!
//! | work | ms here | rayon, outside | rayon, inside |
//! |---|---|---|---|
//! | training step, LSTM 64 units, 8 rows × 32 steps | 0.86 | 1.44 (0.96–1.48) | 1.04 (0.99–1.19) |
//! | training step, RNN 128, 16 × 100 | 3.1 | 1.21 (1.09–1.40) | 1.01 (0.89–1.10) |
//! | training step, LSTM 128, 16 × 100 | 7.8 | 1.09 (0.32–1.19) | 1.02 (0.86–1.11) |
//! | training step, LSTM 192, 2 layers, 32 × 64 | 38 | 1.04 (0.70–1.06) | 1.01 (0.70–1.02) |
//! | training step, GRU 256, 2 layers, 16 × 100 | 41 | 1.01 (0.70–1.07) | 1.02 (0.68–1.10) |
//! | training step, LSTM 256, 32 × 128 | 47 | 1.03 (0.75–1.40) | 1.01 (0.74–1.45) |
//! | generated step, LSTM 256 | 0.014 | 1.86 (1.75–1.99) | 1.29 (1.06–1.37) |
//! | generated step, LSTM 512, 2 layers | 0.12 | 1.76 (1.25–2.08) | 1.19 (0.89–2.11) |
//! | generated step, GRU 512, 2 layers | 0.09 | 1.61 (1.33–7.42) | 1.09 (1.01–1.38) |
//!
//! So the pool stays for what it gives to generation (6 µs less for each piece of work that an ordinary thread hands over) and to
//! small networks; large training steps would lose nothing with rayon.

#![allow(unsafe_code)] // the pointer to the work that workers follow

use std::any::Any;
use std::cell::UnsafeCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread::{self, Thread};

/// No work has more parts: one bit each of half a word.
pub const MAX_PARTS: usize = 32;

/// How often a worker looks for work before it lets others run in between, and before it goes to sleep.
const LOOKS: usize = 1 << 12;
const LOOKS_BEFORE_SLEEP: usize = 1 << 13;

/// The work in progress, by address.
type Work = *const (dyn Fn(usize) + Sync);

/// A word or a worker has a cache line (two, where they are fetched in pairs) of its own.
#[repr(align(128))]
struct Apart<T>(T);

struct Pool {
    /// Whether somebody's work is in progress.
    busy: Apart<AtomicBool>,
    /// Low half: a bit for each part that is taken (or does not exist). High half: how many workers may take part.
    ticket: Apart<AtomicU64>,
    /// Parts that are done.
    done: Apart<AtomicUsize>,
    /// Written by who set `busy` while no part can be taken; read by who took a part.
    work: UnsafeCell<Option<Work>>,
    /// What a part panicked with.
    panic: Mutex<Option<Box<dyn Any + Send>>>,
    workers: [Apart<Worker>; MAX_PARTS - 1],
}

#[derive(Default)]
struct Worker {
    thread: OnceLock<Thread>,
    asleep: AtomicBool,
}

// SAFETY: `work` is the only part that is not `Sync` by itself. It is written only while `busy` is held and no part is open, and
// read only between taking a part and reporting it done; taking (acquire) follows the write (release of `ticket`), and the
// next write follows the report (release and acquire of `done`).
unsafe impl Sync for Pool {}

const ALL_TAKEN: u64 = (1 << MAX_PARTS) - 1;

static POOL: Pool = Pool {
    busy: Apart(AtomicBool::new(false)),
    ticket: Apart(AtomicU64::new(ALL_TAKEN)),
    done: Apart(AtomicUsize::new(0)),
    work: UnsafeCell::new(None),
    panic: Mutex::new(None),
    workers: [const { Apart(Worker { thread: OnceLock::new(), asleep: AtomicBool::new(false) }) };
        MAX_PARTS - 1],
};

/// How many threads [`share`] has, this one included.
pub fn threads() -> usize {
    rayon::current_num_threads().min(MAX_PARTS)
}

/// Runs `work(part)` once for every part from 0 to `parts`, on as many threads as there are, and returns when all are done.
///
/// # Panics
/// If a part does, after all others are done; or for more than [`MAX_PARTS`] parts.
pub fn share(parts: usize, work: &(dyn Fn(usize) + Sync)) {
    assert!(parts <= MAX_PARTS, "{parts} parts");
    let workers = threads() - 1;
    if parts <= 1 || workers == 0 || POOL.busy.0.swap(true, Ordering::Acquire) {
        return (0..parts).for_each(work);
    }
    POOL.run(parts, workers, work);
}

impl Pool {
    /// Does the work with the workers; whoever calls this holds `busy`.
    fn run(&'static self, parts: usize, workers: usize, work: &(dyn Fn(usize) + Sync)) {
        // SAFETY: the lifetime is dropped from the type only. Nobody follows the pointer after this function returns: it waits
        // until all parts are done, and a part that is done cannot be taken again.
        let work: Work = unsafe { std::mem::transmute::<&(dyn Fn(usize) + Sync), Work>(work) };
        // SAFETY: `busy` is held and no part is open.
        unsafe { *self.work.get() = Some(work) };
        self.done.0.store(0, Ordering::Relaxed);
        // The first part is the caller's.
        let taken = (ALL_TAKEN << parts | 1) & ALL_TAKEN;
        self.ticket.0.store((workers as u64) << MAX_PARTS | taken, Ordering::SeqCst);
        for index in 0..workers.min(parts - 1) {
            self.call(index);
        }
        self.run_part(0);
        while let Some(part) = self.take(0, usize::MAX) {
            self.run_part(part);
        }
        let mut looks = 0;
        while self.done.0.load(Ordering::Acquire) < parts {
            wait(&mut looks);
        }
        let panic = self.panic.lock().unwrap_or_else(PoisonError::into_inner).take();
        self.busy.0.store(false, Ordering::Release);
        if let Some(panic) = panic {
            resume_unwind(panic);
        }
    }

    /// Takes a part that nobody has: `favourite`, or the first.
    fn take(&self, favourite: usize, worker: usize) -> Option<usize> {
        let mut ticket = self.ticket.0.load(Ordering::Relaxed);
        loop {
            let open = !ticket & ALL_TAKEN;
            let invited = worker == usize::MAX || worker < (ticket >> MAX_PARTS) as usize;
            if open == 0 || !invited {
                return None;
            }
            let part = if open >> favourite & 1 == 1 { favourite } else { open.trailing_zeros() as usize };
            let with = ticket | 1 << part;
            match self.ticket.0.compare_exchange_weak(ticket, with, Ordering::Acquire, Ordering::Relaxed) {
                Ok(_) => return Some(part),
                Err(now) => ticket = now,
            }
        }
    }

    /// Runs a part that was taken.
    fn run_part(&self, part: usize) {
        // SAFETY: the part was taken and is not done, so `work` is neither written nor gone.
        let work = unsafe { (*self.work.get()).map(|work| &*work) };
        if let Some(work) = work
            && let Err(panic) = catch_unwind(AssertUnwindSafe(|| work(part)))
        {
            *self.panic.lock().unwrap_or_else(PoisonError::into_inner) = Some(panic);
        }
        self.done.0.fetch_add(1, Ordering::Release);
    }

    /// Makes sure that a worker looks for work.
    fn call(&'static self, index: usize) {
        let worker = &self.workers[index].0;
        match worker.thread.get() {
            None => {
                let name = format!("composer-{}", index + 1);
                let started = thread::Builder::new().name(name).spawn(move || self.serve(index));
                // A system that has no thread left does the work with fewer.
                if let Ok(handle) = started {
                    let _ = worker.thread.set(handle.thread().clone());
                }
            }
            Some(thread) if worker.asleep.load(Ordering::SeqCst) => thread.unpark(),
            Some(_) => {}
        }
    }

    /// What a worker does until the process ends.
    fn serve(&self, index: usize) -> ! {
        let worker = &self.workers[index].0;
        let mut looks = 0;
        loop {
            if let Some(part) = self.take(index + 1, index) {
                self.run_part(part);
                looks = 0;
            } else if looks < LOOKS_BEFORE_SLEEP {
                wait(&mut looks);
            } else {
                // Whoever publishes work after this line sees the worker asleep; work from before is seen by the worker.
                worker.asleep.store(true, Ordering::SeqCst);
                if self.ticket.0.load(Ordering::SeqCst) & ALL_TAKEN == ALL_TAKEN {
                    thread::park();
                }
                worker.asleep.store(false, Ordering::SeqCst);
                looks = 0;
            }
        }
    }
}

/// Lets a moment pass; a longer one the more often it was in vain.
fn wait(looks: &mut usize) {
    *looks += 1;
    if *looks < LOOKS {
        std::hint::spin_loop();
    } else {
        thread::yield_now();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_pool_of(threads: usize, run: impl FnOnce() + Send) {
        rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads").install(run);
    }

    #[test]
    fn every_part_runs_once_on_any_number_of_threads() {
        for threads in [1, 2, 4] {
            in_pool_of(threads, || {
                for parts in [0, 1, 2, 3, 7, MAX_PARTS] {
                    for _ in 0..200 {
                        let runs: [AtomicUsize; MAX_PARTS] = [const { AtomicUsize::new(0) }; MAX_PARTS];
                        share(parts, &|part| {
                            runs[part].fetch_add(1, Ordering::Relaxed);
                        });
                        for (part, runs) in runs.iter().enumerate() {
                            assert_eq!(
                                runs.load(Ordering::Relaxed),
                                usize::from(part < parts),
                                "part {part} of {parts}"
                            );
                        }
                    }
                }
            });
        }
    }

    #[test]
    fn workers_come_back_from_sleep() {
        in_pool_of(2, || {
            for _ in 0..5 {
                let sum = AtomicUsize::new(0);
                share(2, &|part| {
                    sum.fetch_add(part + 1, Ordering::Relaxed);
                });
                assert_eq!(sum.into_inner(), 3);
                thread::sleep(std::time::Duration::from_millis(20));
            }
        });
    }

    #[test]
    fn work_inside_work_and_beside_it_is_done_alone() {
        in_pool_of(2, || {
            let sum = AtomicUsize::new(0);
            thread::scope(|scope| {
                for _ in 0..3 {
                    scope.spawn(|| {
                        in_pool_of(2, || {
                            share(4, &|_| {
                                share(3, &|part| {
                                    sum.fetch_add(part, Ordering::Relaxed);
                                })
                            })
                        })
                    });
                }
            });
            assert_eq!(sum.into_inner(), 3 * 4 * 3);
        });
    }

    #[test]
    fn a_panic_reaches_the_caller_after_all_parts_are_done() {
        in_pool_of(2, || {
            let done = AtomicUsize::new(0);
            let caught = catch_unwind(AssertUnwindSafe(|| {
                share(8, &|part| {
                    assert!(part != 3, "the third part");
                    done.fetch_add(1, Ordering::Relaxed);
                });
            }));
            assert!(caught.is_err());
            assert_eq!(done.load(Ordering::Relaxed), 7);
            share(2, &|_| {}); // and the pool works on
        });
    }
}
