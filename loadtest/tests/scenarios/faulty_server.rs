//! A small chat server that breaks its word in one way: what the generator must
//! find out.

use std::{
    collections::VecDeque,
    io::Write,
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use tokio_tungstenite::tungstenite::{
    self, Message,
    protocol::frame::{
        Frame,
        coding::{Data, OpCode},
    },
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
    let mut socket = tungstenite::accept(stream.try_clone().unwrap()).unwrap();
    while let Ok(Message::Text(said)) = socket.read() {
        let mut said: serde_json::Value = serde_json::from_str(&said).unwrap();
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

fn frame(said: &serde_json::Value) -> Vec<u8> {
    let mut frame = Vec::new();
    Frame::message(said.to_string(), OpCode::Data(Data::Text), true)
        .format(&mut frame)
        .unwrap();
    frame
}
