//! Pages, charts, piano rolls and tables: data in, HTML, SVG or text out.
//!
//! The crate reads no file and writes none, and knows neither a command line nor a run folder. Every page is one file that asks
//! nothing of a network.
//!
//! ```
//! use composer_music::{Note, Score, Track};
//!
//! let mut score = Score::new(480);
//! let note = Note { onset: 0, duration: 480, pitch: 60, velocity: 80, channel: 0, program: 0 };
//! score.tracks.push(Track { name: None, notes: vec![note] });
//! let svg = composer_report::piano_roll::svg(&score, "one note", &[]);
//! assert!(svg.starts_with("<svg") && svg.ends_with("</svg>"));
//! ```

pub mod charts;
mod curves;
mod error;
pub mod evaluation;
pub mod likelihood;
mod page;
pub mod part;
pub mod piano_roll;
pub mod scaling;
pub mod study;
pub mod surprise;
pub mod text;
pub mod training;

pub use error::{Error, Result};
pub use likelihood::Likelihood;
pub use training::{PieceFigure, Report, TrainingSummary};
