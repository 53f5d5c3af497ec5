//! What a client writes is taken however its JSON is written, and comes back as it was.

use serde_json::{Value, json};

use crate::support::{Cluster, Node, Raw, post_message, room};

/// As PHP and Python write JSON.
fn escaped(text: &str) -> String {
    text.encode_utf16()
        .map(|unit| format!("\\u{unit:04x}"))
        .collect()
}

#[tokio::test]
async fn a_message_within_the_limits_is_stored_however_it_is_written() {
    let node = Node::start(&[]).await;
    let mut raw = Raw::hello(&node, "alex").await;
    raw.join(&room("general"), None).await;
    let meta = format!(r#"{{"m":"{}"}}"#, r"\u9e1f".repeat(681));
    assert_eq!(meta.len(), 4094, "as much as may be");
    let id = escaped(&"😀".repeat(64));
    for (character, nonce) in [("😀", "😀"), ("鸟", "鸟")] {
        let (text, nonce) = (character.repeat(4000), nonce.repeat(64));
        let fields = format!(
            r#""text":"{}","nonce":"{}","reply_to":9007199254740991,"meta":{meta}"#,
            escaped(&text),
            escaped(&nonce)
        );
        let frame = format!(r#"{{"type":"send","id":"{id}","room":"general",{fields}}}"#);
        raw.connection.send(frame).await.unwrap();
        let message = raw.message().await;
        assert_eq!(message["text"].as_str(), Some(text.as_str()));
        assert_eq!(message["nonce"].as_str(), Some(nonce.as_str()));

        let (status, answer) = post_message(&node, "general", &format!("{{{fields}}}")).await;
        assert_eq!(status, 201, "{answer}");
        assert_eq!(raw.message().await["text"].as_str(), Some(text.as_str()));
    }
}

/// Numbers that a parser of numbers would change.
const NUMBERS: [&str; 9] = [
    "-0",
    "1e2",
    "1E+2",
    "0.10",
    "-1.50e-3",
    "9007199254740993",
    "18446744073709551616",
    "-99999999999999999999999999",
    "0.1000000000000000055511151231257827",
];

#[tokio::test]
async fn ids_and_meta_come_back_as_they_were_sent() {
    let cluster = Cluster::start(2).await;
    let mut raw = Raw::hello(&cluster.nodes[0], "alex").await;
    let mut other = Raw::hello(&cluster.nodes[1], "bea").await;
    raw.join(&room("general"), None).await;
    other.join(&room("general"), None).await;
    for number in NUMBERS {
        // Once with white space, as people lay it out; once by HTTP.
        let meta =
            format!(r#"{{"n":{number},"s":"\u00fc {{ ","list":[{number},{{"d":{number}}}]}}"#);
        let laid_out = meta.replace(":[", "\n : [\r\n").replace(",{", ",\t{");
        let fields = format!(r#""text":"hi","meta":{laid_out}"#);
        let frame = format!(r#"{{"type":"send","id":{number},"room":"general",{fields}}}"#);
        raw.connection.send(frame).await.unwrap();
        let [ok, event] = raw.texts_of(["ok", "message"]).await;
        assert!(
            ok.starts_with(&format!(r#"{{"type":"ok","id":{number},"#)),
            "{ok}"
        );
        let sent = format!(r#","meta":{meta}}}"#);
        assert!(event.ends_with(&sent), "{event}");
        assert_eq!(other.texts_of(["message"]).await, [event], "on every node");

        let refused = format!(r#"{{"type":"join","id":{number},"room":"general"}}"#);
        raw.connection.send(refused).await.unwrap();
        let [refused] = raw.texts_of(["error"]).await;
        assert!(
            refused.contains(&format!(r#","id":{number},"#)),
            "{refused}"
        );

        let (status, _) =
            post_message(&cluster.nodes[1], "general", &format!("{{{fields}}}")).await;
        assert_eq!(status, 201);
        let [event] = raw.texts_of(["message"]).await;
        assert!(event.ends_with(&sent), "{event}");
        other.texts_of(["message"]).await;
    }
    let page = json!({"type": "history", "room": "general", "after": 0, "limit": 1});
    raw.say(page).await;
    let [page] = raw.texts_of(["ok"]).await;
    assert!(page.contains(r#""meta":{"n":-0,"#), "{page}");
}

#[tokio::test]
async fn what_is_doubled_is_refused_and_the_connection_goes_on() {
    let node = Node::start(&[]).await;
    let mut raw = Raw::hello(&node, "alex").await;
    for (frame, id, word) in [
        (
            r#"{"type":"ping","type":"ping","id":1}"#,
            json!(1),
            "`type`",
        ),
        (r#"{"type":"ping","id":1,"id":2}"#, Value::Null, "`id`"),
        (
            r#"{"type":"send","id":3,"room":"a","text":"a","text":"b"}"#,
            json!(3),
            "`text`",
        ),
    ] {
        raw.connection.send(frame).await.unwrap();
        let error = raw.next().await;
        assert_eq!(
            (&error["code"], &error["id"]),
            (&json!("bad_request"), &id),
            "{error}"
        );
        assert!(error["message"].as_str().unwrap().contains(word), "{error}");
    }
    assert_eq!(raw.ask(json!({"type": "ping"})).await["type"], "pong");
    let (status, error) = post_message(&node, "a", r#"{"text":"a","text":"b"}"#).await;
    assert_eq!(
        (status, &error["error"]["code"]),
        (400, &json!("bad_request"))
    );
}

#[tokio::test]
async fn meta_that_a_receiver_could_not_read_is_refused() {
    let node = Node::start(&[]).await;
    let mut raw = Raw::hello(&node, "alex").await;
    raw.join(&room("general"), None).await;
    for meta in [
        r#"{"a":1e400}"#.to_owned(),
        r#"{"a":"\udc00"}"#.to_owned(),
        format!(r#"{{"a":{}1{}}}"#, "[".repeat(64), "]".repeat(64)),
    ] {
        let frame =
            format!(r#"{{"type":"send","id":1,"room":"general","text":"x","meta":{meta}}}"#);
        raw.connection.send(frame).await.unwrap();
        let error = raw.answer(1).await;
        assert_eq!(error["code"], "bad_request", "{meta}: {error}");
        let (status, _) = post_message(
            &node,
            "general",
            &format!(r#"{{"text":"x","meta":{meta}}}"#),
        )
        .await;
        assert_eq!(status, 400, "{meta}");
    }
}
