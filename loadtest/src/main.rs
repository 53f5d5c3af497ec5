//! The load generator of Rookery.

#![allow(
    dead_code,
    unused_imports,
    reason = "its parts land one after the other"
)]

mod bench;
mod dialect;
mod engine;
mod fleet;
mod measure;
mod outcome;
mod report;

fn main() {}
