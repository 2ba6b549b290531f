//! Any text is a configuration or refused; one that is read is written and read back equal.

use crate::Target;
use crate::forms::with_file;
use composer::Settings;
use composer::settings::{CONFIG_FILE, Layers, Preset, single_setting};
use composer_models::{Encoding, SequenceModel};
use std::sync::LazyLock;

pub const TARGET: Target = Target {
    name: "settings",
    promise: "read → write → read is equal, from a file, as single settings, and of a run that is resumed",
    check,
    seeds,
    words: &[
        "[music]\n",
        "[model]\n",
        "[training]\n",
        "[training.optimizer]\n",
        "[training.schedule]\n",
        "[training.sampling]\n",
        "[run]\n",
        "folder = ",
        "representation = ",
        "metre = ",
        "cell = ",
        "hidden = ",
        "layers = ",
        "dropout = ",
        "epochs = ",
        "minutes = ",
        "learning_rate = ",
        "stretch = ",
        "kind = ",
        "curve = ",
        "nan",
        "inf",
        "-inf",
        "1e400",
        "9223372036854775807",
        "-1",
        "0x",
        "\"\"\"",
        "[[",
        "{}",
        "1979-05-27",
        "true",
        "\n",
    ],
    max_len: 4096,
};

/// Every setting by its name.
static KEYS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let text = Settings::default().to_toml().expect("written");
    let mut section = String::new();
    let mut keys = Vec::new();
    for line in text.lines() {
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            section = name.to_owned();
        } else if let Some((key, _)) = line.split_once(" = ") {
            keys.push(format!("{section}.{key}"));
        }
    }
    keys
});

const VALUES: [&str; 16] = [
    "0",
    "1",
    "-1",
    "0.5",
    "-0.5",
    "1.5",
    "nan",
    "inf",
    "-inf",
    "1e300",
    "9223372036854775807",
    "true",
    "\"\"",
    "4294967296",
    "5",
    "128",
];

/// The first byte chooses the form: a file; the settings of a run; single settings, one a line; or two bytes for each single setting,
/// which and its value.
fn check(bytes: &[u8]) {
    let Some((form, rest)) = bytes.split_first() else { return };
    let settings = match form % 4 {
        0 => with_file(CONFIG_FILE, rest, |path| {
            Layers { file: Some(path.to_owned()), ..Layers::default() }.settings()
        }),
        1 => with_file(CONFIG_FILE, rest, |path| Layers::default().resumed(path.parent().unwrap_or(path))),
        3 => {
            let single = rest.as_chunks().0.iter().map(|&[key, value]| {
                let key = &KEYS[usize::from(key) % KEYS.len()];
                single_setting(&format!("{key}={}", VALUES[usize::from(value) % VALUES.len()]))
                    .expect("key=value")
            });
            Layers { single: single.collect(), ..Layers::default() }.settings()
        }
        _ => {
            let text = String::from_utf8_lossy(rest);
            let Ok(single) = text.lines().map(single_setting).collect() else { return };
            Layers { single, preset: Some(Preset::ALL[1]), ..Layers::default() }.settings()
        }
    };
    let Ok(settings) = settings else { return };
    let text = settings.to_toml().expect("what was read is written");
    let again: Settings = toml::from_str(&text).expect("what was written is read");
    // Not the settings: one that is not a number differs from itself.
    assert_eq!(again.to_toml().expect("written"), text);
    assert!(settings.training.check().is_ok());
    if settings.model.hidden.saturating_mul(settings.model.layers) <= 256 {
        // A model, or the reason why not.
        let _ = SequenceModel::zeros(settings.model(Encoding::tokens(3)));
    }
}

fn seeds() -> Vec<Vec<u8>> {
    let default = Settings::default().to_toml().expect("written");
    let single = "hidden=64\ntraining.optimizer.kind=adamw\nmusic.folder=my songs\nmodel.cell = \"gru\"";
    let flat = "model.hidden = 8\nepochs = 3\n[training.sampling]\ncurve = \"inverse-sigmoid\"\nk = 100.0\n";
    [("\0", &*default), ("\u{1}", &*default), ("\0", flat), ("\u{2}", single), ("\u{3}", "\u{5}\u{1}")]
        .map(|(form, text)| format!("{form}{text}").into_bytes())
        .into()
}
