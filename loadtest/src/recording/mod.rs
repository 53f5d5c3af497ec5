//! What was measured, as it is written down: the files of results, the spread of
//! several runs, units, and tables as text. Nothing here knows of goals or of pages.

#[cfg(test)]
pub(crate) mod example;
pub(crate) mod grid;
pub(crate) mod json;
pub(crate) mod spread;
pub(crate) mod units;
