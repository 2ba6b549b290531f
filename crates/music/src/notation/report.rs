//! What a file of notation held besides its notes.

/// What was found in a file of MusicXML or ABC.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct NotationReport {
    /// The format's name: `MusicXML` or `ABC`.
    pub format: String,
    /// Version of the format, as the file says it; empty if it does not.
    pub version: String,
    /// Parts or voices.
    pub parts: usize,
    /// Measures that are written.
    pub measures: usize,
    /// Measures that are played, repeats included.
    pub measures_played: usize,
    /// Rests.
    pub rests: usize,
    /// Grace notes.
    pub grace_notes: usize,
    /// Syllables of lyrics.
    pub lyrics: usize,
    /// Chord symbols.
    pub chord_symbols: usize,
    /// Times that ticks hold rounded only.
    pub rounded_times: usize,
    /// The number of the tune in its book (`X:`), for ABC.
    pub tune: Option<u64>,
    /// The title, if there is one, for ABC.
    pub title: Option<String>,
}
