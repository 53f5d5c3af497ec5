//! The loop: accept, read, write to the room.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};

use anyhow::Context;
use mio::net::TcpListener;
use mio::{Events, Interest, Poll, Token};
use slab::Slab;

use crate::connection::Connection;
use crate::{handshake, wire};

const LISTENER: Token = Token(usize::MAX);
const READ_BUFFER: usize = 128 * 1024;

struct Server {
    poll: Poll,
    listener: TcpListener,
    connections: Slab<Connection>,
    rooms: HashMap<Vec<u8>, Vec<usize>>,
}

/// Serves until the process is ended.
///
/// # Errors
/// Where the port is taken, or the system gives no more events.
pub fn run(port: u16) -> anyhow::Result<()> {
    let poll = Poll::new()?;
    let mut listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
        .with_context(|| format!("cannot listen on port {port}"))?;
    poll.registry()
        .register(&mut listener, LISTENER, Interest::READABLE)?;
    let mut server = Server {
        poll,
        listener,
        connections: Slab::new(),
        rooms: HashMap::new(),
    };
    let mut events = Events::with_capacity(1024);
    let mut buffer = vec![0; READ_BUFFER];
    loop {
        match server.poll.poll(&mut events, None) {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            result => result?,
        }
        for event in &events {
            match event.token() {
                LISTENER => server.accept(),
                Token(id) => server.serve(id, event.is_writable(), &mut buffer),
            }
        }
    }
}

impl Server {
    fn accept(&mut self) {
        loop {
            let mut stream = match self.listener.accept() {
                Ok((stream, _)) => stream,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) => return eprintln!("not accepted: {error}"),
            };
            let entry = self.connections.vacant_entry();
            let interest = Interest::READABLE | Interest::WRITABLE;
            let ready = stream.set_nodelay(true).and_then(|()| {
                self.poll
                    .registry()
                    .register(&mut stream, Token(entry.key()), interest)
            });
            match ready {
                Ok(()) => drop(entry.insert(Connection::new(stream))),
                Err(error) => eprintln!("not served: {error}"),
            }
        }
    }

    fn serve(&mut self, id: usize, writable: bool, buffer: &mut [u8]) {
        // An event of a connection that another event of the same batch has ended.
        let Some(connection) = self.connections.get_mut(id) else {
            return;
        };
        if writable && connection.write_waiting().is_err() {
            return self.end(id);
        }
        loop {
            let bytes = match self.connections[id].read(buffer) {
                Ok(Some(bytes)) => bytes,
                Ok(None) => return,
                Err(_) => return self.end(id),
            };
            // A read that did not fill the buffer has taken all: what comes later is another event.
            let all = bytes.len() < READ_BUFFER;
            if self.take(id, bytes).is_err() {
                return self.end(id);
            }
            if all {
                return;
            }
        }
    }

    fn take(&mut self, id: usize, mut bytes: &mut [u8]) -> anyhow::Result<()> {
        let connection = &mut self.connections[id];
        if !connection.upgraded {
            let Some((answer, taken)) = handshake::answer(bytes) else {
                connection.keep_incomplete(bytes);
                return Ok(());
            };
            connection.write(answer.as_bytes())?;
            connection.upgraded = true;
            bytes = &mut bytes[taken..];
        }
        while let Some((frame, taken)) = wire::next_frame(bytes)? {
            match frame {
                wire::Frame::Text(json) => match wire::tail(json) {
                    Some(tail) => self.send(id, json, tail)?,
                    None => self.join(id, json)?,
                },
                wire::Frame::Ping(payload) => self.connections[id].write(&wire::pong(payload))?,
                wire::Frame::Pong => {}
                wire::Frame::Close => anyhow::bail!("closed"),
            }
            bytes = &mut bytes[taken..];
        }
        if !bytes.is_empty() {
            self.connections[id].keep_incomplete(bytes);
        }
        Ok(())
    }

    fn join(&mut self, id: usize, json: &[u8]) -> anyhow::Result<()> {
        let room = wire::room(json).context("a join without a room")?.to_vec();
        let connection = &mut self.connections[id];
        connection.name = wire::name(json).context("a join without a name")?.to_vec();
        if !connection.rooms.contains(&room) {
            connection.rooms.push(room.clone());
            self.rooms.entry(room.clone()).or_default().push(id);
        }
        connection.write(&wire::text(&[
            b"{\"type\":\"joined\",\"room\":\"",
            &room,
            b"\"}",
        ]))?;
        Ok(())
    }

    fn send(&mut self, id: usize, json: &[u8], tail: &[u8]) -> anyhow::Result<()> {
        let room = wire::room(json).context("a message without a room")?;
        let from = &self.connections[id].name;
        let frame = wire::text(&[
            b"{\"type\":\"message\",\"room\":\"",
            room,
            b"\",\"from\":\"",
            from,
            b"\",\"text\":",
            tail,
        ]);
        let Some(members) = self.rooms.get(room) else {
            return Ok(());
        };
        let mut gone = Vec::new();
        for &member in members {
            if self.connections[member].write(&frame).is_err() {
                gone.push(member);
            }
        }
        for member in gone {
            self.end(member);
        }
        anyhow::ensure!(self.connections.contains(id), "ended");
        Ok(())
    }

    fn end(&mut self, id: usize) {
        let Some(connection) = self.connections.try_remove(id) else {
            return;
        };
        for room in &connection.rooms {
            let Some(members) = self.rooms.get_mut(room) else {
                continue;
            };
            members.retain(|&member| member != id);
            if members.is_empty() {
                self.rooms.remove(room);
            }
        }
    }
}
