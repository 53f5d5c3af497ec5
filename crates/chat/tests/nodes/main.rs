//! The chat without sockets of browsers, without HTTP and without WebSockets: nodes
//! in one process over a real Redis that is far away, answers out of step and is cut
//! off, and clients that read lines of JSON from plain sockets.

mod commands;
mod dropped;
mod far_away;
mod support;
mod to_users;
mod wires;
