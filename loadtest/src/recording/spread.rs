//! How far repetitions of the same measurement lie apart.

use super::units;

/// The least, the middle and the most of some values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Spread {
    pub(crate) min: f64,
    pub(crate) median: f64,
    pub(crate) max: f64,
    pub(crate) count: usize,
}

impl Spread {
    /// Nothing where there is no value. Of an even number of values the median
    /// is the mean of the two in the middle.
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<f64> = values
            .into_iter()
            .filter(|value| value.is_finite())
            .collect();
        values.sort_by(f64::total_cmp);
        let (min, max) = (*values.first()?, *values.last()?);
        let middle = values.len() / 2;
        let median = match values.len().is_multiple_of(2) {
            true => f64::midpoint(values[middle - 1], values[middle]),
            false => values[middle],
        };
        Some(Self {
            min,
            median,
            max,
            count: values.len(),
        })
    }

    /// Whether every value of one lies on the same side of every value of the other.
    pub(crate) fn is_apart_from(&self, other: &Self) -> bool {
        self.max < other.min || other.max < self.min
    }

    /// `0.97 – 1.01 – 1.04`, or the one value there is.
    pub(crate) fn shown(&self) -> String {
        match self.count {
            1 => units::number(self.median),
            _ => [self.min, self.median, self.max]
                .map(units::number)
                .join(" – "),
        }
    }

    /// The median with its unit and, where there are several values, the range after it.
    pub(crate) fn quantity(&self, unit: &str) -> String {
        let median = units::quantity(self.median, unit);
        match self.count {
            1 => median,
            _ => format!(
                "{median} ({} – {})",
                units::quantity(self.min, unit),
                units::quantity(self.max, unit)
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        let odd = Spread::of([3.0, 1.0, 2.0]).unwrap();
        assert_eq!(
            (odd.min, odd.median, odd.max, odd.count),
            (1.0, 2.0, 3.0, 3)
        );
        assert_eq!(Spread::of([4.0, 1.0, 2.0, 3.0]).unwrap().median, 2.5);
        assert_eq!(Spread::of([f64::NAN]), None);
        assert_eq!(odd.shown(), "1.00 – 2.00 – 3.00");
    }

    #[test]
    fn overlapping_spreads_are_not_apart() {
        let spread = |values: [f64; 2]| Spread::of(values).unwrap();
        assert!(!spread([1.0, 3.0]).is_apart_from(&spread([2.0, 4.0])));
        assert!(spread([3.0, 4.0]).is_apart_from(&spread([1.0, 2.0])));
    }
}
