//! x
use maud::{Markup, html};
pub(super) fn content(_: &[crate::report::json::Run]) -> Markup {
    html! { svg {} }
}
