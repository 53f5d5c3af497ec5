//! `rookery-loadtest bench`: Rookery and its peers in turn, on the same cores,
//! several times over, and what that says of the goals.

pub(crate) mod case;
pub(crate) mod cases;
mod child;
mod growth;
pub(crate) mod judge;
mod options;
mod redis_baseline;
mod results;
mod run;
mod schedule;

pub(crate) use options::Options;
pub(crate) use results::text as results;
pub(crate) use run::run;
