//! Options of composing that `train` and `compose` share.

use clap::Args;
use composer::compose::{ComposeOptions, FRAME_TEMPERATURE, Length, TOKEN_TEMPERATURE};
use std::path::PathBuf;

/// Options of composing.
#[derive(Clone, Debug, Args)]
pub struct MusicArgs {
    /// Number of pieces to compose
    #[arg(long, default_value_t = ComposeOptions::default().num_outputs, value_name = "N")]
    pub num_outputs: usize,

    /// Length of each piece in bars, 16bars, or in steps of the model's grid, 256steps [default: 16bars, or what the card of the model says]
    #[arg(long)]
    pub length: Option<Length>,

    #[arg(long, help = temperature())]
    pub temperature: Option<f64>,

    /// Maximum polyphony: notes that sound at the same time
    #[arg(long, default_value_t = ComposeOptions::default().max_polyphony, value_name = "N")]
    pub max_polyphony: usize,

    /// Tempo in quarter notes per minute [default: that of the training music]
    #[arg(long)]
    pub qpm: Option<f64>,

    /// Render the WAV files with a SoundFont (.sf2) instead of the built-in synthesiser
    #[arg(long, value_name = "FILE")]
    pub soundfont: Option<PathBuf>,
}

fn temperature() -> String {
    format!(
        "Temperature: 1 is the model's own distribution, lower is safer, higher is riskier, 0 is greedy [default: 1 with --top-p 0.95 \
         for frames written note by note, {FRAME_TEMPERATURE} for other frames, {TOKEN_TEMPERATURE} for tokens]"
    )
}

impl MusicArgs {
    /// The options, with a seed.
    pub fn options(&self, seed: u64) -> ComposeOptions {
        ComposeOptions {
            num_outputs: self.num_outputs,
            length: self.length.unwrap_or(Length::Usual),
            temperature: self.temperature,
            max_polyphony: self.max_polyphony,
            seed,
            qpm: self.qpm,
            soundfont: self.soundfont.clone(),
            ..ComposeOptions::default()
        }
    }
}
