//! The operators' listener of a real node: metrics, health, the live view, and its end.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test says so by failing

use std::{
    fs::{self, File},
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use futures_util::StreamExt;
use serde_json::Value;
use tokio_tungstenite::{
    connect_async,
    tungstenite::{Error, client::IntoClientRequest, http::HeaderValue},
};

const PATIENCE: Duration = Duration::from_secs(20);

/// A node that ends with the test.
struct Node {
    process: Child,
    clients: SocketAddr,
    operators: SocketAddr,
    folder: tempfile::TempDir,
}

impl Node {
    fn start() -> Self {
        Self::start_with(&[])
    }

    fn start_with(variables: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let process = Command::new(env!("CARGO_BIN_EXE_rookery"))
            .args(["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"])
            .env_clear()
            .envs(variables.iter().copied())
            .current_dir(folder.path())
            .stderr(File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let [clients, operators] =
            ["chat at", "operators' view at"].map(|what| announced(&log, what));
        let node = Self {
            process,
            clients,
            operators,
            folder,
        };
        wait_until("ready", || {
            get(operators, "/readyz").starts_with("HTTP/1.1 200")
        });
        node
    }

    fn health(&self) -> Option<i32> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rookery"));
        command
            .args(["health", &format!("http://{}", self.clients)])
            .env_clear();
        command
            .current_dir(self.folder.path())
            .stderr(Stdio::null())
            .status()
            .unwrap()
            .code()
    }

    fn terminate(&self) {
        let id = self.process.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-TERM", &id])
                .status()
                .unwrap()
                .success()
        );
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Where the log says that this is.
fn announced(log: &Path, what: &str) -> SocketAddr {
    let words = format!("{what} http://");
    let mut address = None;
    wait_until(what, || {
        let text = fs::read_to_string(log).unwrap();
        // The line may be half written.
        let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
        let behind = whole.split_once(&words).map(|(_, behind)| behind);
        address = behind.and_then(|behind| behind.split_whitespace().next()?.parse().ok());
        address.is_some()
    });
    address.unwrap()
}

fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "not {what} in time");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The whole answer as text; empty where nobody answers.
fn get(address: SocketAddr, path: &str) -> String {
    ask(address, path, &format!("Host: {address}\r\n"))
}

/// The same with these headers.
fn ask(address: SocketAddr, path: &str, headers: &str) -> String {
    let mut text = String::new();
    if let Ok(mut stream) = TcpStream::connect(address) {
        let request = format!("GET {path} HTTP/1.1\r\n{headers}Connection: close\r\n\r\n");
        let _ = stream.write_all(request.as_bytes());
        let _ = stream.read_to_string(&mut text);
    }
    text
}

#[test]
fn operators_get_metrics_health_and_a_page() {
    let node = Node::start();
    let metrics = get(node.operators, "/metrics");
    for line in [
        "rookery_connections 0",
        "rookery_append_seconds_count 0",
        "# TYPE rookery_bus_lag_seconds gauge",
        "rookery_ready 1",
        "rookery_store_writable 1",
        "rookery_frames_rate_limited_total 0",
        concat!(
            "rookery_build_info{version=\"",
            env!("CARGO_PKG_VERSION"),
            "\"} 1"
        ),
    ] {
        assert!(
            metrics.lines().any(|other| other == line),
            "{line} in {metrics}"
        );
    }
    assert!(metrics.contains("application/openmetrics-text; version=1.0.0; charset=utf-8"));
    assert!(metrics.ends_with("\n# EOF\n"), "{metrics}");
    let browser = format!(
        "Host: {}\r\nAccept: text/html, */*;q=0.8\r\n",
        node.operators
    );
    let shown = ask(node.operators, "/metrics", &browser);
    assert!(shown.contains("content-type: text/plain"), "{shown}");
    assert!(get(node.operators, "/healthz").contains("alive"));
    let page = get(node.operators, "/");
    assert!(
        page.contains("default-src 'none'") && page.contains("/live.js"),
        "{page}"
    );
    for file in ["/live.js", "/plot.js", "/live.css"] {
        assert!(
            get(node.operators, file).starts_with("HTTP/1.1 200"),
            "{file}"
        );
    }
    assert!(get(node.operators, "/nothing").starts_with("HTTP/1.1 404"));
    assert!(
        get(node.clients, "/metrics").starts_with("HTTP/1.1 404"),
        "metrics are not for clients"
    );
    assert_eq!(node.health(), Some(0));
}

#[tokio::test]
async fn a_viewer_sees_figures_each_second_until_the_node_ends() {
    let mut node = Node::start();
    let (mut view, _) = connect_async(format!("ws://{}/live", node.operators))
        .await
        .unwrap();
    let mut next = async || {
        let message = tokio::time::timeout(PATIENCE, view.next()).await.unwrap();
        message
            .and_then(Result::ok)
            .filter(|message| message.is_text())
    };
    let so_far: Value = serde_json::from_str(next().await.unwrap().to_text().unwrap()).unwrap();
    assert!(so_far.is_array());
    let mut before = 0;
    for _ in 0..2 {
        let figures: Value =
            serde_json::from_str(next().await.unwrap().to_text().unwrap()).unwrap();
        assert_eq!(figures["connections"], 0);
        assert_eq!(figures["missing"], serde_json::json!([]));
        assert!(figures["memory_bytes"].as_u64().unwrap() > 1_000_000);
        let at = figures["at"].as_u64().unwrap();
        assert!(at > before);
        before = at;
    }
    node.terminate();
    while next().await.is_some() {}
    wait_until("ended", || node.process.try_wait().unwrap().is_some());
    assert_eq!(node.process.wait().unwrap().code(), Some(0));
}

#[tokio::test]
async fn a_foreign_page_and_too_many_viewers_are_refused() {
    let node = Node::start();
    let url = format!("ws://{}/live", node.operators);
    let mut request = url.as_str().into_client_request().unwrap();
    request
        .headers_mut()
        .insert("origin", HeaderValue::from_static("http://evil.example"));
    assert_eq!(refused(connect_async(request).await.err()), 403);

    let mut views = Vec::new();
    for _ in 0..16 {
        views.push(connect_async(&url).await.unwrap().0);
    }
    assert_eq!(refused(connect_async(&url).await.err()), 503);
    drop(views);
    let begun = Instant::now();
    while connect_async(&url).await.is_err() {
        assert!(
            begun.elapsed() < PATIENCE,
            "a viewer's place is not free again"
        );
    }
}

/// The status with which a WebSocket was refused.
fn refused(error: Option<Error>) -> u16 {
    match error {
        Some(Error::Http(response)) => response.status().as_u16(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_foreign_name_is_refused() {
    let node = Node::start_with(&[("ROOKERY__ADMIN__ALLOWED_HOSTS", "node-1.internal")]);
    let (operators, port) = (node.operators, node.operators.port());
    let status = |path: &str, headers: &str| {
        let answer = ask(operators, path, headers);
        answer.get(..12).unwrap_or_default().to_owned()
    };
    for path in ["/metrics", "/readyz", "/"] {
        for host in [
            "Host: evil.example\r\n".to_owned(),
            format!("Host: evil.example:{port}\r\n"),
            format!("Host: {operators}\r\nHost: evil.example\r\n"),
        ] {
            assert_ne!(status(path, &host), "HTTP/1.1 200", "{path} {host}");
        }
        for host in [
            format!("Host: localhost:{port}\r\n"),
            "Host: node-1.internal\r\n".to_owned(),
        ] {
            assert_eq!(status(path, &host), "HTTP/1.1 200", "{path} {host}");
        }
    }
    let refusal = ask(operators, "/metrics", "Host: evil.example\r\n");
    assert!(refusal.starts_with("HTTP/1.1 403"), "{refusal}");
    assert!(refusal.contains("admin.allowed_hosts"), "{refusal}");
    let absolute = status(
        "http://evil.example/metrics",
        &format!("Host: {operators}\r\n"),
    );
    assert_ne!(absolute, "HTTP/1.1 200");

    // The page that was let lead here would come under its own origin.
    let mut request = format!("ws://{operators}/live")
        .into_client_request()
        .unwrap();
    for name in ["host", "origin"] {
        let value = if name == "host" {
            "evil.example"
        } else {
            "http://evil.example"
        };
        let value = HeaderValue::from_static(value);
        request.headers_mut().insert(name, value);
    }
    assert_eq!(refused(connect_async(request).await.err()), 403);
}

#[tokio::test]
async fn what_clients_ask_by_http_is_counted() {
    let node = Node::start();
    let body = r#"{"name":"Zoe"}"#;
    let length = body.len();
    let mut stream = TcpStream::connect(node.clients).unwrap();
    write!(stream, "POST /api/v1/guest HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    get(node.clients, "/nothing/at/all");
    get(node.clients, "/api/v1/nothing");
    let url = format!("ws://{}/ws", node.clients);
    let mut request = url.as_str().into_client_request().unwrap();
    let evil = HeaderValue::from_static("http://evil.example");
    request.headers_mut().insert("origin", evil);
    assert_eq!(refused(connect_async(request).await.err()), 403);
    let _connected = connect_async(&url).await.unwrap();

    let metrics = get(node.operators, "/metrics");
    for line in [
        r#"rookery_guests_minted_total 1"#,
        r#"rookery_http_requests_total{route="/api/v1/guest",status="2xx"} 1"#,
        r#"rookery_http_requests_total{route="page",status="4xx"} 1"#,
        r#"rookery_http_requests_total{route="/api",status="4xx"} 1"#,
        r#"rookery_http_requests_total{route="/ws",status="4xx"} 1"#,
        r#"rookery_http_requests_total{route="/ws",status="1xx"} 1"#,
        r#"rookery_upgrades_refused_total{reason="origin"} 1"#,
    ] {
        assert!(
            metrics.lines().any(|other| other == line),
            "{line} in {metrics}"
        );
    }
    let figure = |name: &str| {
        let line = metrics.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap().trim().parse::<f64>().unwrap()
    };
    assert!(
        figure("process_max_fds ") > figure("process_open_fds "),
        "{metrics}"
    );
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let age = now.unwrap().as_secs_f64() - figure("process_start_time_seconds ");
    assert!((0.0..PATIENCE.as_secs_f64() * 3.0).contains(&age), "{age}");
}
