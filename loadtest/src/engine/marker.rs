//! The mark at the beginning of a message's text that says which message it is:
//! `@@`, eight hexadecimal digits, `@@`. It is found without reading the JSON
//! around it.

use super::ids::MessageNumber;

/// How many bytes the mark is long.
pub(crate) const LENGTH: usize = 12;

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

/// The first mark in `json` that begins a text, and where it ends. A search for
/// one byte that hardly ever stands before it is the quickest there is.
#[inline]
pub(crate) fn find(json: &[u8]) -> Option<(MessageNumber, usize)> {
    memchr::memchr_iter(b'@', json).find_map(|at| {
        let start = at.checked_sub(1)?;
        let mark = json.get(start..)?.first_chunk::<11>()?;
        if mark[..3] != *b"\"@@" {
            return None;
        }
        let digits = mark.last_chunk::<8>()?;
        Some((MessageNumber(hexadecimal(*digits)?), at + LENGTH))
    })
}

/// The mark whose quotation mark stands at `place`, where there is one.
#[inline]
pub(crate) fn at(json: &[u8], place: usize) -> Option<MessageNumber> {
    let mark = json.get(place..)?.first_chunk::<13>()?;
    if mark[..3] != *b"\"@@" || mark[11..] != *b"@@" {
        return None;
    }
    let digits = mark[3..].first_chunk::<8>()?;
    hexadecimal(*digits).map(MessageNumber)
}

/// The number that eight lower-case hexadecimal digits stand for: all of them
/// at once, since this is done for every delivery.
#[inline]
fn hexadecimal(digits: [u8; 8]) -> Option<u32> {
    const EACH: u64 = 0x0101_0101_0101_0101;
    let digits = u64::from_be_bytes(digits);
    // Letters have the bit of 0x40, digits have not.
    let letters = (digits >> 6) & EACH;
    let values = (digits & (0x0f * EACH)) + 9 * letters;
    let back = values + u64::from(b'0') * EACH + u64::from(b'a' - b'0' - 10) * letters;
    // Written again they must be the same; letters are what is above 9, and
    // nothing is above 15.
    let above_nine = ((values + 6 * EACH) >> 4) & EACH;
    if back != digits || above_nine != letters || values & (0xf0 * EACH) != 0 {
        return None;
    }
    let pairs = (values | values >> 4) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs | pairs >> 8) & 0x0000_ffff_0000_ffff;
    Some((fours | fours >> 16) as u32)
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
    fn eight_digits_are_a_number_and_nothing_else_is() {
        for place in 0..8 {
            for byte in 0..=u8::MAX {
                let mut digits = *b"0f3a9c71";
                digits[place] = byte;
                let text = digits.map(char::from).iter().collect::<String>();
                let expected = match byte {
                    b'0'..=b'9' | b'a'..=b'f' => u32::from_str_radix(&text, 16).ok(),
                    _ => None,
                };
                assert_eq!(hexadecimal(digits), expected, "{text:?}");
            }
        }
    }

    #[test]
    fn a_text_without_a_mark_has_none() {
        assert_eq!(find(br#"{"text":"hello"}"#), None);
        assert_eq!(find(br#"{"text":"@@nothex!!@@"}"#), None);
        assert_eq!(find(br#"{"text":"@@0000"#), None);
    }
}
