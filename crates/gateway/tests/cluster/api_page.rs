//! Every line of `docs/API.md` is run as it stands there, and answers what is shown.

use std::process::Command;

use serde_json::Value;

use crate::support::{Node, request};

const PAGE: &str = include_str!("../../../../docs/API.md");

/// The lines, each with the answer that is shown.
fn examples() -> Vec<(String, Value)> {
    let mut blocks = PAGE.split("```").skip(1).step_by(2);
    let mut examples = Vec::new();
    while let (Some(line), Some(answer)) = (blocks.next(), blocks.next()) {
        let line = line.strip_prefix("sh\n").expect("a line to run");
        let answer = answer.strip_prefix("json\n").expect("what it answers");
        let answer = serde_json::from_str(answer).expect(answer);
        examples.push((line.trim().to_owned(), answer));
    }
    examples
}

/// Whether an answer is what is shown; `…` stands for anything.
fn fits(shown: &Value, answer: &Value) -> bool {
    match (shown, answer) {
        (Value::String(any), _) if any == "…" => true,
        (Value::Object(shown), Value::Object(answer)) => {
            let same = |(name, value): (&String, &Value)| {
                answer.get(name).is_some_and(|answer| fits(value, answer))
            };
            shown.len() == answer.len() && shown.iter().all(same)
        }
        (Value::Array(shown), Value::Array(answer)) => {
            let pairs = shown.iter().zip(answer);
            shown.len() == answer.len() && pairs.into_iter().all(|(shown, it)| fits(shown, it))
        }
        _ => shown == answer,
    }
}

/// A guest and their token.
async fn guest(node: &Node, name: &str) -> Value {
    let body = format!(r#"{{"name": "{name}"}}"#);
    let head = format!(
        "POST /api/v1/guest HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let (_, body) = request(node.address(), &head).await.unwrap();
    serde_json::from_str(&body).unwrap()
}

#[tokio::test]
async fn every_line_of_the_page_answers_what_it_shows() {
    let node = Node::start(&[("auth.guests", "true")]).await;
    let (anna, ben) = (guest(&node, "Anna").await, guest(&node, "Ben").await);
    let examples = examples();
    assert!(examples.len() > 20, "the page has lines");
    let mut carla = Value::Null;
    for (line, shown) in examples {
        let mut command = Command::new("sh");
        command.args(["-c", &line]);
        command.env("ROOKERY", format!("http://{}", node.address()));
        command.env("ANNA", anna["token"].as_str().unwrap());
        command.env("BEN", ben["token"].as_str().unwrap());
        command.env("BEN_ID", ben["user"]["id"].as_str().unwrap());
        let of_carla = |name: &str| carla[name].as_str().unwrap_or_default();
        command.env("CARLA", of_carla("access"));
        let id = carla["user"]["id"].as_str().unwrap_or_default();
        command.env("CARLA_ID", id);
        command.env("CARLA_REFRESH", of_carla("refresh"));
        let output = tokio::task::spawn_blocking(move || command.output());
        let output = output.await.unwrap().unwrap();
        let answer = serde_json::from_slice(&output.stdout);
        let answer: Value = answer.unwrap_or_else(|error| panic!("{line}: {error}, {output:?}"));
        assert!(
            fits(&shown, &answer),
            "{line}\n{answer}\ninstead of\n{shown}"
        );
        // Who logs in goes on with that.
        if line.contains("\"a script\"") {
            carla = answer;
        }
    }
}
