//! Embeddings, overrides and isolates that would reach beyond their line.
//!
//! Who reads a text on a page sees it beside other text. What turns direction
//! and is not turned back within its line would turn that as well.

use std::borrow::Cow;

/// What begins or ends a run of another direction (UAX #9).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    Embed,
    Isolate,
    EndEmbedding,
    EndIsolate,
    EndLine,
}

fn turn(c: char) -> Option<Turn> {
    Some(match c {
        '\u{202a}' | '\u{202b}' | '\u{202d}' | '\u{202e}' => Turn::Embed,
        '\u{2066}'..='\u{2068}' => Turn::Isolate,
        '\u{202c}' => Turn::EndEmbedding,
        '\u{2069}' => Turn::EndIsolate,
        '\n' | '\u{2029}' => Turn::EndLine,
        _ => return None,
    })
}

/// What every character that begins or ends a run begins with, in UTF-8.
pub(super) const FIRST_BYTE: u8 = 0xe2;

/// Takes away what begins and does not end within its line, and what ends and
/// did not begin there. Marks (U+200E, U+200F, U+061C) turn nothing but themselves.
pub(super) fn within_lines(text: &str) -> Cow<'_, str> {
    let mut unpaired = unpaired(text);
    if unpaired.is_empty() {
        return text.into();
    }
    unpaired.sort_unstable();
    let mut unpaired = unpaired.into_iter().peekable();
    let kept = text
        .char_indices()
        .filter(|(at, _)| unpaired.next_if_eq(at).is_none());
    kept.map(|(_, c)| c).collect::<String>().into()
}

/// Where the characters are that have no counterpart.
fn unpaired(text: &str) -> Vec<usize> {
    let mut unpaired = Vec::new();
    let mut open: Vec<(usize, Turn)> = Vec::new();
    let mut isolates = 0;
    for (at, c) in text.char_indices() {
        match turn(c) {
            None => {}
            Some(begins @ (Turn::Embed | Turn::Isolate)) => {
                isolates += usize::from(begins == Turn::Isolate);
                open.push((at, begins));
            }
            Some(Turn::EndEmbedding) if matches!(open.last(), Some((_, Turn::Embed))) => {
                open.pop();
            }
            Some(Turn::EndIsolate) if isolates > 0 => {
                // It ends the embeddings in it, too.
                while matches!(open.pop(), Some((_, Turn::Embed))) {}
                isolates -= 1;
            }
            Some(Turn::EndEmbedding | Turn::EndIsolate) => unpaired.push(at),
            Some(Turn::EndLine) => {
                unpaired.extend(open.drain(..).map(|(at, _)| at));
                isolates = 0;
            }
        }
    }
    unpaired.extend(open.into_iter().map(|(at, _)| at));
    unpaired
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_turned_back_stays_and_what_is_not_goes() {
        for (text, wanted) in [
            ("plain", "plain"),
            ("\u{202e}abc\u{202c}", "\u{202e}abc\u{202c}"),
            ("\u{202e}abc", "abc"),
            ("a\u{202c}b\u{2069}c", "abc"),
            ("\u{2067}a\u{2069} \u{2068}b", "\u{2067}a\u{2069} b"),
            // The line ends it, so the next has nothing to end.
            ("\u{202e}a\nb\u{202c}", "a\nb"),
            // An isolate ends what began in it, and not what began before it.
            ("\u{2066}\u{202e}a\u{2069}", "\u{2066}\u{202e}a\u{2069}"),
            ("\u{202e}\u{2066}a\u{202c}", "a"),
            (
                "\u{202e}\u{2066}a\u{2069}\u{202c}",
                "\u{202e}\u{2066}a\u{2069}\u{202c}",
            ),
            ("\u{200f}a\u{200e}\u{61c}", "\u{200f}a\u{200e}\u{61c}"),
            ("“…”", "“…”"),
        ] {
            assert_eq!(within_lines(text), wanted, "{text:?}");
        }
    }

    #[test]
    fn all_of_them_begin_with_one_byte() {
        let turns = ('\0'..=char::MAX).filter(|&c| !matches!(turn(c), None | Some(Turn::EndLine)));
        let mut bytes = [0; 4];
        assert!(
            turns
                .into_iter()
                .all(|c| c.encode_utf8(&mut bytes).as_bytes()[0] == FIRST_BYTE)
        );
    }

    proptest! {
        #[test]
        fn what_is_left_is_paired_and_nothing_else_is_touched(
            text in "[ab\n\u{2029}\u{202a}-\u{202e}\u{2066}-\u{2069}]{0,40}"
        ) {
            let kept = within_lines(&text).into_owned();
            prop_assert_eq!(unpaired(&kept), Vec::<usize>::new());
            let plain = |text: &str| text.replace(|c| turn(c).is_some_and(|turn| turn != Turn::EndLine), "");
            prop_assert_eq!(plain(&kept), plain(&text));
        }
    }
}
