//! The mark at the beginning of a message's text that says which message it is:
//! `@@`, eight hexadecimal digits, `@@`. It is found without reading the JSON
//! around it.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::ids::MessageNumber;

/// How many bytes the mark is long.
pub(crate) const LENGTH: usize = 12;

static FENCE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("\"@@"));

/// Writes the text of a message: the mark, and `x` up to `bytes`.
pub(crate) fn write_text(out: &mut Vec<u8>, number: MessageNumber, bytes: usize) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    out.extend_from_slice(b"@@");
    out.extend(
        (0..8)
            .rev()
            .map(|at| DIGITS[(number.0 >> (4 * at)) as usize & 15]),
    );
    out.extend_from_slice(b"@@");
    out.resize(out.len() + bytes.saturating_sub(LENGTH), b'x');
}

/// The first mark in `json` that begins a text, and where it ends.
#[inline]
pub(crate) fn find(json: &[u8]) -> Option<(MessageNumber, usize)> {
    let start = FENCE.find(json)? + 3;
    let digits = json.get(start..start + 8)?;
    let mut number = 0;
    for &digit in digits {
        number = number << 4 | u32::from(hexadecimal(digit)?);
    }
    Some((MessageNumber(number), start + 10))
}

#[inline]
fn hexadecimal(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_found_where_it_was_written() {
        for number in [0, 1, 0xdead_beef, u32::MAX] {
            let mut json = br#"{"from":"a@@b","text":""#.to_vec();
            write_text(&mut json, MessageNumber(number), 200);
            json.extend(br#"","nonce":"n"}"#);
            let (found, end) = find(&json).unwrap();
            assert_eq!(found, MessageNumber(number));
            assert_eq!(json[end], b'x');
            assert_eq!(json.iter().filter(|&&byte| byte == b'x').count(), 188 + 1);
        }
    }

    #[test]
    fn a_text_without_a_mark_has_none() {
        assert_eq!(find(br#"{"text":"hello"}"#), None);
        assert_eq!(find(br#"{"text":"@@nothex!!@@"}"#), None);
        assert_eq!(find(br#"{"text":"@@0000"#), None);
    }
}
