//! The chat without sockets of browsers, without HTTP and without WebSockets: nodes
//! in one process over a real Redis that is far away, answers out of step and is cut
//! off, and clients that read lines of JSON from plain sockets.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test says so by failing

mod commands;
mod dropped;
mod far_away;
mod log_ins;
mod support;
mod to_users;
mod wires;
