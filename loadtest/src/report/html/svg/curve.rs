//! A plot with its title and its legend.

use maud::{Markup, html};

use super::super::plot::Plot;
use super::{WIDTH, drawing};

const HEIGHT: f64 = 400.0;
const LEFT: f64 = 78.0;
const RIGHT: f64 = 24.0;
const BOTTOM: f64 = 42.0;
/// Under the title, and under the legend where there is one.
const TOP: f64 = 64.0;
const LEGEND: f64 = 18.0;
/// About the width of a letter of the legend.
const LETTER: f64 = 7.8;

impl Plot {
    /// The plot as a drawing of its own.
    pub(in crate::report::html) fn svg(&self) -> Markup {
        let legend = self.series.len() > 1;
        let top = TOP + if legend { LEGEND } else { 0.0 };
        let content = html! {
            @if legend { (self.svg_legend()) }
            svg x=(LEFT) y=(top) width=(WIDTH - LEFT - RIGHT) height=(HEIGHT - BOTTOM - top) overflow="visible" {
                (self.content())
            }
        };
        drawing(&self.title, &self.note, HEIGHT, &content)
    }

    fn svg_legend(&self) -> Markup {
        let mut left = LEFT;
        let places = self.series.iter().map(|series| {
            let at = left;
            left += 26.0 + LETTER * series.name.chars().count() as f64;
            (at, series)
        });
        html! {
            @for (at, series) in places {
                rect.(series.class()) x=(at) y="42" width="11" height="11" rx="2" fill="currentColor" {}
                text x=(at + 16.0) y="52" { (series.name) }
            }
        }
    }
}
