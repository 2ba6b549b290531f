//! Listening tests that people take in a browser: [`ListeningServer`] serves the study of a STUDY.toml.
//!
//! | in the folder of the study | what |
//! |---|---|
//! | `STUDY.toml` | the design and the key, by `composer listen new` |
//! | `clips/ID.wav` | the sounds |
//! | `answers.jsonl` | every answer, a line each, only ever added to; `composer listening` reads it |
//! | `tokens.txt` | where participants need tokens: one a line |
//!
//! A participant is known by a random secret in a cookie that no script can read and that no other site makes a browser send; the file
//! of answers has only its hash. Sounds are asked for by the number of the trial and of the sound in it, so that no address tells which
//! clip it is, or that two are the same.

mod api;
mod ledger;
mod page;
mod people;
mod record;
mod sound;
mod tokens;

use crate::error::{Error, Result};
use crate::server::{Server, ServerOptions, Stop};
use api::App;
use composer_application::listening::{CLIPS_FOLDER, Study, VOLUME_CLIP};
use composer_music::atomic_file::folder_of;
use ledger::Ledger;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokens::Tokens;

/// The port of listening tests where none is asked for.
pub const LISTENING_PORT: u16 = 8766;

/// Connections at a time: a browser opens up to six.
const CONNECTIONS: usize = 1024;

/// Where a study is served.
#[derive(Clone, Debug)]
pub struct ListeningOptions {
    /// STUDY.toml.
    pub study: PathBuf,
    /// The address: loopback, unless other computers shall reach it; then each participant needs a token.
    pub address: IpAddr,
    /// The port; 0: any that is free.
    pub port: u16,
    /// Names or addresses by which browsers call this computer, beside `address`.
    pub names: Vec<String>,
    /// Whether participants need tokens on loopback too.
    pub tokens: bool,
}

impl ListeningOptions {
    /// A study, for this computer, at the usual port.
    pub fn new(study: impl Into<PathBuf>) -> Self {
        Self {
            study: study.into(),
            address: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: LISTENING_PORT,
            names: Vec::new(),
            tokens: false,
        }
    }
}

/// The server of a study, listening and not yet answering.
pub struct ListeningServer {
    server: Server,
    app: Arc<App>,
    names: Vec<String>,
    stop: Stop,
}

impl ListeningServer {
    /// Reads the study, opens its file of answers, and listens.
    ///
    /// # Errors
    /// The study, its sounds or its answers cannot be used; the port is taken; an address of no name needs one.
    pub fn bind(options: &ListeningOptions) -> Result<Self> {
        let folder = folder_of(&options.study).to_owned();
        let wrong = |problem: String| Error::Folder { folder: folder.clone(), problem };
        let study = Study::load(&options.study).map_err(|error| wrong(error.to_string()))?;
        check_sounds(&study, &folder).map_err(wrong)?;
        let mut names = options.names.clone();
        if options.address.is_loopback() {
            names.push("localhost".into());
        } else if options.address.is_unspecified() && names.is_empty() {
            return Err(wrong(
                "an address for all networks has no name: say by which name or address participants reach this computer, \
                 with --name"
                    .into(),
            ));
        }
        let server = Server::bind(&ServerOptions {
            address: options.address,
            port: options.port,
            names: names.clone(),
            connections: CONNECTIONS,
            uploads: &[],
        })?;
        let needs_tokens = options.tokens || !options.address.is_loopback();
        let tokens = match needs_tokens {
            true => Some(Tokens::open(&folder, study.participants)?),
            false => None,
        };
        let study = Arc::new(study);
        let ledger = Ledger::open(&folder, &study)?;
        let port = server.address().port();
        let app =
            Arc::new(App { study, ledger, tokens, folder, cookie: format!("composer-listener-{port}") });
        Ok(Self { server, app, names, stop: Stop::default() })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// The address of the page, by the first name that participants have for this computer.
    pub fn url(&self) -> String {
        match self.names.first().filter(|_| !self.address().ip().is_loopback()) {
            Some(name) => format!("http://{name}:{}/", self.address().port()),
            None => format!("http://{}/", self.address()),
        }
    }

    /// The address for each participant, where they need tokens. What is behind the `#` is not sent with requests and stands in no log.
    pub fn links(&self) -> Vec<String> {
        let tokens = self.app.tokens.iter().flat_map(Tokens::all);
        tokens.map(|token| format!("{}#{token}", self.url())).collect()
    }

    /// The study.
    pub fn study(&self) -> &Study {
        &self.app.study
    }

    /// What ends it, from any thread.
    pub fn stop(&self) -> Stop {
        self.stop.clone()
    }

    /// Answers requests until its [`Self::stop`] says so.
    ///
    /// # Errors
    /// The system gives no threads.
    pub fn run(self) -> Result<()> {
        let result = self.server.run(api::routes(&self.app), None, &self.stop);
        self.app.ledger.end();
        result
    }
}

/// Every sound must be there before the first participant is.
fn check_sounds(study: &Study, folder: &Path) -> std::result::Result<(), String> {
    let names = study.clips.iter().map(|clip| clip.id.as_str()).chain([VOLUME_CLIP]);
    let missing = names
        .map(|name| format!("{CLIPS_FOLDER}/{name}.wav"))
        .find(|name| !std::fs::metadata(folder.join(name)).is_ok_and(|file| file.is_file()));
    missing.map_or(Ok(()), |name| Err(format!("the sound {name} is missing: make the study again")))
}
