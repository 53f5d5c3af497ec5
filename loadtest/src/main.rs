//! The load generator of Rookery.

#![allow(dead_code, reason = "its parts land one after the other")]

mod outcome;
mod report;

fn main() {}
