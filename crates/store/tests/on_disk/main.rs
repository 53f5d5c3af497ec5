//! What only an embedded engine with a folder has to stand: folders that are damaged,
//! somebody else's or in use, processes that end without a word, copies made while it runs.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that panics has found something"
)]

mod backup;
mod damaged;
mod epochs;
mod folders;
mod kept;
mod support;
