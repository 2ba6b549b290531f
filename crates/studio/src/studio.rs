//! [`Studio`]: the application on a folder.

use crate::api;
use crate::error::Result;
use crate::server::{Server, ServerOptions, Stop, Token};
use std::net::SocketAddr;
use std::path::PathBuf;

/// Where the studio works.
#[derive(Clone, Debug)]
pub struct StudioOptions {
    /// The folder of the project; it is made.
    pub folder: PathBuf,
    /// The port; 0: any that is free.
    pub port: u16,
}

/// The port of the studio where none is asked for.
pub const DEFAULT_PORT: u16 = 8765;

impl StudioOptions {
    /// A folder, at the usual port.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into(), port: DEFAULT_PORT }
    }
}

/// The application, listening and not yet answering.
pub struct Studio {
    server: Server,
}

impl Studio {
    /// Opens the folder and listens to this computer.
    ///
    /// # Errors
    /// The folder cannot be used, or the port is taken.
    pub fn bind(options: &StudioOptions) -> Result<Self> {
        let server = Server::bind(&ServerOptions::local(options.port))?;
        Ok(Self { server })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// The address of the page.
    pub fn url(&self) -> String {
        format!("http://{}/", self.address())
    }

    /// Answers requests until `stop`.
    ///
    /// # Errors
    /// The system gives no threads.
    pub fn run(self, stop: &Stop) -> Result<()> {
        let token = Token::new()?;
        let routes = api::routes(&token);
        self.server.run(routes, Some(token), stop)
    }
}
