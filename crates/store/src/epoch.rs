//! The random word that names the life of a log.

use rand::Rng as _;
use rookery_protocol::Epoch;

const LETTERS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
/// 36^12 possible words: no two logs of a room ever share one.
const LENGTH: usize = 12;

/// A new epoch.
pub(crate) fn fresh() -> Epoch {
    let mut random = rand::rng();
    let word: String = (0..LENGTH)
        .map(|_| char::from(LETTERS[random.random_range(0..LETTERS.len())]))
        .collect();
    #[expect(
        clippy::expect_used,
        reason = "letters and digits are allowed in an epoch"
    )]
    Epoch::new(word).expect("a word of letters and digits")
}

#[cfg(test)]
mod tests {
    #[test]
    fn no_two_are_the_same() {
        let (one, other) = (super::fresh(), super::fresh());
        assert_eq!(one.as_str().len(), 12);
        assert_ne!(one, other);
    }
}
