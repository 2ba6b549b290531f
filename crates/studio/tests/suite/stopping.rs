//! Beginning and end of a server.

use crate::common::Running;
use composer_studio::{Studio, StudioOptions};
use std::net::{TcpListener, TcpStream};
use std::time::Instant;
use tempfile::tempdir;

#[test]
fn a_port_that_is_taken_is_named_in_one_sentence() {
    let here = tempdir().unwrap();
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = other.local_addr().unwrap().port();
    let error = Studio::bind(&StudioOptions { port, ..StudioOptions::new(here.path()) }).err().unwrap();
    assert!(error.is_wrong_input());
    let text = error.to_string();
    assert!(text.contains(&port.to_string()) && text.contains("--port") && !text.contains('\n'), "{text}");
}

#[test]
fn it_stops_at_once_while_connections_are_open() {
    let here = tempdir().unwrap();
    let mut studio = Running::start(here.path());
    let idle = TcpStream::connect(studio.address).unwrap();
    let begun = Instant::now();
    studio.stop();
    assert!(begun.elapsed().as_secs() < 4);
    assert!(TcpStream::connect(studio.address).is_err());
    drop(idle);
}
