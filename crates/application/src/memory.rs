//! Whether a training fits into the memory of this machine, by arithmetic.

use crate::error::wrong_input;

/// Bytes of physical memory; `None` where this is not known.
fn physical() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes << 10)
}

/// Whether so many bytes are more than the machine has, as far as that is known.
pub(crate) fn exceeds(bytes: usize) -> bool {
    physical().is_some_and(|all| bytes as u64 > all)
}

/// Refuses a training that needs more memory than the machine has.
pub(crate) fn check(bytes: usize) -> anyhow::Result<()> {
    match physical() {
        Some(all) if bytes as u64 > all => Err(wrong_input(format!(
            "this training needs about {} of memory, and this machine has {}: choose fewer hidden units (--hidden) or a smaller batch \
             (--batch-size); --dry-run shows the need",
            in_words(bytes as f64),
            in_words(all as f64)
        ))),
        _ => Ok(()),
    }
}

/// Bytes in MB, or in GB from 10,000 MB on.
pub fn in_words(bytes: f64) -> String {
    match bytes / 1e6 {
        megabytes if megabytes < 10_000.0 => format!("{megabytes:.0} MB"),
        megabytes => format!("{:.1} GB", megabytes / 1e3),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_machine_has_is_refused_where_the_memory_is_known() {
        assert!(check(1 << 20).is_ok());
        assert_eq!(check(usize::MAX).is_err(), physical().is_some());
        assert_eq!(in_words(12.4e6), "12 MB");
        assert_eq!(in_words(43.21e9), "43.2 GB");
    }
}
