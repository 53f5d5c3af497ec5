//! socketioxide, as its documentation has it: rooms, and `io.to(room).emit`.

use std::net::Ipv4Addr;

use axum::serve::ListenerExt;
use serde::{Deserialize, Serialize};
use socketioxide::SocketIo;
use socketioxide::extract::{AckSender, Data, Extension, SocketRef};
use tokio::net::TcpListener;

/// What waits for one socket, in packets. At the 128 of the library a busy room loses messages.
const MAX_BUFFER_SIZE: usize = 65_536;

#[derive(Deserialize)]
struct Join {
    room: String,
    name: String,
}

#[derive(Serialize)]
struct Joined<'a> {
    room: &'a str,
}

#[derive(Deserialize)]
struct Send {
    room: String,
    text: String,
}

#[derive(Serialize)]
struct Message<'a> {
    room: &'a str,
    from: &'a str,
    text: &'a str,
}

#[derive(Serialize)]
struct Sent {
    ok: bool,
}

#[derive(Clone)]
struct Name(String);

async fn on_join(socket: SocketRef, Data(join): Data<Join>, ack: AckSender) {
    socket.extensions.insert(Name(join.name));
    socket.join(join.room.clone());
    ack.send(&Joined { room: &join.room }).ok();
}

async fn on_send(
    io: SocketIo,
    Extension(Name(from)): Extension<Name>,
    Data(Send { room, text }): Data<Send>,
    ack: AckSender,
) {
    let message = Message {
        room: &room,
        from: &from,
        text: &text,
    };
    if let Err(error) = io.to(room.clone()).emit("message", &message).await {
        eprintln!("not emitted to all of room {room}: {error}");
    }
    ack.send(&Sent { ok: true }).ok();
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    rlimit::increase_nofile_limit(u64::MAX)?;
    let port: u16 = std::env::var("PORT")?.parse()?;

    let (layer, io) = SocketIo::builder()
        .max_buffer_size(MAX_BUFFER_SIZE)
        .build_layer();
    io.ns("/", async |socket: SocketRef| {
        socket.on("join", on_join);
        socket.on("send", on_send);
    });

    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .await?
        .tap_io(|stream| {
            stream.set_nodelay(true).ok();
        });
    axum::serve(listener, axum::Router::new().layer(layer)).await?;
    Ok(())
}
