//! Spans of time as people write them.

/// Reads `30s`, `5m`, `12h`, `7d`, `500ms`, `1h 30m` or a bare number of milliseconds.
///
/// # Errors
///
/// In words, when the text is none of these or the span is too long to count.
pub fn parse_span(text: &str) -> Result<u64, String> {
    if let Ok(ms) = text.trim().parse() {
        return Ok(ms);
    }
    match humantime::parse_duration(text).map(|span| u64::try_from(span.as_millis())) {
        Ok(Ok(ms)) => Ok(ms),
        Ok(Err(_)) | Err(humantime::DurationError::NumberOverflow) => {
            Err(format!("{text:?} is too long a time"))
        }
        Err(_) => Err(format!(
            "must be a time such as 500ms, 30s, 5m, 12h or 7d, not {text:?}"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::parse_span;

    #[test]
    fn a_span_has_a_number_and_a_unit() {
        for (text, ms) in [
            ("30s", 30_000),
            (" 2 h ", 7_200_000),
            ("5min", 300_000),
            ("7d", 604_800_000),
            ("250", 250),
            ("250ms", 250),
            ("1h 30m", 5_400_000),
            ("1.5h", 5_400_000),
        ] {
            assert_eq!(parse_span(text), Ok(ms), "{text}");
        }
        for wrong in ["", "s", "-1s", "3 fortnights"] {
            let words = parse_span(wrong).unwrap_err();
            assert!(words.starts_with("must be a time such as"), "{words}");
        }
        for long in ["99999999999999999999d", "9999999999999999d"] {
            let words = parse_span(long).unwrap_err();
            assert!(words.ends_with("is too long a time"), "{words}");
        }
    }
}
