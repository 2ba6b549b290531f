//! End-to-end behaviour of the workspace, one file per promise.
