//! The log of a real node: complete to its last line, and never in a client's way.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test says so by failing

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    process::{Child, ChildStderr, Command, Stdio},
    time::Duration,
};

use tokio_tungstenite::connect_async;

const PATIENCE: Duration = Duration::from_secs(20);

/// What a pipe holds that nobody reads.
const PIPE_BYTES: usize = 64 * 1024;

/// A node that ends with the test.
struct Node {
    process: Child,
    address: SocketAddr,
    log: BufReader<ChildStderr>,
}

impl Node {
    /// Its standard output and its log are pipes, as under a container engine.
    fn start(flags: &[&str]) -> Self {
        Self::start_as(Command::new(env!("CARGO_BIN_EXE_rookery")), flags)
    }

    fn start_as(mut program: Command, flags: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut process = program
            .args(["--listen", "127.0.0.1:0", "--admin-listen", "off"])
            .args(["--workers", "1"])
            .args(flags)
            .env_clear()
            .current_dir(folder.path())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = BufReader::new(process.stderr.take().unwrap());
        let mut node = Self {
            process,
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            log,
        };
        let line = node.logs("chat at http://");
        let (_, address) = line.split_once("chat at http://").unwrap();
        // In JSON it ends with a quote.
        let end = address.find(|next: char| next.is_whitespace() || next == '"');
        node.address = address[..end.unwrap()].parse().unwrap();
        node
    }

    /// Whether the node is alive, by a connection of its own.
    fn answers(&self) -> bool {
        let Ok(mut stream) = TcpStream::connect(self.address) else {
            return false;
        };
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let request = format!(
            "GET /healthz HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
            self.address
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).is_ok() && answer.starts_with("HTTP/1.1 200")
    }

    fn terminate(&self) {
        self.signal("-TERM");
    }

    fn signal(&self, signal: &str) {
        let id = self.process.id().to_string();
        let sent = Command::new("kill").args([signal, &id]).status().unwrap();
        assert!(sent.success());
    }

    /// Reads the log until a line has these words, and gives that line.
    fn logs(&mut self, words: &str) -> String {
        let mut line = String::new();
        while !line.contains(words) {
            line.clear();
            assert_ne!(self.log.read_line(&mut line).unwrap(), 0, "no {words}");
        }
        line
    }

    /// Reads the log to its end.
    fn rest(&mut self) -> String {
        let mut text = String::new();
        self.log.read_to_string(&mut text).unwrap();
        text
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn last_line(log: &str) -> &str {
    log.lines().last().unwrap_or_default()
}

#[test]
fn the_last_line_tells_of_the_end() {
    let mut node = Node::start(&[]);
    node.terminate();
    let log = node.rest();
    assert!(last_line(&log).ends_with(": stopped"), "{log}");
    assert_eq!(node.process.wait().unwrap().code(), Some(0));
}

#[tokio::test]
async fn a_second_signal_ends_at_once_and_is_told_too() {
    let mut node = Node::start(&[]);
    // Does not hang up when it is asked to, so that the node waits for it.
    let client = connect_async(format!("ws://{}/ws", node.address)).await;
    let (_client, _) = client.unwrap();
    node.terminate();
    node.logs("draining");
    node.terminate();
    let log = node.rest();
    assert!(last_line(&log).ends_with("ended at once"), "{log}");
    assert_eq!(node.process.wait().unwrap().code(), Some(130));
}

#[test]
fn clients_are_served_while_nobody_takes_the_log() {
    let mut node = Node::start(&["--log-level", "trace"]);
    for request in 0..200 {
        assert!(node.answers(), "no answer to request {request}");
    }
    node.terminate();
    let log = node.rest();
    assert!(log.len() > 2 * PIPE_BYTES, "only {} bytes", log.len());
    assert!(last_line(&log).ends_with(": stopped"), "{log}");
}

#[tokio::test]
async fn a_terminal_that_closes_has_the_node_drain() {
    let mut node = Node::start(&[]);
    let client = connect_async(format!("ws://{}/ws", node.address)).await;
    let (client, _) = client.unwrap();
    node.signal("-HUP");
    node.logs("SIGHUP: stopping");
    node.logs("draining");
    // The shell of the terminal passes it on: told twice, it is still one end.
    node.signal("-HUP");
    drop(client);
    let log = node.rest();
    assert!(last_line(&log).ends_with(": stopped"), "{log}");
    assert_eq!(node.process.wait().unwrap().code(), Some(0));
}

#[test]
fn a_node_that_was_started_to_outlive_its_terminal_does() {
    let mut nohup = Command::new("sh");
    nohup.args(["-c", "trap '' HUP; exec \"$0\" \"$@\""]);
    nohup.arg(env!("CARGO_BIN_EXE_rookery"));
    let mut node = Node::start_as(nohup, &[]);
    node.signal("-HUP");
    assert!(node.answers());
    node.terminate();
    let log = node.rest();
    assert!(log.contains("SIGTERM") && !log.contains("SIGHUP"), "{log}");
}

#[tokio::test]
async fn every_line_of_json_names_the_node() {
    let mut node = Node::start(&["--log-format", "json", "--log-level", "debug"]);
    let client = connect_async(format!("ws://{}/ws", node.address)).await;
    drop(client);
    let mut lines = vec![node.logs("connection ended")];
    node.terminate();
    lines.extend(node.rest().lines().map(str::to_owned));
    let ids: Vec<_> = lines.iter().map(|line| server_id_of(line)).collect();
    assert!(ids.len() > 3 && ids[0].starts_with("n_"), "{lines:?}");
    assert!(ids.iter().all(|id| *id == ids[0]), "{lines:?}");
}

fn server_id_of(line: &str) -> String {
    let object: serde_json::Value = serde_json::from_str(line).expect(line);
    object["server_id"].as_str().expect(line).to_owned()
}
