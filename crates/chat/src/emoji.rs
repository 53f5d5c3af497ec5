//! Which reactions there are: the emoji of Unicode's list, and what the operator adds.

use rookery_protocol::Emoji;

use crate::refusal::Refusal;

/// Takes one emoji, brought to its fully qualified form, or one of the words between colons.
pub(crate) fn accept(text: &str, words: &[String]) -> Result<Emoji, Refusal> {
    let accepted = match emojis::get(text) {
        Some(emoji) => Some(emoji.as_str()),
        None => word_of(text)
            .filter(|word| words.iter().any(|other| other == word))
            .map(|_| text),
    };
    let message = "emoji must be one emoji, or a :word: that rooms.custom_reactions has";
    accepted
        .and_then(|text| Emoji::new(text).ok())
        .ok_or_else(|| Refusal::bad_request(message))
}

/// The word of `:word:`.
fn word_of(text: &str) -> Option<&str> {
    text.strip_prefix(':')?.strip_suffix(':')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_emoji_is_one_of_the_list_in_its_full_form() {
        let words = ["party".to_owned()];
        let accept = |text| accept(text, &words).ok().map(|emoji| emoji.to_string());
        // A heart without and with the sign that it is to be shown as a picture.
        assert_eq!(accept("\u{2764}").as_deref(), Some("\u{2764}\u{fe0f}"));
        assert_eq!(
            accept("\u{2764}\u{fe0f}").as_deref(),
            Some("\u{2764}\u{fe0f}")
        );
        for one in ["👍", "👍🏽", "👩‍🚀", "🇩🇪", "1️⃣", ":party:"] {
            assert_eq!(accept(one).as_deref(), Some(one));
        }
        for none in [
            "", "a", "👍👍", ":other:", "party", ":", "::", "\u{fe0f}", "👍 ",
        ] {
            assert_eq!(accept(none), None, "{none:?}");
        }
    }

    #[test]
    fn every_emoji_can_be_kept() {
        assert!(emojis::iter().all(|emoji| Emoji::new(emoji.as_str()).is_ok()));
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "\\PC{0,12}") {
            let _ = accept(&text, &[]);
        }
    }
}
