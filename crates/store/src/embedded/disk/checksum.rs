//! A sum of every value and its key, so that what a disk changed by itself is not taken for
//! what was written. The database has sums of its own, but looks at them only when it
//! mends itself.

use crc32fast::Hasher;

/// What stands behind every value.
pub(super) fn of(key: &[u8], value: &[&[u8]]) -> [u8; 4] {
    let mut hasher = Hasher::new();
    hasher.update(key);
    for part in value {
        hasher.update(part);
    }
    hasher.finalize().to_be_bytes()
}

/// The value that was written under a key.
///
/// # Errors
///
/// [`redb::Error::Corrupted`] where it is another.
pub(super) fn checked<'a>(key: &[u8], bytes: &'a [u8]) -> Result<&'a [u8], redb::Error> {
    match bytes.split_last_chunk() {
        Some((value, sum)) if *sum == of(key, &[value]) => Ok(value),
        _ => Err(redb::Error::Corrupted(
            "something in it is not what was written".to_owned(),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_what_was_written_is_found() {
        let written = [b"value".as_slice(), &of(b"key", &[b"val", b"ue"])].concat();
        assert_eq!(checked(b"key", &written).unwrap(), b"value");
        assert!(checked(b"yek", &written).is_err());
        for place in 0..written.len() {
            let mut changed = written.clone();
            changed[place] ^= 1;
            assert!(checked(b"key", &changed).is_err());
        }
        assert!(checked(b"key", b"abc").is_err());
    }
}
