//! The rooms that users are in: read together where they are few, alone where
//! they are many, and never more than is needed.

use rookery_protocol::{UserId, server_frame::RoomRow};
use rookery_store::{Store, UserLimits};
use rookery_testing::RedisServer;
use tokio::task::JoinSet;

use crate::support::{connect, join, key, room, settings};

fn user(name: &str) -> UserId {
    UserId::new(name).unwrap()
}

/// Where the rooms of a user stand: users lie in partitions as rooms of their ids would.
fn member_key(user: &str) -> String {
    key("member", user)
}

/// Writes memberships as the store does, without asking for each.
fn enter(redis: &RedisServer, user: &str, rooms: impl Iterator<Item = usize>) {
    let key = member_key(user);
    let mut words = vec!["HSET".to_owned(), key];
    for number in rooms {
        words.extend([format!("r-{number}"), number.to_string()]);
    }
    if words.len() > 2 {
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        redis.command(&words).unwrap();
    }
}

async fn make_rooms(store: &Store, rooms: std::ops::Range<usize>) {
    let mut joins = JoinSet::new();
    for number in rooms {
        let store = store.clone();
        joins.spawn(async move { join(&store, &format!("r-{number}")).await });
    }
    joins.join_all().await;
}

fn numbers(rows: &[RoomRow]) -> Vec<usize> {
    let number = |row: &RoomRow| row.room.as_str()[2..].parse().unwrap();
    let mut numbers: Vec<usize> = rows.iter().map(number).collect();
    numbers.sort_unstable();
    numbers
}

/// How often Redis carried a command out, in scripts or not.
fn calls(redis: &RedisServer, command: &str) -> u64 {
    let stats = redis.command(&["INFO", "commandstats"]).unwrap();
    let begin = format!("cmdstat_{command}:calls=");
    let line = stats.lines().find_map(|line| line.strip_prefix(&begin));
    line.map_or(0, |line| line.split(',').next().unwrap().parse().unwrap())
}

#[tokio::test]
async fn everybody_is_answered_for_themselves_however_many_ask_at_once() {
    let redis = RedisServer::start().unwrap();
    let (store, _bus) = connect(&redis.url()).await;
    make_rooms(&store, 0..700).await;
    let sizes = [0, 1, 3, 99, 100, 101, 250, 700];
    let mut asking = JoinSet::new();
    for number in 0..160 {
        let size = sizes[number % sizes.len()];
        // Each is in other rooms than the next.
        let name = format!("u-{number}");
        enter(&redis, &name, (0..size).map(|room| (room + number) % 700));
        let store = store.clone();
        asking.spawn(async move { (number, size, store.rooms_of(&user(&name)).await) });
    }
    while let Some(answered) = asking.join_next().await {
        let (number, size, rows) = answered.unwrap();
        let mut wanted: Vec<_> = (0..size).map(|room| (room + number) % 700).collect();
        wanted.sort_unstable();
        assert_eq!(numbers(&rows.unwrap()), wanted, "of {number}");
    }
}

/// Not one for each question.
#[tokio::test]
async fn many_questions_for_one_user_are_few_readings() {
    let redis = RedisServer::start().unwrap();
    let (store, _bus) = connect(&redis.url()).await;
    make_rooms(&store, 0..300).await;
    for (name, rooms) in [("few", 50), ("many", 300)] {
        enter(&redis, name, 0..rooms);
        let (lists, heads) = (calls(&redis, "hgetall"), calls(&redis, "mget"));
        let asked = (0..200).map(|_| store.rooms_of_user(name));
        for rows in futures_util::future::join_all(asked).await {
            assert_eq!(rows.len(), rooms);
        }
        // The first, and one for all who asked meanwhile.
        assert!(calls(&redis, "hgetall") - lists <= 2, "{name}");
        assert!(calls(&redis, "mget") - heads <= 2, "{name}");
    }
}

trait RoomsOf {
    async fn rooms_of_user(&self, name: &str) -> Vec<RoomRow>;
}

impl RoomsOf for Store {
    async fn rooms_of_user(&self, name: &str) -> Vec<RoomRow> {
        self.rooms_of(&user(name)).await.unwrap()
    }
}

/// Though readings are shared, nobody is told what was so before they asked.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_so_before_the_question_is_in_the_answer() {
    let redis = RedisServer::start().unwrap();
    let (store, _bus) = connect(&redis.url()).await;
    make_rooms(&store, 0..200).await;
    let mut asking = JoinSet::new();
    for _ in 0..8 {
        let store = store.clone();
        asking.spawn(async move {
            loop {
                store.rooms_of_user("alex").await;
            }
        });
    }
    for number in 0..200 {
        let id = room(&format!("r-{number}"));
        store.remember_member(&user("alex"), &id, 0).await.unwrap();
        let rows = store.rooms_of_user("alex").await;
        assert_eq!(rows.len(), number + 1);
    }
}

#[tokio::test]
async fn no_more_rooms_are_given_than_a_user_may_be_in() {
    let redis = RedisServer::start().unwrap();
    let mut settings = settings(&redis.url());
    settings.user_limits = UserLimits {
        rooms: 150,
        ..UserLimits::default()
    };
    let (store, _bus) = Store::connect(settings).await.unwrap();
    make_rooms(&store, 0..400).await;
    enter(&redis, "alex", 0..400);
    let rows = store.rooms_of_user("alex").await;
    let mut given = numbers(&rows);
    given.dedup();
    assert_eq!(given.len(), 150);
    let read = |row: &RoomRow| format!("r-{}", row.read) == row.room.as_str();
    assert!(rows.iter().all(read), "each with its own place");
}

#[tokio::test]
async fn rooms_that_are_gone_are_forgotten_among_many() {
    let redis = RedisServer::start().unwrap();
    let (store, _bus) = connect(&redis.url()).await;
    make_rooms(&store, 0..200).await;
    // More than one call of a script takes.
    enter(&redis, "alex", 0..1_500);
    let rows = store.rooms_of_user("alex").await;
    assert_eq!(numbers(&rows), (0..200).collect::<Vec<_>>());
    let left = redis.command(&["HLEN", &member_key("alex")]).unwrap();
    assert_eq!(left, "200");
}
