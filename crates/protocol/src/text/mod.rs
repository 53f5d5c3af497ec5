//! What a message's text may be.
//!
//! Text is stored as text: normalised to NFC, never escaped, never HTML. Lone
//! surrogates cannot get here, since JSON with one is no UTF-8 string.

mod direction;
mod invisible;

pub use invisible::{shapes, shows, turns_direction};
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

/// Why a text is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Nothing that shows.
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

/// Checks a text and brings it to the form in which it is stored: line feeds
/// for line ends, directions that end with their lines, NFC.
///
/// `max_chars` counts Unicode scalar values of that form; 0 means no limit.
///
/// # Errors
///
/// When nothing of the text shows, or it has a forbidden control character or is too long.
pub fn accept(text: String, max_chars: usize) -> Result<String, TextError> {
    let text = match is_printable_ascii(&text) {
        true => text,
        false => tidy(text)?,
    };
    if !text.chars().any(shows) {
        return Err(TextError::Blank);
    }
    let too_long = max_chars != 0 && text.len() > max_chars && text.chars().count() > max_chars;
    if too_long {
        return Err(TextError::TooLong {
            chars: text.chars().count(),
            max: max_chars,
        });
    }
    Ok(text)
}

/// Most texts are. Looking at every byte in any case lets the compiler look at
/// many at a time.
fn is_printable_ascii(text: &str) -> bool {
    let printable = |byte: u8| byte.wrapping_sub(b' ') < 0x7f - b' ';
    text.bytes().fold(true, |all, byte| all & printable(byte))
}

fn tidy(text: String) -> Result<String, TextError> {
    // Seldom is either there; one look at all bytes finds both.
    let (returns, turns) = text.bytes().fold((false, false), |(returns, turns), byte| {
        (
            returns | (byte == b'\r'),
            turns | (byte == direction::FIRST_BYTE),
        )
    });
    let text = match returns {
        true => text.replace("\r\n", "\n").replace('\r', "\n"),
        false => text,
    };
    let mut controls = text.chars().filter(|c| c.is_control());
    if let Some(control) = controls.find(|c| !matches!(c, '\n' | '\t')) {
        return Err(TextError::Control(control.into()));
    }
    let text = match turns {
        true => direction::within_lines(&text).into_owned(),
        false => text,
    };
    let normal = text.is_ascii() || is_nfc_quick(text.chars()) == IsNormalized::Yes;
    Ok(if normal { text } else { text.nfc().collect() })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str) -> Result<String, TextError> {
        accept(text.to_owned(), 10)
    }

    #[test]
    fn newline_and_tab_are_text_and_other_controls_are_not() {
        assert_eq!(check("a\n\tb").unwrap(), "a\n\tb");
        assert_eq!(check("a\u{0}"), Err(TextError::Control(0)));
        assert_eq!(check("a\u{85}"), Err(TextError::Control(0x85)));
    }

    #[test]
    fn blank_is_refused_whatever_it_is_made_of() {
        for blank in [
            "",
            " ",
            "\n\t ",
            "\r\n",
            "\u{a0}\u{3000}",
            "\u{200b}\u{200d}\u{feff}",
            "\u{3164}\u{115f}\u{ffa0}",
            "\u{2800} \u{2800}",
            "\u{fe0f}\u{e0041}\u{e007f}",
            "\u{202e}\u{200f}\u{202c}",
            "\u{ad}\u{34f}",
        ] {
            assert_eq!(check(blank), Err(TextError::Blank), "{blank:?}");
        }
        assert!(check("\u{200b}.").is_ok() && check("👩\u{200d}👧").is_ok());
    }

    #[test]
    fn line_ends_are_line_feeds() {
        assert_eq!(check("a\r\nb").unwrap(), "a\nb");
        assert_eq!(check("a\rb\r\r\n").unwrap(), "a\nb\n\n");
        assert!(check("1\r\n2\r\n3\r\n4\r\n5").is_ok(), "counted after that");
    }

    #[test]
    fn a_direction_ends_with_its_line() {
        assert_eq!(check("a\u{202e}b").unwrap(), "ab");
        assert_eq!(check("\u{2067}a\u{2069}").unwrap(), "\u{2067}a\u{2069}");
        assert_eq!(
            check("e\u{202a}\u{301}").unwrap(),
            "é",
            "composed after that"
        );
    }

    proptest! {
        #[test]
        fn what_was_accepted_is_accepted_as_it_is(
            text in "[a \r\n\u{301}\u{e9}\u{1100}\u{1161}\u{200d}\u{202a}-\u{202e}\u{2066}-\u{2069}]{0,12}"
        ) {
            if let Ok(text) = accept(text, 0) {
                prop_assert!(text.chars().any(shows) && !text.contains('\r'));
                prop_assert_eq!(accept(text.clone(), 0), Ok(text));
            }
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
