//! ABC.

use super::report::Found;
use super::{Error, Format};

pub(super) struct Book;
impl Book {
    pub fn new(_bytes: &[u8]) -> Result<Self, Error> {
        Err(Error::whole(Format::Abc, "not yet"))
    }
    pub fn numbers(&self) -> Vec<u64> {
        vec![]
    }
    pub fn read(&self, _index: usize) -> Result<Found, Error> {
        Err(Error::whole(Format::Abc, "not yet"))
    }
}
pub(super) fn is_abc(_text: &[u8]) -> bool {
    false
}
