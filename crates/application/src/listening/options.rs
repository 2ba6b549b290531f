//! [`NewStudy`]: what a listening test is made of.

use super::design::Kind;
use super::sounds::SoundOptions;
use std::path::PathBuf;

/// What a new study is.
#[derive(Clone, Debug)]
pub struct NewStudy {
    /// Folders of music, one for each system; of the first one people are the composers.
    pub folders: Vec<PathBuf>,
    /// What is asked.
    pub kind: Kind,
    /// Trials of each participant; `None`: as many as there are items, at most 20.
    pub trials: Option<usize>,
    /// Participants.
    pub participants: usize,
    /// Most pieces of each folder.
    pub pieces: usize,
    /// Seed of everything that is drawn.
    pub seed: u64,
    /// How the music sounds.
    pub sound: SoundOptions,
}

impl Default for NewStudy {
    fn default() -> Self {
        Self {
            folders: Vec::new(),
            kind: Kind::Pairs,
            trials: None,
            participants: 20,
            pieces: 24,
            seed: 1,
            sound: SoundOptions::default(),
        }
    }
}
