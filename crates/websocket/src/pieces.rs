//! A text that comes in pieces, which may be cut in the middle of a character.
//!
//! Each piece is looked at when it comes: what cannot become UTF-8 any more is
//! found with its first wrong byte, not with the end of the message.

use crate::ReadError;

/// The least that is kept room for, where as much was announced: most messages
/// come in two pieces at most.
const LEAST_ROOM: usize = 1024;

/// The pieces of a text so far.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    text: String,
    /// The first bytes of a character whose others have not come.
    cut: Vec<u8>,
}

impl Pieces {
    /// Bytes so far.
    pub(super) fn len(&self) -> usize {
        self.text.len() + self.cut.len()
    }

    /// Takes the next piece, with which `left` bytes of its frame are to come.
    /// Memory grows with what came, and not beyond what was announced.
    pub(super) fn push(&mut self, piece: &[u8], left: usize) -> Result<(), ReadError> {
        if self.text.capacity() - self.text.len() < piece.len() + self.cut.len() {
            let doubled = self.text.capacity().max(piece.len() + self.cut.len());
            let room = doubled.max(LEAST_ROOM).min(left + self.cut.len());
            self.text.reserve_exact(room);
        }
        let mut piece = piece;
        while !self.cut.is_empty() {
            let Some((&byte, rest)) = piece.split_first() else {
                return Ok(());
            };
            self.cut.push(byte);
            piece = rest;
            let (whole, _) = cut(&self.cut)?;
            if !whole.is_empty() {
                self.text.push_str(whole);
                self.cut = Vec::new();
            }
        }
        let (whole, cut) = cut(piece)?;
        self.text.push_str(whole);
        self.cut.extend_from_slice(cut);
        Ok(())
    }

    /// The whole text.
    pub(super) fn finish(self) -> Result<String, ReadError> {
        match self.cut.is_empty() {
            true => Ok(self.text),
            false => Err(ReadError::NotUtf8),
        }
    }
}

/// The whole characters, and the beginning of one behind them.
fn cut(bytes: &[u8]) -> Result<(&str, &[u8]), ReadError> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok((text, &[])),
        Err(error) if error.error_len().is_none() => {
            let (whole, cut) = bytes.split_at(error.valid_up_to());
            let text = std::str::from_utf8(whole).map_err(|_| ReadError::NotUtf8)?;
            Ok((text, cut))
        }
        Err(_) => Err(ReadError::NotUtf8),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Feeds single bytes; how many were taken, and what came of them.
    fn feed(bytes: &[u8]) -> (usize, Result<String, ReadError>) {
        let mut pieces = Pieces::default();
        for (index, byte) in bytes.iter().enumerate() {
            if let Err(error) = pieces.push(&[*byte], bytes.len() - index) {
                return (index, Err(error));
            }
        }
        (bytes.len(), pieces.finish())
    }

    #[test]
    fn the_first_wrong_byte_is_the_last_that_is_looked_at() {
        for (bytes, wrong) in [
            (&b"ab\xff.."[..], 2),
            (b"\xc3.", 1),
            (b"\xe2\x82.", 2),
            (b"\xed\xa0\x80", 1),     // a surrogate
            (b"\xf4\x90\x80\x80", 1), // beyond U+10FFFF
            (b"\xc0\xaf", 0),         // longer than it need be
        ] {
            assert_eq!(feed(bytes), (wrong, Err(ReadError::NotUtf8)), "{bytes:?}");
        }
        assert_eq!(feed("a€😀".as_bytes()).1, Ok("a€😀".to_owned()));
        assert_eq!(
            feed(b"a\xe2\x82"),
            (3, Err(ReadError::NotUtf8)),
            "cut short"
        );
    }

    #[test]
    fn memory_grows_with_what_comes_up_to_what_was_announced() {
        let mut pieces = Pieces::default();
        let announced = 10_000;
        for taken in 0..announced {
            pieces.push(b"a", announced - taken).unwrap();
            assert!(pieces.text.capacity() <= (2 * taken).max(LEAST_ROOM));
            assert!(pieces.text.capacity() <= announced);
        }
    }

    proptest! {
        #[test]
        fn pieces_are_taken_as_the_whole_is(
            bytes in prop_oneof![
                prop::collection::vec(any::<u8>(), 0..40),
                "\\PC{0,20}".prop_map(String::into_bytes),
            ],
            sizes in prop::collection::vec(1usize..7, 40),
        ) {
            let mut pieces = Pieces::default();
            let mut rest = &bytes[..];
            let mut pushed = Ok(());
            for size in sizes {
                let (piece, behind) = rest.split_at(size.min(rest.len()));
                pushed = pushed.and_then(|()| pieces.push(piece, rest.len()));
                rest = behind;
            }
            let text = pushed.and_then(|()| pieces.push(rest, rest.len())).and_then(|()| pieces.finish());
            prop_assert_eq!(text.ok(), String::from_utf8(bytes).ok());
        }
    }
}
