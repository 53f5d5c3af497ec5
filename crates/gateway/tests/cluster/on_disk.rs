//! A node with a folder: killed at any moment, its disk full, its folder asked for by
//! others, copied while it runs.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
    time::{Duration, Instant},
};

use rand::Rng;
use rookery_client::Client;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{sync::watch, task::JoinHandle, time::sleep};

use crate::support::{
    Node, Raw, Reader, Writers, assert_one_log, client, client_settings, latest_messages, request,
    room, soon,
};

/// A node and the folder that it keeps everything in.
struct OnDisk {
    all: TempDir,
    node: Node,
}

impl OnDisk {
    async fn start(sync: &str) -> Self {
        Self::start_with(sync, &[]).await
    }

    async fn start_with(sync: &str, settings: &[(&str, &str)]) -> Self {
        let all = tempfile::tempdir().unwrap();
        let data = all.path().join("data").to_str().unwrap().to_owned();
        let folder = [("embedded.data", data.as_str()), ("embedded.sync", sync)];
        let node = Node::start(&[&folder, settings].concat()).await;
        Self { all, node }
    }

    fn data(&self) -> PathBuf {
        self.all.path().join("data")
    }
}

/// What a command says that works on a folder.
async fn rookery(data: &Path, words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rookery"));
    let elsewhere = tempfile::tempdir().unwrap();
    command
        .args(words)
        .arg("--data")
        .arg(data)
        .env_clear()
        .current_dir(elsewhere.path());
    let asking = tokio::task::spawn_blocking(move || command.output());
    asking.await.unwrap().unwrap()
}

fn said(output: &Output) -> String {
    let both = [&output.stdout[..], &output.stderr[..]].concat();
    String::from_utf8(both).unwrap()
}

#[tokio::test]
async fn killed_at_any_moment_with_always_nothing_answered_is_lost() {
    let mut disk = OnDisk::start("always").await;
    let general = room("general");
    let mut reader = Reader::join(client_settings([&disk.node], "reader"), &general).await;
    let authors = [(); 4].map(|()| client([&disk.node], "author"));
    let mut writers = Writers::start(authors, &general, Duration::from_millis(1));
    for _ in 0..6 {
        let count = rand::rng().random_range(20..150);
        writers.write(count).await;
        disk.node.kill();
        disk.node.restart().await;
    }
    writers.write(50).await;
    let acknowledged = writers.stop().await;
    let last = acknowledged.last().unwrap().seq;
    let log = reader.whole_log(last).await;
    assert_one_log(&acknowledged, &[("the reader", log)]);
    assert_eq!(reader.seen().epochs, 0, "the epoch is the same");
}

/// A text, and when it was acknowledged.
type Sent = (Instant, String);

/// Somebody who writes one message after the other and notes when each was acknowledged.
fn write(client: Client, mut stopped: watch::Receiver<bool>) -> JoinHandle<Vec<Sent>> {
    tokio::spawn(async move {
        let (mut sent, general) = (Vec::new(), room("general"));
        while !*stopped.borrow_and_update() {
            let text = format!("message {}", sent.len());
            client.send(&general, &text).await.unwrap();
            sent.push((Instant::now(), text));
            sleep(Duration::from_millis(3)).await;
        }
        sent
    })
}

#[tokio::test]
async fn killed_at_any_moment_with_everysec_at_most_the_last_second_is_lost() {
    /// A second, and what a busy machine takes to write.
    const MAY_BE_LOST: Duration = Duration::from_secs(3);
    let mut disk = OnDisk::start("everysec").await;
    let general = room("general");
    let mut reader = Reader::join(client_settings([&disk.node], "reader"), &general).await;
    let (stop, stopped) = watch::channel(false);
    let writing = write(client([&disk.node], "author"), stopped);
    let mut killed = Vec::new();
    for _ in 0..4 {
        // Longer than what may be lost, so that something may not.
        let life = MAY_BE_LOST.as_millis() as u64 + rand::rng().random_range(0..1500);
        sleep(Duration::from_millis(life)).await;
        let at = Instant::now();
        disk.node.kill();
        disk.node.restart().await;
        // What a dead node said may be heard a moment later.
        killed.push((at, Instant::now()));
    }
    sleep(Duration::from_millis(200)).await;
    stop.send_replace(true);
    let sent = soon("the writer", writing).await.unwrap();
    let last = sent.last().unwrap().1.clone();
    let has_last = |log: &[(u64, String)]| log.last().is_some_and(|(_, text)| *text == last);
    reader.until("the last", |seen| has_last(&seen.view)).await;

    disk.node.signal("TERM");
    disk.node.ends(Duration::from_secs(20)).await;
    let tail = rookery(&disk.data(), &["tail", "--since", "1h", "--once"]).await;
    let tail = said(&tail);
    let kept: Vec<(u64, String)> = tail
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .map(|line| {
            (
                line["seq"].as_u64().unwrap(),
                line["text"].as_str().unwrap().to_owned(),
            )
        })
        .collect();
    let may_be_lost = |at: Instant| {
        let mut killed = killed.iter();
        killed.any(|(kill, back)| at <= *back && at + MAY_BE_LOST > *kill)
    };
    let (mut checked, mut oldest_lost) = (0, Duration::ZERO);
    for (at, text) in &sent {
        let copies = kept.iter().filter(|(_, other)| other == text).count();
        assert!(copies <= 1, "{text} is stored twice");
        if copies == 0 {
            let kill = killed.iter().find(|(_, back)| at <= back);
            oldest_lost = kill.map_or(oldest_lost, |(kill, _)| oldest_lost.max(*kill - *at));
        }
        if !may_be_lost(*at) {
            checked += 1;
            assert_eq!(copies, 1, "{text} is lost");
        }
    }
    eprintln!("the oldest that was lost had been acknowledged for {oldest_lost:?}");
    assert!(checked > 20, "{checked} messages were long acknowledged");
    let view = reader.seen().view;
    let end = &kept[kept.len() - view.len()..];
    assert_eq!(view, end, "who looked on sees what is kept");
}

#[tokio::test]
async fn a_full_disk_is_told_of_and_nothing_answered_is_lost() {
    let mut disk = OnDisk::start("everysec").await;
    let mut alex = Raw::hello(&disk.node, "alex").await;
    alex.join(&room("general"), None).await;
    assert_eq!(send(&mut alex, "before").await["type"], "ok");
    let database = disk.data().join("rookery.redb");
    let size = std::fs::metadata(database).unwrap().len();
    limit_files(&disk.node, &format!("{}", size + 1000)).await;
    let mut acknowledged = vec!["before".to_owned()];
    let refused = soon("a refusal", async {
        let padding = "x".repeat(3000);
        loop {
            let text = format!("{} {padding}", acknowledged.len());
            let answer = send(&mut alex, &text).await;
            match answer["type"].as_str() {
                Some("ok") => acknowledged.push(text),
                _ => return answer,
            }
        }
    })
    .await;
    assert_eq!(refused["code"], "unavailable", "{refused}");
    disk.node.readiness_becomes(Some(503)).await;
    assert!(
        disk.node.log().contains("may not grow"),
        "{}",
        disk.node.log()
    );
    // What was answered can be read all the while.
    let page = latest_messages(&disk.node, &room("general")).await;
    let latest = page["messages"].as_array().unwrap().last().unwrap();
    assert_eq!(latest["text"], acknowledged.last().unwrap().as_str());

    limit_files(&disk.node, "unlimited").await;
    disk.node.readiness_becomes(Some(200)).await;
    assert_eq!(send(&mut alex, "after").await["type"], "ok");
    acknowledged.push("after".to_owned());
    disk.node.signal("TERM");
    assert!(disk.node.ends(Duration::from_secs(20)).await.success());
    let tail = rookery(&disk.data(), &["tail", "--since", "1h", "--once"]).await;
    let tail = said(&tail);
    let kept: Vec<Value> = tail
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let kept: Vec<_> = kept
        .iter()
        .map(|line| line["text"].as_str().unwrap())
        .collect();
    assert_eq!(kept, acknowledged);
}

async fn send(raw: &mut Raw, text: &str) -> Value {
    raw.ask(json!({"type": "send", "room": "general", "text": text}))
        .await
}

/// Lets the files of a node grow up to so many bytes, as a disk does that is full then.
async fn limit_files(node: &Node, bytes: &str) {
    let mut command = Command::new("prlimit");
    command
        .arg(format!("--pid={}", node.pid()))
        .arg(format!("--fsize={bytes}:"));
    let limiting = tokio::task::spawn_blocking(move || command.status());
    assert!(limiting.await.unwrap().unwrap().success());
}

#[tokio::test]
async fn one_process_has_a_folder_and_others_are_told() {
    let mut disk = OnDisk::start("everysec").await;
    let second = rookery(&disk.data(), &["serve", "--listen", "127.0.0.1:0"]).await;
    assert_eq!(second.status.code(), Some(1));
    assert!(
        said(&second).contains("in use by another process"),
        "{}",
        said(&second)
    );
    let check = rookery(&disk.data(), &["check", "--listen", "127.0.0.1:0"]).await;
    assert!(
        said(&check).contains("is in use by a node"),
        "{}",
        said(&check)
    );
    let rooms = rookery(&disk.data(), &["rooms"]).await;
    assert!(
        said(&rooms).contains("in use by another process"),
        "{}",
        said(&rooms)
    );

    let mut alex = Raw::hello(&disk.node, "alex").await;
    alex.join(&room("general"), None).await;
    send(&mut alex, "hello").await;
    disk.node.signal("TERM");
    assert!(disk.node.ends(Duration::from_secs(20)).await.success());
    let rooms = rookery(&disk.data(), &["rooms", "list", "--json"]).await;
    let row: Value = serde_json::from_str(said(&rooms).lines().next().unwrap()).unwrap();
    assert_eq!(
        (&row["room"], &row["messages"]),
        (&"general".into(), &1.into())
    );
}

#[tokio::test]
async fn a_copy_is_made_under_traffic_and_serves() {
    let disk = OnDisk::start("everysec").await;
    let general = room("general");
    let reader = client([&disk.node], "reader");
    reader.join(&general).await.unwrap();
    let authors = [client([&disk.node], "author")];
    let mut writers = Writers::start(authors, &general, Duration::from_millis(1));
    writers.write(100).await;
    let before = writers.last();
    let copy = disk.all.path().join("copy");
    let backup = rookery(&disk.data(), &["backup", copy.to_str().unwrap()]).await;
    assert!(backup.status.success(), "{}", said(&backup));
    assert!(said(&backup).contains("1 rooms with"), "{}", said(&backup));
    writers.write(20).await;
    let acknowledged = writers.stop().await;

    let second = Node::start(&[("embedded.data", copy.to_str().unwrap())]).await;
    let page = latest_messages(&second, &general).await;
    let last = page["messages"].as_array().unwrap().last().unwrap();
    let seq = last["seq"].as_u64().unwrap();
    assert!(seq >= before, "everything answered before is there");
    let same = acknowledged.iter().find(|sent| sent.seq == seq);
    assert_eq!(last["text"], same.unwrap().text.as_str());
}

#[tokio::test]
async fn guests_survive_a_restart_without_a_secret_that_was_set() {
    let mut disk = OnDisk::start_with("everysec", &[("ROOKERY__AUTH__JWT_SECRET", "")]).await;
    let address = disk.node.address();
    let body = r#"{"name":"Alex"}"#;
    let asked = format!(
        "POST /api/v1/guest HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let (status, answer) = request(address, &asked).await.unwrap();
    assert!(status < 300, "{answer}");
    let answer: Value = serde_json::from_str(&answer).unwrap();
    let token = answer["token"].as_str().unwrap().to_owned();
    disk.node.signal("TERM");
    disk.node.ends(Duration::from_secs(20)).await;
    disk.node.restart().await;
    let minted = rookery(&disk.data(), &["token", "--user", "alex"]).await;
    for token in [token, said(&minted).trim().to_owned()] {
        let mut raw = Raw::open(&disk.node).await;
        soon("welcome", raw.connection.hello(&token, "test"))
            .await
            .unwrap();
    }
}
