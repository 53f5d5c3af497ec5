//! What reactions and pins cost Redis: alone and many together, and the question which are one's
//! own; and what a reaction takes of its memory.
//!
//! `cargo run --release -p rookery-store --example reaction_cost [MESSAGES]`
//!
//! Every figure is of this machine at this moment.

#![allow(clippy::print_stdout, reason = "its figures are what it is for")]

use std::{process::Command, time::Duration};

use anyhow::{Context, Result, ensure};
use futures_util::future::try_join_all;
use rookery_protocol::{
    Emoji, EventBody, RoomId, ServerId, User, UserId, event::MessageFields, server_frame::RoomKind,
};
use rookery_store::{
    Append, Pin, React, Reacted, ReactionChange, RoomChange, Settings, Step, Store, When,
};
use rookery_testing::RedisServer;

#[tokio::main(flavor = "multi_thread", worker_threads = 1)]
async fn main() -> Result<()> {
    let messages = std::env::args().nth(1);
    let messages: u64 = messages.map_or(Ok(2_000), |messages| messages.parse())?;
    let redis = RedisServer::start()?;
    let settings = Settings::redis(ServerId::new("n_1")?, redis.url());
    let (store, _bus) = Store::connect(settings).await?;
    let room = RoomId::new("room")?;
    make(&store, &room).await?;
    for _ in 0..messages {
        store.append(message(&room)?).await?;
    }
    let cpu = || redis.cpu_time();
    let say = |what: &str, before: Duration, count: u64| -> Result<()> {
        let us = (cpu()? - before).as_secs_f64() * 1e6 / count as f64;
        println!("{what}: {us:.1} µs of Redis's CPU");
        Ok(())
    };
    let before = cpu()?;
    for target in 1..=messages {
        react(&store, &room, target, 0..1).await?;
    }
    say("a reaction that is told alone", before, messages)?;
    let bytes = used_memory(&redis)?;
    let before = cpu()?;
    for target in 1..=20 {
        react(&store, &room, target, 1..1_000).await?;
    }
    say("a reaction of 999 that are told together", before, 20 * 999)?;
    let more = used_memory(&redis)?.saturating_sub(bytes) as f64 / (20.0 * 999.0);
    println!("a reaction takes {more:.0} bytes of Redis's memory");
    let asked: Vec<_> = (1..=50)
        .map(|seq| Ok((seq, thumb()?)))
        .collect::<Result<_>>()?;
    let before = cpu()?;
    for number in 0..messages {
        let user = UserId::new(format!("u_{number}"))?;
        store.own_reactions(&room, &user, &asked).await?;
    }
    say("which of 50 reactions are one's own", before, messages)?;
    let before = cpu()?;
    for number in 0..messages {
        store.pin(&pin(&room, 1, number % 2 == 0)?).await?;
    }
    say("a pin, or its end", before, messages)?;
    Ok(())
}

fn thumb() -> Result<Emoji> {
    Ok(Emoji::new("👍")?)
}

fn user(number: u64) -> Result<User> {
    let id = UserId::new(format!("u_{number}"))?;
    let name = format!("User {number}").into();
    Ok(User { id, name })
}

async fn make(store: &Store, room: &RoomId) -> Result<()> {
    let (kind, name) = (RoomKind::Public, String::new());
    let owner = user(0)?.id;
    let change = RoomChange {
        room: room.clone(),
        by: owner.clone(),
        least: None,
        known: None,
        steps: vec![
            Step::Make { kind, name },
            Step::Rank {
                user: owner,
                role: Some(rookery_protocol::Role::Owner),
                when: When::Stranger,
            },
        ],
    };
    store.change_room(&change).await?;
    let users = (1..1_000).map(|number| Ok(user(number)?.id));
    let users = users.collect::<Result<Vec<_>>>()?;
    try_join_all(users.iter().map(|user| store.admit(room, user, true))).await?;
    Ok(())
}

async fn react(
    store: &Store,
    room: &RoomId,
    target: u64,
    users: std::ops::Range<u64>,
) -> Result<()> {
    let changes = users.map(|number| {
        Ok(ReactionChange {
            user: user(number)?,
            emoji: thumb()?,
            on: true,
        })
    });
    let react = React {
        room: room.clone(),
        target,
        known: None,
        changes: changes.collect::<Result<_>>()?,
        most_emoji: 20,
    };
    let done = store.react(&react).await?;
    ensure!(
        matches!(done, Reacted::Done { told: Some(_), .. }),
        "too early"
    );
    Ok(())
}

fn pin(room: &RoomId, target: u64, on: bool) -> Result<Pin> {
    Ok(Pin {
        room: room.clone(),
        by: user(0)?,
        target,
        on,
        known: None,
        most: 50,
    })
}

fn message(room: &RoomId) -> Result<Append> {
    let from = user(0)?;
    let fields = MessageFields {
        from: &from,
        text: &"x".repeat(130),
        nonce: None,
        reply_to: None,
        meta: None,
    };
    Ok(Append {
        room: room.clone(),
        user: from.id.clone(),
        nonce: None,
        body: EventBody::message(&fields),
        known: None,
        overwrite: None,
    })
}

fn used_memory(redis: &RedisServer) -> Result<u64> {
    let port = redis.port().to_string();
    let info = Command::new("redis-cli")
        .args(["-p", &port, "info", "memory"])
        .output()?;
    let info = String::from_utf8(info.stdout)?;
    let line = info
        .lines()
        .find_map(|line| line.strip_prefix("used_memory:"));
    Ok(line.context("no used_memory")?.trim().parse()?)
}
