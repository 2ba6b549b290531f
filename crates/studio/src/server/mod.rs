//! What any local web application needs: a listener, connections with limits, the [`guard`], headers, embedded files, a clean stop.
//!
//! A request passes, from the outside: the headers of every answer, the [`guard`] (host, origin, token), limits of time and
//! size, and then a route. An application is an axum `Router` and a [`Token`]:
//!
//! ```no_run
//! use axum::{Router, routing::get};
//! use composer_studio::server::{Server, ServerOptions, Stop};
//!
//! let server = Server::bind(&ServerOptions::local(0))?;
//! server.run(Router::new().route("/", get(async || "Hello")), None, &Stop::default())?;
//! # Ok::<(), composer_studio::Error>(())
//! ```

pub mod assets;
mod connections;
pub mod events;
pub mod guard;
mod headers;
pub mod reply;
mod stop;
mod token;

pub use stop::Stop;
pub use token::Token;

use crate::error::{Error, Result};
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::{Router, middleware};
use guard::{Guard, Hosts, Upload};
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::time::Duration;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::timeout::{RequestBodyTimeoutLayer, TimeoutLayer};

/// Largest body of a request whose route says nothing else, in bytes.
pub const MAX_BODY: usize = 256 << 10;

/// Longest time until the answer to a request begins.
const ANSWER_TIME: Duration = Duration::from_secs(60);

/// Longest time without a byte of a request's body.
const BODY_TIME: Duration = Duration::from_secs(15);

/// Where to listen, and for how many.
#[derive(Clone, Debug)]
pub struct ServerOptions {
    /// The address: loopback, unless other computers shall reach it.
    pub address: IpAddr,
    /// The port; 0: any that is free.
    pub port: u16,
    /// Names beside the address by which browsers may call this computer, without a port.
    pub names: Vec<String>,
    /// Connections at a time; further ones wait.
    pub connections: usize,
    /// Paths to which larger bodies go than 16 MB.
    pub uploads: &'static [Upload],
}

impl ServerOptions {
    /// For this computer only.
    pub fn local(port: u16) -> Self {
        Self {
            address: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port,
            names: vec!["localhost".into()],
            connections: 256,
            uploads: &[],
        }
    }
}

/// A server that listens, and does not answer yet.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    names: Vec<String>,
    connections: usize,
    uploads: &'static [Upload],
}

impl Server {
    /// Listens.
    ///
    /// # Errors
    /// The port is taken, or the system refuses the address.
    pub fn bind(options: &ServerOptions) -> Result<Self> {
        let asked = SocketAddr::new(options.address, options.port);
        let refused = |error: std::io::Error| match error.kind() {
            ErrorKind::AddrInUse => Error::PortTaken(asked),
            _ => Error::Listen(asked, error),
        };
        let listener = TcpListener::bind(asked).map_err(refused)?;
        listener.set_nonblocking(true).map_err(Error::Start)?;
        let address = listener.local_addr().map_err(Error::Start)?;
        let ServerOptions { names, connections, uploads, .. } = options.clone();
        Ok(Self { listener, address, names, connections, uploads })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers requests by `routes` until `stop`; those under `/api` only with `token`, if there is one.
    ///
    /// # Errors
    /// The system gives no threads.
    pub fn run(self, routes: Router, token: Option<Token>, stop: &Stop) -> Result<()> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .max_blocking_threads(16)
            .thread_name("studio-server")
            .enable_io()
            .enable_time()
            .build()
            .map_err(Error::Start)?;
        let guard = Guard { hosts: Hosts::new(self.address, &self.names), token, uploads: self.uploads };
        let app = guarded(routes, guard);
        let result = runtime.block_on(connections::serve(self.listener, app, self.connections, stop.clone()));
        // What still runs, such as a body that nobody reads, is not waited for.
        runtime.shutdown_timeout(Duration::from_secs(1));
        result.map_err(Error::Start)
    }
}

/// Routes behind everything that protects them.
fn guarded(routes: Router, guard: Guard) -> Router {
    routes
        .fallback(reply::not_found)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(RequestBodyTimeoutLayer::new(BODY_TIME))
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, ANSWER_TIME))
        .layer(CatchPanicLayer::custom(reply::panicked))
        .layer(from_fn_with_state(std::sync::Arc::new(guard), guard::check))
        .layer(middleware::map_response(headers::add))
}
