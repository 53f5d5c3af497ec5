//! A small chat server that breaks its word in one way: what the generator must
//! find out.

use std::{
    collections::VecDeque,
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

/// What is wrong with the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    /// Three deliveries do not come.
    Loses,
    /// Three deliveries come twice.
    Repeats,
    /// One member gets three messages of its own after later ones.
    Swaps,
    /// One connection ends in the middle.
    HangsUp,
}

/// The message that things go wrong with.
const UNLUCKY: usize = 50;

/// A server on a port of its own, until the test process ends.
pub(crate) struct FaultyServer {
    address: SocketAddr,
}

#[derive(Default)]
struct Room {
    members: Vec<TcpStream>,
    messages: usize,
    held_back: VecDeque<Vec<u8>>,
}

impl FaultyServer {
    pub(crate) fn start(fault: Fault) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let room = Arc::new(Mutex::new(Room::default()));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let room = Arc::clone(&room);
                thread::spawn(move || serve(stream, &room, fault));
            }
        });
        Self { address }
    }

    pub(crate) fn url(&self) -> String {
        format!("ws://{}", self.address)
    }
}

/// Speaks with one member until it goes.
fn serve(mut stream: TcpStream, room: &Mutex<Room>, fault: Fault) {
    let mut byte = [0];
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    let answer = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                  Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
    stream.write_all(answer.as_bytes()).unwrap();
    while let Some(said) = read_frame(&mut stream) {
        let mut said: serde_json::Value = serde_json::from_slice(&said).unwrap();
        let mut room = room.lock().unwrap();
        if said["type"] == "join" {
            said["type"] = "joined".into();
            stream.write_all(&frame(&said)).unwrap();
            room.members.push(stream.try_clone().unwrap());
        } else {
            said["type"] = "message".into();
            room.broadcast(&frame(&said), fault);
        }
    }
}

impl Room {
    fn broadcast(&mut self, frame: &[u8], fault: Fault) {
        self.messages += 1;
        let unlucky = (UNLUCKY..UNLUCKY + 3).contains(&self.messages);
        for (index, member) in self.members.iter_mut().enumerate() {
            if index > 0 || fault == Fault::None {
                let _ = member.write_all(frame);
                continue;
            }
            match fault {
                Fault::Loses if unlucky => {}
                Fault::Repeats if unlucky => drop(member.write_all(&[frame, frame].concat())),
                Fault::Swaps if unlucky => self.held_back.push_back(frame.to_vec()),
                Fault::HangsUp if self.messages == UNLUCKY => {
                    let _ = member.shutdown(std::net::Shutdown::Both);
                }
                _ => drop(member.write_all(frame)),
            }
            // Late enough that every sender has sent again.
            if self.messages == UNLUCKY + 20 {
                for late in self.held_back.drain(..) {
                    let _ = member.write_all(&late);
                }
            }
        }
    }
}

/// The payload of a masked frame of up to 64 KiB; `None` where the member went.
fn read_frame(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut head = [0; 2];
    stream.read_exact(&mut head).ok()?;
    let mut length = usize::from(head[1] & 0x7f);
    if length == 126 {
        let mut long = [0; 2];
        stream.read_exact(&mut long).ok()?;
        length = usize::from(u16::from_be_bytes(long));
    }
    let mut key = [0; 4];
    stream.read_exact(&mut key).ok()?;
    let mut payload = vec![0; length];
    stream.read_exact(&mut payload).ok()?;
    for (index, byte) in payload.iter_mut().enumerate() {
        *byte ^= key[index % 4];
    }
    Some(payload)
}

fn frame(said: &serde_json::Value) -> Vec<u8> {
    let payload = said.to_string();
    let mut frame = vec![0x81];
    match u8::try_from(payload.len()) {
        Ok(length) if length < 126 => frame.push(length),
        _ => {
            frame.push(126);
            frame.extend((payload.len() as u16).to_be_bytes());
        }
    }
    frame.extend(payload.as_bytes());
    frame
}
