//! The way into the node for what is under `benches/`, and for nobody else.
//!
//! It holds no code that a node runs, and may change at any time.

use std::{
    io::Read,
    net::{Ipv4Addr, TcpListener, TcpStream},
    rc::Rc,
    sync::Arc,
    time::Duration,
};

use anyhow::Context;
use bytes::Bytes;
use rookery_chat::{Background, health::Readiness};
use rookery_protocol::{Cursor, Epoch, Event, RoomId, ServerId};
use rookery_store::{Store, Supervisor};

use crate::{
    metrics::Metrics,
    node::{Node, Parts},
    settings::Settings,
    wire,
    worker::{Bucket, Connection, Worker},
};

/// How long a frame may take over loopback before it counts as lost.
const PATIENCE: Duration = Duration::from_secs(5);

/// The order of one room.
#[derive(Debug)]
pub struct Sequencer {
    sequencer: rookery_chat::Sequencer,
    epoch: Epoch,
    passed: Vec<Event>,
}

impl Sequencer {
    /// One that was started after event 0.
    pub fn new(epoch: Epoch) -> Self {
        let mut sequencer = rookery_chat::Sequencer::default();
        let head = Cursor {
            epoch: epoch.clone(),
            seq: 0,
        };
        sequencer.start(head, &mut Vec::new());
        Self {
            sequencer,
            epoch,
            passed: Vec::new(),
        }
    }

    /// Offers an event and gives how many are passed on by it.
    pub fn offer(&mut self, event: Event) -> usize {
        self.passed.clear();
        self.sequencer.offer(&self.epoch, event, &mut self.passed);
        self.passed.len()
    }
}

/// A worker with one room, whose members are sockets over loopback.
pub struct FanOut {
    worker: Rc<Worker>,
    room: RoomId,
    clients: Vec<TcpStream>,
    received: Vec<u8>,
    // Last: the worker's sockets belong to it.
    _system: actix_rt::SystemRunner,
}

impl FanOut {
    /// A room of so many members, each its own connection.
    ///
    /// # Errors
    ///
    /// Where there are not enough ports or open files.
    pub fn new(members: usize) -> anyhow::Result<Self> {
        let system = actix_rt::System::new();
        let room = RoomId::new("bench")?;
        let (worker, clients) = system.block_on(async {
            let node = node().await?;
            let inbox = node.chat.inboxes.claim().context("an inbox")?;
            let worker = Worker::start(node, inbox);
            let mut clients = Vec::with_capacity(members);
            for _ in 0..members {
                clients.push(add_member(&worker, &room).await?);
            }
            anyhow::Ok((worker, clients))
        })?;
        Ok(Self {
            worker,
            room,
            clients,
            received: Vec::new(),
            _system: system,
        })
    }

    /// Puts finished frames into the room's batch and writes it to every member.
    pub fn deliver(&self, frames: &[Bytes]) {
        for frame in frames {
            self.worker
                .batch(&self.room, wire::NATIVE, frame.clone(), false);
        }
        self.worker.flush_room(&self.room);
    }

    /// Takes so many bytes from the other end of each socket.
    ///
    /// # Errors
    ///
    /// Where they do not arrive.
    pub fn receive(&mut self, bytes: usize) -> anyhow::Result<()> {
        self.received.resize(bytes, 0);
        for client in &mut self.clients {
            client
                .read_exact(&mut self.received)
                .context("a member did not get its frames")?;
        }
        Ok(())
    }
}

async fn node() -> anyhow::Result<Arc<Node>> {
    let settings = Arc::new(Settings {
        workers: 1,
        ..Settings::default()
    });
    let server_id = ServerId::new("n_bench")?;
    let (store, _bus) = Store::connect(settings.store_settings(server_id.clone())).await?;
    Ok(Arc::new(Node::new(Parts {
        server_id,
        settings,
        store,
        metrics: Arc::new(Metrics::new()),
        readiness: Arc::new(Readiness::default()),
        background: Background::new(tokio::runtime::Handle::current(), Supervisor::default()),
    })))
}

/// Gives the client's end.
async fn add_member(worker: &Rc<Worker>, room: &RoomId) -> anyhow::Result<TcpStream> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let client = TcpStream::connect(listener.local_addr()?)?;
    client.set_read_timeout(Some(PATIENCE))?;
    let (stream, address) = listener.accept()?;
    stream.set_nodelay(true)?;
    stream.set_nonblocking(true)?;
    let stream = actix_rt::net::TcpStream::from_std(stream)?;
    // Nothing is tried before the runtime has seen that the socket is ready.
    stream.writable().await?;
    let bucket = Bucket::new(&worker.node.settings.limits);
    let connection =
        worker.admit(|key| Connection::new(key, stream, address.ip(), wire::NATIVE, bucket));
    worker.add_member(room.clone(), &connection);
    Ok(client)
}
