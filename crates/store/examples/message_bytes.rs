//! Measures what a stored message takes of Redis's memory: with a nonce, in rooms that
//! are not full. Starts a redis-server of its own.
//!
//! `cargo run --release -p rookery-store --example message_bytes [ROOMS] [MESSAGES]`
#![allow(clippy::print_stdout, reason = "it is a program for the terminal")]

use anyhow::{Context as _, Result};
use rookery_protocol::{EventBody, Nonce, RoomId, ServerId, User, UserId, event::MessageFields};
use rookery_store::{Append, Join, Settings, Store};
use rookery_testing::RedisServer;

/// With the fields around it an event of this text has 200 bytes.
const TEXT_CHARS: usize = 80;

#[tokio::main]
async fn main() -> Result<()> {
    let argument = |place, otherwise| -> Result<usize> {
        Ok(std::env::args()
            .nth(place)
            .map_or(Ok(otherwise), |text| text.parse())?)
    };
    let (rooms, messages) = (argument(1, 100)?, argument(2, 50_000)?);
    let redis = RedisServer::start()?;
    let (store, _bus) = Store::connect(Settings::redis(ServerId::new("n_1")?, redis.url())).await?;
    let ids: Vec<RoomId> = (0..rooms)
        .map(|number| RoomId::new(format!("room-{number}")))
        .collect::<Result<_, _>>()?;
    let before = used(&redis)?;
    for id in &ids {
        store.join(join(id)?).await?;
    }
    let made = used(&redis)?;
    let mut bytes = 0;
    for first in (0..messages).step_by(1_000) {
        let mut waiting = Vec::new();
        for number in first..messages.min(first + 1_000) {
            waiting.push(store.append_later(append(&ids[number % rooms], number)?));
        }
        store.send_appends();
        for appended in waiting {
            bytes += appended
                .await?
                .event
                .context("it is a new one")?
                .json()
                .len();
        }
    }
    let filled = used(&redis)?;
    println!(
        "an empty room                {:6.0} B",
        (made - before) / rooms as f64
    );
    println!(
        "an event as clients get it   {:6.0} B",
        bytes as f64 / messages as f64
    );
    println!(
        "a message with all it needs  {:6.0} B",
        (filled - made) / messages as f64
    );
    Ok(())
}

fn used(redis: &RedisServer) -> Result<f64> {
    let info = redis.command(&["INFO", "memory"])?;
    let line = info
        .lines()
        .find_map(|line| line.strip_prefix("used_memory:"));
    Ok(line.context("INFO has no used_memory")?.trim().parse()?)
}

fn join(room: &RoomId) -> Result<Join> {
    Ok(Join {
        room: room.clone(),
        user: UserId::new(format!("u_{room}"))?,
        since: None,
        limit: 1,
        catch_up: 0,
        create: true,
        known: None,
    })
}

fn append(room: &RoomId, number: usize) -> Result<Append> {
    let user = User {
        id: UserId::new(format!("u_{}", number % 1_000))?,
        name: "Alex".into(),
    };
    let nonce = Nonce::new(format!("0f8c1b2e-7d4a-4c55-9e3a-{number:012}"))?;
    let body = EventBody::message(&MessageFields {
        from: &user,
        text: &"x".repeat(TEXT_CHARS),
        nonce: Some(&nonce),
        reply_to: None,
        meta: None,
    });
    Ok(Append {
        room: room.clone(),
        user: user.id,
        nonce: Some(nonce),
        body,
        known: None,
        overwrite: None,
    })
}
