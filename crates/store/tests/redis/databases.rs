//! Two deployments on one Redis, each in a database of its own.

use rookery_protocol::User;
use rookery_store::{Bus, BusEvent, PresenceChange, Store};
use rookery_testing::RedisServer;

use crate::support::{append, connect, join, next, room};

/// Says something on the channel of the store by all ways, and last a mark.
async fn say_everything(store: &Store, mark: &str) {
    store.renew_lease().await.unwrap();
    join(store, "general").await;
    let message = append("general", "hi", None, None);
    let user = User {
        id: message.user.clone(),
        name: "Alex".into(),
    };
    store.append(message).await.unwrap();
    for online in [true, false, true, false] {
        let change = PresenceChange {
            room: room("general"),
            user: user.clone(),
            online,
        };
        store.change_presence(&[change]).await.unwrap();
    }
    store.give_up_lease().await.unwrap();
    store.publish(mark.as_bytes().to_vec()).await.unwrap();
}

/// All payloads up to a mark.
async fn heard_before(bus: &mut Bus, mark: &str) -> Vec<String> {
    let mut heard = Vec::new();
    loop {
        match next(bus).await {
            BusEvent::Payload(payload) if *payload == *mark => return heard,
            BusEvent::Payload(payload) => heard.push(payload.to_string()),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn deployments_on_two_databases_do_not_hear_each_other() {
    let redis = RedisServer::start().unwrap();
    let (first, mut of_first) = connect(&redis.url()).await;
    let (second, mut of_second) = connect(&format!("{}/1", redis.url())).await;
    say_everything(&first, "first").await;
    say_everything(&second, "second").await;
    first.publish(b"end of first".to_vec()).await.unwrap();
    // A message, two comings, two goings: once each, and none of the other's.
    for (bus, mark) in [(&mut of_first, "first"), (&mut of_second, "second")] {
        let heard = heard_before(bus, mark).await;
        assert_eq!(heard.len(), 5, "{mark}: {heard:?}");
    }
    let more = heard_before(&mut of_first, "end of first").await;
    assert_eq!(more, [""; 0]);
}

/// What reads along, and nodes of earlier versions, know this name.
#[tokio::test]
async fn the_channel_of_database_0_has_the_name_of_old() {
    let redis = RedisServer::start().unwrap();
    let _first = connect(&redis.url()).await;
    let _second = connect(&format!("{}/7", redis.url())).await;
    let channels = redis.command(&["PUBSUB", "CHANNELS"]).unwrap();
    let mut channels: Vec<_> = channels.lines().collect();
    channels.sort_unstable();
    assert_eq!(channels, ["rookery:bus", "rookery:bus:7"]);
}
