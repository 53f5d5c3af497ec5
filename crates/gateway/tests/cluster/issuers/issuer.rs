//! An issuer as a process of its own, whose keys and tokens another library makes.

use std::{
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::Mutex,
};

use serde_json::{Value, json};

/// Answers one command at a time. Ends with its value.
pub(super) struct Issuer {
    process: Child,
    pipes: Mutex<(ChildStdin, BufReader<ChildStdout>)>,
    /// Where it publishes its keys.
    pub(super) jwks_url: String,
}

impl Issuer {
    pub(super) fn start() -> Self {
        Self::start_with(&[])
    }

    /// One that is asked by HTTPS; the certificate of its authority is in `ca.pem`.
    pub(super) fn start_with_tls(folder: &Path) -> Self {
        Self::start_with(&[folder])
    }

    fn start_with(arguments: &[&Path]) -> Self {
        let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        let python = here.join("../../.run/tools/bin/python");
        let process = Command::new(&python)
            .arg(here.join("tests/cluster/issuers/issuer.py"))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        let mut process = process
            .unwrap_or_else(|error| panic!("{}: {error}; run scripts/setup", python.display()));
        let pipes = (
            process.stdin.take().unwrap(),
            BufReader::new(process.stdout.take().unwrap()),
        );
        let mut issuer = Self {
            process,
            pipes: Mutex::new(pipes),
            jwks_url: String::new(),
        };
        issuer.jwks_url = text(&issuer.line(), "url");
        issuer
    }

    /// Makes a key of this name; gives what is public of it.
    pub(super) fn key(&self, name: &str, algorithm: &str) -> String {
        let secret = format!("the secret of {name}, long enough for HS256");
        let secret = (algorithm == "HS256").then_some(secret);
        let made = json!({"do": "key", "name": name, "algorithm": algorithm, "secret": secret});
        text(&self.ask(&made), "public")
    }

    /// A token by this key, which its head names.
    pub(super) fn sign(&self, key: &str, claims: &Value) -> String {
        self.sign_as(key, Some(key), claims)
    }

    /// A token by a key, whose head names another, or none.
    pub(super) fn sign_as(&self, key: &str, named: Option<&str>, claims: &Value) -> String {
        let command = json!({"do": "sign", "key": key, "kid": named, "claims": claims});
        text(&self.ask(&command), "token")
    }

    /// A token whose head says more.
    pub(super) fn sign_with_head(&self, key: &str, head: &Value, claims: &Value) -> String {
        let command = json!({"do": "sign", "key": key, "kid": key, "head": head, "claims": claims});
        text(&self.ask(&command), "token")
    }

    pub(super) fn publish(&self, names: &[&str]) {
        self.ask(&json!({"do": "publish", "names": names}));
    }

    /// The same without their names.
    pub(super) fn publish_nameless(&self, names: &[&str]) {
        self.ask(&json!({"do": "publish", "names": names, "named": false}));
    }

    /// The same among other keys, as they are given.
    pub(super) fn publish_among(&self, names: &[&str], others: &Value) {
        self.ask(&json!({"do": "publish", "names": names, "others": others}));
    }

    pub(super) fn behave(&self, how: &str) {
        self.ask(&json!({"do": "behave", "how": how}));
    }

    /// How often its keys were asked for.
    pub(super) fn asked(&self) -> u64 {
        self.ask(&json!({"do": "count"}))["asked"].as_u64().unwrap()
    }

    fn ask(&self, command: &Value) -> Value {
        writeln!(self.pipes.lock().unwrap().0, "{command}").unwrap();
        self.line()
    }

    fn line(&self) -> Value {
        let mut line = String::new();
        self.pipes.lock().unwrap().1.read_line(&mut line).unwrap();
        serde_json::from_str(&line).expect("an answer of the issuer")
    }
}

impl Drop for Issuer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn text(answer: &Value, field: &str) -> String {
    answer[field].as_str().unwrap().to_owned()
}
