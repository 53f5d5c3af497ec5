//! A network that misbehaves: a TCP proxy in front of a real server.
//!
//! It delays with jitter, holds bytes back without throwing them away, cuts and
//! refuses, and all of it may change while connections are open. Bytes of one
//! direction of one connection never overtake each other.

use std::{
    collections::VecDeque,
    io::{ErrorKind, Read, Write},
    net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use rand::Rng as _;

/// The most bytes that are passed on in one piece.
const PIECE: usize = 16 * 1024;
/// The most pieces of one direction that are on their way; then the sender feels it.
const MOST_PIECES: usize = 4096;
/// How long a connection to the server may take to be made.
const CONNECT: Duration = Duration::from_secs(5);

/// A proxy on a free port of the loopback. It ends, with all its connections,
/// when this is dropped.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    upstream: SocketAddr,
    state: Mutex<ProxyState>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct ProxyState {
    delay: Duration,
    jitter: Duration,
    /// Where new connections go instead of to where they went at first.
    elsewhere: Option<SocketAddr>,
    held: bool,
    refusing: bool,
    ended: bool,
    /// Both sockets of each open connection, by number.
    open: Vec<(u64, TcpStream, TcpStream)>,
    opened: u64,
    /// Connections up to this number are stranded.
    stranded: u64,
}

impl Proxy {
    /// Starts a proxy to the server at `upstream`, which need not be there yet.
    /// At first it passes everything on at once.
    ///
    /// # Errors
    ///
    /// When no port of the loopback can be bound.
    pub fn start(upstream: SocketAddr) -> Result<Self> {
        let listener =
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("binding a port for the proxy")?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            upstream,
            state: Mutex::default(),
            changed: Condvar::new(),
        });
        let accepting = Arc::clone(&shared);
        thread::spawn(move || accepting.accept(&listener));
        Ok(Self { address, shared })
    }

    /// Starts a proxy to a port of the loopback.
    ///
    /// # Errors
    ///
    /// As [`Self::start`].
    pub fn to_port(port: u16) -> Result<Self> {
        Self::start((Ipv4Addr::LOCALHOST, port).into())
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The same as `redis://127.0.0.1:PORT`.
    pub fn redis_url(&self) -> String {
        format!("redis://{}", self.address)
    }

    /// From now on every piece arrives `delay` and a random part of `jitter`
    /// later than it was sent, each way.
    pub fn delay(&self, delay: Duration, jitter: Duration) {
        self.shared.change(|state| {
            state.delay = delay;
            state.jitter = jitter;
        });
    }

    /// Holds all bytes back, in both directions, until [`Self::release`].
    /// Connections stay open, and new ones are accepted and held too.
    pub fn hold(&self) {
        self.shared.change(|state| state.held = true);
    }

    /// Lets everything flow again, what was held first.
    pub fn release(&self) {
        self.shared.change(|state| state.held = false);
    }

    /// From now on no byte passes on the connections that are open, nothing is
    /// read from them, and nobody is told: as where the address of one end now
    /// belongs to somebody else. New connections are served.
    pub fn strand(&self) {
        self.shared.change(|state| state.stranded = state.opened);
    }

    /// Cuts every open connection; what was on its way is lost. New ones are accepted.
    pub fn cut(&self) {
        self.shared.change(ProxyState::cut);
    }

    /// Cuts every open connection and closes each new one at once, until [`Self::admit`].
    pub fn refuse(&self) {
        self.shared.change(|state| {
            state.refusing = true;
            state.cut();
        });
    }

    /// Cuts every open connection; new ones go to another server, as an address
    /// does that follows a fail-over.
    pub fn lead_to(&self, upstream: SocketAddr) {
        self.shared.change(|state| {
            state.elsewhere = Some(upstream);
            state.cut();
        });
    }

    /// Accepts connections again.
    pub fn admit(&self) {
        self.shared.change(|state| state.refusing = false);
    }

    /// How many connections are open.
    pub fn connections(&self) -> usize {
        self.shared.lock().open.len()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.change(|state| {
            state.ended = true;
            state.cut();
        });
        // Wakes the thread that accepts, which then sees that it is over.
        let _ = TcpStream::connect_timeout(&self.address, CONNECT);
    }
}

impl ProxyState {
    fn is_open(&self, number: u64) -> bool {
        self.open.iter().any(|(open, ..)| *open == number)
    }

    fn cut(&mut self) {
        for (_, client, server) in self.open.drain(..) {
            // An error says that it was closed already.
            let _ = client.shutdown(Shutdown::Both);
            let _ = server.shutdown(Shutdown::Both);
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, ProxyState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut ProxyState)) {
        change(&mut self.lock());
        self.changed.notify_all();
    }

    fn accept(self: &Arc<Self>, listener: &TcpListener) {
        for client in listener.incoming() {
            let (ended, refusing) = {
                let state = self.lock();
                (state.ended, state.refusing)
            };
            if ended {
                return;
            }
            if let (Ok(client), false) = (client, refusing) {
                let shared = Arc::clone(self);
                thread::spawn(move || shared.serve(client));
            }
        }
    }

    /// Passes on in both directions until either end closes.
    fn serve(self: &Arc<Self>, client: TcpStream) -> Option<()> {
        let upstream = self.lock().elsewhere.unwrap_or(self.upstream);
        let server = TcpStream::connect_timeout(&upstream, CONNECT).ok()?;
        let _ = (client.set_nodelay(true), server.set_nodelay(true));
        let number = {
            let mut state = self.lock();
            if state.ended || state.refusing {
                return None;
            }
            state.opened += 1;
            let (client, server) = (client.try_clone().ok()?, server.try_clone().ok()?);
            let number = state.opened;
            state.open.push((number, client, server));
            number
        };
        let back = {
            let (from, to) = (server.try_clone().ok()?, client.try_clone().ok()?);
            let shared = Arc::clone(self);
            thread::spawn(move || shared.pass(number, from, to))
        };
        self.pass(number, client, server);
        let _ = back.join();
        self.lock().open.retain(|(other, ..)| *other != number);
        Some(())
    }

    /// Passes one direction on: one thread reads and says when each piece is
    /// due, this one writes it then.
    fn pass(self: &Arc<Self>, number: u64, mut from: TcpStream, mut to: TcpStream) {
        let way = Arc::new(Way::default());
        let reading = {
            let (way, shared) = (Arc::clone(&way), Arc::clone(self));
            thread::spawn(move || {
                let mut buffer = [0; PIECE];
                loop {
                    shared.while_stranded(number);
                    match from.read(&mut buffer) {
                        Ok(count) if count > 0 => {
                            if !way.push(shared.due(), &buffer[..count]) {
                                break;
                            }
                        }
                        Err(error) if error.kind() == ErrorKind::Interrupted => {}
                        _ => break,
                    }
                }
                way.end();
            })
        };
        while let Some((due, bytes)) = way.pop() {
            thread::sleep(due.saturating_duration_since(Instant::now()));
            self.until_released();
            self.while_stranded(number);
            if to.write_all(&bytes).is_err() {
                break;
            }
        }
        way.end();
        // The end of one direction arrives as such; the other may go on.
        let _ = to.shutdown(Shutdown::Write);
        let _ = reading.join();
    }

    /// When a piece that is sent now arrives.
    fn due(&self) -> Instant {
        let state = self.lock();
        let jitter = state.jitter.mul_f64(rand::rng().random_range(0.0..=1.0));
        Instant::now() + state.delay + jitter
    }

    /// Waits for as long as this connection is stranded and open.
    fn while_stranded(&self, number: u64) {
        let mut state = self.lock();
        while number <= state.stranded && state.is_open(number) {
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn until_released(&self) {
        let mut state = self.lock();
        while state.held && !state.ended {
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// The pieces of one direction that are on their way.
#[derive(Debug, Default)]
struct Way {
    pieces: Mutex<Pieces>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Pieces {
    waiting: VecDeque<(Instant, Vec<u8>)>,
    ended: bool,
}

impl Way {
    fn lock(&self) -> MutexGuard<'_, Pieces> {
        self.pieces.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// False where nobody takes pieces any more.
    fn push(&self, due: Instant, bytes: &[u8]) -> bool {
        let mut pieces = self.lock();
        while pieces.waiting.len() >= MOST_PIECES && !pieces.ended {
            pieces = self
                .changed
                .wait(pieces)
                .unwrap_or_else(PoisonError::into_inner);
        }
        if pieces.ended {
            return false;
        }
        pieces.waiting.push_back((due, bytes.to_vec()));
        self.changed.notify_all();
        true
    }

    /// The next piece; `None` where all came and the sender closed.
    fn pop(&self) -> Option<(Instant, Vec<u8>)> {
        let mut pieces = self.lock();
        loop {
            if let Some(piece) = pieces.waiting.pop_front() {
                self.changed.notify_all();
                return Some(piece);
            }
            if pieces.ended {
                return None;
            }
            pieces = self
                .changed
                .wait(pieces)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn end(&self) {
        self.lock().ended = true;
        self.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server that sends back whatever it gets.
    fn echo() -> SocketAddr {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                thread::spawn(move || std::io::copy(&mut &stream, &mut &stream));
            }
        });
        address
    }

    fn connect(proxy: &Proxy) -> TcpStream {
        let stream = TcpStream::connect(proxy.address()).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        stream
    }

    fn ask(stream: &mut TcpStream, words: &[u8]) -> Vec<u8> {
        stream.write_all(words).unwrap();
        let mut answer = vec![0; words.len()];
        stream.read_exact(&mut answer).unwrap();
        answer
    }

    #[test]
    fn bytes_arrive_whole_in_order_and_late() {
        let proxy = Proxy::start(echo()).unwrap();
        let mut stream = connect(&proxy);
        assert_eq!(ask(&mut stream, b"at once"), b"at once");
        proxy.delay(Duration::from_millis(20), Duration::from_millis(10));
        let asked = Instant::now();
        assert_eq!(ask(&mut stream, b"later"), b"later");
        assert!(asked.elapsed() >= Duration::from_millis(40));
        let many: Vec<u8> = (0..200_000u32).map(|number| number as u8).collect();
        let (mut writer, sent) = (stream.try_clone().unwrap(), many.clone());
        let writing = thread::spawn(move || writer.write_all(&sent));
        let mut got = vec![0; many.len()];
        stream.read_exact(&mut got).unwrap();
        assert!(got == many);
        writing.join().unwrap().unwrap();
    }

    #[test]
    fn what_is_held_comes_when_it_is_released() {
        let proxy = Proxy::start(echo()).unwrap();
        let mut stream = connect(&proxy);
        assert_eq!(ask(&mut stream, b"here"), b"here");
        proxy.hold();
        stream.write_all(b"held").unwrap();
        stream
            .set_read_timeout(Some(Duration::from_millis(100)))
            .unwrap();
        assert!(stream.read(&mut [0; 4]).is_err());
        proxy.release();
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        let mut answer = [0; 4];
        stream.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"held");
    }

    #[test]
    fn cut_and_refused_connections_end() {
        let proxy = Proxy::start(echo()).unwrap();
        let mut first = connect(&proxy);
        assert_eq!(ask(&mut first, b"here"), b"here");
        assert_eq!(proxy.connections(), 1);
        proxy.cut();
        assert!(!matches!(first.read(&mut [0; 4]), Ok(count) if count > 0));
        assert_eq!(ask(&mut connect(&proxy), b"again"), b"again");
        proxy.refuse();
        let mut refused = connect(&proxy);
        assert!(!matches!(refused.read(&mut [0; 4]), Ok(count) if count > 0));
        proxy.admit();
        assert_eq!(ask(&mut connect(&proxy), b"admitted"), b"admitted");
    }
}
