//! One run: pipelines of a hundred messages, a few of them under way, until all are answered.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::{
    command::{self, Kind},
    subscriber::Subscriber,
};
use crate::fleet::Redis;

const ROOMS: usize = 100;
pub(super) const SUBSCRIBERS: usize = 2;
/// Pipelines sent before the first is answered: enough that Redis never waits.
const UNDER_WAY: u64 = 4;

/// Sends so many messages, or a few more, so that each room has as many; `begin` is
/// called before the first. Tells how many, and how long they took.
///
/// # Errors
///
/// Where Redis refuses a command, or a message is not stored or not published.
pub(super) fn run(
    redis: &Redis,
    kind: Kind,
    messages: u64,
    begin: impl FnOnce(),
) -> Result<(u64, Duration)> {
    let pipelines = messages.div_ceil(ROOMS as u64);
    let messages = pipelines * ROOMS as u64;
    let script_sha = redis.ask(&["SCRIPT", "LOAD", command::APPEND_SCRIPT])?;
    let mut pipeline = Pipeline::new(kind, &script_sha);
    let published = if kind.publishes() { messages } else { 0 };
    let mut subscribers = Vec::new();
    for _ in 0..SUBSCRIBERS {
        subscribers.push(Subscriber::start(redis.connect()?, published)?);
    }

    let mut stream = redis.connect()?;
    let mut answers = Answers::new(kind);
    begin();
    let started = Instant::now();
    for number in 0..pipelines {
        stream.write_all(pipeline.numbered(number))?;
        answers.wait(&mut stream, (number + 1).saturating_sub(UNDER_WAY))?;
    }
    answers.wait(&mut stream, pipelines)?;
    for subscriber in subscribers {
        subscriber.wait()?;
    }
    let took = started.elapsed();
    check_stored(redis, kind, pipelines)?;
    Ok((messages, took))
}

/// Streams are trimmed to about their limit, so only a sorted set has to hold all.
fn check_stored(redis: &Redis, kind: Kind, each: u64) -> Result<()> {
    for room in 0..ROOMS {
        let held: u64 = redis
            .ask(&[kind.count_command(), &command::log_key(room)])?
            .parse()?;
        let enough = if kind == Kind::ZaddPublish {
            each
        } else {
            each.min(10_000)
        };
        ensure!(
            held >= enough,
            "room {room} holds {held} of {each} messages"
        );
    }
    Ok(())
}

/// The bytes of one message to each room.
struct Pipeline {
    bytes: Vec<u8>,
    places: Vec<usize>,
}

impl Pipeline {
    fn new(kind: Kind, script_sha: &str) -> Self {
        let bytes: Vec<u8> = (0..ROOMS)
            .flat_map(|room| command::bytes(kind, room, script_sha))
            .collect();
        let places = command::number_places(&bytes);
        Self { bytes, places }
    }

    fn numbered(&mut self, number: u64) -> &[u8] {
        command::write_number(&mut self.bytes, &self.places, number);
        &self.bytes
    }
}

/// Counts the answers, of which only the number matters as long as none is an error.
struct Answers {
    lines_per_pipeline: u64,
    lines: u64,
    at_line_start: bool,
    buffer: Vec<u8>,
}

impl Answers {
    fn new(kind: Kind) -> Self {
        let lines_per_pipeline = kind.answer_lines() * ROOMS as u64;
        Self {
            lines_per_pipeline,
            lines: 0,
            at_line_start: true,
            buffer: vec![0; 64 * 1024],
        }
    }

    fn wait(&mut self, stream: &mut TcpStream, pipelines: u64) -> Result<()> {
        while self.lines < pipelines * self.lines_per_pipeline {
            let read = stream
                .read(&mut self.buffer)
                .context("Redis answers no more")?;
            ensure!(read > 0, "Redis closed the connection");
            let came = &self.buffer[..read];
            let refused = (self.at_line_start && came[0] == b'-')
                || memchr::memmem::find(came, b"\n-").is_some();
            ensure!(
                !refused,
                "Redis refused a command: {}",
                String::from_utf8_lossy(came)
            );
            self.lines += memchr::memchr_iter(b'\n', came).count() as u64;
            self.at_line_start = came[read - 1] == b'\n';
        }
        Ok(())
    }
}
