//! What an account may be called, so that nobody passes for somebody else.
//!
//! A name is of one script, or of scripts that are written together (UTS 39, highly
//! restrictive), and two names that look alike are the same name. It is refused rather than
//! mended: who chooses it sees what became of it. Users that others vouch for are not held to it.

use rookery_protocol::text::{shows, turns_direction};
use rookery_store::Skeleton;
use unicode_normalization::UnicodeNormalization;
use unicode_security::{
    RestrictionLevel, RestrictionLevelDetection,
    confusable_detection::skeleton as confusable_skeleton,
};

/// The fewest and the most characters.
const CHARS: std::ops::RangeInclusive<usize> = 2..=32;

/// What a name that is only looked for is cut to: no account has one as long.
const LOOKED_FOR_CHARS: usize = 64;

/// What is something else wherever it is read.
const RESERVED: [&str; 2] = ["all", "Deleted account"];

/// A name that an account may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountName {
    shown: String,
    skeleton: Skeleton,
}

/// Why an account may not be called so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AccountNameError {
    /// Too few characters, or too many.
    #[error("a name has {min} to {max} characters, this one {0}", min = CHARS.start(), max = CHARS.end())]
    Length(usize),
    /// White space at its beginning or end, or more of it than one space between two words.
    #[error("a name has no white space but single spaces between its words")]
    Space,
    /// A character that does not show, or that turns the direction of text.
    #[error("a name has no characters that do not show or that turn the direction of text")]
    Invisible,
    /// No letter and no digit.
    #[error("a name has a letter or a digit")]
    Wordless,
    /// A character that no name needs, or scripts that are not written together.
    #[error(
        "a name has letters of one script, or of scripts that are written together, digits, and . - _ ' between them"
    )]
    Mixed,
    /// It means something else.
    #[error("nobody can be called so")]
    Reserved,
}

impl AccountName {
    /// Takes a text as a name, or says why it is none.
    ///
    /// # Errors
    ///
    /// Why an account may not be called so.
    pub fn read(text: &str) -> Result<Self, AccountNameError> {
        let shown: String = text.nfc().collect();
        let count = shown.chars().take(LOOKED_FOR_CHARS).count();
        if !CHARS.contains(&count) {
            return Err(AccountNameError::Length(count));
        }
        let is_space = |c: char| c.is_whitespace();
        let words = shown.split(' ');
        if words
            .clone()
            .any(|word| word.is_empty() || word.contains(is_space))
        {
            return Err(AccountNameError::Space);
        }
        if shown
            .chars()
            .any(|c| c != ' ' && (!shows(c) || turns_direction(c)))
        {
            return Err(AccountNameError::Invisible);
        }
        if !shown.chars().any(char::is_alphanumeric) {
            return Err(AccountNameError::Wordless);
        }
        let letters: String = words.collect();
        // A colon is part of some words, and of all ids that are no names.
        let restricted = letters.check_restriction_level(RestrictionLevel::HighlyRestrictive);
        if !restricted || letters.contains(':') {
            return Err(AccountNameError::Mixed);
        }
        let skeleton = Self::skeleton_of(&shown);
        if RESERVED
            .iter()
            .any(|other| skeleton == Self::skeleton_of(other))
        {
            return Err(AccountNameError::Reserved);
        }
        Ok(Self { shown, skeleton })
    }

    /// What any text is compared by as a name: the confusable skeleton of its NFKC case-folded
    /// form.
    pub fn skeleton_of(text: &str) -> Skeleton {
        let cut: String = text.chars().take(LOOKED_FOR_CHARS).collect();
        let folded: String = cut.nfkc().flat_map(fold).nfkc().collect();
        Skeleton::new(confusable_skeleton(&folded).collect::<String>())
    }

    /// The name as it is shown.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// What it is compared by.
    pub fn skeleton(&self) -> &Skeleton {
        &self.skeleton
    }
}

/// Each character as its lower case that all its cases have in common: `ß` is `ss`, as in `SS`.
fn fold(c: char) -> impl Iterator<Item = char> {
    c.to_uppercase().flat_map(char::to_lowercase)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> AccountNameError {
        AccountName::read(text).unwrap_err()
    }

    #[test]
    fn people_are_called_as_people_are_called() {
        for name in [
            "Al",
            "Anna",
            "anna.b",
            "Zoë Müller",
            "Jean-Luc",
            "O'Neil",
            "anna_77",
            "Ёлка",
            "Γιώργος",
            "王小明",
            "山田 太郎",
            "ヤマダ tanaka",
            "김민수",
            "דנה",
            "سارة",
            "अनिता",
            "เอมี่",
        ] {
            let read = AccountName::read(name).map(|name| name.shown().to_owned());
            assert_eq!(read.as_deref(), Ok(name));
        }
        let composed = AccountName::read("Zoe\u{308}").unwrap();
        assert_eq!(composed.shown(), "Zoë");
        assert!(AccountName::read(&"x".repeat(32)).is_ok());
    }

    #[test]
    fn what_could_pass_for_another_is_refused() {
        use AccountNameError::{Invisible, Length, Mixed, Reserved, Space, Wordless};
        for (name, why) in [
            ("", Length(0)),
            ("a", Length(1)),
            (&"x".repeat(33), Length(33)),
            (" Anna", Space),
            ("Anna  B", Space),
            ("Anna\u{a0}B", Space),
            ("Anna\n", Space),
            ("An\u{200b}na", Invisible),
            ("An\u{202e}na", Invisible),
            ("An\u{ad}na", Invisible),
            ("An\u{3164}na", Invisible),
            ("--", Wordless),
            ("Аnna", Mixed), // a Cyrillic letter
            ("Anna😀", Mixed),
            ("a@b", Mixed),
            ("a:b", Mixed),
            ("ａｎｎａ", Mixed),
            ("All", Reserved),
            ("аll", Mixed),
            ("deleted ACCOUNT", Reserved),
        ] {
            assert_eq!(refused(name), why, "{name:?}");
        }
    }

    #[test]
    fn names_that_look_alike_are_one() {
        let skeleton = AccountName::skeleton_of;
        for (one, other) in [
            ("Anna", "anna"),
            ("Straße", "STRASSE"),
            ("paypal", "раураl"), // five Cyrillic letters
            ("rn", "m"),
            ("Σίσυφος", "ΣΊΣΥΦΟΣ"),
            ("anna1", "annal"),
            ("ﬁn", "fin"),
        ] {
            assert_eq!(skeleton(one), skeleton(other), "{one} {other}");
        }
        assert_ne!(skeleton("Anna"), skeleton("Anne"));
        let long = "x".repeat(1_000_000);
        assert!(skeleton(&long).as_str().len() < 1_000);
    }
}
