//! `rookery-loadtest bench`: Rookery and its peers in turn, on the same cores,
//! several times over, and what that says of the goals.

mod child;
mod options;
mod run;
mod schedule;

pub(crate) use options::Options;
pub(crate) use run::run;
