//! Fuzz targets: for each format that is read, a function of any bytes that panics where a promise is broken.
//!
//! `scripts/fuzz.sh MINUTES` runs them under libFuzzer, guided by coverage (`libfuzzer/`, a workspace of its own). The test
//! `cargo test -p composer-fuzz` runs each on its seeds, on a few hundred random changes of them, and on every file that once broke
//! it (`regressions/NAME/`), so that the targets always compile and hold.
//!
//! A new target is one file in `src/targets/` with a constant `TARGET`, and a line in each of the two lists of `targets.rs`.

mod forms;
mod mutate;
#[cfg(test)]
mod smoke;
mod target;
mod targets;

pub use mutate::mutated;
pub use target::Target;
pub use targets::TARGETS;

/// The target of a name.
///
/// # Errors
/// There is none; the text lists all.
pub fn target(name: &str) -> Result<&'static Target, String> {
    TARGETS.iter().find(|target| target.name == name).ok_or_else(|| {
        let names: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
        format!("there is no fuzz target {name}; there are {}", names.join(", "))
    })
}
