//! Numbers as people read them. Three significant digits are enough anywhere.

use std::time::{Duration, UNIX_EPOCH};

use humantime::format_rfc3339_seconds;
use indicatif::HumanCount;

use crate::outcome::Figure;

/// The end of the year 9999.
const LAST_MS: u64 = 253_402_300_799_000;

/// `1234567` as `1,234,567`.
pub(crate) fn grouped(number: u64) -> String {
    HumanCount(number).to_string()
}

/// Three significant digits, grouped from a thousand on: `0.0712`, `7.12`, `71.2`, `7,120`.
pub(crate) fn number(value: f64) -> String {
    let size = value.abs();
    if !value.is_finite() {
        return "–".to_owned();
    }
    if size >= 999.5 {
        return whole(value.round());
    }
    let decimals = match size {
        0.0 => 0,
        s if s >= 99.95 => 0,
        s if s >= 9.995 => 1,
        s if s >= 0.9995 => 2,
        s if s >= 0.09995 => 3,
        _ => 4,
    };
    format!("{value:.decimals$}")
}

/// A whole number, grouped.
fn whole(value: f64) -> String {
    let sign = if value < 0.0 { "-" } else { "" };
    format!("{sign}{}", grouped(value.abs() as u64))
}

/// A number too long to be read at a glance, shortened: `2.51 M`, `48.3 k`.
pub(crate) fn short(value: f64) -> String {
    match value.abs() {
        size if size >= 1e9 => format!("{} G", number(value / 1e9)),
        size if size >= 1e6 => format!("{} M", number(value / 1e6)),
        size if size >= 1e4 => format!("{} k", number(value / 1e3)),
        _ => number(value),
    }
}

/// Microseconds in the unit that suits: `840 µs`, `12.3 ms`, `1.2 s`.
pub(crate) fn micros(us: f64) -> String {
    match us.abs() {
        size if size >= 999_500.0 => format!("{} s", number(us / 1e6)),
        size if size >= 999.5 => format!("{} ms", number(us / 1e3)),
        _ => format!("{} µs", number(us)),
    }
}

/// Bytes in the unit that suits, in powers of 1024: `940 B`, `1.10 KiB`, `3.2 GiB`.
pub(crate) fn bytes(bytes: f64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut value = bytes;
    let mut unit = 0;
    while value.abs() >= 1023.5 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    format!("{} {}", number(value), UNITS[unit])
}

/// A duration for people: `45 s`, `3 min 20 s`, `1 h 05 min`.
pub(crate) fn duration(seconds: f64) -> String {
    let whole = seconds.max(0.0).round() as u64;
    match whole {
        0..60 => format!("{whole} s"),
        60..3600 => format!("{} min {:02} s", whole / 60, whole % 60),
        _ => format!("{} h {:02} min", whole / 3600, whole % 3600 / 60),
    }
}

/// A value with its unit, as short as it stays exact enough.
pub(crate) fn quantity(value: f64, unit: &str) -> String {
    match unit {
        "µs" => micros(value),
        "ms" => micros(value * 1e3),
        "s" => micros(value * 1e6),
        "bytes" => bytes(value),
        "1/s" | "per second" => format!("{}/s", short(value)),
        // What is counted is told to the last one.
        "" if value.fract() == 0.0 && value.abs() < 1e15 => whole(value),
        "" => number(value),
        other => format!("{} {other}", short(value)),
    }
}

/// A ratio: `0.48 ×`, `1.15 ×`, `40.2 ×`.
pub(crate) fn ratio(value: f64) -> String {
    format!("{} ×", number(value))
}

impl Figure {
    /// The value with its unit.
    pub(crate) fn shown(&self) -> String {
        quantity(self.value, &self.unit)
    }
}

/// A day and time in UTC, from milliseconds since the Unix epoch: `2026-03-01 14:05 UTC`.
pub(crate) fn date(ms: u64) -> String {
    let at = UNIX_EPOCH + Duration::from_millis(ms.min(LAST_MS));
    let text = format_rfc3339_seconds(at).to_string();
    format!("{} {} UTC", &text[..10], &text[11..16])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_three_digits() {
        let shown: Vec<_> = [0.0, 0.0712, 0.349, 7.124, 71.24, 999.6, 1234.5, 1_234_567.0]
            .into_iter()
            .map(number)
            .collect();
        assert_eq!(
            shown,
            [
                "0",
                "0.0712",
                "0.349",
                "7.12",
                "71.2",
                "1,000",
                "1,235",
                "1,234,567"
            ]
        );
    }

    #[test]
    fn quantities_find_their_unit() {
        assert_eq!(quantity(7.12, "µs"), "7.12 µs");
        assert_eq!(quantity(12_340.0, "µs"), "12.3 ms");
        assert_eq!(quantity(3.0, "s"), "3.00 s");
        assert_eq!(quantity(1126.0, "bytes"), "1.10 KiB");
        assert_eq!(quantity(2_510_000.0, "1/s"), "2.51 M/s");
        assert_eq!(quantity(11_172.0, ""), "11,172");
        assert_eq!(quantity(8.574, ""), "8.57");
        assert_eq!(duration(4000.0), "1 h 06 min");
    }

    #[test]
    fn dates_are_in_utc() {
        assert_eq!(date(0), "1970-01-01 00:00 UTC");
        assert_eq!(date(951_782_400_000), "2000-02-29 00:00 UTC");
        assert_eq!(date(1_795_317_000_000), "2026-11-22 03:10 UTC");
        assert_eq!(date(u64::MAX), "9999-12-31 23:59 UTC");
    }
}
