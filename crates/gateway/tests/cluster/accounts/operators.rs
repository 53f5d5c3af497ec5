//! What operators do with accounts beside the nodes.

use std::{
    io::Write,
    process::{Command, Output, Stdio},
    time::Duration,
};

use serde_json::{Value, json};

use super::{PASSWORD, Person, ask, code, get, log_in};
use crate::support::{Cluster, Node, Raw, SECRET, SOON};

/// What a command says, given this on standard input.
async fn rookery(settings: &[(&str, &str)], words: &[&str], input: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rookery"));
    command
        .arg("user")
        .args(words)
        .envs(settings.iter().copied());
    command
        .env("ROOKERY__AUTH__JWT_SECRET", SECRET)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let input = input.to_owned();
    let asking = tokio::task::spawn_blocking(move || {
        let mut child = command.spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        // A command that reads nothing may be gone already.
        let _ = stdin.write_all(input.as_bytes());
        drop(stdin);
        child.wait_with_output().unwrap()
    });
    asking.await.unwrap()
}

async fn said(cluster: &Cluster, words: &[&str], input: &str) -> String {
    let url = cluster.redis().url();
    let settings = [("ROOKERY__STORE", "redis"), ("ROOKERY__REDIS__URL", &url)];
    let output = rookery(&settings, words, input).await;
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{words:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

async fn hello_closes_with(node: &Node, person: &Person) -> u16 {
    let mut raw = Raw::open(node).await;
    raw.say(json!({"type": "hello", "token": person.access}))
        .await;
    raw.closes(SOON).await
}

#[tokio::test]
async fn a_disabled_user_is_out_on_every_node_until_they_are_enabled() {
    let cluster = Cluster::start(2).await;
    let [one, other] = &cluster.nodes[..] else {
        panic!()
    };
    let anna = Person::register(one, "Anna").await;
    let ben = Person::register(one, "Ben").await;
    let mut closed = [anna.connect(one).await, anna.connect(other).await];
    let mut stays = ben.connect(other).await;
    let words = said(&cluster, &["disable", "anna"], "").await;
    assert_eq!(words, format!("nobody comes in as Anna ({})\n", anna.id));
    for raw in &mut closed {
        assert_eq!(raw.closes(Duration::from_secs(1)).await, 4504);
    }
    for node in [one, other] {
        let (status, answer) = get(node, "me", &anna.access).await;
        assert_eq!((status, code(&answer)), (403, "forbidden"));
        assert_eq!(hello_closes_with(node, &anna).await, 4504);
        let (status, answer) = log_in(node, "Anna", PASSWORD).await;
        assert_eq!((status, code(&answer)), (403, "forbidden"));
        let (status, _) = log_in(node, "Anna", "wrong horse").await;
        assert_eq!(status, 401, "only who knows the password is told");
    }
    assert_eq!(stays.ask(json!({"type": "ping"})).await["type"], "pong");

    said(&cluster, &["enable", &anna.id], "").await;
    assert_eq!(
        hello_closes_with(one, &anna).await,
        4501,
        "it was logged out"
    );
    Person::log_in(other, "Anna").await;
}

#[tokio::test]
async fn accounts_are_made_shown_and_deleted_and_get_other_passwords() {
    let cluster = Cluster::start(1).await;
    let node = &cluster.nodes[0];
    let words = said(&cluster, &["add", "Anna", "--stdin"], "correct horse\n").await;
    assert!(words.starts_with("Anna (u_"), "{words}");
    let anna = Person::log_in(node, "Anna").await;
    let mut raw = anna.connect(node).await;
    let shown = said(&cluster, &["show", "ANNA", "--json"], "").await;
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(
        (&shown["id"], &shown["name"]),
        (&json!(anna.id), &json!("Anna"))
    );
    assert_eq!(shown["sessions"][0]["client"], "test/1");

    Person::register(node, "Ben").await;
    let list = said(&cluster, &["list"], "").await;
    assert!(
        list.starts_with("Anna (u_") && list.contains("\nBen (u_"),
        "{list}"
    );
    assert_eq!(list.lines().count(), 2);
    let list = said(&cluster, &["list", "--json"], "").await;
    let first: Value = serde_json::from_str(list.lines().next().unwrap()).unwrap();
    assert_eq!(
        (&first["name"], &first["disabled"]),
        (&json!("Anna"), &json!(false))
    );

    let words = said(&cluster, &["reset-password", "anna"], "").await;
    let made_up = words.trim().rsplit(": ").next().unwrap();
    assert_eq!(raw.closes(Duration::from_secs(1)).await, 4503);
    let (status, _) = log_in(node, "Anna", made_up).await;
    assert_eq!(status, 201, "{words}");

    // As another program kept it.
    let hash = "$2a$04$n4Uy0eSnMfvnESYL.bLwuuj0U/ETSsoTpRT9GVk5bektyVVa5xnIi";
    said(&cluster, &["reset-password", "anna", "--hash", hash], "").await;
    for _ in 0..2 {
        let (status, answer) = log_in(node, "Anna", "correctbatteryhorsestapler").await;
        assert_eq!(status, 201, "{answer}");
    }
    let (status, _) = log_in(node, "Anna", PASSWORD).await;
    assert_eq!(status, 401);

    said(&cluster, &["delete", "anna"], "").await;
    let url = cluster.redis().url();
    let settings = [
        ("ROOKERY__STORE", "redis"),
        ("ROOKERY__REDIS__URL", url.as_str()),
    ];
    let output = rookery(&settings, &["show", "anna"], "").await;
    assert_eq!(output.status.code(), Some(1));
    let words = String::from_utf8(output.stderr).unwrap();
    assert!(words.contains("there is no account of \"anna\""), "{words}");
    let body = json!({"name": "Anna", "password": PASSWORD});
    let (status, _) = ask(node, "POST", "accounts", "", &body).await;
    assert_eq!(status, 409);
}
