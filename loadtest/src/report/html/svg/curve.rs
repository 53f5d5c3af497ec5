//! Lines over axes.

use maud::{Markup, html};

use super::super::plot::{Look, Plot, Point, Series};
use super::{GRID, WIDTH, colour, drawing};

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
        let content = html! {
            @if self.series.len() > 1 { (self.svg_legend()) }
            @for (place, words) in self.y.ticks() {
                @let y = self.down(place);
                line x1=(LEFT) x2=(WIDTH - RIGHT) y1=(y) y2=(y) stroke=(GRID) {}
                text x=(LEFT - 8.0) y=(y) dy="4" text-anchor="end" { (words) }
            }
            @for (place, words) in self.x.ticks() {
                text x=(across(place)) y=(HEIGHT - BOTTOM + 20.0) text-anchor=(anchor(place)) { (words) }
            }
            @for (index, series) in self.series.iter().enumerate() { (self.svg_series(index, series)) }
            @if let Some((level, name)) = &self.limit {
                @let y = self.down(self.y.at(*level));
                line x1=(LEFT) x2=(WIDTH - RIGHT) y1=(y) y2=(y) stroke="#d9463b" stroke-dasharray="5 4" {}
                text x=(LEFT + 6.0) y=(y) dy="-5" fill="#d9463b" { (name) }
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
                rect x=(at) y="42" width="11" height="11" rx="2" fill=(colour(series.colour)) {}
                text x=(at + 16.0) y="52" { (series.name) }
            }
        }
    }

    fn svg_series(&self, index: usize, series: &Series) -> Markup {
        let at = |point: &Point| {
            let (x, y) = (self.x.at(point.x), self.y.at(point.y));
            (across(x), self.down(y))
        };
        let places: Vec<_> = series
            .points
            .iter()
            .map(|point| (at(point), point))
            .collect();
        let line: Vec<_> = places
            .iter()
            .map(|((x, y), _)| format!("{x},{y}"))
            .collect();
        let colour = colour(series.colour);
        // Where lines come close, so that their words do not meet.
        let beside = if index.is_multiple_of(2) { "-10" } else { "19" };
        html! {
            polyline points=(line.join(" ")) fill="none" stroke=(colour) stroke-width="2" stroke-linejoin="round" {}
            @if series.look == Look::Dots {
                @for ((x, y), point) in &places {
                    circle cx=(x) cy=(y) r="4" stroke=(colour) stroke-width="2"
                        fill=(if point.bad { "none" } else { colour }) {}
                    @if self.labels {
                        text x=(x) y=(y) dy=(beside) text-anchor=(anchor(self.x.at(point.x))) font-size="12" fill=(colour) { (point.value) }
                    }
                }
            }
        }
    }

    fn down(&self, place: f64) -> String {
        let top = TOP + if self.series.len() > 1 { LEGEND } else { 0.0 };
        let bottom = HEIGHT - BOTTOM;
        format!("{:.1}", bottom - place * (bottom - top))
    }
}

/// Words at the edges stay inside.
fn anchor(place: f64) -> &'static str {
    match place {
        ..0.005 => "start",
        0.97.. => "end",
        _ => "middle",
    }
}

fn across(place: f64) -> String {
    format!("{:.1}", LEFT + place * (WIDTH - LEFT - RIGHT))
}
