//! Which characters show.

use icu_properties::{
    CodePointSetData, CodePointSetDataBorrowed,
    props::{BidiControl, DefaultIgnorableCodePoint, VariationSelector},
};

/// Joiners, fillers, selectors, tags, marks of direction: what is not drawn
/// where it is not understood.
const IGNORABLE: CodePointSetDataBorrowed<'static> =
    CodePointSetData::new::<DefaultIgnorableCodePoint>();
const BIDI: CodePointSetDataBorrowed<'static> = CodePointSetData::new::<BidiControl>();
const SELECTORS: CodePointSetDataBorrowed<'static> = CodePointSetData::new::<VariationSelector>();

/// Whether there is something to be seen of a character by itself.
pub fn shows(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_graphic();
    }
    !(c.is_whitespace() || c.is_control() || is_empty_sign(c) || IGNORABLE.contains(c))
}

/// Signs that Unicode counts among those that are drawn, as nothing: a braille
/// cell without dots, a note without a head, a filler, marks of annotations.
fn is_empty_sign(c: char) -> bool {
    matches!(
        c,
        '\u{2800}' | '\u{1d159}' | '\u{16fe4}' | '\u{fff9}'..='\u{fffb}'
    )
}

/// Whether a character turns the direction of the text around it.
pub fn turns_direction(c: char) -> bool {
    !c.is_ascii() && BIDI.contains(c)
}

/// Whether a character that does not show may change how the one before it is
/// drawn: it joins it to the next (emoji, Persian, Indic scripts), selects a
/// form of it, or names the region of a flag.
pub fn shapes(before: char, c: char) -> bool {
    match c {
        '\u{200c}' | '\u{200d}' => shows(before) || SELECTORS.contains(before),
        '\u{e0020}'..='\u{e007f}' => {
            matches!(before, '\u{1f3f4}' | '\u{e0020}'..='\u{e007f}')
        }
        c => SELECTORS.contains(c) && shows(before),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_drawn_as_nothing_does_not_show() {
        for c in [
            ' ',
            '\n',
            '\u{a0}',
            '\u{ad}',
            '\u{34f}',
            '\u{61c}',
            '\u{115f}',
            '\u{1160}',
            '\u{17b4}',
            '\u{180e}',
            '\u{200b}',
            '\u{200d}',
            '\u{200e}',
            '\u{2028}',
            '\u{202e}',
            '\u{2060}',
            '\u{2064}',
            '\u{2066}',
            '\u{2800}',
            '\u{3000}',
            '\u{3164}',
            '\u{fe0f}',
            '\u{feff}',
            '\u{ffa0}',
            '\u{1d159}',
            '\u{1d173}',
            '\u{e0001}',
            '\u{e0041}',
            '\u{e0100}',
        ] {
            assert!(!shows(c), "U+{:04X}", u32::from(c));
        }
        for c in [
            'a', '.', 'é', 'ß', '中', '\u{627}', '😀', '\u{301}', '\u{e000}', '\u{fffd}',
        ] {
            assert!(shows(c), "U+{:04X}", u32::from(c));
        }
    }

    #[test]
    fn a_shaping_character_needs_something_to_shape() {
        assert!(shapes('\u{2764}', '\u{fe0f}') && shapes('\u{fe0f}', '\u{200d}'));
        assert!(shapes('\u{1f3f4}', '\u{e0067}') && shapes('\u{e0067}', '\u{e007f}'));
        assert!(shapes('\u{6cc}', '\u{200c}') && shapes('葛', '\u{e0100}'));
        assert!(!shapes(' ', '\u{200d}') && !shapes('\u{200d}', '\u{200d}'));
        assert!(!shapes('a', '\u{e0041}') && !shapes('a', '\u{200b}') && !shapes('a', 'b'));
        assert!(!shapes('a', '\u{202e}') && !shapes('a', '\u{3164}'));
    }
}
