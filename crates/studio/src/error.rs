//! Why a server does not start.

use composer_music::input::shown;
use std::net::SocketAddr;
use std::path::PathBuf;

/// The result of what a server does before it answers requests.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a server does not start. As text: one sentence.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another program listens there.
    #[error("port {} of {} is taken by another program: name another port with --port, or 0 for any that is free", .0.port(), .0.ip())]
    PortTaken(SocketAddr),
    /// The system refuses the address.
    #[error("cannot listen to {0}: {1}")]
    Listen(SocketAddr, std::io::Error),
    /// The folder of the project cannot be used.
    #[error("cannot use the folder {}: {problem}", .folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What is wrong, and what to do.
        problem: String,
    },
    /// A folder of music that is none.
    #[error("--music names {}, which is no folder", shown(.0))]
    NoMusic(PathBuf),
    /// The system gives no threads, timers or random numbers.
    #[error("cannot start the server: {0}")]
    Start(std::io::Error),
}

impl Error {
    /// Whether the user can mend it by other options.
    pub fn is_wrong_input(&self) -> bool {
        matches!(self, Self::PortTaken(_) | Self::Folder { .. } | Self::NoMusic(_))
    }
}

/// As an error of the use cases, which says whose fault it is.
impl From<Error> for composer_application::Error {
    fn from(error: Error) -> Self {
        if error.is_wrong_input() { Self::wrong_input(error) } else { std::io::Error::other(error).into() }
    }
}
