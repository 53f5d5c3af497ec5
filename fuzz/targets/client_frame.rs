//! The JSON that clients send: whatever it is, it is a frame or an error that can be answered.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rookery_protocol::{
    Command, FrameError,
    client_frame::{self, Meta},
    encode,
    text::{self, TextError},
};
use serde_json::{Value, value::RawValue};

/// A node's default `limits.text_chars`.
const TEXT_CHARS: usize = 4000;

fuzz_target!(|json: &str| {
    match client_frame::parse(json) {
        Ok(frame) => {
            let id = frame.id.unwrap_or_else(|| 0.into());
            serde_json::from_slice::<&RawValue>(&encode::ok(&id)).expect("an answer is JSON");
            if let Command::Send(send) = frame.command {
                check_meta(send.meta.as_ref());
                check_text(send.text);
            }
        }
        Err(FrameError::NotAFrame(_)) => {}
        Err(FrameError::Refused { id, code, message }) => {
            let answer = encode::error(id, code, message, None);
            serde_json::from_slice::<serde_json::Value>(&answer).expect("an answer is JSON");
        }
    }
});

/// It is an object on one line, as whatever reads it on its way must find it.
fn check_meta(meta: Option<&Meta>) {
    let Some(meta) = meta else { return };
    assert!(!meta.as_str().contains(['\n', '\r']));
    let value: Value = serde_json::from_str(meta.as_str()).expect("meta is JSON");
    assert!(value.is_object());
}

/// What is accepted keeps to the rules, and accepting it again changes nothing.
fn check_text(raw: String) {
    match text::accept(raw, TEXT_CHARS) {
        Ok(text) => {
            assert!(text.chars().count() <= TEXT_CHARS);
            assert!(text.chars().any(text::shows));
            assert_eq!(text::accept(text.clone(), TEXT_CHARS), Ok(text));
        }
        Err(TextError::TooLong { chars, max }) => assert!(chars > max),
        Err(TextError::Blank | TextError::Control(_)) => {}
    }
}
