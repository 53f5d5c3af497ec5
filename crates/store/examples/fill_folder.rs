//! Fills a data folder with messages of 200 bytes, to see what a node makes of a large one:
//! `cargo run --release -p rookery-store --example fill_folder -- DIR ROOMS MESSAGES`.

use std::{path::PathBuf, time::Duration};

use anyhow::{Context, Result};
use rookery_protocol::{EventBody, RoomId, ServerId, User, UserId, event::MessageFields};
use rookery_store::{Append, DataSettings, Join, Settings, Store, StoreError, UserLimits};

#[tokio::main]
async fn main() -> Result<()> {
    let mut words = std::env::args().skip(1);
    let mut next = || words.next().context("DIR ROOMS MESSAGES are needed");
    let (folder, rooms, messages) = (PathBuf::from(next()?), next()?, next()?);
    let (rooms, messages): (u64, u64) = (rooms.parse()?, messages.parse()?);
    let data = DataSettings {
        idle: Duration::from_secs(1),
        ..DataSettings::new(folder)
    };
    let settings = Settings {
        user_limits: UserLimits {
            rooms: 0,
            rooms_made_per_hour: 0,
            restraints_per_room: 0,
        },
        ..Settings::on_disk(ServerId::new("n_fill")?, data)
    };
    let (store, _bus) = Store::connect(settings).await?;
    for number in 0..rooms {
        fill(
            &store,
            &RoomId::new(format!("room-{number}"))?,
            messages / rooms,
        )
        .await?;
        if number % 100 == 99 {
            eprint!("\r{} of {rooms} rooms", number + 1);
        }
    }
    eprintln!();
    store.close().await;
    Ok(())
}

async fn fill(store: &Store, room: &RoomId, messages: u64) -> Result<()> {
    let user = User {
        id: UserId::new("u_1")?,
        name: "Alex".into(),
    };
    let join = Join {
        room: room.clone(),
        user: user.id.clone(),
        since: None,
        limit: 1,
        catch_up: 0,
        create: true,
        known: None,
    };
    while let Err(error) = store.join(join.clone()).await {
        wait(error).await?;
    }
    let text = "x".repeat(200);
    let body = EventBody::message(&MessageFields {
        from: &user,
        text: &text,
        nonce: None,
        reply_to: None,
        meta: None,
    });
    let append = Append {
        room: room.clone(),
        user: user.id,
        nonce: None,
        body,
        known: None,
        overwrite: None,
    };
    for _ in 0..messages {
        while let Err(error) = store.append(append.clone()).await {
            wait(error).await?;
        }
    }
    Ok(())
}

/// The disk may not keep up.
async fn wait(error: StoreError) -> Result<()> {
    match error {
        StoreError::ReadOnly(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        other => return Err(other.into()),
    }
    Ok(())
}
