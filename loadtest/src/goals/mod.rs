//! The cases of the bench, what is wanted of each, and how results stand to that.
//! Nothing here runs anything.

pub(crate) mod case;
pub(crate) mod cases;
pub(crate) mod findings;
pub(crate) mod growth;
pub(crate) mod judge;
pub(crate) mod results;
