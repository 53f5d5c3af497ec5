//! What lies in Redis is what `docs/STORAGE.md` says, and nothing else.

use std::collections::BTreeSet;

use rookery_protocol::{
    Emoji, EventKind, LoginId, Role, ServerId, User, UserId, server_frame::RoomKind,
};
use rookery_store::{
    Append, NewAccount, NewLogin, Overwrite, PresenceChange, React, ReactionChange, RefreshHash,
    Replacement, RoomChange, Rule, Skeleton, Step, Store, When,
};
use rookery_testing::RedisServer;

use crate::support::{append, join, room, settings, until};

/// The keys that the table of the page names.
fn documented() -> BTreeSet<String> {
    let page = include_str!("../../../../docs/STORAGE.md");
    let (page, _) = page.split_once("# What lies in a data folder").unwrap();
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `"));
    let keys = rows.filter_map(|row| Some(row.split_once('`')?.0.to_owned()));
    keys.collect()
}

/// A key with names for what differs from store to store.
fn general(key: &str) -> String {
    let words: Vec<_> = key.split(':').collect();
    let partition = |word: &str| word.starts_with('{') && word.ends_with('}');
    let words = words.iter().enumerate().map(|(place, word)| match place {
        1 if partition(word) => "{p}",
        3 if words[2] == "life" => "LIFE",
        3 if words[2] == "held" => "LIFE",
        4 if words[2] == "held" => "ROOM",
        3 if ["member", "made", "person", "account", "blocks"].contains(&words[2]) => "USER",
        3 if words[2] == "name" => "NAME",
        3 if words[2] == "code" => "CODE",
        3 if words[2] == "reacted" => "SEQ",
        4 if words[2] == "reacted" => "ROOM",
        3 if words[1].starts_with('{') => "ROOM",
        2 if words[1] == "node" => "NODE",
        _ => word,
    });
    words.collect::<Vec<_>>().join(":")
}

/// Uses all that there is, and gives every key that was seen meanwhile.
async fn used(redis: &RedisServer) -> BTreeSet<String> {
    let mut settings = settings(&redis.url());
    settings.retention.max_messages = 20;
    settings.user_limits.rooms_made_per_hour = 100;
    settings.server_id = ServerId::new("n_1").unwrap();
    let (store, _bus) = Store::connect(settings).await.unwrap();
    store.renew_lease().await.unwrap();
    join(&store, "general").await;
    join(&store, "event").await;
    for number in 0..200 {
        let nonce = number.to_string();
        store
            .append(append("general", "hi", Some(&nonce), None))
            .await
            .unwrap();
    }
    let mut deleting = append("general", "", None, None);
    deleting.body.kind = EventKind::Deleted;
    let overwrite = Overwrite {
        seq: 199,
        with: Replacement::Deletion,
    };
    let deleting = Append {
        overwrite: Some(overwrite),
        ..deleting
    };
    store.append(deleting).await.unwrap();
    let user = User {
        id: UserId::new("u_1").unwrap(),
        name: "Alex".into(),
    };
    store
        .remember_member(&user.id, &room("general"), 3)
        .await
        .unwrap();
    let coming = PresenceChange {
        room: room("general"),
        user: user.clone(),
        online: true,
    };
    store.change_presence(&[coming]).await.unwrap();
    let steps = vec![
        Step::Make {
            kind: RoomKind::Public,
            name: String::new(),
        },
        Step::Rank {
            user: UserId::new("u_2").unwrap(),
            role: Some(Role::Member),
            when: When::Stranger,
        },
        Step::Rule {
            rule: Rule::SlowMode,
            value: Some("1000000".to_owned()),
        },
    ];
    let writer = UserId::new("u_2").unwrap();
    let slow = RoomChange {
        room: room("slow"),
        by: writer.clone(),
        least: None,
        known: None,
        steps,
    };
    store.change_room(&slow).await.unwrap();
    let code = rookery_store::fresh_code(&slow.room).unwrap();
    let offer = Step::Offer {
        code,
        expires_ms: 1_000_000,
        uses: None,
        most: 0,
    };
    let inviting = RoomChange {
        steps: vec![offer],
        ..slow.clone()
    };
    store.change_room(&inviting).await.unwrap();
    store.note_person(&user).await.unwrap();
    make_account(&store).await;
    let blocked = UserId::new("u_2").unwrap();
    store
        .change_block(&user.id, &blocked, true, 0)
        .await
        .unwrap();
    let written = Append {
        user: writer,
        ..append("slow", "hi", None, None)
    };
    let target = store.append(written).await.unwrap().seq;
    store.try_write().await.unwrap();
    let keys = || -> BTreeSet<String> {
        let keys = redis.command(&["--scan"]).unwrap();
        keys.lines().map(general).collect()
    };
    let mut seen = keys();
    // What is written by and by.
    until("everything was written once", async || {
        // What is there for a moment alone.
        store.react(&reacting(target)).await.unwrap();
        seen.extend(keys());
        seen.len() >= documented().len()
    })
    .await;
    store.give_up_lease().await.unwrap();
    seen.extend(keys());
    seen
}

fn reacting(target: u64) -> React {
    let user = User {
        id: UserId::new("u_2").unwrap(),
        name: "Ben".into(),
    };
    let changes = [false, true].map(|on| ReactionChange {
        user: user.clone(),
        emoji: Emoji::new("👍").unwrap(),
        on,
    });
    React {
        room: room("slow"),
        target,
        known: None,
        changes: changes.into(),
        most_emoji: 1,
    }
}

async fn make_account(store: &Store) {
    let account = NewAccount {
        user: UserId::new("u_1").unwrap(),
        name: "Alex".to_owned(),
        skeleton: Skeleton::new("alex"),
        password: String::new(),
    };
    let login = NewLogin {
        id: LoginId::numbered(std::num::NonZeroU64::MIN),
        client: String::new(),
        address: String::new(),
        refresh: RefreshHash([0; 32]),
        most: 0,
    };
    store.make_account(&account, Some(login)).await.unwrap();
}

#[tokio::test]
async fn a_used_store_holds_what_the_page_says_and_nothing_else() {
    let redis = RedisServer::start().unwrap();
    assert_eq!(used(&redis).await, documented());
}

#[tokio::test]
async fn and_so_it_is_on_a_redis_in_cluster_mode() {
    let redis = RedisServer::start_in_cluster_mode().unwrap();
    assert_eq!(used(&redis).await, documented());
}
