//! What people may be called.

use rookery_protocol::User;
use unicode_normalization::UnicodeNormalization;

use super::NameError;

/// Trims a name, brings it to NFC and checks it.
///
/// # Errors
///
/// When it is blank, has more than [`User::NAME_CHARS`] characters, or one that
/// does not show: a control character, or one that turns the direction of the
/// text around it and so lets one name pass for another.
pub fn accept_name(name: &str) -> Result<String, NameError> {
    let name = name.trim();
    // ASCII is in NFC as it is.
    let name = match name.is_ascii() {
        true => name.to_owned(),
        false => name.nfc().collect(),
    };
    if let Some(hidden) = name.chars().find(|&c| is_hidden(c)) {
        return Err(NameError::Hidden(hidden.into()));
    }
    match name.chars().count() {
        0 => Err(NameError::Blank),
        chars if chars > User::NAME_CHARS => Err(NameError::TooLong(chars)),
        _ => Ok(name),
    }
}

fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}
