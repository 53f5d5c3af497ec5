//! A server, a store on it, and short ways to use them.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use rookery_protocol::{
    Cursor, EventBody, Nonce, RoomId, ServerId, User, UserId, envelope, event::MessageFields,
};
use rookery_store::{
    Append, Bus, BusEvent, EngineSettings, Join, Joined, Partition, RedisSettings, Settings, Store,
};

/// Nothing in these tests takes longer than this, on a busy machine either: the longest
/// waits for hundreds of steps of tidying.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

pub(crate) fn settings(url: &str) -> Settings {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let mut settings = Settings::redis(ServerId::new(format!("n_{number}")).unwrap(), url);
    settings.engine = EngineSettings::Redis(RedisSettings {
        connect_timeout_ms: 2_000,
        command_timeout_ms: 2_000,
        ..RedisSettings::new(url)
    });
    settings
}

pub(crate) async fn connect(url: &str) -> (Store, Bus) {
    Store::connect(settings(url)).await.unwrap()
}

pub(crate) fn room(id: &str) -> RoomId {
    RoomId::new(id).unwrap()
}

/// A key of a room.
pub(crate) fn key(kind: &str, id: &str) -> String {
    let partition = Partition::of_room(&room(id));
    format!("rookery:{{{partition}}}:{kind}:{id}")
}

pub(crate) fn append(
    room_id: &str,
    text: &str,
    nonce: Option<&str>,
    known: Option<Cursor>,
) -> Append {
    let user = User {
        id: UserId::new("u_1").unwrap(),
        name: "Alex".into(),
    };
    let nonce = nonce.map(|nonce| Nonce::new(nonce).unwrap());
    let body = EventBody::message(&MessageFields {
        from: &user,
        text,
        nonce: nonce.as_ref(),
        reply_to: None,
        meta: None,
    });
    Append {
        room: room(room_id),
        user: user.id,
        nonce,
        body,
        known,
        overwrite: None,
    }
}

pub(crate) fn join_of(room_id: &str) -> Join {
    Join {
        room: room(room_id),
        user: UserId::new("u_1").unwrap(),
        since: None,
        limit: 200,
        catch_up: 0,
        create: true,
        known: None,
    }
}

pub(crate) async fn join(store: &Store, room_id: &str) -> Joined {
    store.join(join_of(room_id)).await.unwrap()
}

/// The next event of the bus.
pub(crate) async fn next(bus: &mut Bus) -> BusEvent {
    tokio::time::timeout(DEADLINE, bus.next())
        .await
        .expect("the bus says nothing")
        .expect("the bus has ended")
}

/// Waits for `Reconnected`, whatever else the bus says before it.
pub(crate) async fn until_reconnected(bus: &mut Bus) {
    while !matches!(next(bus).await, BusEvent::Reconnected) {}
}

/// The numbers of the durable events in a payload.
pub(crate) fn seqs(event: &BusEvent) -> Vec<u64> {
    let BusEvent::Payload(payload) = event else {
        return Vec::new();
    };
    envelope::lines(payload)
        .filter_map(|envelope| envelope.unwrap().seq)
        .collect()
}

/// Waits until something is so.
pub(crate) async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let started = std::time::Instant::now();
    while !is_so().await {
        assert!(started.elapsed() < DEADLINE, "never: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
