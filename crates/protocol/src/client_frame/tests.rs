use proptest::prelude::*;

use super::*;

fn refused(json: &str) -> (Option<RequestId>, ErrorCode, String) {
    match parse(json) {
        Err(FrameError::Refused { id, code, message }) => (id, code, message),
        other => panic!("{json} gave {other:?}"),
    }
}

#[test]
fn the_frames_of_the_page_are_understood() {
    let join = r#"{"type":"join","id":2,"room":"general","since":{"epoch":"k3v9","seq":41}}"#;
    let frame = parse(join).unwrap();
    assert_eq!(frame.id, Some(2.into()));
    let Command::Join {
        room,
        since: Some(since),
        limit: None,
    } = frame.command
    else {
        panic!("{frame:?}");
    };
    assert_eq!(
        (room.as_str(), since.epoch.as_str(), since.seq),
        ("general", "k3v9", 41)
    );

    let send =
        r#"{"type":"send","room":"general","nonce":"01JD8Z","text":"hi \u00fc","later":[{}]}"#;
    let Command::Send(send) = parse(send).unwrap().command else {
        panic!()
    };
    assert_eq!(send.text, "hi ü");
    assert_eq!(send.nonce.unwrap().as_str(), "01JD8Z");
}

#[test]
fn garbage_is_told_from_a_wrong_frame() {
    for garbage in [
        "",
        "hi",
        "[]",
        "7",
        "{}",
        r#"["ping",1,null,null,null,null,null,null,null,null,null,null,null,null,null,null,null]"#,
        r#"{"type":1}"#,
        r#"{"type":"ping","type":1}"#,
        r#"{"type":"ping""#,
    ] {
        assert!(
            matches!(parse(garbage), Err(FrameError::NotAFrame(_))),
            "{garbage}"
        );
    }
    let (id, code, message) = refused(r#"{"type":"join","id":"a"}"#);
    assert_eq!(id, Some(RequestId::Text("a".into())));
    assert_eq!(
        (code, message.as_str()),
        (ErrorCode::BadRequest, "missing field `room`")
    );
    assert_eq!(
        refused(r#"{"type":"join","id":3,"room":7}"#).0,
        Some(3.into())
    );
    assert!(refused(r#"{"type":"dance","id":3}"#).2.contains("dance"));
    assert!(
        refused(r#"{"type":"join","id":[],"room":"a"}"#)
            .2
            .contains("id must be")
    );
}

#[test]
fn a_doubled_field_is_a_wrong_frame_and_not_garbage() {
    let (id, code, message) = refused(r#"{"type":"ping","id":3,"type":"ping"}"#);
    assert_eq!((id, code), (Some(3.into()), ErrorCode::BadRequest));
    assert!(message.contains("duplicate field `type`"), "{message}");
    let (id, code, message) = refused(r#"{"id":3,"type":"ping","id":4}"#);
    assert_eq!(
        (id, code),
        (None, ErrorCode::BadRequest),
        "either could be meant"
    );
    assert!(message.contains("duplicate field `id`"), "{message}");
    for field in ["room", "text", "nonce", "meta", "reply_to", "since"] {
        let (id, _, message) = refused(&format!(
            r#"{{"type":"send","id":5,"{field}":null,"{field}":null}}"#
        ));
        assert_eq!(id, Some(5.into()));
        assert!(message.contains("duplicate field"), "{message}");
    }
    assert!(
        parse(r#"{"type":"ping","later":1,"later":2}"#).is_ok(),
        "unknown"
    );
}

#[test]
fn a_body_is_a_message_by_the_rules_of_a_frame() {
    let sent = parse_message(
        "general",
        r#" {"text":"hi","meta":{"a":-0},"room":7,"type":[]}"#,
    );
    let SendCommand {
        room, text, meta, ..
    } = sent.unwrap();
    assert_eq!((room.as_str(), text.as_str()), ("general", "hi"));
    assert_eq!(meta.unwrap().as_str(), r#"{"a":-0}"#);
    for (room, body, word) in [
        ("a b", r#"{"text":"hi"}"#, "room id"),
        (
            "a",
            "[]",
            "the body is not as wanted: it must be a JSON object",
        ),
        ("a", r#"["hi",null,null,null,null]"#, "object"),
        ("a", "{}", "missing field `text`"),
        ("a", r#"{"text":7}"#, "expected a string"),
        ("a", r#"{"text":"a","text":"b"}"#, "duplicate field `text`"),
        ("a", r#"{"text":"a","meta":[]}"#, "object"),
        ("a", r#"{"text":"a","nonce":""}"#, "nonce"),
        ("a", r#"{"text":"a","files":[]}"#, "files"),
    ] {
        let Err(FrameError::Refused {
            id: None,
            code,
            message,
        }) = parse_message(room, body)
        else {
            panic!("{body}")
        };
        assert_eq!(code, ErrorCode::BadRequest);
        assert!(message.contains(word), "{body}: {message}");
    }
}

#[test]
fn an_error_does_not_send_a_long_value_back() {
    let long = format!(
        r#"{{"type":"join","room":"a","limit":"{}"}}"#,
        "x".repeat(10_000)
    );
    let message = refused(&long).2;
    assert!(
        message.contains("invalid type") && message.len() <= 200,
        "{message}"
    );
}

#[test]
fn a_history_wants_one_place_and_a_sane_limit() {
    assert!(
        refused(r#"{"type":"history","room":"a"}"#)
            .2
            .contains("exactly one")
    );
    assert!(
        refused(r#"{"type":"history","room":"a","before":1,"after":2}"#)
            .2
            .contains("one")
    );
    assert!(
        refused(r#"{"type":"history","room":"a","before":1,"limit":0}"#)
            .2
            .contains("200")
    );
    assert!(
        refused(r#"{"type":"history","room":"a","before":1,"limit":201}"#)
            .2
            .contains("200")
    );
}

#[test]
fn deep_json_is_skipped_or_refused_and_never_overflows_the_stack() {
    let deep = format!("{}1{}", "[".repeat(5000), "]".repeat(5000));
    assert!(
        parse(&format!(r#"{{"type":"ping","x":{deep}}}"#)).is_ok(),
        "an unknown field"
    );
    assert!(parse(&format!(r#"{{"type":"send","room":"a","meta":{deep}}}"#)).is_err());
}

#[test]
fn a_lone_surrogate_is_no_text() {
    assert!(parse(r#"{"type":"send","room":"a","text":"\ud800"}"#).is_err());
    assert!(parse(r#"{"type":"send","room":"a","text":"x","meta":{"a":"\udc00"}}"#).is_err());
}

#[test]
fn meta_is_an_object() {
    assert!(
        refused(r#"{"type":"send","room":"a","text":"x","meta":[1]}"#)
            .2
            .contains("object")
    );
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in "\\PC*") {
        let _ = parse(&text);
    }

    #[test]
    fn no_json_of_known_fields_makes_it_panic(
        kind in "hello|join|leave|send|typing|history|ping|edit|x",
        field in "room|since|text|nonce|limit|on|before|meta|id",
        value in r#"null|true|-1|7|1e400|"[a-z]{0,70}"|\{\}|\[\]|\{"epoch":"e","seq":1\}"#,
    ) {
        let _ = parse(&format!(r#"{{"type":"{kind}","{field}":{value}}}"#));
    }
}
