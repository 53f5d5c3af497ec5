//! Spans of time as people write them.

/// Reads `30s`, `5m`, `12h`, `7d`, `500ms` or a bare number of milliseconds.
///
/// # Errors
///
/// In words, when the text is none of these or the span is too long to count.
pub fn parse_span(text: &str) -> Result<u64, String> {
    let text = text.trim();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let factor = match unit.trim_start() {
        "" | "ms" => 1,
        "s" => 1_000,
        "m" | "min" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => 0,
    };
    match number.parse::<u64>() {
        Ok(number) if factor > 0 => number
            .checked_mul(factor)
            .ok_or_else(|| format!("{text:?} is too long a time")),
        _ => Err(format!(
            "must be a time such as 500ms, 30s, 5m, 12h or 7d, not {text:?}"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::parse_span;

    #[test]
    fn a_span_has_a_number_and_a_unit() {
        assert_eq!(parse_span("30s"), Ok(30_000));
        assert_eq!(parse_span(" 2 h "), Ok(7_200_000));
        assert_eq!(parse_span("250"), Ok(250));
        assert_eq!(parse_span("250ms"), Ok(250));
        for wrong in [
            "",
            "s",
            "-1s",
            "1.5h",
            "3 weeks",
            "99999999999999999999d",
            "9999999999999999d",
        ] {
            assert!(parse_span(wrong).is_err(), "{wrong}");
        }
    }
}
