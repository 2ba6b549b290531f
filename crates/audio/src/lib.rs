//! Score to samples: WAV by a built-in synthesiser or a SoundFont.
