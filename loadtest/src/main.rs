//! The load generator of Rookery. Nothing of it is written yet.

fn main() {}
