//! What a message's text may be.
//!
//! Text is stored as text: normalised to NFC, never escaped, never HTML. Lone
//! surrogates cannot get here, since JSON with one is no UTF-8 string.

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

/// Why a text is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Nothing but white space.
    #[error("text must not be blank")]
    Blank,
    /// A control character other than newline and tab.
    #[error("text may not contain the control character U+{0:04X}; newline and tab are allowed")]
    Control(u32),
    /// More characters than the limit.
    #[error("text has {chars} characters; at most {max} are allowed (limits.text_chars)")]
    TooLong {
        /// How many it has, after normalisation.
        chars: usize,
        /// The limit.
        max: usize,
    },
}

/// Checks a text and brings it to NFC.
///
/// `max_chars` counts Unicode scalar values; 0 means no limit.
///
/// # Errors
///
/// When the text is blank, has a forbidden control character or is too long.
pub fn accept(text: String, max_chars: usize) -> Result<String, TextError> {
    if let Some(control) = forbidden_control(&text) {
        return Err(TextError::Control(control as u32));
    }
    if text.chars().all(char::is_whitespace) {
        return Err(TextError::Blank);
    }
    let normal = text.is_ascii() || is_nfc_quick(text.chars()) == IsNormalized::Yes;
    let text = if normal { text } else { text.nfc().collect() };
    let too_long = max_chars != 0 && text.len() > max_chars && text.chars().count() > max_chars;
    if too_long {
        return Err(TextError::TooLong {
            chars: text.chars().count(),
            max: max_chars,
        });
    }
    Ok(text)
}

/// The first control character that is neither newline nor tab.
fn forbidden_control(text: &str) -> Option<char> {
    // Most texts are printable ASCII throughout. Looking at every byte in any
    // case lets the compiler look at many at a time.
    let printable = |byte: u8| byte.wrapping_sub(b' ') < 0x7f - b' ';
    if text.bytes().fold(true, |all, byte| all & printable(byte)) {
        return None;
    }
    text.chars()
        .find(|&c| c.is_control() && c != '\n' && c != '\t')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> Result<String, TextError> {
        accept(text.to_owned(), 10)
    }

    #[test]
    fn newline_and_tab_are_text_and_other_controls_are_not() {
        assert_eq!(check("a\n\tb").unwrap(), "a\n\tb");
        assert_eq!(check("a\rb"), Err(TextError::Control(13)));
        assert_eq!(check("a\u{0}"), Err(TextError::Control(0)));
        assert_eq!(check("a\u{85}"), Err(TextError::Control(0x85)));
    }

    #[test]
    fn blank_is_refused_whatever_it_is_made_of() {
        for blank in ["", " ", "\n\t ", "\u{a0}\u{3000}"] {
            assert_eq!(check(blank), Err(TextError::Blank));
        }
    }

    #[test]
    fn text_is_composed_and_counted_in_characters() {
        assert_eq!(check("e\u{301}").unwrap(), "é");
        assert!(check(&"é".repeat(10)).is_ok());
        assert!(
            check(&"e\u{301}".repeat(10)).is_ok(),
            "counted after normalisation"
        );
        assert_eq!(
            check(&"é".repeat(11)),
            Err(TextError::TooLong { chars: 11, max: 10 })
        );
        assert!(accept("x".repeat(5000), 0).is_ok(), "0 is no limit");
    }
}
