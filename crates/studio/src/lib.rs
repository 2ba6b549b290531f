//! The studio: a local web application on the use cases of composer.
//!
//! ```no_run
//! use composer_studio::{Stop, Studio, StudioOptions};
//!
//! let studio = Studio::bind(&StudioOptions::new("my-music"))?;
//! println!("{}", studio.url());
//! studio.run(&Stop::default())?;
//! # Ok::<(), composer_studio::Error>(())
//! ```
//!
//! [`server`] is what any local web application needs and knows nothing of music; [`Studio`] is the application on it.

mod api;
mod error;
pub mod server;
mod studio;

pub use error::{Error, Result};
pub use server::Stop;
pub use studio::{DEFAULT_PORT, Studio, StudioOptions};

/// The examples of README.md, as tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeExamples;
