//! What the reading of rooms costs when a client says hello, and what it costs others.
//!
//! `cargo run --release -p rookery-store --example hello_cost [ROOMS] [PER_SECOND]`
//!
//! One user in many rooms asks for them again and again; other users, in a few
//! rooms each, ask meanwhile. Says how long these wait, and Redis's CPU. Every
//! figure is of this machine at this moment: only what alternates with it can be
//! compared.

#![allow(clippy::print_stdout, reason = "its figures are what it is for")]

use std::time::{Duration, Instant};

use anyhow::Result;
use rookery_protocol::{RoomId, ServerId, UserId};
use rookery_store::{Join, Settings, Store};
use rookery_testing::RedisServer;
use tokio::{task::JoinSet, time::MissedTickBehavior};

/// How long each part is measured.
const TIME: Duration = Duration::from_secs(5);
/// How many other users there are, and of how many rooms each is a member.
const OTHERS: usize = 200;
const THEIR_ROOMS: usize = 5;
/// How often somebody of them asks.
const ASKED_EVERY: Duration = Duration::from_millis(4);

#[tokio::main(flavor = "multi_thread", worker_threads = 1)]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let rooms: usize = arguments.next().map_or(Ok(6_000), |rooms| rooms.parse())?;
    let rate: u32 = arguments.next().map_or(Ok(51), |rate| rate.parse())?;
    let redis = RedisServer::start()?;
    let settings = Settings::redis(ServerId::new("n_1")?, redis.url());
    let (store, _bus) = Store::connect(settings).await?;
    prepare(&store, rooms).await?;
    for rate in [0, rate] {
        let cpu = redis.cpu_time()?;
        let mut waits = measure(&store, rate).await?;
        let cpu = (redis.cpu_time()? - cpu).as_secs_f64() / TIME.as_secs_f64();
        waits.sort();
        let at = |share: f64| waits[(share * (waits.len() - 1) as f64) as usize];
        println!(
            "one in {rooms} rooms asks {rate} times a second: {} others waited {:?}, p99 {:?}, at most {:?}; Redis {:.0} % of a core",
            waits.len(),
            at(0.5),
            at(0.99),
            at(1.0),
            100.0 * cpu
        );
    }
    Ok(())
}

fn room(number: usize) -> Result<RoomId> {
    Ok(RoomId::new(format!("a-room-of-many-{number}"))?)
}

async fn prepare(store: &Store, rooms: usize) -> Result<()> {
    let somebody = UserId::new("somebody")?;
    let mut joins = JoinSet::new();
    for number in 0..rooms.max(THEIR_ROOMS) {
        let (store, room, user) = (store.clone(), room(number)?, somebody.clone());
        joins.spawn(async move {
            let join = Join {
                room: room.clone(),
                user: user.clone(),
                since: None,
                limit: 1,
                catch_up: 0,
                create: true,
                known: None,
            };
            store.join(join).await?;
            if number < rooms {
                store.remember_member(&user, &room, 0).await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(joined) = joins.join_next().await {
        joined??;
    }
    for other in 0..OTHERS {
        for number in 0..THEIR_ROOMS {
            let user = UserId::new(format!("other-{other}"))?;
            store.remember_member(&user, &room(number)?, 0).await?;
        }
    }
    Ok(())
}

/// How long each of the others waited while somebody asked so often.
async fn measure(store: &Store, rate: u32) -> Result<Vec<Duration>> {
    let end = Instant::now() + TIME;
    let asking = tokio::spawn({
        let store = store.clone();
        async move {
            if rate == 0 {
                return anyhow::Ok(());
            }
            let somebody = UserId::new("somebody")?;
            let mut times = tokio::time::interval(Duration::from_secs(1) / rate);
            times.set_missed_tick_behavior(MissedTickBehavior::Burst);
            let mut asked = JoinSet::new();
            while Instant::now() < end {
                times.tick().await;
                let (store, somebody) = (store.clone(), somebody.clone());
                asked
                    .spawn(async move { store.rooms_of(&somebody).await.map(|rooms| rooms.len()) });
            }
            asked.join_all().await;
            anyhow::Ok(())
        }
    });
    let mut times = tokio::time::interval(ASKED_EVERY);
    let mut others = JoinSet::new();
    let mut number = 0;
    while Instant::now() < end {
        times.tick().await;
        number += 1;
        let other = UserId::new(format!("other-{}", number % OTHERS))?;
        let store = store.clone();
        others.spawn(async move {
            let asked = Instant::now();
            let rooms = store.rooms_of(&other).await;
            rooms.map(|rooms| (rooms.len(), asked.elapsed()))
        });
    }
    let mut waits = Vec::new();
    while let Some(waited) = others.join_next().await {
        let (rooms, waited) = waited??;
        anyhow::ensure!(rooms == THEIR_ROOMS, "{rooms} rooms");
        waits.push(waited);
    }
    asking.await??;
    Ok(waits)
}
