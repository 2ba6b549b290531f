//! Matrix products, vectorised maths and CPU dispatch for small dense numerics.
