//! Runs the load generator, with a node built beside it where one is needed.

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, ChildStderr, Command, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

const PROGRAM: &str = env!("CARGO_BIN_EXE_rookery-loadtest");

/// A command line.
pub(crate) struct Generator {
    command: Command,
    folder: TempDir,
}

/// A run that has not ended.
pub(crate) struct Running {
    child: Child,
    errors: BufReader<ChildStderr>,
    read: String,
    folder: TempDir,
}

/// A run that has ended and measured something.
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) errors: String,
    pub(crate) outcome: Value,
}

impl Generator {
    pub(crate) fn new(scenario: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(PROGRAM);
        command
            .arg(scenario)
            .args(["--pin", "off", "--json"])
            .arg(folder.path().join("outcome.json"))
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        Self { command, folder }
    }

    /// Arguments with spaces between.
    pub(crate) fn arguments(mut self, arguments: &str) -> Self {
        self.command.args(arguments.split_whitespace());
        self
    }

    /// Has it start nodes of the same build as the generator.
    pub(crate) fn with_node(mut self) -> Self {
        self.command.arg("--rookery").arg(node());
        self
    }

    pub(crate) fn start(mut self) -> Running {
        let mut child = self.command.spawn().unwrap();
        let errors = BufReader::new(child.stderr.take().unwrap());
        Running {
            child,
            errors,
            read: String::new(),
            folder: self.folder,
        }
    }

    pub(crate) fn run(self) -> Run {
        self.start().finish()
    }

    /// Runs it where nothing can be measured.
    pub(crate) fn fail(self) -> (i32, String) {
        let mut running = self.start();
        let code = running.wait();
        (code, running.read)
    }
}

impl Running {
    /// Waits for a line with `words` on stderr.
    pub(crate) fn wait_for(&mut self, words: &str) {
        while !self.read.contains(words) {
            let read = self.errors.read_line(&mut self.read).unwrap();
            assert!(read > 0, "ended without {words:?}: {}", self.read);
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Presses Ctrl-C.
    pub(crate) fn interrupt(&self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    }

    fn wait(&mut self) -> i32 {
        while self.errors.read_line(&mut self.read).unwrap() > 0 {}
        self.child.wait().unwrap().code().unwrap_or(-1)
    }

    pub(crate) fn finish(mut self) -> Run {
        let code = self.wait();
        let json = std::fs::read_to_string(self.folder.path().join("outcome.json"))
            .unwrap_or_else(|error| panic!("no outcome ({error}): {}", self.read));
        let mut recording: Value = serde_json::from_str(&json).unwrap();
        let outcome = recording["runs"][0]["outcome"].take();
        Run {
            code,
            errors: self.read,
            outcome,
        }
    }
}

impl Run {
    pub(crate) fn counts(&self) -> &Value {
        &self.outcome["counts"]
    }

    pub(crate) fn count(&self, name: &str) -> u64 {
        self.counts()[name].as_u64().unwrap()
    }

    pub(crate) fn figure(&self, key: &str) -> f64 {
        let mut figures = self.outcome["figures"].as_array().unwrap().iter();
        let found = figures.find(|figure| figure["key"] == key);
        found.unwrap_or_else(|| panic!("no {key}"))["value"]
            .as_f64()
            .unwrap()
    }

    /// How many latencies of that name there are.
    pub(crate) fn latencies(&self, name: &str) -> u64 {
        let count = &self.outcome["latencies"][name]["count"];
        count.as_u64().unwrap_or(0)
    }

    pub(crate) fn remarks(&self) -> String {
        self.outcome["remarks"].to_string()
    }

    /// How many processes of that role there are.
    pub(crate) fn of_role(&self, role: &str) -> usize {
        self.processes()
            .filter(|process| process["role"] == role)
            .count()
    }

    pub(crate) fn processes(&self) -> impl Iterator<Item = &Value> {
        self.outcome["processes"].as_array().unwrap().iter()
    }
}

/// The node beside the generator, built if it is not there or out of date.
fn node() -> PathBuf {
    let folder = Path::new(PROGRAM).parent().unwrap();
    let profile = match folder.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => "dev",
        Some(profile) => profile,
    };
    let built = Command::new(env!("CARGO"))
        .args([
            "build",
            "--quiet",
            "--package",
            "rookery-gateway",
            "--profile",
            profile,
        ])
        .arg("--target-dir")
        .arg(folder.parent().unwrap())
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status()
        .unwrap();
    assert!(built.success(), "the node could not be built");
    folder.join("rookery")
}
