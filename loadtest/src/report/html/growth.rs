//! How figures grow with the size of a load: a line for each figure.

use super::axis::{Axis, count, trimmed};
use super::plot::{Look, Plot, Point, Series};
use super::plots::range;
use crate::goals::case::Case;
use crate::outcome::Figure;
use crate::recording::spread::Spread;
use crate::recording::units::quantity;

/// From such a ratio of the most to the least on an axis is logarithmic.
const WIDE: f64 = 20.0;

/// The figures of a case that grows, those in the unit of the first one; `find`
/// gives the figure of a contender by the names of both.
pub(super) fn plot(
    case: &Case,
    find: impl Fn(&str, &str) -> Option<(Figure, Spread)>,
) -> Option<Plot> {
    let growth = case.growth?;
    let sizes = case.contenders.iter().filter_map(|one| {
        let size: f64 = one.name.parse().ok()?;
        Some((one.name, size))
    });
    let sizes: Vec<(&str, f64)> = sizes.collect();
    let lines = growth.figures.iter().map(|key| {
        let found = sizes.iter().filter_map(|(name, size)| {
            let (figure, spread) = find(name, key)?;
            Some((*size, figure, spread.median))
        });
        found.collect::<Vec<_>>()
    });
    let lines: Vec<_> = lines.filter(|line| !line.is_empty()).collect();
    let unit = lines.first()?.first()?.1.unit.clone();
    let of_unit = || lines.iter().filter(|line| line[0].1.unit == unit);
    let values = || of_unit().flatten();
    let series = of_unit().enumerate().map(|(colour, line)| Series {
        name: line[0].1.name.clone(),
        colour,
        look: Look::Dots,
        points: line
            .iter()
            .map(|(size, figure, value)| Point {
                x: *size,
                y: *value,
                at: format!("{} {}", count(*size), growth.along),
                value: quantity(*value, &figure.unit),
                bad: false,
            })
            .collect(),
    });
    Some(Plot {
        title: case.title.into(),
        note: format!("by {}", growth.along),
        x: axis(values().map(|(size, _, _)| *size), count)?,
        y: axis(values().map(|(_, _, value)| *value), |value| {
            trimmed(&quantity(value, &unit))
        })?,
        series: series.collect(),
        limit: None,
        labels: true,
    })
}

fn axis(values: impl Iterator<Item = f64>, words: impl Fn(f64) -> String) -> Option<Axis> {
    let (least, most) = range(values)?;
    Some(match least > 0.0 && most / least >= WIDE {
        true => Axis::log(least, most, words),
        false => Axis::linear(most, 1.0, words),
    })
}
