//! Lines over axes, as SVG that stretches with what it stands in while words and
//! dots do not: they are placed by shares of it, and lines are drawn in a square.

use maud::{Markup, html};
use serde::Serialize;

use super::axis::Axis;

/// A plot and what is written around it.
pub(super) struct Plot {
    pub(super) title: String,
    /// What the reader should know of it, in a few words.
    pub(super) note: String,
    pub(super) x: Axis,
    pub(super) y: Axis,
    pub(super) series: Vec<Series>,
    /// A level that must not be crossed, and its name.
    pub(super) limit: Option<(f64, String)>,
    /// Whether a drawing has the words of every value beside it: there is no
    /// pointer on paper.
    pub(super) labels: bool,
}

/// One line.
pub(super) struct Series {
    pub(super) name: String,
    /// Which of the page's colours: the class `c0`, `c1`, …
    pub(super) colour: usize,
    pub(super) look: Look,
    pub(super) points: Vec<Point>,
}

/// How a line is drawn.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    Line,
    /// With what is under it shaded.
    Area,
    /// With a dot at every point.
    Dots,
}

/// A value, and the words for it that appear under the pointer.
pub(super) struct Point {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) at: String,
    pub(super) value: String,
    /// Drawn as a fault.
    pub(super) bad: bool,
}

/// What the page's script needs for the words under the pointer.
#[derive(Serialize)]
struct Hover<'a> {
    name: &'a str,
    colour: usize,
    /// (x from the left, y from the top, both 0 to 1, where, value)
    points: Vec<(f64, f64, &'a str, &'a str)>,
}

impl Plot {
    /// The plot on a page.
    pub(super) fn markup(&self) -> Markup {
        html! {
            figure.plot data-hover=(self.hover()) {
                figcaption {
                    h3 { (self.title) }
                    @if !self.note.is_empty() { p.note { (self.note) } }
                    @if self.series.len() > 1 {
                        ul.legend {
                            @for series in &self.series { li { i class=(series.class()) {} (series.name) } }
                        }
                    }
                }
                div.area { svg role="img" aria-label=(self.title) { (self.content()) } }
            }
        }
    }

    /// Everything over the axes, and beside them the words of their ticks.
    pub(super) fn content(&self) -> Markup {
        html! {
            @for (place, words) in self.y.ticks() {
                line.grid x2="100%" y1=(down(place)) y2=(down(place)) {}
                text x="-8" y=(down(place)) dy=".35em" text-anchor="end" { (words) }
            }
            g.xs {
                @for (place, words) in self.x.ticks() {
                    @let (anchor, beside) = anchor(place);
                    text x=(across(place)) y="100%" dx=(beside) dy="1.6em" text-anchor=(anchor) { (words) }
                }
            }
            svg width="100%" height="100%" viewBox="0 0 1000 1000" preserveAspectRatio="none" overflow="visible" {
                @for series in &self.series {
                    @if series.look == Look::Area && series.points.len() > 1 {
                        path.shade.(series.class()) d=(self.shade(series)) {}
                    }
                    path.line.(series.class()) d=(self.path(series)) vector-effect="non-scaling-stroke" {}
                }
            }
            @for (index, series) in self.series.iter().enumerate() {
                @if series.look == Look::Dots { (self.dots(index, series)) }
            }
            @if let Some((level, name)) = &self.limit {
                @let y = down(self.y.at(*level));
                line.limit x2="100%" y1=(y) y2=(y) {}
                text.limit x="6" y=(y) dy="-5" { (name) }
            }
        }
    }

    fn dots(&self, index: usize, series: &Series) -> Markup {
        // Where lines come close, so that their words do not meet.
        let beside = if index.is_multiple_of(2) { "-10" } else { "19" };
        html! {
            @for point in &series.points {
                @let place = self.x.at(point.x);
                @let (x, y) = (across(place), down(self.y.at(point.y)));
                circle.dot.(series.class()).bad[point.bad] cx=(x) cy=(y) r="4" {}
                @if self.labels {
                    text.label.(series.class()) x=(x) y=(y) dy=(beside) text-anchor=(anchor(place).0) { (point.value) }
                }
            }
        }
    }

    fn path(&self, series: &Series) -> String {
        let mut path = String::new();
        for point in &series.points {
            let step = if path.is_empty() { 'M' } else { 'L' };
            path += &format!(
                "{step}{} {}",
                thousandths(self.x.at(point.x)),
                thousandths(1.0 - self.y.at(point.y))
            );
        }
        path
    }

    /// The line, closed along the bottom.
    fn shade(&self, series: &Series) -> String {
        let end = |point: Option<&Point>| {
            point.map_or_else(String::new, |point| thousandths(self.x.at(point.x)))
        };
        let (first, last) = (end(series.points.first()), end(series.points.last()));
        format!("{}L{last} 1000L{first} 1000Z", self.path(series))
    }

    fn hover(&self) -> String {
        let fraction = |value: f64| (value * 1e4).round() / 1e4;
        let series: Vec<_> = self
            .series
            .iter()
            .map(|series| Hover {
                name: &series.name,
                colour: series.colour,
                points: series
                    .points
                    .iter()
                    .map(|p| {
                        let (x, y) = (self.x.at(p.x), 1.0 - self.y.at(p.y));
                        (fraction(x), fraction(y), p.at.as_str(), p.value.as_str())
                    })
                    .collect(),
            })
            .collect();
        // Strings and finite numbers are always representable.
        serde_json::to_string(&series).unwrap_or_default()
    }
}

impl Series {
    pub(super) fn class(&self) -> String {
        format!("c{}", self.colour)
    }
}

fn across(place: f64) -> String {
    format!("{:.2}%", place * 100.0)
}

fn down(place: f64) -> String {
    across(1.0 - place)
}

fn thousandths(place: f64) -> String {
    format!("{:.1}", place * 1000.0)
}

/// Where words begin, so that they stay inside, and how much further they may go.
fn anchor(place: f64) -> (&'static str, &'static str) {
    match place {
        ..0.005 => ("start", "-6"),
        0.97.. => ("end", "10"),
        _ => ("middle", "0"),
    }
}
