//! The load generator as a program: against real nodes and a real Redis, and against
//! servers that do what no server should, which it must not overlook.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that fails says so"
)]

mod connections;
mod counts;
mod faulty_server;
mod generator;
