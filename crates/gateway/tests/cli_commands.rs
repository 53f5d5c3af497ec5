//! The binary as an operator meets it: what its commands print and how they end.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test says so by failing

use std::{
    net::TcpListener,
    process::{Command, Output},
};

use rookery_testing::free_port;

const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// Runs `rookery` in an empty folder with nothing but these variables.
fn rookery(args: &[&str], variables: &[(&str, &str)]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    Command::new(env!("CARGO_BIN_EXE_rookery"))
        .args(args)
        .env_clear()
        .envs(variables.iter().copied())
        .current_dir(folder.path())
        .output()
        .unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn a_token_is_printed_alone() {
    let secret = [("ROOKERY__AUTH__JWT_SECRET", SECRET)];
    let output = rookery(
        &["token", "--user", "alex", "--name", "Alex", "--ttl", "1h"],
        &secret,
    );
    assert!(output.status.success(), "{}", stderr(&output));
    let token = stdout(&output);
    assert_eq!(token.lines().count(), 1);
    assert_eq!(token.trim().split('.').count(), 3);
    assert_eq!(stderr(&output), "");
}

#[test]
fn without_a_secret_the_way_to_a_token_is_told() {
    let output = rookery(&["token", "--user", "alex"], &[]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(stdout(&output), "");
    for word in [
        "random secret",
        "openssl rand -hex 32",
        "POST /api/v1/guest",
    ] {
        assert!(stderr(&output).contains(word), "{}", stderr(&output));
    }
}

#[test]
fn a_node_does_not_start_on_settings_that_cannot_work() {
    let output = rookery(&["--store", "redis"], &[("ROOKERY__LIMITS__SEND_RAT", "5")]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("did you mean limits.send_rate?"),
        "{}",
        stderr(&output)
    );

    let output = rookery(&["serve", "--store", "redis"], &[]);
    assert_eq!(output.status.code(), Some(1));
    for word in [
        "auth.jwt_secret: must be set",
        "openssl rand -hex 32",
        "redis.url: must be set",
    ] {
        assert!(stderr(&output).contains(word), "{}", stderr(&output));
    }

    // A node that logged nothing, or kept messages in memory, would look well.
    let output = rookery(
        &["--log-level", "verbose"],
        &[("ROOKERY_STORE", "redis"), ("ROOKERY_JWT_SECRET", SECRET)],
    );
    assert_eq!(output.status.code(), Some(1));
    for words in [
        "log.level: \"verbose\" is no level; did you mean debug?",
        "ROOKERY_STORE: is not read; to set store write ROOKERY__STORE",
        "ROOKERY_JWT_SECRET is not read; did you mean ROOKERY__AUTH__JWT_SECRET?",
    ] {
        assert!(stderr(&output).contains(words), "{}", stderr(&output));
    }

    let output = rookery(&["--config", "nowhere.toml"], &[]);
    assert!(stderr(&output).contains("nowhere.toml: there is no such file"));
}

#[test]
fn a_check_says_what_is_taken_and_how_to_mend_it() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    // Whoever asks it for its health is hung up on at once.
    let address = taken.local_addr().unwrap().to_string();
    std::thread::spawn(move || taken.incoming().for_each(drop));
    let output = rookery(
        &["check", "--listen", &address, "--admin-listen", "off"],
        &[],
    );
    assert_eq!(output.status.code(), Some(1));
    let said = stdout(&output);
    assert!(
        said.contains(&format!("FAILED   listen: cannot listen on {address}")),
        "{said}"
    );
    assert!(said.contains("set listen to another port"), "{said}");

    let output = rookery(
        &["check", "--listen", "127.0.0.1:0", "--admin-listen", "off"],
        &[("ROOKERY__AUTH__JWT_SECRET", SECRET)],
    );
    assert!(output.status.success(), "{}", stdout(&output));
    assert!(!stdout(&output).contains(SECRET));
}

#[test]
fn a_node_that_is_not_there_is_not_healthy() {
    let free = format!("127.0.0.1:{}", free_port());
    let output = rookery(&["health", &format!("http://{free}")], &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains(&free), "{}", stderr(&output));
}
