//! x
use super::json::Recording;
pub(crate) fn page(_: &Recording) -> String {
    String::new()
}
