//! `rookery-loadtest bench`: Rookery and its peers in turn, on the same cores,
//! several times over, and what that says of the goals.

pub(crate) mod cases;
pub(crate) mod judge;
