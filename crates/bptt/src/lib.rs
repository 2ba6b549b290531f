//! Recurrent cells and layers with hand-written backpropagation through time, a readable reference and gradient checks.
