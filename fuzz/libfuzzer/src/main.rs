//! All targets under libFuzzer: `COMPOSER_FUZZ_TARGET` names the one that runs. `scripts/fuzz.sh` calls it.
#![no_main]

use composer_fuzz::{TARGETS, Target, target};
use libfuzzer_sys::fuzz_target;
use std::path::Path;
use std::sync::LazyLock;
use std::{env, fs, process};

static TARGET: LazyLock<&Target> = LazyLock::new(|| {
    target(&env::var("COMPOSER_FUZZ_TARGET").unwrap_or_default()).unwrap_or_else(|text| {
        eprintln!("{text}");
        process::exit(2)
    })
});

fuzz_target!(
    init: {
        if let Some(folder) = env::var_os("COMPOSER_FUZZ_SEEDS") {
            match write_seeds(Path::new(&folder)) {
                Ok(()) => process::exit(0),
                Err(error) => {
                    eprintln!("cannot write seeds into {}: {error}", Path::new(&folder).display());
                    process::exit(2)
                }
            }
        }
        LazyLock::force(&TARGET);
    },
    |bytes: &[u8]| (TARGET.check)(bytes)
);

/// For each target a folder `seeds/NAME`, a dictionary `NAME.dict` for libFuzzer and its longest input in `NAME.max_len`; of all, their
/// names in `targets` and their promises in `promises`.
fn write_seeds(folder: &Path) -> std::io::Result<()> {
    let lines = |line: fn(&Target) -> String| TARGETS.iter().map(line).collect::<String>();
    fs::write(folder.join("targets"), lines(|target| format!("{}\n", target.name)))?;
    fs::write(folder.join("promises"), lines(|target| format!("{:<23} {}\n", target.name, target.promise)))?;
    for target in TARGETS {
        let seeds = folder.join("seeds").join(target.name);
        fs::create_dir_all(&seeds)?;
        for (index, bytes) in (target.seeds)().iter().enumerate() {
            fs::write(seeds.join(format!("{index:03}")), bytes)?;
        }
        let escaped = |word: &&str| {
            let bytes: String = word.bytes().map(|byte| format!("\\x{byte:02x}")).collect();
            format!("\"{bytes}\"\n")
        };
        // libFuzzer refuses an empty file.
        let words =
            "# words of this format\n".to_owned() + &target.words.iter().map(escaped).collect::<String>();
        fs::write(folder.join(format!("{}.dict", target.name)), words)?;
        fs::write(folder.join(format!("{}.max_len", target.name)), target.max_len.to_string())?;
    }
    Ok(())
}
