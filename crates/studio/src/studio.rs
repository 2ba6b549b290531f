//! [`Studio`]: the application on a folder.

use crate::api;
use crate::app::App;
use crate::error::{Error, Result};
use crate::server::{Server, ServerOptions, Stop};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

/// Where the studio works.
#[derive(Clone, Debug)]
pub struct StudioOptions {
    /// The folder of the project; it is made.
    pub folder: PathBuf,
    /// The port; 0: any that is free.
    pub port: u16,
    /// Folders of music that may be trained on, beside those in the folder of the project.
    pub music: Vec<PathBuf>,
}

/// The port of the studio where none is asked for.
pub const DEFAULT_PORT: u16 = 8765;

impl StudioOptions {
    /// A folder, at the usual port.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into(), port: DEFAULT_PORT, music: Vec::new() }
    }
}

/// The application, listening and not yet answering.
pub struct Studio {
    server: Server,
    app: Arc<App>,
    stop: Stop,
}

impl Studio {
    /// Opens the folder and listens to this computer.
    ///
    /// # Errors
    /// The folder cannot be used, one of music is none, or the port is taken.
    pub fn bind(options: &StudioOptions) -> Result<Self> {
        if let Some(missing) = options.music.iter().find(|folder| !folder.is_dir()) {
            return Err(Error::NoMusic(missing.clone()));
        }
        let server =
            Server::bind(&ServerOptions { uploads: api::UPLOADS, ..ServerOptions::local(options.port) })?;
        let stop = Stop::default();
        Ok(Self { server, app: App::open(&options.folder, &options.music, stop.clone())?, stop })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// The address of the page.
    pub fn url(&self) -> String {
        format!("http://{}/", self.address())
    }

    /// What ends it, from any thread.
    pub fn stop(&self) -> Stop {
        self.stop.clone()
    }

    /// Answers requests until its [`Self::stop`] says so.
    ///
    /// # Errors
    /// The system gives no threads, or the folder cannot be written.
    pub fn run(self) -> Result<()> {
        let token = self.app.project().token()?;
        let routes = api::routes(&self.app, &token);
        let result = self.server.run(routes, Some(token), &self.stop);
        self.app.end();
        result
    }
}
