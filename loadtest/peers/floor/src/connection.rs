//! One socket: what came of an incomplete frame, and what the kernel would not take yet.

use std::io::{ErrorKind, Read, Write};

use mio::net::TcpStream;

/// Bytes that may wait for one client before it is let go.
const MAX_WAITING: usize = 64 * 1024 * 1024;

pub struct Connection {
    stream: TcpStream,
    pub upgraded: bool,
    pub name: Vec<u8>,
    pub rooms: Vec<Vec<u8>>,
    incomplete: Vec<u8>,
    waiting: Vec<u8>,
}

impl Connection {
    pub fn new(stream: TcpStream) -> Self {
        Self {
            stream,
            upgraded: false,
            name: Vec::new(),
            rooms: Vec::new(),
            incomplete: Vec::new(),
            waiting: Vec::new(),
        }
    }

    /// Reads once into `buffer`, behind what was left of the last time; `None` when there is nothing.
    ///
    /// # Errors
    /// Where the client has gone.
    pub fn read<'a>(&mut self, buffer: &'a mut [u8]) -> std::io::Result<Option<&'a mut [u8]>> {
        let kept = self.incomplete.len();
        if kept >= buffer.len() {
            return Err(ErrorKind::InvalidData.into());
        }
        match self.stream.read(&mut buffer[kept..]) {
            Ok(0) => Err(ErrorKind::UnexpectedEof.into()),
            Ok(read) => {
                buffer[..kept].copy_from_slice(&self.incomplete);
                self.incomplete = Vec::new();
                Ok(Some(&mut buffer[..kept + read]))
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub fn keep_incomplete(&mut self, bytes: &[u8]) {
        self.incomplete = bytes.to_vec();
    }

    /// One write; what the kernel does not take waits until it does.
    ///
    /// # Errors
    /// Where the client has gone, or takes nothing for too long.
    pub fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        let taken = if self.waiting.is_empty() {
            self.try_write(bytes)?
        } else {
            0
        };
        if taken < bytes.len() {
            self.waiting.extend_from_slice(&bytes[taken..]);
        }
        if self.waiting.len() > MAX_WAITING {
            return Err(ErrorKind::OutOfMemory.into());
        }
        Ok(())
    }

    /// # Errors
    /// Where the client has gone.
    pub fn write_waiting(&mut self) -> std::io::Result<()> {
        while !self.waiting.is_empty() {
            let waiting = std::mem::take(&mut self.waiting);
            let taken = self.try_write(&waiting)?;
            self.waiting = waiting;
            if taken == 0 {
                break;
            }
            self.waiting.drain(..taken);
        }
        if self.waiting.is_empty() {
            self.waiting = Vec::new();
        }
        Ok(())
    }

    fn try_write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        match self.stream.write(bytes) {
            Ok(taken) => Ok(taken),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(0),
            Err(error) => Err(error),
        }
    }
}
