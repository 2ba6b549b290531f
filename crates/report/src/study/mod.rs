//! Pages, tables and data of the studies.

pub mod cells;
pub mod cells_text;
pub mod flow;
pub mod flow_text;
pub mod memory;
pub mod memory_text;
mod reproduce;
