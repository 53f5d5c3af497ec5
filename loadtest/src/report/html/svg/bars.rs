//! A bar for everybody who was measured, with a whisker from the least to the most.

use maud::{Markup, html};

use super::{INK, WIDTH, drawing};
use crate::recording::spread::Spread;
use crate::recording::units::{quantity, ratio};

/// One bar.
pub(in crate::report::html) struct Bar<'a> {
    pub(in crate::report::html) name: &'a str,
    pub(in crate::report::html) colour: usize,
    pub(in crate::report::html) spread: Spread,
}

const TOP: f64 = 62.0;
const ROW: f64 = 30.0;
const LEFT: f64 = 150.0;
const RIGHT: f64 = 190.0;

/// Bars one under the other; ratios are to the first.
pub(in crate::report::html) fn bars(
    title: &str,
    note: &str,
    unit: &str,
    rows: &[Bar<'_>],
) -> Markup {
    let most = rows.iter().map(|bar| bar.spread.max).fold(1e-12, f64::max);
    let across = |value: f64| value / most * (WIDTH - LEFT - RIGHT);
    let first = rows.first().map_or(1.0, |bar| bar.spread.median);
    let content = html! {
        @for (index, bar) in rows.iter().enumerate() {
            @let top = TOP + ROW * index as f64;
            @let (words, middle) = (top + 18.0, top + 13.5);
            @let Spread { min, median, max, count } = bar.spread;
            text x=(LEFT - 10.0) y=(words) text-anchor="end" font-weight=(if index == 0 { "700" } else { "400" }) { (bar.name) }
            rect.(format!("c{}", bar.colour)) x=(LEFT) y=(top + 4.0) width=(number(across(median).max(1.0))) height="19" rx="3" opacity="0.75" fill="currentColor" {}
            @if count > 1 {
                @let (least, most) = (LEFT + across(min), LEFT + across(max));
                path d=(format!("M{least:.1} {:.1}v8m0 -4H{most:.1}m0 -4v8", middle - 4.0)) stroke=(INK) stroke-width="1.5" fill="none" {}
            }
            @let right = WIDTH - RIGHT + 12.0;
            text x=(right) y=(words) { (quantity(median, unit)) }
            @if index > 0 { text x=(WIDTH - 12.0) y=(words) text-anchor="end" { (ratio(median / first)) } }
        }
    };
    drawing(title, note, TOP + ROW * rows.len() as f64 + 10.0, &content)
}

fn number(value: f64) -> String {
    format!("{value:.1}")
}
