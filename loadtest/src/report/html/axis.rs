//! Where a value lies on a plot, and the round numbers written beside it.

use crate::recording::units;

/// One direction of a plot. Everything on it lies between 0 (left, bottom) and 1.
pub(super) struct Axis {
    scale: Scale,
    low: f64,
    high: f64,
    /// (value, words)
    ticks: Vec<(f64, String)>,
}

#[derive(Clone, Copy)]
enum Scale {
    Linear,
    Log,
    /// By the number of nines: 90 %, 99 %, 99.9 % lie at equal distances.
    Nines,
}

impl Axis {
    /// From 0 to a little over `most`, with ticks at multiples of 1, 2 or 5 (times `unit`,
    /// for values that are not read in tens: bytes).
    pub(super) fn linear(most: f64, unit: f64, words: impl Fn(f64) -> String) -> Self {
        let most = if most > 0.0 { most } else { unit };
        let step = round_up(most / unit / 4.0) * unit;
        let steps = (most / step).ceil().max(1.0);
        let ticks = (0..=steps as u32).map(|index| f64::from(index) * step);
        let ticks = ticks.map(|value| (value, words(value))).collect();
        Self {
            scale: Scale::Linear,
            low: 0.0,
            high: steps * step,
            ticks,
        }
    }

    /// Bytes from 0.
    pub(super) fn bytes(most: f64) -> Self {
        let mut unit = 1.0;
        while most / unit >= 1024.0 {
            unit *= 1024.0;
        }
        Self::linear(most, unit, |value| trimmed(&units::bytes(value)))
    }

    /// Seconds from 0 to exactly `last`.
    pub(super) fn seconds(last: f64) -> Self {
        const STEPS: [f64; 14] = [
            1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0,
            7200.0,
        ];
        let last = last.max(1.0);
        let step = STEPS
            .into_iter()
            .find(|step| last / step <= 6.0)
            .unwrap_or(last / 6.0);
        let ticks = (0..=(last / step) as u32).map(|index| f64::from(index) * step);
        let ticks = ticks.map(|value| (value, units::duration(value))).collect();
        Self {
            scale: Scale::Linear,
            low: 0.0,
            high: last,
            ticks,
        }
    }

    /// Around what lies between `least` and `most`, both above 0.
    pub(super) fn log(least: f64, most: f64, words: impl Fn(f64) -> String) -> Self {
        let least = least.max(1e-3);
        let most = most.max(least * 1.01);
        let (low, high) = (round_down(least), round_up(most));
        let decades = (high / low).log10();
        let mantissas: &[f64] = match decades {
            d if d <= 2.0 => &[1.0, 2.0, 5.0],
            d if d <= 3.5 => &[1.0, 3.0],
            _ => &[1.0],
        };
        let first = low.log10().floor() as i32;
        let last = high.log10().ceil() as i32;
        let ticks = (first..=last)
            .flat_map(|decade| mantissas.iter().map(move |m| m * 10_f64.powi(decade)))
            .filter(|value| (low * 0.999..=high * 1.001).contains(value))
            .map(|value| (value, trimmed(&words(value))))
            .collect();
        Self {
            scale: Scale::Log,
            low,
            high,
            ticks,
        }
    }

    /// Quantiles from the smallest to one with `nines` nines.
    pub(super) fn quantiles(nines: u32) -> Self {
        let ticks = [
            (0.0, "0"),
            (0.5, "50 %"),
            (0.9, "90 %"),
            (0.99, "99 %"),
            (0.999, "99.9 %"),
            (0.9999, "99.99 %"),
            (0.99999, "99.999 %"),
        ];
        let ticks = ticks
            .into_iter()
            .take(nines as usize + 2)
            .map(|(quantile, words)| (quantile, words.to_owned()))
            .collect();
        Self {
            scale: Scale::Nines,
            low: 0.0,
            high: 1.0 - 10_f64.powi(-(nines as i32)),
            ticks,
        }
    }

    /// Where `value` lies: 0 to 1; what is outside lies on the edge.
    pub(super) fn at(&self, value: f64) -> f64 {
        let place = |value: f64| match self.scale {
            Scale::Linear => value,
            Scale::Log => value.max(1e-9).ln(),
            Scale::Nines => -(1.0 - value).max(1e-9).ln(),
        };
        let (low, high) = (place(self.low), place(self.high));
        ((place(value) - low) / (high - low)).clamp(0.0, 1.0)
    }

    /// (place, words) of what is written beside the axis.
    pub(super) fn ticks(&self) -> impl Iterator<Item = (f64, &str)> {
        self.ticks
            .iter()
            .map(|(value, words)| (self.at(*value), words.as_str()))
    }
}

/// The smallest 1, 2 or 5 times a power of ten that is not below `value`.
fn round_up(value: f64) -> f64 {
    let power = 10_f64.powf(value.log10().floor());
    let mantissa = value / power;
    let rounded = [1.0, 2.0, 5.0]
        .into_iter()
        .find(|step| mantissa <= step * 1.000_001);
    rounded.unwrap_or(10.0) * power
}

/// The largest 1, 2 or 5 times a power of ten that is not above `value`.
fn round_down(value: f64) -> f64 {
    let power = 10_f64.powf(value.log10().floor());
    let mantissa = value / power;
    let rounded = [5.0, 2.0, 1.0]
        .into_iter()
        .find(|step| mantissa >= step * 0.999_999);
    rounded.unwrap_or(1.0) * power
}

/// A round count: `500`, `2 k`, `1 M`.
pub(super) fn count(value: f64) -> String {
    match value {
        1000.0..10_000.0 => trimmed(&format!("{} k", units::number(value / 1000.0))),
        _ => trimmed(&units::short(value)),
    }
}

/// Round numbers without the digits that say nothing: `5.00 ms` is `5 ms`.
pub(super) fn trimmed(words: &str) -> String {
    let (number, unit) = words
        .split_once([' ', '/'])
        .map_or((words, ""), |(number, unit)| {
            (number, &words[words.len() - unit.len() - 1..])
        });
    let number = match number.contains('.') {
        true => number.trim_end_matches('0').trim_end_matches('.'),
        false => number,
    };
    format!("{number}{unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(axis: &Axis) -> Vec<&str> {
        axis.ticks().map(|(_, words)| words).collect()
    }

    #[test]
    fn a_linear_axis_ends_on_a_round_number() {
        let axis = Axis::linear(48_300.0, 1.0, units::short);
        assert!((axis.at(0.0), axis.at(60_000.0)) == (0.0, 1.0));
        assert!((axis.at(30_000.0) - 0.5).abs() < 1e-9);
        assert_eq!(
            words(&Axis::bytes(9.9 * 1_048_576.0)),
            ["0 B", "5 MiB", "10 MiB"]
        );
    }

    #[test]
    fn a_log_axis_gives_each_decade_the_same_room() {
        let axis = Axis::log(1200.0, 80_000.0, units::micros);
        assert_eq!(
            words(&axis),
            ["1 ms", "2 ms", "5 ms", "10 ms", "20 ms", "50 ms", "100 ms"]
        );
        assert!((axis.at(10_000.0) - 0.5).abs() < 1e-9);
        assert!(axis.at(1.0) == 0.0);
    }

    #[test]
    fn nines_are_equally_far_apart() {
        let axis = Axis::quantiles(4);
        assert!((axis.at(0.9) - 0.25).abs() < 1e-9);
        assert!((axis.at(0.999) - 0.75).abs() < 1e-9);
        assert_eq!(words(&axis).last(), Some(&"99.99 %"));
        assert!(axis.at(1.0) == 1.0);
    }
}
