//! Measures how many appends one redis-server takes through a store, what each
//! costs it, and how appends are grouped: 100 rooms, events of 250 bytes, three
//! subscribers. Each line is set against the least that Redis could do with the
//! same events: ZADD and PUBLISH of each, pipelined, nothing numbered and no
//! nonce looked up. Starts redis-servers of its own.
//!
//! `cargo run --release -p rookery-store --example append_rate [SECONDS] [SENDERS…] [cluster]`;
//! with `cluster` Redis is in cluster mode, and there is a call for each partition.
#![allow(clippy::print_stdout, reason = "it is a program for the terminal")]

use std::{
    io::{Read as _, Write as _},
    net::{Ipv4Addr, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};
use rookery_protocol::{
    Cursor, EventBody, Nonce, RoomId, ServerId, User, UserId, event::MessageFields,
};
use rookery_store::{Append, Bus, Join, Settings, Store};
use rookery_testing::RedisServer;
use tokio::task::JoinSet;

const ROOMS: usize = 100;
/// With the fields around it an event of this text has 250 bytes.
const TEXT_CHARS: usize = 130;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<()> {
    let mut words: Vec<String> = std::env::args().skip(1).collect();
    let in_cluster_mode = words.last().is_some_and(|word| word == "cluster");
    if in_cluster_mode {
        words.pop();
    }
    let seconds = words.first().map_or(Ok(3), |text| text.parse())?;
    println!(
        "senders  nonces  lifetime  appends/s  in a call  redis CPU us/append  of ZADD + PUBLISH  redis CPU  median us"
    );
    let chosen: Vec<usize> = words
        .iter()
        .skip(1)
        .map(|word| word.parse())
        .collect::<Result<_, _>>()?;
    let chosen = chosen.into_iter().map(|senders| (senders, true, "room"));
    let mut lines: Vec<_> = chosen.collect();
    if lines.is_empty() {
        lines.extend([
            (1, false, "room"),
            (1, true, "room"),
            (16, false, "room"),
            (16, true, "room"),
            (128, false, "room"),
            (128, true, "room"),
            (1024, false, "room"),
            (1024, true, "room"),
            (1024, true, "event:room"),
        ]);
    }
    for (senders, nonces, prefix) in lines {
        let time = Duration::from_secs(seconds);
        let least = zadd_and_publish(time / 2).await?;
        let redis = match in_cluster_mode {
            true => RedisServer::start_in_cluster_mode()?,
            false => RedisServer::start()?,
        };
        measure(&redis, senders, nonces, prefix, time, least).await?;
    }
    Ok(())
}

/// One line of the table: so many senders, each with one append under way.
async fn measure(
    redis: &RedisServer,
    senders: usize,
    nonces: bool,
    prefix: &str,
    time: Duration,
    least: f64,
) -> Result<()> {
    let (store, bus) = Store::connect(Settings::redis(ServerId::new("n_0")?, redis.url())).await?;
    let mut drains = JoinSet::new();
    drains.spawn(drain(bus));
    let mut others = Vec::new();
    for number in 1..=2 {
        let settings = Settings::redis(ServerId::new(format!("n_{number}"))?, redis.url());
        let (other, bus) = Store::connect(settings).await?;
        others.push(other);
        drains.spawn(drain(bus));
    }
    let mut rooms = Vec::new();
    for number in 0..ROOMS {
        let room = RoomId::new(format!("{prefix}-{number}"))?;
        let head = store.join(join(&room)?).await?.head;
        rooms.push((room, head));
    }
    let rooms = Arc::new(rooms);

    let stats = store.stats();
    let cpu = redis.cpu_time()?;
    let started = Instant::now();
    let next = Arc::<AtomicU64>::default();
    let mut tasks = JoinSet::new();
    for _ in 0..senders {
        tasks.spawn(send(
            store.clone(),
            rooms.clone(),
            next.clone(),
            nonces,
            started + time,
        ));
    }
    let mut took: Vec<Duration> = Vec::new();
    while let Some(sent) = tasks.join_next().await {
        took.extend(sent??);
    }
    let elapsed = started.elapsed();
    let cpu = redis.cpu_time()? - cpu;
    took.sort();
    let calls = store.stats().append_calls - stats.append_calls;
    let appends = took.len() as f64;
    println!(
        "{senders:7}  {nonces:6}  {:8}  {:9.0}  {:9.1}  {:19.2}  {:16.2}x  {:8.0}%  {:9}",
        prefix.starts_with("event:"),
        appends / elapsed.as_secs_f64(),
        appends / calls as f64,
        cpu.as_secs_f64() * 1e6 / appends,
        cpu.as_secs_f64() * 1e6 / appends / least,
        cpu.as_secs_f64() / elapsed.as_secs_f64() * 100.0,
        took[took.len() / 2].as_micros(),
    );
    Ok(())
}

/// How many microseconds of its CPU Redis takes for the ZADD and the PUBLISH of
/// an event, hundreds in a pipeline.
async fn zadd_and_publish(time: Duration) -> Result<f64> {
    let redis = RedisServer::start()?;
    let mut stores = Vec::new();
    let mut drains = JoinSet::new();
    for number in 0..3 {
        let settings = Settings::redis(ServerId::new(format!("n_{number}"))?, redis.url());
        let (store, bus) = Store::connect(settings).await?;
        stores.push(store);
        drains.spawn(drain(bus));
    }
    let port = redis.port();
    let cpu = redis.cpu_time()?;
    let events = tokio::task::spawn_blocking(move || pipeline(port, time)).await??;
    let cpu = redis.cpu_time()? - cpu;
    Ok(cpu.as_secs_f64() * 1e6 / events as f64)
}

/// Writes both commands of many events, then reads their answers, again and again.
fn pipeline(port: u16, time: Duration) -> Result<usize> {
    const EVENTS: usize = 256;
    let end = Instant::now() + time;
    let mut socket = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    let mut answers = [0; 16 * 1024];
    let mut sent = 0;
    while Instant::now() < end {
        let mut commands = Vec::new();
        for number in sent..sent + EVENTS {
            let room = number % ROOMS;
            let json = format!(
                r#"{{"type":"message","room":"room-{room}","seq":{number:05},"ts":1795300000412,"from":{{"id":"u_somebody","name":"Somebody"}},"text":"{:x<TEXT_CHARS$}"}}"#,
                ""
            );
            let (key, score) = (format!("rookery:{{room-{room}}}:log"), number.to_string());
            command(&mut commands, &["ZADD", &key, &score, &json]);
            command(&mut commands, &["PUBLISH", "rookery:bus", &json]);
        }
        socket.write_all(&commands)?;
        let mut lines = 0;
        while lines < 2 * EVENTS {
            let length = socket.read(&mut answers)?;
            ensure!(length > 0, "Redis has closed the connection");
            lines += answers[..length]
                .iter()
                .filter(|&&byte| byte == b'\n')
                .count();
        }
        sent += EVENTS;
    }
    Ok(sent)
}

fn command(commands: &mut Vec<u8>, words: &[&str]) {
    commands.extend_from_slice(format!("*{}\r\n", words.len()).as_bytes());
    for word in words {
        commands.extend_from_slice(format!("${}\r\n{word}\r\n", word.len()).as_bytes());
    }
}

async fn drain(mut bus: Bus) {
    while bus.next().await.is_some() {}
}

async fn send(
    store: Store,
    rooms: Arc<Vec<(RoomId, Cursor)>>,
    next: Arc<AtomicU64>,
    nonces: bool,
    end: Instant,
) -> Result<Vec<Duration>> {
    let user = User {
        id: UserId::new("u_somebody")?,
        name: "Somebody".into(),
    };
    let text = "x".repeat(TEXT_CHARS);
    let mut took = Vec::new();
    while Instant::now() < end {
        let number = next.fetch_add(1, Ordering::Relaxed);
        let (room, head) = &rooms[number as usize % ROOMS];
        let nonce = nonces
            .then(|| Nonce::new(format!("01JD8Z{number:010}")))
            .transpose()?;
        let fields = MessageFields {
            from: &user,
            text: &text,
            nonce: nonce.as_ref(),
            reply_to: None,
            meta: None,
        };
        let append = Append {
            room: room.clone(),
            user: user.id.clone(),
            body: EventBody::message(&fields),
            nonce,
            known: Some(head.clone()),
            overwrite: None,
        };
        let sent = Instant::now();
        store.append(append).await?;
        took.push(sent.elapsed());
    }
    Ok(took)
}

fn join(room: &RoomId) -> Result<Join> {
    Ok(Join {
        room: room.clone(),
        user: UserId::new("u_somebody")?,
        since: None,
        limit: 1,
        catch_up: 0,
        create: true,
        known: None,
    })
}
