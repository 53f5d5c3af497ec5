//! A subscriber that takes what is published and counts it, as a node would have to read it.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread::JoinHandle;

use anyhow::Context;

use super::command::CHANNEL;
use crate::fleet::encode;

/// Lines of the protocol in one published message, and in the answer to SUBSCRIBE.
const LINES: u64 = 7;
const SUBSCRIBED_LINES: u64 = 6;

/// One that counts what comes.
pub(super) struct Subscriber {
    thread: JoinHandle<anyhow::Result<()>>,
}

impl Subscriber {
    /// Subscribes, and from then on counts until `messages` have come.
    pub(super) fn start(mut stream: TcpStream, messages: u64) -> anyhow::Result<Self> {
        stream.write_all(&encode(&["SUBSCRIBE", CHANNEL]))?;
        take_lines(&mut stream, SUBSCRIBED_LINES)?;
        let thread = std::thread::spawn(move || take_lines(&mut stream, messages * LINES));
        Ok(Self { thread })
    }

    /// Waits until all have come.
    ///
    /// # Errors
    ///
    /// Where messages are missing.
    pub(super) fn wait(self) -> anyhow::Result<()> {
        match self.thread.join() {
            Ok(counted) => counted.context("a subscriber did not get all messages"),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }
}

fn take_lines(stream: &mut TcpStream, mut lines: u64) -> anyhow::Result<()> {
    let mut buffer = vec![0; 256 * 1024];
    while lines > 0 {
        let read = stream.read(&mut buffer)?;
        anyhow::ensure!(read > 0, "{lines} lines are missing");
        let came = memchr::memchr_iter(b'\n', &buffer[..read]).count() as u64;
        lines = lines.checked_sub(came).context("more than was published")?;
    }
    Ok(())
}
