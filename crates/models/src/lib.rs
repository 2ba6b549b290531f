//! Recurrent sequence models wired to musical representations, and the model file.
