//! What roles cost Redis: coming in, writing where everybody may and where only members do,
//! editing, deleting, and changing what somebody is.
//!
//! `cargo run --release -p rookery-store --example roles_cost [ROOMS] [TIMES]`
//!
//! All of a kind are asked at once, so that they travel together as where many come at once;
//! changes go one by one. Every figure is of this machine at this moment.

#![allow(clippy::print_stdout, reason = "its figures are what it is for")]

use std::time::Duration;

use anyhow::Result;
use futures_util::future::try_join_all;
use rookery_protocol::{
    EventBody, EventKind, Role, RoomId, ServerId, User, UserId, event::MessageFields,
    server_frame::RoomKind,
};
use rookery_store::{
    Append, Overwrite, Replacement, RoomChange, Settings, Step, Store, Told, UserLimits, When,
};
use rookery_testing::RedisServer;

/// So many are asked at once.
const AT_ONCE: usize = 1_000;

#[tokio::main(flavor = "multi_thread", worker_threads = 1)]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let rooms: usize = arguments.next().map_or(Ok(100), |rooms| rooms.parse())?;
    let times: usize = arguments.next().map_or(Ok(20), |times| times.parse())?;
    let redis = RedisServer::start()?;
    let mut settings = Settings::redis(ServerId::new("n_1")?, redis.url());
    settings.user_limits = UserLimits {
        rooms: 0,
        rooms_made_per_hour: 0,
        restraints_per_room: 0,
    };
    let (store, _bus) = Store::connect(settings).await?;
    let user = UserId::new("anna")?;
    for kind in [RoomKind::Public, RoomKind::Private] {
        for number in 0..rooms {
            make(&store, &room(kind, number)?, kind).await?;
        }
    }
    let cpu = || redis.cpu_time();
    let say = |what: &str, before: Duration, count: usize| -> Result<()> {
        let us = (cpu()? - before).as_secs_f64() * 1e6 / count as f64;
        println!("{what}: {us:.1} µs of Redis's CPU");
        Ok(())
    };
    for kind in [RoomKind::Public, RoomKind::Private] {
        let of = kind.as_str();
        let before = cpu()?;
        for _ in 0..times {
            let ids = (0..AT_ONCE).map(|number| room(kind, number % rooms));
            let ids = ids.collect::<Result<Vec<_>>>()?;
            try_join_all(ids.iter().map(|id| store.admit(id, &user, false))).await?;
        }
        say(
            &format!("a member comes into a {of} room"),
            before,
            times * AT_ONCE,
        )?;
        let before = cpu()?;
        for _ in 0..times {
            let appends = (0..AT_ONCE).map(|number| message(room(kind, number % rooms)?, &user));
            let appends = appends.collect::<Result<Vec<_>>>()?;
            let appends = appends.into_iter().map(|append| store.append(append));
            try_join_all(appends).await?;
        }
        say(
            &format!("a message of a {of} room"),
            before,
            times * AT_ONCE,
        )?;
        for (what, replacement) in [
            ("an edit", Replacement::Text(r#""another text""#.into())),
            ("a deletion", Replacement::Deletion),
        ] {
            let before = cpu()?;
            for round in 0..times {
                let per_room = AT_ONCE.div_ceil(rooms);
                let overwriting = (0..AT_ONCE).map(|number| {
                    let target = round * per_room + number / rooms + 1;
                    overwrite(room(kind, number % rooms)?, &user, target, &replacement)
                });
                let overwriting = overwriting.collect::<Result<Vec<_>>>()?;
                try_join_all(overwriting.into_iter().map(|it| store.append(it))).await?;
            }
            say(&format!("{what} in a {of} room"), before, times * AT_ONCE)?;
        }
        let before = cpu()?;
        for number in 0..times * 10 {
            let role = [Role::Admin, Role::Member][number % 2];
            change(&store, &room(kind, 0)?, role).await?;
        }
        say(
            &format!("a role in a {of} room is changed and told"),
            before,
            times * 10,
        )?;
    }
    Ok(())
}

fn room(kind: RoomKind, number: usize) -> Result<RoomId> {
    Ok(RoomId::new(format!("{}-{number}", kind.as_str()))?)
}

/// A room of an owner and one member.
async fn make(store: &Store, id: &RoomId, kind: RoomKind) -> Result<()> {
    let name = String::new();
    let mut steps = vec![Step::Make { kind, name }];
    for (user, role) in [("owner", Role::Owner), ("anna", Role::Member)] {
        steps.push(Step::Rank {
            user: UserId::new(user)?,
            role: Some(role),
            when: When::Stranger,
        });
    }
    carry_out(store, id, steps).await
}

async fn change(store: &Store, id: &RoomId, role: Role) -> Result<()> {
    let rank = Step::Rank {
        user: UserId::new("anna")?,
        role: Some(role),
        when: When::Member,
    };
    let told = EventBody {
        kind: EventKind::Member,
        fields: r#""user":{"id":"anna","name":"Anna"},"change":"role""#.into(),
    };
    let tell = Step::Tell {
        body: told,
        told: Told::Everywhere,
    };
    carry_out(store, id, vec![rank, tell]).await
}

async fn carry_out(store: &Store, id: &RoomId, steps: Vec<Step>) -> Result<()> {
    let change = RoomChange {
        room: id.clone(),
        by: UserId::new("owner")?,
        least: None,
        known: None,
        steps,
    };
    store.change_room(&change).await?;
    Ok(())
}

fn message(room: RoomId, user: &UserId) -> Result<Append> {
    let from = User {
        id: user.clone(),
        name: "Anna".into(),
    };
    let fields = MessageFields {
        from: &from,
        text: &"x".repeat(130),
        nonce: None,
        reply_to: None,
        meta: None,
    };
    Ok(Append {
        room,
        user: user.clone(),
        nonce: None,
        body: EventBody::message(&fields),
        known: None,
        overwrite: None,
    })
}

/// An edit or a deletion of somebody's own message.
fn overwrite(room: RoomId, user: &UserId, target: usize, with: &Replacement) -> Result<Append> {
    let kind = match with {
        Replacement::Text(_) => EventKind::Edited,
        Replacement::Deletion => EventKind::Deleted,
    };
    let fields = format!(r#""target":{target},"by":{{"id":"{user}","name":"Anna"}}"#);
    let body = EventBody {
        kind,
        fields: fields.into(),
    };
    let seq = target.try_into()?;
    let overwrite = Some(Overwrite {
        seq,
        with: with.clone(),
    });
    Ok(Append {
        body,
        overwrite,
        ..message(room, user)?
    })
}
