//! Lines over axes, as SVG that stretches with the page while its text does
//! not: lines are drawn in the unit square, words and dots are placed over it.

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
    pub(super) fn markup(&self) -> Markup {
        html! {
            figure.plot data-hover=(self.hover()) {
                figcaption {
                    h3 { (self.title) }
                    @if !self.note.is_empty() { p.note { (self.note) } }
                    @if self.series.len() > 1 { (self.legend()) }
                }
                div.frame {
                    div.ys {
                        @for (place, words) in self.y.ticks() {
                            span style=(percent("bottom", place)) { (words) }
                        }
                    }
                    div.area {
                        (self.drawing())
                        (self.dots())
                        @if let Some((level, name)) = &self.limit {
                            span.limit style=(percent("bottom", self.y.at(*level))) { (name) }
                        }
                    }
                    div.xs {
                        @for (place, words) in self.x.ticks() {
                            span.end[place > 0.95] style=(percent("left", place)) { (words) }
                        }
                    }
                }
            }
        }
    }

    fn legend(&self) -> Markup {
        html! {
            ul.legend {
                @for series in &self.series {
                    li { i class=(format!("c{}", series.colour)) {} (series.name) }
                }
            }
        }
    }

    fn drawing(&self) -> Markup {
        html! {
            svg viewBox="0 0 1000 1000" preserveAspectRatio="none" role="img" aria-label=(self.title) {
                @for (place, _) in self.y.ticks() {
                    line.grid x1="0" x2="1000" y1=(down(place)) y2=(down(place)) {}
                }
                @for series in &self.series {
                    @let class = format!("c{}", series.colour);
                    @if series.look == Look::Area && series.points.len() > 1 {
                        path.shade.(class) d=(self.shade(series)) {}
                    }
                    path.line.(class) d=(self.path(series)) {}
                }
                @if let Some((level, _)) = &self.limit {
                    @let y = down(self.y.at(*level));
                    line.limit x1="0" x2="1000" y1=(y) y2=(y) {}
                }
            }
        }
    }

    fn dots(&self) -> Markup {
        html! {
            @for series in self.series.iter().filter(|series| series.look == Look::Dots) {
                @for point in &series.points {
                    i.dot.(format!("c{}", series.colour)).bad[point.bad]
                        style=(format!("{};{}", percent("left", self.x.at(point.x)), percent("bottom", self.y.at(point.y)))) {}
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
                across(self.x.at(point.x)),
                down(self.y.at(point.y))
            );
        }
        path
    }

    /// The line, closed along the bottom.
    fn shade(&self, series: &Series) -> String {
        let end =
            |point: Option<&Point>| point.map_or_else(String::new, |p| across(self.x.at(p.x)));
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

fn across(place: f64) -> String {
    format!("{:.1}", place * 1000.0)
}

fn down(place: f64) -> String {
    format!("{:.1}", 1000.0 - place * 1000.0)
}

fn percent(side: &str, place: f64) -> String {
    format!("{side}:{:.2}%", place * 100.0)
}
