//! Plots as files of their own, for documents: nothing around them is needed, and
//! they are readable on white and on dark.

mod bars;
mod curve;
mod files;

use maud::{Markup, PreEscaped, html};

pub(super) use bars::{Bar, bars};
pub(crate) use files::write;

/// The width of every plot.
const WIDTH: f64 = 760.0;
/// Between both backgrounds: words, and lines behind what is plotted.
const INK: &str = "#7b7b84";

/// A drawing of that height under its title.
fn drawing(title: &str, note: &str, height: f64, content: &Markup) -> Markup {
    html! {
        svg xmlns="http://www.w3.org/2000/svg" viewBox=(format!("0 0 {WIDTH} {height}")) width=(WIDTH) height=(height)
            role="img" aria-label=(title) font-family="system-ui, sans-serif" font-size="13" fill=(INK) {
            style { (PreEscaped(concat!(include_str!("../plot.css"), include_str!("drawing.css")))) }
            text x="12" y="26" font-size="15" font-weight="600" { (title) }
            text x=(WIDTH - 12.0) y="50" text-anchor="end" { (note) }
            (content)
        }
    }
}
