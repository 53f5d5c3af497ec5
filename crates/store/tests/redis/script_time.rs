//! No call holds Redis up for long, whatever the sizes that the limits allow.
//!
//! Redis itself says how long each call took, by its slow log. A machine that is busy with
//! something else makes single calls long; so what is looked at is the shortest of several, and
//! it is held against what plain commands take on the same machine at the same moment.

use rookery_protocol::{Cursor, User, UserId, client_frame::HistoryPage};
use rookery_store::{PresenceChange, Store};
use rookery_testing::RedisServer;

use crate::support::{append, join, join_of, room, settings, until};

/// A call may take as long as so many plain commands in a script: about 2.4 ms where one takes
/// 0.6 µs.
const MOST_COMMANDS: usize = 4_000;
/// How many messages a room has that is trimmed from far above its limit.
const MANY: usize = 20_000;
const PEOPLE: usize = 100_000;

/// Watches the slow log from now on, for everything.
fn watch(redis: &RedisServer) {
    redis
        .command(&["CONFIG", "SET", "slowlog-log-slower-than", "0"])
        .unwrap();
    redis
        .command(&["CONFIG", "SET", "slowlog-max-len", "100000"])
        .unwrap();
    redis.command(&["SLOWLOG", "RESET"]).unwrap();
}

/// How long the calls of scripts took since, in microseconds, ascending.
fn took(redis: &RedisServer) -> Vec<u64> {
    took_by(redis, "evalsha")
}

/// What a call may take, in microseconds of Redis's time.
fn most_us(redis: &RedisServer) -> u64 {
    let script = format!("for i = 1, {MOST_COMMANDS} do redis.call('HGET', KEYS[1], 'field') end");
    redis.command(&["HSET", "plain", "field", "value"]).unwrap();
    watch(redis);
    for _ in 0..5 {
        redis.command(&["EVAL", &script, "1", "plain"]).unwrap();
    }
    took_by(redis, "eval")[0]
}

fn took_by(redis: &RedisServer, command: &str) -> Vec<u64> {
    let log = redis.command(&["--json", "SLOWLOG", "GET", "-1"]).unwrap();
    let log: serde_json::Value = serde_json::from_str(&log).unwrap();
    let entries = log.as_array().unwrap().iter();
    let scripts =
        entries.filter(|entry| entry[3][0].as_str().unwrap().eq_ignore_ascii_case(command));
    let mut took: Vec<_> = scripts.map(|entry| entry[2].as_u64().unwrap()).collect();
    took.sort_unstable();
    took
}

/// All but the slowest twentieth, which the machine is to blame for.
fn nearly_all(took: &[u64]) -> u64 {
    took[(took.len() * 19 / 20).min(took.len() - 1)]
}

/// The middle one of calls that all do the same: a machine that is busy with something else
/// makes many of them long.
fn middle(took: &[u64]) -> u64 {
    took[took.len() / 2]
}

async fn fill(store: &Store, id: &str, count: usize) {
    for first in (0..count).step_by(500) {
        let appends: Vec<_> = (first..first + 500)
            .map(|number| {
                store.append_later(append(
                    id,
                    &"x".repeat(200),
                    Some(&number.to_string()),
                    None,
                ))
            })
            .collect();
        store.send_appends();
        for appended in appends {
            appended.await.unwrap();
        }
    }
}

/// Each is done several times, and the fastest counts.
async fn fastest(redis: &RedisServer, mut doing: impl AsyncFnMut()) -> u64 {
    let mut best = u64::MAX;
    for _ in 0..5 {
        watch(redis);
        doing().await;
        best = best.min(*took(redis).last().unwrap());
    }
    best
}

#[tokio::test]
async fn a_room_far_above_its_limit_is_trimmed_in_short_steps() {
    let redis = RedisServer::start().unwrap();
    let mut keeps = settings(&redis.url());
    keeps.retention.max_messages = 0;
    let (store, bus) = Store::connect(keeps).await.unwrap();
    drop(bus);
    join(&store, "general").await;
    fill(&store, "general", MANY).await;
    drop(store);
    let mut forgets = settings(&redis.url());
    forgets.retention.max_messages = 100;
    watch(&redis);
    let (store, _bus) = Store::connect(forgets).await.unwrap();
    let length = || -> usize {
        let log = crate::support::key("log", "general");
        // Of each message two fields are left: its nonce, and a stub for it.
        let texts = redis
            .command(&["HSTRLEN", &log, &(MANY - 101).to_string()])
            .unwrap();
        texts.parse().unwrap()
    };
    until("the texts are gone", async || {
        store
            .append(append("general", "hi", None, None))
            .await
            .unwrap();
        length() < 100
    })
    .await;
    let (took, most) = (took(&redis), most_us(&redis));
    assert!(took.len() > 50, "{} calls", took.len());
    assert!(nearly_all(&took) < most, "{:?}", &took[took.len() - 10..]);
}

#[tokio::test]
async fn pages_and_joins_are_short_in_a_full_room() {
    let redis = RedisServer::start().unwrap();
    let (store, _bus) = Store::connect(settings(&redis.url())).await.unwrap();
    let epoch = join(&store, "general").await.head.epoch;
    fill(&store, "general", 10_000).await;
    let id = room("general");
    let page = fastest(&redis, async || {
        store
            .history(&id, None, HistoryPage::Before(9_000), 200)
            .await
            .unwrap();
    })
    .await;
    let around = fastest(&redis, async || {
        store
            .history(&id, None, HistoryPage::Around(5_000), 200)
            .await
            .unwrap();
    })
    .await;
    let resume = fastest(&redis, async || {
        let mut join = join_of("general");
        join.since = Some(Cursor {
            epoch: epoch.clone(),
            seq: 9_000,
        });
        store.join(join).await.unwrap();
    })
    .await;
    let count = fastest(&redis, async || {
        store.count_messages(&id, 100, 9_900).await.unwrap();
    })
    .await;
    let all = [page, around, resume, count];
    let most = most_us(&redis);
    assert!(all.iter().all(|us| *us < most), "{all:?} of {most} µs");
}

#[tokio::test]
async fn a_hundred_thousand_people_are_entered_shown_and_left_in_short_steps() {
    let redis = RedisServer::start().unwrap();
    let (store, _bus) = Store::connect(settings(&redis.url())).await.unwrap();
    store.renew_lease().await.unwrap();
    join(&store, "general").await;
    let change = |number: usize, online| PresenceChange {
        room: room("general"),
        user: User {
            id: UserId::new(format!("u_{number}")).unwrap(),
            name: "Somebody".into(),
        },
        online,
    };
    let all: Vec<_> = (0..PEOPLE).map(|number| change(number, true)).collect();
    watch(&redis);
    store.change_presence(&all).await.unwrap();
    let coming = middle(&took(&redis));
    let shown = fastest(&redis, async || {
        let online = store.online(&room("general")).await.unwrap();
        assert_eq!(online.count, PEOPLE as u64);
    })
    .await;
    let all: Vec<_> = (0..PEOPLE).map(|number| change(number, false)).collect();
    watch(&redis);
    store.change_presence(&all).await.unwrap();
    let going = middle(&took(&redis));
    let all = [coming, shown, going];
    let most = most_us(&redis);
    assert!(all.iter().all(|us| *us < most), "{all:?} of {most} µs");
}
