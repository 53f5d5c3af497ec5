//! Reading a socket once.

use std::io::{self, Read};

use actix_rt::net::TcpStream;
use socket2::SockRef;
use tokio::io::Interest;

/// Reads what is there. A reading that does not fill the buffer has emptied the
/// socket; the runtime is told so, which saves a second one that finds nothing.
pub(crate) fn read_once(stream: &TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
    let socket = SockRef::from(stream);
    let mut count = 0;
    let read = stream.try_io(Interest::READABLE, || {
        count = (&*socket).read(buffer)?;
        if (1..buffer.len()).contains(&count) {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        Ok(())
    });
    match read {
        Err(_) if count > 0 => Ok(count),
        read => read.map(|()| count),
    }
}
