//! The JSON that clients send: whatever it is, it is a frame or an error that can be answered.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rookery_protocol::{
    Command, FrameError, client_frame, encode,
    text::{self, TextError},
};

/// A node's default `limits.text_chars`.
const TEXT_CHARS: usize = 4000;

fuzz_target!(|json: &str| {
    match client_frame::parse(json) {
        Ok(frame) => {
            if let Command::Send(send) = frame.command {
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

/// What is accepted keeps to the rules, and accepting it again changes nothing.
fn check_text(raw: String) {
    match text::accept(raw, TEXT_CHARS) {
        Ok(text) => {
            assert!(text.chars().count() <= TEXT_CHARS);
            assert!(!text.trim().is_empty());
            assert_eq!(text::accept(text.clone(), TEXT_CHARS), Ok(text));
        }
        Err(TextError::TooLong { chars, max }) => assert!(chars > max),
        Err(TextError::Blank | TextError::Control(_)) => {}
    }
}
