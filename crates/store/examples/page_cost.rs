//! Measures what a page of history costs Redis, in rooms of 10,000 messages. Starts a
//! redis-server of its own.
//!
//! `cargo run --release -p rookery-store --example page_cost [MESSAGES_IN_A_PAGE]`
#![allow(clippy::print_stdout, reason = "it is a program for the terminal")]

use anyhow::{Context as _, Result};
use rookery_protocol::{
    Cursor, EventBody, RoomId, ServerId, User, UserId, client_frame::HistoryPage,
    event::MessageFields,
};
use rookery_store::{Append, Settings, Store};
use rookery_testing::RedisServer;

const ROOMS: u64 = 10;
const MESSAGES: u64 = 10_000;
const PAGES: u64 = 10_000;

#[tokio::main]
async fn main() -> Result<()> {
    let limit: u32 = std::env::args()
        .nth(1)
        .map_or(Ok(50), |text| text.parse())?;
    let redis = RedisServer::start()?;
    let (store, _bus) = Store::connect(Settings::redis(ServerId::new("n_1")?, redis.url())).await?;
    for number in 0..ROOMS {
        fill(&store, &room(number)?).await?;
    }
    let before = cpu_us(&redis)?;
    for page in 0..PAGES {
        let seq = 100 + page * 7919 % (MESSAGES - 200);
        let page = HistoryPage::Before(seq);
        store
            .history(&room(seq % ROOMS)?, None, page, limit)
            .await?;
    }
    let took = cpu_us(&redis)? - before;
    println!(
        "a page of {limit}: {:.1} µs of Redis's CPU",
        took / PAGES as f64
    );
    Ok(())
}

fn room(number: u64) -> Result<RoomId> {
    Ok(RoomId::new(format!("room-{number}"))?)
}

async fn fill(store: &Store, room: &RoomId) -> Result<()> {
    let user = User {
        id: UserId::new("u_1")?,
        name: "Alex".into(),
    };
    let epoch = rookery_protocol::Epoch::new("a")?;
    for _ in 0..MESSAGES / 500 {
        let append = || -> Result<Append> {
            Ok(Append {
                room: room.clone(),
                user: user.id.clone(),
                nonce: None,
                body: EventBody::message(&MessageFields {
                    from: &user,
                    text: &"x".repeat(130),
                    nonce: None,
                    reply_to: None,
                    meta: None,
                }),
                known: Some(Cursor {
                    epoch: epoch.clone(),
                    seq: 0,
                }),
                overwrite: None,
            })
        };
        let mut waiting = Vec::new();
        for _ in 0..500 {
            waiting.push(store.append_later(append()?));
        }
        store.send_appends();
        for appended in waiting {
            appended.await?;
        }
    }
    Ok(())
}

/// The time that Redis has spent computing, in microseconds.
fn cpu_us(redis: &RedisServer) -> Result<f64> {
    let info = redis.command(&["INFO", "cpu"])?;
    let value = |name: &str| -> Result<f64> {
        let line = info.lines().find_map(|line| line.strip_prefix(name));
        Ok(line.context("INFO has no CPU")?.trim().parse()?)
    };
    Ok(1e6 * (value("used_cpu_user:")? + value("used_cpu_sys:")?))
}
