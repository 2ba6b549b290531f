//! Event files that TensorBoard reads: records with checksums, each a small protobuf message.
//!
//! ```text
//! record: length (u64) | masked CRC-32C of the length | message | masked CRC-32C of the message      (little-endian)
//! message Event   { double wall_time = 1; int64 step = 2; string file_version = 3; Summary summary = 5; SessionLog = 7 }
//! message Summary { repeated Value { string tag = 1; float simple_value = 2 } value = 1 }
//! ```

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

/// Beginning of the names of event files, which TensorBoard looks for.
pub const EVENTS_PREFIX: &str = "events.out.tfevents.";

/// An event file.
pub struct EventFile {
    file: BufWriter<File>,
}

impl EventFile {
    /// Begins a new event file in a folder. `step` is where training goes on: what older files of the folder say of later
    /// steps no longer counts.
    pub fn create(folder: &Path, step: u64) -> std::io::Result<Self> {
        let name = format!("{EVENTS_PREFIX}{}.{}.composer", now().as_millis(), std::process::id());
        let file = OpenOptions::new().create_new(true).write(true).open(folder.join(name))?;
        let mut this = Self { file: BufWriter::new(file) };
        let mut version = head(0);
        bytes_field(&mut version, 3, b"brain.Event:2");
        this.record(&version)?;
        let mut start = head(step);
        bytes_field(&mut start, 7, &[1 << 3, 1]); // SessionLog { status = START }
        this.record(&start)?;
        Ok(this)
    }

    /// Adds numbers by name.
    pub fn scalars(&mut self, step: u64, scalars: &[(impl AsRef<str>, f64)]) -> std::io::Result<()> {
        let mut summary = Vec::new();
        for (tag, number) in scalars {
            let mut value = Vec::new();
            bytes_field(&mut value, 1, tag.as_ref().as_bytes());
            value.push(2 << 3 | FIXED32);
            value.extend((*number as f32).to_le_bytes());
            bytes_field(&mut summary, 1, &value);
        }
        let mut event = head(step);
        bytes_field(&mut event, 5, &summary);
        self.record(&event)
    }

    /// Hands everything to the operating system.
    pub fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }

    fn record(&mut self, message: &[u8]) -> std::io::Result<()> {
        let length = (message.len() as u64).to_le_bytes();
        self.file.write_all(&length)?;
        self.file.write_all(&masked(&length).to_le_bytes())?;
        self.file.write_all(message)?;
        self.file.write_all(&masked(message).to_le_bytes())
    }
}

const FIXED64: u8 = 1;
const LENGTH: u8 = 2;
const FIXED32: u8 = 5;

fn now() -> std::time::Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// Wall time and step.
fn head(step: u64) -> Vec<u8> {
    let mut event = vec![1 << 3 | FIXED64];
    event.extend(now().as_secs_f64().to_le_bytes());
    event.push(2 << 3);
    varint(&mut event, step);
    event
}

fn bytes_field(message: &mut Vec<u8>, number: u8, bytes: &[u8]) {
    message.push(number << 3 | LENGTH);
    varint(message, bytes.len() as u64);
    message.extend_from_slice(bytes);
}

fn varint(message: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        message.push(value as u8 | 0x80);
        value >>= 7;
    }
    message.push(value as u8);
}

/// TensorFlow rotates and shifts checksums, so that a checksum of data with checksums in it stays a good one.
fn masked(bytes: &[u8]) -> u32 {
    crc32c::crc32c(bytes).rotate_right(15).wrapping_add(0xa282_ead8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_as_tensorflow_writes_them() {
        // tf.io.TFRecordWriter over b"" and b"abc", TensorFlow's documented format.
        assert_eq!(masked(b"123456789"), 0xe306_9283_u32.rotate_right(15).wrapping_add(0xa282_ead8));
        let mut number = Vec::new();
        varint(&mut number, 300);
        assert_eq!(number, [0xac, 0x02], "the example of the protobuf documentation");
    }
}
