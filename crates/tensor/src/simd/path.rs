//! [`Path`]: the instruction set in use, chosen once.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The environment variable that forces a path.
pub const ENVIRONMENT: &str = "COMPOSER_SIMD";

/// An instruction set that loops are compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Path {
    /// Plain Rust that compilers vectorise by themselves; right on every machine.
    Portable = 1,
    /// x86-64 with AVX2 and FMA: eight `f32` at a time.
    Avx2 = 2,
    /// x86-64 with AVX-512: sixteen `f32` at a time.
    Avx512 = 3,
}

/// What can go wrong when a path is chosen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// The name is none of the three.
    #[error("there is no SIMD path \"{0}\"; choose portable, avx2 or avx512")]
    Unknown(String),
    /// This machine cannot run it.
    #[error("this machine cannot run the SIMD path \"{0}\"; it has {1}")]
    Unavailable(Path, String),
}

impl std::fmt::Display for Path {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Path::Portable => "portable",
            Path::Avx2 => "avx2",
            Path::Avx512 => "avx512",
        })
    }
}

impl std::str::FromStr for Path {
    type Err = PathError;

    fn from_str(name: &str) -> Result<Path, PathError> {
        match name {
            "portable" => Ok(Path::Portable),
            "avx2" => Ok(Path::Avx2),
            "avx512" => Ok(Path::Avx512),
            _ => Err(PathError::Unknown(name.to_string())),
        }
    }
}

impl Path {
    /// Whether this machine can run the path.
    pub fn available(self) -> bool {
        match self {
            Path::Portable => true,
            #[cfg(target_arch = "x86_64")]
            Path::Avx2 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
            #[cfg(target_arch = "x86_64")]
            Path::Avx512 => Path::Avx2.available() && is_x86_feature_detected!("avx512f"),
            #[cfg(not(target_arch = "x86_64"))]
            _ => false,
        }
    }

    /// The paths that this machine has, slowest first.
    pub fn all_available() -> impl Iterator<Item = Path> {
        [Path::Portable, Path::Avx2, Path::Avx512].into_iter().filter(|path| path.available())
    }

    fn from_byte(byte: u8) -> Option<Path> {
        [Path::Portable, Path::Avx2, Path::Avx512].into_iter().find(|&path| path as u8 == byte)
    }
}

/// 0 until the first use, then the byte of the path.
static CURRENT: AtomicU8 = AtomicU8::new(0);

/// The path in use: the one that `COMPOSER_SIMD` names if this machine has it, the fastest otherwise.
///
/// A wrong name is no reason to stop here; programs that want to complain call [`check_environment`] first.
pub fn path() -> Path {
    match Path::from_byte(CURRENT.load(Ordering::Relaxed)) {
        Some(path) => path,
        None => {
            let path = match check_environment() {
                Ok(Some(path)) => path,
                _ => Path::all_available().last().unwrap_or(Path::Portable),
            };
            CURRENT.store(path as u8, Ordering::Relaxed);
            path
        }
    }
}

/// Reads `COMPOSER_SIMD`: `None` if it is not set.
///
/// # Errors
/// It names no path, or one that this machine cannot run.
pub fn check_environment() -> Result<Option<Path>, PathError> {
    let Ok(name) = std::env::var(ENVIRONMENT) else { return Ok(None) };
    let path: Path = name.parse()?;
    usable(path).map(Some)
}

/// Uses `path` in this process until the guard is dropped; for tests and benches that compare paths.
///
/// The path is one for the whole process, so guards take turns: a second caller waits until the first is done, and a test
/// that compares bits holds one so that no other test changes the path beneath it.
///
/// # Errors
/// This machine cannot run it.
pub fn use_path(path: Path) -> Result<PathGuard, PathError> {
    static TURN: Mutex<()> = Mutex::new(());
    let chosen = usable(path)?;
    // A test that failed while it held the guard has put the path back all the same.
    let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(PathGuard { before: CURRENT.swap(chosen as u8, Ordering::Relaxed), _turn: turn })
}

/// Holds the path that [`use_path`] chose; gives back the one before when it is dropped.
#[derive(Debug)]
#[must_use = "the path is used only as long as the guard lives"]
pub struct PathGuard {
    before: u8,
    _turn: MutexGuard<'static, ()>,
}

impl Drop for PathGuard {
    fn drop(&mut self) {
        CURRENT.store(self.before, Ordering::Relaxed);
    }
}

fn usable(path: Path) -> Result<Path, PathError> {
    if path.available() {
        return Ok(path);
    }
    let have: Vec<String> = Path::all_available().map(|path| path.to_string()).collect();
    Err(PathError::Unavailable(path, have.join(", ")))
}
