//! The codes of close frames.

use crate::ReadError;

/// Whether a close frame may bear this code (RFC 6455, 7.4): the registered ones,
/// but for those that only say that there was none, and those of libraries and
/// applications.
pub fn may_be_sent(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}

/// The code in the payload of a close frame, if there is one.
pub(super) fn close_code(payload: &[u8]) -> Result<Option<u16>, ReadError> {
    let (code, reason) = match *payload {
        [] => return Ok(None),
        [high, low, ref reason @ ..] => (u16::from_be_bytes([high, low]), reason),
        [_] => return Err(ReadError::Protocol("half a close code")),
    };
    if !may_be_sent(code) {
        return Err(ReadError::Protocol("not a code of a close frame"));
    }
    std::str::from_utf8(reason).map_err(|_| ReadError::NotUtf8)?;
    Ok(Some(code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reserved_codes_are_never_sent() {
        for code in [1000, 1001, 1003, 1007, 1011, 1014, 3000, 3999, 4000, 4999] {
            assert!(may_be_sent(code), "{code}");
        }
        for code in [
            0, 999, 1004, 1005, 1006, 1015, 1016, 2000, 2999, 5000, 65535,
        ] {
            assert!(!may_be_sent(code), "{code}");
        }
    }
}
