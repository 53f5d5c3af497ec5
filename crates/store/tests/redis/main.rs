//! What only the Redis engine has to stand: a server that dies, connections
//! that are cut, scripts that are forgotten. All of it against a real redis-server.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that panics has found something"
)]

mod checks;
mod databases;
mod faults;
mod groups;
mod lease;
mod nonces;
mod refusals;
mod room_lists;
mod script_time;
mod silence;
mod storage;
mod support;
