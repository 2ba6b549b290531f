//! Any text is a configuration or refused; one that is read is written and read back equal.

use crate::Target;
use crate::forms::with_file;
use composer::Settings;
use composer::settings::{CONFIG_FILE, Layers, Preset, single_setting};
use composer_models::{Encoding, SequenceModel};

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

/// The first byte chooses the form: a file, the settings of a run, or single settings, one a line.
fn check(bytes: &[u8]) {
    let Some((form, rest)) = bytes.split_first() else { return };
    let settings = match form % 3 {
        0 => with_file(CONFIG_FILE, rest, |path| {
            Layers { file: Some(path.to_owned()), ..Layers::default() }.settings()
        }),
        1 => with_file(CONFIG_FILE, rest, |path| Layers::default().resumed(path.parent().unwrap_or(path))),
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
    [("\0", &*default), ("\u{1}", &*default), ("\0", flat), ("\u{2}", single)]
        .map(|(form, text)| format!("{form}{text}").into_bytes())
        .into()
}
