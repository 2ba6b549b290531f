//! Products with a matrix that is packed once and used many times.
//!
//! A right-hand matrix `[K, N]` is [`Packed`] into panels of two vectors' width, row after row of the panel, so that
//! the innermost loop reads memory in order:
//!
//! ```text
//!            panel 0    panel 1
//!      k=0   ████████   ████████          for k in 0..K:
//!      k=1   ████████   ████████              b = two vectors of the panel's row k
//!      …                                      for each row m of the tile: acc[m] += a[m, k] · b
//! ```
//!
//! These products, and not those of `matrixmultiply` ([`arrays`](crate::arrays)), compute whatever a network needs: measured beside it
//! at the shapes that occur, they are 1.1 to 20 times as fast for the steps of a recurrence, whose weights stay packed, and mostly
//! ahead or within 10 % of it for large and outer products. `benches/README.md` has the figures for each shape, the exceptions and
//! the rule.
//!
//! Every element of a result is one sum over `k` in order, started from zero, whatever tile it falls in. So a result is
//! the same bits however its rows are shared out to threads, and one row alone gives what it gives among others.
//!
//! | file | what it holds |
//! |---|---|
//! | `left`, `packed` | the two matrices of a product |
//! | `product` | rows by a packed matrix: forward, and the gradient of an input |
//! | `outer` | sums of outer products: the gradient of a weight |
//! | `tile` | the innermost loops of both |

mod left;
mod outer;
mod packed;
mod product;
mod tile;

pub use left::Left;
pub use outer::add_outer_products;
pub use packed::{Packed, PackedRows, transpose};
pub use product::{multiply, multiply_shared, multiply_steps};
pub use tile::Store;
