//! The random word that names the life of a log.

use rand::Rng as _;
use rookery_protocol::Epoch;

const LETTERS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
/// Half of an epoch: 36^16 possible ones, so that no two logs of a room ever share one.
const HALF: usize = 8;

/// A new epoch.
pub(crate) fn fresh() -> Epoch {
    let word = [half(), half()].concat();
    #[expect(
        clippy::expect_used,
        reason = "letters and digits are allowed in an epoch"
    )]
    Epoch::new(word).expect("a word of letters and digits")
}

/// One half of a new epoch. In Redis all epochs of a term have the first one in common.
pub(crate) fn half() -> String {
    let mut random = rand::rng();
    (0..HALF)
        .map(|_| char::from(LETTERS[random.random_range(0..LETTERS.len())]))
        .collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn no_two_are_the_same() {
        let (one, other) = (super::fresh(), super::fresh());
        assert_eq!(one.as_str().len(), 16);
        assert_ne!(one, other);
    }
}
