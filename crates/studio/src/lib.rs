//! The studio: a local web application on the use cases of composer.
//!
//! ```no_run
//! use composer_studio::{Studio, StudioOptions};
//!
//! let studio = Studio::bind(&StudioOptions::new("my-music"))?;
//! println!("{}", studio.url());
//! studio.run()?;
//! # Ok::<(), composer_studio::Error>(())
//! ```
//!
//! [`server`] is what any local web application needs and knows nothing of music; [`Studio`] is the application on it.

mod api;
mod app;
mod error;
pub mod listening;
pub mod project;
pub mod server;
mod studio;
mod view;
pub mod work;

pub use error::{Error, Result};
pub use server::Stop;
pub use studio::{DEFAULT_PORT, Studio, StudioOptions};

/// The examples of README.md, as tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeExamples;
