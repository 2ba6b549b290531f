//! Decoding strategies, filters, constraints and the generate loop.
