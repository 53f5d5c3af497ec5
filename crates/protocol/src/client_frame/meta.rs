//! What an application sends along with a message.
//!
//! It is passed on as it was written, so that numbers arrive as they were sent
//! (`-0`, `1e2`, more digits than 64 bits have), but on one line, and only
//! where every receiver can read it.

use std::borrow::Cow;

use serde_json::value::RawValue;

/// A JSON object, as it was written but for white space between its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meta(Box<str>);

impl Meta {
    /// How deep arrays and objects may lie in each other, the object itself
    /// counted: readers of JSON have limits of their own.
    pub const MOST_DEPTH: usize = 64;

    /// Takes what a frame has as its `meta`, or says what is wrong with it.
    pub(super) fn new(written: &RawValue) -> Result<Self, &'static str> {
        if !written.get().starts_with('{') {
            return Err("meta must be an object");
        }
        let mut on_one_line = String::with_capacity(written.get().len());
        let mut depth = 0;
        let mut rest = written.get();
        while let Some(first) = rest.bytes().next() {
            let token;
            (token, rest) = rest.split_at(token_length(rest));
            match first {
                b' ' | b'\t' | b'\n' | b'\r' => continue,
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth -= 1,
                b'"' => check_string(token)?,
                b'-' | b'0'..=b'9' => check_number(token)?,
                _ => {}
            }
            if depth > Self::MOST_DEPTH {
                return Err("meta may be at most 64 levels deep");
            }
            on_one_line.push_str(token);
        }
        Ok(Self(on_one_line.into()))
    }

    /// The JSON.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The bytes of the first token of a text that is known to be JSON.
fn token_length(json: &str) -> usize {
    let bytes = json.as_bytes();
    match bytes[0] {
        b'"' => {
            let mut at = 1;
            while let Some(&byte) = bytes.get(at) {
                at += match byte {
                    b'"' => return at + 1,
                    b'\\' => 2,
                    _ => 1,
                };
            }
            bytes.len()
        }
        b'-' | b'0'..=b'9' => {
            let digits = |byte: &u8| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
            bytes.iter().take_while(|byte| digits(byte)).count()
        }
        b'a'..=b'z' => bytes
            .iter()
            .take_while(|byte| byte.is_ascii_lowercase())
            .count(),
        _ => 1,
    }
}

/// Half a surrogate pair is no text.
fn check_string(json: &str) -> Result<(), &'static str> {
    if json.contains("\\u") && serde_json::from_str::<Cow<'_, str>>(json).is_err() {
        return Err("meta has half a surrogate pair in a string");
    }
    Ok(())
}

/// What no receiver can hold is not passed on to them.
fn check_number(json: &str) -> Result<(), &'static str> {
    match json.parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(()),
        _ => Err("meta has a number beyond the range of doubles"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn meta(json: &str) -> Result<String, &'static str> {
        let written: &RawValue = serde_json::from_str(json).unwrap();
        Meta::new(written).map(|meta| meta.as_str().to_owned())
    }

    #[test]
    fn it_is_passed_on_as_it_was_written() {
        for json in [
            "{}",
            r#"{"a":-0,"b":1e2,"c":1E+2,"d":0.10,"e":1e-400}"#,
            r#"{"big":123456789012345678901234567890,"id":18446744073709551616}"#,
            r#"{"b":1,"a":"\u00fc\ud83d\ude00\/\"\\","a":[true,false,null,{}]}"#,
            r#"{" ":" \\"}"#,
        ] {
            assert_eq!(meta(json).as_deref(), Ok(json));
        }
    }

    #[test]
    fn it_comes_on_one_line() {
        let pretty = "{\r\n\t\"a b\" : [ 1 , -2.5 ,\n true ] ,\"c\":\"\\n \\\\\"\n}";
        assert_eq!(
            meta(pretty).unwrap(),
            r#"{"a b":[1,-2.5,true],"c":"\n \\"}"#
        );
    }

    #[test]
    fn what_receivers_could_not_read_is_refused() {
        for (json, word) in [
            ("[1]", "object"),
            ("7", "object"),
            ("\"{}\"", "object"),
            (r#"{"a":"\udc00"}"#, "surrogate"),
            (r#"{"\ud800":1}"#, "surrogate"),
            (r#"{"a":1e400}"#, "range"),
            (r#"{"a":-1e400}"#, "range"),
        ] {
            assert!(meta(json).unwrap_err().contains(word), "{json}");
        }
        let nested = |depth: usize| format!("{}1{}", r#"{"a":"#.repeat(depth), "}".repeat(depth));
        assert!(meta(&nested(Meta::MOST_DEPTH)).is_ok());
        assert!(
            meta(&nested(Meta::MOST_DEPTH + 1))
                .unwrap_err()
                .contains("64 levels")
        );
        let wide = format!(r#"{{"a":[{}{{}}]}}"#, "{},".repeat(1000));
        assert!(meta(&wide).is_ok(), "beside each other is not deep");
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::btree_map(any::<String>(), inner, 0..5)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn however_it_is_laid_out_it_is_the_same(value in any_json()) {
            let value = serde_json::json!({ "v": value });
            let compact = value.to_string();
            prop_assert_eq!(meta(&compact), Ok(compact.clone()));
            prop_assert_eq!(meta(&serde_json::to_string_pretty(&value).unwrap()), Ok(compact));
        }
    }
}
