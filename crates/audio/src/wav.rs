//! WAV files: 16 bits a sample, written whole or not at all.

use std::io::{Cursor, Seek, Write};
use std::path::Path;

use composer_music::atomic_file::write_atomically;
use hound::{SampleFormat, WavSpec, WavWriter};

use crate::{AudioBuffer, Error};

/// Writes a WAV file: first beside its place under a temporary name, then renamed, so that nobody sees half a file.
///
/// # Errors
/// When the folder cannot be written or the disk is full; an older file of the same name then stays as it was.
pub fn write_wav(path: impl AsRef<Path>, audio: &AudioBuffer) -> Result<(), Error> {
    let path = path.as_ref();
    let fault = |error: std::io::Error| Error::Write { path: path.to_owned(), reason: error.to_string() };
    write_atomically(path, &wav_bytes(audio)).map_err(fault)
}

/// The bytes of a WAV file, for example to embed in a page.
pub fn wav_bytes(audio: &AudioBuffer) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    match encode(&mut bytes, audio) {
        Ok(()) => bytes.into_inner(),
        // Memory neither fills up nor disconnects; hound's own checks are on the constants below.
        Err(error) => unreachable!("WAV in memory: {error}"),
    }
}

fn encode(out: impl Write + Seek, audio: &AudioBuffer) -> Result<(), hound::Error> {
    let spec = WavSpec {
        channels: audio.channels,
        sample_rate: audio.sample_rate,
        bits_per_sample: 16,
        sample_format: SampleFormat::Int,
    };
    let mut writer = WavWriter::new(out, spec)?;
    for sample in &audio.samples {
        writer.write_sample((sample * f32::from(i16::MAX)).round() as i16)?;
    }
    writer.finalize()
}
