//! Batches, truncated BPTT, optimisers, schedules, checkpoints.
