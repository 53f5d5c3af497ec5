//! Reading single values out of JSON that is known to be compact.

use memchr::{memchr, memmem};

/// The digits at the beginning of `bytes` as a number, and what follows.
#[inline]
pub(in crate::engine) fn number(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let mut value: u32 = 0;
    let mut length = 0;
    for &digit in bytes.iter().take_while(|digit| digit.is_ascii_digit()) {
        value = value
            .checked_mul(10)?
            .checked_add(u32::from(digit - b'0'))?;
        length += 1;
    }
    (length > 0).then(|| (value, &bytes[length..]))
}

/// What stands before the next quotation mark, and what follows that. Serves
/// ids, which hold nothing that JSON escapes.
#[inline]
pub(super) fn until_quote(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = memchr(b'"', bytes)?;
    Some((&bytes[..end], &bytes[end + 1..]))
}

/// What follows the first `key` in `bytes`.
#[inline]
pub(in crate::engine) fn after<'a>(bytes: &'a [u8], key: &[u8]) -> Option<&'a [u8]> {
    let start = memmem::find(bytes, key)?;
    Some(&bytes[start + key.len()..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_end_where_their_digits_do() {
        assert_eq!(number(b"45,\"ts\""), Some((45, &b",\"ts\""[..])));
        assert_eq!(number(b"0"), Some((0, &b""[..])));
        assert_eq!(number(b"x1"), None);
        assert_eq!(number(b"4294967296"), None);
    }

    #[test]
    fn values_are_found_by_their_keys() {
        assert_eq!(
            after(br#"{"a":1,"b":"c"}"#, br#""b":""#),
            Some(&br#"c"}"#[..])
        );
        assert_eq!(until_quote(br#"c"}"#), Some((&b"c"[..], &b"}"[..])));
        assert_eq!(until_quote(b"c"), None);
    }
}
