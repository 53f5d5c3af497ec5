//! What people may be called.
//!
//! A name that somebody else made (a customer's backend, a form) is cleaned
//! rather than refused: what is taken away is not seen anyway, and nobody is
//! to be locked out for it.

use rookery_protocol::{
    User,
    text::{shapes, shows, turns_direction},
};
use unicode_normalization::UnicodeNormalization;

use super::NameError;

/// Cleans a name and checks its length.
///
/// # Errors
///
/// When nothing in it shows, or it has more than [`User::NAME_CHARS`] characters.
pub fn accept_name(name: &str) -> Result<String, NameError> {
    let name = clean(name);
    match name.chars().count() {
        0 => Err(NameError::Blank),
        chars if chars > User::NAME_CHARS => Err(NameError::TooLong(chars)),
        _ => Ok(name),
    }
}

/// An id in place of a name that is missing; as much of it as a name may have.
pub(super) fn name_of_id(id: &str) -> Result<String, NameError> {
    accept_name(&clean(id).chars().take(User::NAME_CHARS).collect::<String>())
}

/// Takes away what turns the direction of the text around a name, and what does
/// not show but where it shapes what does; trims it and brings it to NFC. Empty
/// where nothing shows.
fn clean(name: &str) -> String {
    let mut kept = String::with_capacity(name.len());
    for c in name.chars() {
        let before = kept.chars().next_back().unwrap_or(' ');
        if c.is_whitespace() {
            // A line end is no part of a name.
            kept.push(if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') {
                ' '
            } else {
                c
            });
        } else if shows(c) || (shapes(before, c) && !turns_direction(c)) {
            kept.push(c);
        }
    }
    let joiner = |c| matches!(c, '\u{200c}' | '\u{200d}');
    let trimmed = kept.trim_end_matches(|c: char| c.is_whitespace() || joiner(c));
    trimmed.trim_start().nfc().collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_does_not_show_is_taken_away() {
        for (name, wanted) in [
            ("  Zoe\u{308}\t", "Zoë"),
            ("\u{202b}דנה\u{202c}", "דנה"),
            ("\u{200f}دانا\u{200e}", "دانا"),
            ("a\u{202e}b\u{2066}c", "abc"),
            ("a\u{0}b\nc\u{2028}d", "ab c d"),
            ("\u{feff}\u{200b}Al\u{ad}ex\u{2060}\u{3164}", "Alex"),
            ("\u{200d}Alex\u{200d}\u{200c} ", "Alex"),
            ("Alex \u{2800}", "Alex"),
            ("Jose\u{200b}\u{301}", "José"),
        ] {
            assert_eq!(accept_name(name).as_deref(), Ok(wanted), "{name:?}");
        }
    }

    #[test]
    fn what_shapes_a_character_stays() {
        for name in [
            "👩\u{200d}👧 Kim",
            "Alex ❤\u{fe0f}",
            "Ewan 🏴\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}",
            "علی\u{200c}رضا",
            "葛\u{e0100}城",
        ] {
            assert_eq!(accept_name(name).as_deref(), Ok(name));
        }
    }

    #[test]
    fn nothing_that_shows_is_no_name() {
        for blank in [
            "",
            " \t\n",
            "\u{3164}",
            "\u{115f}\u{1160}\u{ffa0}",
            "\u{2800}\u{2800}",
            "\u{200b}\u{200d}",
            "\u{fe0f}",
            "\u{e0041}\u{e007f}",
            "\u{202e}\u{200f}",
            "\u{0}",
        ] {
            assert_eq!(accept_name(blank), Err(NameError::Blank), "{blank:?}");
            assert_eq!(name_of_id(blank), Err(NameError::Blank), "{blank:?}");
        }
    }

    #[test]
    fn an_id_is_cut_to_the_length_of_a_name() {
        assert_eq!(accept_name(&"x".repeat(65)), Err(NameError::TooLong(65)));
        assert_eq!(name_of_id(&"x".repeat(128)), Ok("x".repeat(64)));
        // Each becomes two characters in NFC.
        assert_eq!(
            name_of_id(&"\u{958}".repeat(64)).unwrap().chars().count(),
            64
        );
    }

    proptest! {
        #[test]
        fn a_clean_name_is_clean(
            name in "[ aé\u{308}\u{200b}-\u{200f}\u{202a}-\u{202e}\u{2066}-\u{2069}\u{fe0f}\u{e0041}👩]{0,20}"
        ) {
            if let Ok(name) = accept_name(&name) {
                prop_assert!(name.chars().any(shows));
                prop_assert!(!name.chars().any(turns_direction));
                prop_assert_eq!(accept_name(&name), Ok(name));
            }
        }
    }
}
