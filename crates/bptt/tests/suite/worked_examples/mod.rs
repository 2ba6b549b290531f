//! The worked examples of the derivations: every number on the pages is computed again, from the tables of the pages themselves.

mod cells;
mod layers;
mod page;
